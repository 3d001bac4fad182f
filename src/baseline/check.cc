// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug builds count the uses of registers again before each instruction.
#include "baseline/function_compiler.h"

namespace wazuka::baseline {

void FunctionCompiler::check_state(Op next) {
#ifndef NDEBUG
  // These may come behind a branch, where nothing is known.
  if (next == Op::kElse || next == Op::kEnd || next == Op::kCatch || next == Op::kCatchAll ||
      next == Op::kDelegate) {
    return;
  }
  u32 uses[kRegs] = {};
  for (u32 i = 0; i < height_; ++i) {
    const Value& v = stack_[i].value;
    if (v.where == Where::kReg) ++uses[v.reg];
    assert(v.where != Where::kReg || i >= settled_);
    assert(v.where != Where::kFlags || i + 1 == height_);
    assert(v.where != Where::kReg || is_xmm(v.reg) == in_xmm(stack_[i].type));
  }
  for (u32 r = 0; r < kRegs; ++r) {
    if (reg_local_[r] != kNoLocal) {
      ++uses[r];
      assert(locals_[reg_local_[r]].reg == r);
    }
    assert(uses[r] == uses_[r]);
    assert((uses[r] != 0) == ((used_ & bit(static_cast<Reg>(r))) != 0));
  }
#else
  (void)next;
#endif
}

}  // namespace wazuka::baseline

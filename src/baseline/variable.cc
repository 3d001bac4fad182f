// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Locals and globals.
#include "baseline/function_compiler.h"

namespace wazuka::baseline {

void FunctionCompiler::load_local(u32 index) {
  const Local& l = locals_[index];
  const Reg r = alloc(in_xmm(l.type));
  load_home(r, l.type, l.cell);
  bind_local(index, r, true);
}

void FunctionCompiler::local_set(u32 index, Slot& in) {
  Local& l = locals_[index];
  Value& v = in.value;
  if (v.where == Where::kReg) {
    const Reg r = v.reg;
    if (r == l.reg) {
      drop_use(r);
      l.stored = false;
      return;
    }
    if (reg_local_[r] == kNoLocal) {
      unbind_local(index);
      bind_local(index, r, false);
      drop_use(r);
      return;
    }
  }
  // The local's own register, if nothing else uses it, or another.
  pin(in);
  Reg dst = l.reg;
  if (dst == kNoReg || uses_[dst] != 1) {
    unbind_local(index);
    dst = alloc(in_xmm(l.type));
    bind_local(index, dst, false);
  }
  l.stored = false;
  touch(dst);
  if (v.where == Where::kReg) {
    move_reg(dst, v.reg, l.type);
    drop_use(v.reg);
  } else if (v.where == Where::kConst) {
    load_const(dst, l.type, v.bits);
  } else {
    load_home(dst, l.type, v.cell);
  }
}

void FunctionCompiler::local_tee(u32 index, Slot& in, Slot& out) {
  const Value was = in.value;
  local_set(index, in);
  if (was.where == Where::kConst) return constant(was.bits, out);
  set_out(out, locals_[index].reg);
}

Mem FunctionCompiler::global_address(u32 index) {
  const VMLayout& layout = env_->layout;
  if (!layout.is_imported_global(index)) {
    return Mem(vmctx(), static_cast<i32>(layout.defined_global(index)));
  }
  a_.mov(k64, kScratch, Mem(vmctx(), static_cast<i32>(layout.imported_global(index))));
  return Mem(kScratch);
}

void FunctionCompiler::global_get(u32 index, Slot& out) {
  const bool in_x = in_xmm(out.type);
  const Reg dst = result_reg(in_x, kNoReg);
  const Mem m = global_address(index);
  if (!in_x) {
    op<Inst::mov_rm>(size_of(out.type), as_gpr(dst), m);
  } else if (out.type == kF32) {
    m_->load_32(as_xmm(dst), m);
  } else if (out.type == kF64) {
    m_->load_64(as_xmm(dst), m);
  } else {
    m_->load_128(as_xmm(dst), m);
  }
  set_out(out, dst);
}

void FunctionCompiler::global_set(u32 index, Slot& in) {
  if (is_imm32(in) && !in_xmm(in.type)) {
    return a_.mov(size_of(in.type), global_address(index), imm32(in));
  }
  const Reg r = in_reg(in);
  const Mem m = global_address(index);
  if (!is_xmm(r)) {
    a_.mov(size_of(in.type), m, as_gpr(r));
  } else if (in.type == kF32) {
    m_->store_32(m, as_xmm(r));
  } else if (in.type == kF64) {
    m_->store_64(m, as_xmm(r));
  } else {
    m_->store_128(m, as_xmm(r));
  }
  release(in);
}

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counting what a function executes, so that those which run much get better code: each entry
// costs the size of the body, each iteration the size of the loop. What happens when the budget is
// spent is the runtime's affair (VMContext::tier_up_stub); here it only means to go on elsewhere,
// with everything where that code expects it: parameters where the caller has put them, or all
// locals and operands in their homes.
#include <algorithm>

#include "baseline/function_compiler.h"
#include "baseline/relocation.h"

namespace wazuka::baseline {

namespace {

constexpr i32 kBudget = offsetof(FuncCode, budget);
constexpr i32 kAnyCost = 0x7fffff00;  // needs a 32-bit field; patched

}  // namespace

/// Before anything else: r10 is this function's FuncCode.
void FunctionCompiler::count_entry() {
  if (!env_->tier_up) return;
  const u32 size = module_->funcs[func_index_].body.size;
  Late& l = late_.emplace_back();
  l.kind = Late::Kind::kTierUp;
  a_.sub(k32, Mem(kScratch2, kBudget), static_cast<i32>(std::clamp(size, 1u, 1u << 24)));
  a_.jcc(Cond::kS, l.label);
  a_.bind(l.back);
}

/// At the beginning of an iteration. Only the end of the loop knows what it costs.
void FunctionCompiler::count_loop(Frame& f) {
  if (!env_->tier_up) return;
  a_.lea(k64, kScratch2, x64::RipMem::outside(kRelocFuncCode, func_index_));
  a_.sub(k32, Mem(kScratch2, kBudget), kAnyCost);
  f.data.budget_patch = a_.offset() - 4;
  f.data.begin = offset_;
  Late& l = late_.emplace_back();
  l.kind = Late::Kind::kTierUp;
  l.loop = f.loop_ordinal + 1;
  note_strays(l);
  a_.jcc(Cond::kS, l.label);
  a_.bind(l.back);
}

/// The locals in registers that are not home as well, and the constants among the operands.
void FunctionCompiler::note_strays(Late& l) {
  l.strays_begin = static_cast<u32>(strays_.size());
  for (u32 i = 0; i < height_; ++i) {
    if (is_const(stack_[i])) strays_.push_back(stack_[i]);
  }
  for (const Local& local : locals_) {
    if (local.reg == kNoReg || local.stored) continue;
    Slot s{local.type, {}};
    s.value.where = Where::kReg;
    s.value.reg = local.reg;
    s.value.cell = local.cell;
    strays_.push_back(s);
  }
  l.strays_count = static_cast<u32>(strays_.size()) - l.strays_begin;
}

void FunctionCompiler::emit_tier_up(Late& l) {
  // Before the question: constants take a scratch register on their way home, as the answer does.
  for (u32 i = 0; i < l.strays_count; ++i) {
    const Slot& s = strays_[l.strays_begin + i];
    if (is_const(s)) {
      store_const(s.value.cell, s.type, s.value.bits);
    } else {
      store_home(s.value.cell, s.type, s.value.reg);
    }
  }
  if (l.loop != 0) a_.lea(k64, kScratch2, x64::RipMem::outside(kRelocFuncCode, func_index_));
  a_.load_imm(kScratch, l.loop);
  a_.call(Mem(kVmctx, offsetof(VMContext, tier_up_stub)));
  a_.test(k64, kScratch, kScratch);
  a_.jcc(Cond::kE, l.back);
  a_.jmp(kScratch);
}

}  // namespace wazuka::baseline

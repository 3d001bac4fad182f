// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registers: which are free, who uses them, and which one to give up. The next use of a value is
// not known, so the register used longest ago goes first; one whose local is home already costs
// nothing.
#include <bit>

#include "baseline/function_compiler.h"

namespace wazuka::baseline {

Reg FunctionCompiler::alloc_busy(bool xmm) {
  const Reg r = victim(allocatable(xmm) & ~pinned_);
  spill(r);
  if (!xmm) zext_.erase(as_gpr(r));
  touch(r);
  pin(r);
  return r;
}

Reg FunctionCompiler::victim(u32 candidates) const {
  assert(candidates != 0);
  Reg best = kNoReg;
  u64 best_cost = ~u64{0};
  for (u32 rest = candidates; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const u32 local = reg_local_[r];
    const bool clean = local != kNoLocal && uses_[r] == 1 && locals_[local].stored;
    const u64 cost = u64{last_use_[r]} + (clean ? 0 : 8);
    if (cost < best_cost) best_cost = cost, best = r;
  }
  return best;
}

void FunctionCompiler::spill(Reg r) {
  if (reg_local_[r] != kNoLocal) {
    Local& l = locals_[reg_local_[r]];
    if (!l.stored) store_home(l.cell, l.type, r);
    unbind_local(reg_local_[r]);
  }
  for (u32 i = height_; uses_[r] != 0 && i-- > 0;) {
    Slot& s = stack_[i];
    if (s.value.where != Where::kReg || s.value.reg != r) continue;
    settle(s);
  }
  assert(uses_[r] == 0);
}

void FunctionCompiler::rename(Reg from, Reg to) {
  if (reg_local_[from] != kNoLocal) {
    const u32 index = reg_local_[from];
    const bool stored = locals_[index].stored;
    unbind_local(index);
    bind_local(index, to, stored);
  }
  for (u32 i = height_; uses_[from] != 0 && i-- > 0;) {
    Value& v = stack_[i].value;
    if (v.where != Where::kReg || v.reg != from) continue;
    v.reg = to;
    drop_use(from);
    add_use(to);
  }
  assert(uses_[from] == 0);
}

void FunctionCompiler::claim(Gpr g) {
  const Reg r = reg_of(g);
  if (uses_[r] != 0) {
    const u32 free = kGprs & ~pinned_ & ~used_ & ~bit(r);
    if (free != 0) {
      const Reg to = static_cast<Reg>(std::countr_zero(free));
      const bool zext = zext_.find(g).has_value();
      if (zext) {
        mov(k32, as_gpr(to), g);
      } else {
        mov(k64, as_gpr(to), g);
      }
      last_use_[to] = last_use_[r];
      rename(r, to);
    } else {
      spill(r);
    }
  }
  touch(r);
  pin(r);
}

void FunctionCompiler::clear_registers() {
  for (u32 rest = used_; rest != 0; rest &= rest - 1) {
    const u32 r = static_cast<u32>(std::countr_zero(rest));
    if (reg_local_[r] != kNoLocal) {
      locals_[reg_local_[r]].reg = kNoReg;
      reg_local_[r] = kNoLocal;
    }
    uses_[r] = 0;
  }
  used_ = 0;
  zext_.clear();
}

// Operands ----------------------------------------------------------------------------------------

Reg FunctionCompiler::load_to_reg(Slot& s) {
  Value& v = s.value;
  assert(v.where == Where::kConst || v.where == Where::kHome);
  const Reg r = alloc(in_xmm(s.type));
  if (v.where == Where::kConst) {
    load_const(r, s.type, v.bits);
  } else {
    load_home(r, s.type, v.cell);
  }
  v.where = Where::kReg;
  v.reg = r;
  add_use(r);
  return r;
}

Reg FunctionCompiler::wanted_reg(bool xmm) {
  const u8 op = next_[0];
  if (op == 0x0b || op == 0x0f) {
    // The end of a construct or of the function: where results go by preference.
    const Reg r = xmm ? reg_of(x64::xmm0) : reg_of(x64::rax);
    return (used_ & bit(r)) == 0 ? r : kNoReg;
  }
  const u32 index = next_[1];
  if (index >= 0x80) return kNoReg;
  if (op == 0x10) return argument_reg(index, xmm);
  if (op != 0x21 && op != 0x22) return kNoReg;
  const Reg r = locals_[index].reg;
  if (r == kNoReg || uses_[r] != 1 || is_xmm(r) != xmm) return kNoReg;
  return r;
}

/// Where a call that comes next wants its last argument, if that is free.
Reg FunctionCompiler::argument_reg(u32 func, bool xmm) {
  if (func >= module_->funcs.size()) return kNoReg;
  const std::vector<ValueLocation>& params = conv_of(module_->funcs[func].type_index).params;
  if (params.empty()) return kNoReg;
  const ValueLocation& l = params.back();
  if (l.kind != (xmm ? ValueLocation::Kind::kXmm : ValueLocation::Kind::kGpr)) return kNoReg;
  const Reg r = static_cast<Reg>(xmm ? 16 + l.number : l.number);
  return (used_ & bit(r)) == 0 ? r : kNoReg;
}

// Moves -------------------------------------------------------------------------------------------

void FunctionCompiler::imm(Gpr dst, u64 value) {
  if (value == static_cast<u32>(value)) {
    zext_.insert(a_.index<Inst::mov_u32>(dst, value));
  } else {
    a_.load_imm(dst, value);
    zext_.erase(dst);
  }
}

void FunctionCompiler::load_home(Reg r, ValType t, u32 cell) {
  const Mem m = home(cell);
  if (!is_xmm(r)) return op<Inst::mov_rm>(size_of(t), as_gpr(r), m);
  if (t == kF32) return m_->load_32(as_xmm(r), m);
  if (t == kF64) return m_->load_64(as_xmm(r), m);
  m_->load_128(as_xmm(r), m);
}

void FunctionCompiler::store_home(u32 cell, ValType t, Reg r) {
  const Mem m = home(cell);
  if (!is_xmm(r)) return a_.mov(size_of(t), m, as_gpr(r));
  if (t == kF32) return m_->store_32(m, as_xmm(r));
  if (t == kF64) return m_->store_64(m, as_xmm(r));
  m_->store_128(m, as_xmm(r));
}

void FunctionCompiler::store_const(u32 cell, ValType t, u64 bits) {
  if (t == kI32 || t == kF32) return a_.mov(k32, home(cell), static_cast<i32>(bits));
  if (static_cast<i64>(bits) == static_cast<i32>(bits)) {
    return a_.mov(k64, home(cell), static_cast<i32>(bits));
  }
  a_.load_imm(kScratch, bits);
  a_.mov(k64, home(cell), kScratch);
}

void FunctionCompiler::load_const(Reg r, ValType t, u64 bits) {
  if (!is_xmm(r)) return imm(as_gpr(r), bits);
  if (t == kF32) return m_->load_f32_const(as_xmm(r), static_cast<u32>(bits));
  m_->load_f64_const(as_xmm(r), bits);
}

void FunctionCompiler::move_reg(Reg dst, Reg src, ValType t) {
  if (dst == src) return;
  if (is_xmm(dst)) return m_->move(as_xmm(dst), as_xmm(src));
  mov(size_of(t), as_gpr(dst), as_gpr(src));
}

void FunctionCompiler::settle(Slot& s) {
  Value& v = s.value;
  note_cells(v.cell + cells_of(s.type));
  if (v.where == Where::kReg) {
    store_home(v.cell, s.type, v.reg);
    drop_use(v.reg);
  } else if (v.where == Where::kConst) {
    store_const(v.cell, s.type, v.bits);
  }
  v.where = Where::kHome;
}

void FunctionCompiler::flush(u32 params) {
  for (u32 i = settled_; i < height_; ++i) {
    if (stack_[i].value.where == Where::kReg) settle(stack_[i]);
  }
  for (u32 i = height_ - params; i < height_; ++i) settle(stack_[i]);
  all_settled();
}

void FunctionCompiler::reload_vmctx() {
  a_.mov(k64, kVmctx, Mem(x64::rbp, -8));
  vmctx_valid_ = true;
}

void FunctionCompiler::reload_memory_base() {
  if (memory_saved_) {
    memory_base_ = a_.heap_base(kMemoryBase, Mem(x64::rbp, -16));
  } else {
    memory_base_ = a_.heap_base(kMemoryBase, Mem(vmctx(), offsetof(VMContext, memory0_base)));
  }
  memory_valid_ = true;
}

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What nearly every instruction does with registers and operands, inline: these few lines are a
// large part of the time that compiling takes.
#pragma once

#include <bit>

#include "baseline/function_compiler.h"

namespace wazuka::baseline {

inline Reg FunctionCompiler::alloc(bool xmm) {
  // Those that shifts, divisions and results want come last.
  constexpr u32 kFirst = bit(reg_of(x64::rsi)) | bit(reg_of(x64::rdi)) | bit(reg_of(x64::r8)) |
                         bit(reg_of(x64::r9)) | bit(reg_of(x64::rbx));
  const u32 free = allocatable(xmm) & ~(pinned_ | used_);
  if (free == 0) [[unlikely]]
    return alloc_busy(xmm);
  const u32 best = (free & kFirst) != 0 ? free & kFirst : free;
  const Reg r = static_cast<Reg>(std::countr_zero(best));
  if (!xmm) zext_.erase(as_gpr(r));
  touch(r);
  pin(r);
  return r;
}

inline void FunctionCompiler::bind_local(u32 index, Reg r, bool stored) {
  Local& l = locals_[index];
  assert(reg_local_[r] == kNoLocal && l.reg == kNoReg);
  reg_local_[r] = index;
  l.reg = r;
  l.stored = stored;
  add_use(r);
}

inline void FunctionCompiler::unbind_local(u32 index) {
  Local& l = locals_[index];
  if (l.reg == kNoReg) return;
  reg_local_[l.reg] = kNoLocal;
  drop_use(l.reg);
  l.reg = kNoReg;
}

inline Reg FunctionCompiler::in_reg(Slot& s) {
  if (s.value.where != Where::kReg) return load_to_reg(s);
  const Reg r = s.value.reg;
  touch(r);
  pin(r);
  return r;
}

inline ZextIndex FunctionCompiler::zext_index(Gpr r) {
  if (auto index = zext_.find(r)) [[likely]]
    return *index;
  ZextIndex index = a_.zero_extend(r, r);
  zext_.insert(index);
  return index;
}

inline bool FunctionCompiler::is_imm32(const Slot& s) const {
  if (s.value.where != Where::kConst) return false;
  return s.type == kI32 || static_cast<i64>(s.value.bits) == static_cast<i32>(s.value.bits);
}

inline Reg FunctionCompiler::result_reg(bool xmm, Reg reuse, u32 avoid) {
  // Most instructions that come next want their operands nowhere.
  constexpr u64 kWanting =
      u64{1} << 0x0b | u64{1} << 0x0f | u64{1} << 0x10 | u64{1} << 0x21 | u64{1} << 0x22;
  Reg r = kNoReg;
  if (next_[0] < 64 && (kWanting >> next_[0] & 1) != 0) r = wanted_reg(xmm);
  if (r == kNoReg || (avoid & bit(r)) != 0) {
    if (reuse == kNoReg || is_xmm(reuse) != xmm || uses_[reuse] != 0 || (avoid & bit(reuse)) != 0) {
      return alloc(xmm);
    }
    r = reuse;
  }
  touch(r);
  pin(r);
  return r;
}

inline u32 FunctionCompiler::cell_at(u32 index) const {
  u32 cell = first_operand_cell_;
  if (index != 0) {
    const Slot& below = stack_[index - 1];
    cell = below.value.cell + cells_of(below.type);
  }
  for (size_t i = clause_heights_.size(); i > 0 && clause_heights_[i - 1].height == index; --i) {
    ++cell;
  }
  return cell;
}

// Of a Value, only what its `where` is about counts.
inline void FunctionCompiler::set_out_at(Slot& out, Reg r, u32 cell) {
  out.value.where = Where::kReg;
  out.value.reg = r;
  out.value.cell = cell;
  note_cells(cell + cells_of(out.type));
  add_use(r);
}

inline void FunctionCompiler::set_out_home(Slot& out, u32 cell) {
  out.value.where = Where::kHome;
  out.value.cell = cell;
  note_cells(cell + cells_of(out.type));
}

inline void FunctionCompiler::set_out_flags(Slot& out, FloatCond flags) {
  out.value.where = Where::kFlags;
  out.value.flags = flags;
  out.value.cell = cell_at(height_);
  note_cells(out.value.cell + 1);
}

inline void FunctionCompiler::constant(u64 bits, Slot& out) {
  out.value.where = Where::kConst;
  out.value.bits = bits;
  out.value.cell = cell_at(height_);
  note_cells(out.value.cell + 1);
}

inline void FunctionCompiler::local_get(u32 index, Slot& out) {
  const Local& l = locals_[index];
  if (l.reg == kNoReg) load_local(index);
  touch(l.reg);
  set_out(out, l.reg);
}

inline Gpr FunctionCompiler::vmctx() {
  if (!vmctx_valid_) reload_vmctx();
  return kVmctx;
}

inline HeapBase FunctionCompiler::memory_base() {
  if (!memory_valid_) [[unlikely]]
    reload_memory_base();
  // Known to the assembler's encoder, too.
  if (memory_base_->reg() != kMemoryBase) __builtin_unreachable();
  return *memory_base_;
}

inline void FunctionCompiler::trap_site(TrapCode code) {
  traps_.add({a_.offset(), offset_, code});
}

inline void FunctionCompiler::record_call(u32 wasm_offset, u32 region) {
  calls_.add({a_.offset(), wasm_offset, last_roots_begin_, last_roots_count_, region});
}

}  // namespace wazuka::baseline

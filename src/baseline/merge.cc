// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Labels. The first branch to a label fixes what it finds there: which locals are in which
// registers, and where the values are that it carries. All others bring their locals and values to
// the same places, at once, on the way there; nothing changes for the code behind a branch that is
// not taken.
#include <bit>

#include "asm/x64/move_emitter.h"
#include "baseline/function_compiler.h"

namespace wazuka::baseline {

using assembly::Location;
using assembly::Width;

void FunctionCompiler::add_move(Location dst, const Slot& s) {
  const Value& v = s.value;
  if (v.where == Where::kReg) {
    if (dst == reg_location(v.reg)) return;
  } else if (v.where == Where::kHome) {
    if (dst == slot_location(v.cell)) return;
    moves_read_slots_ = true;
  }
  moves_write_slots_ |= dst.is_slot();
  if (move_count_ == kFewMoves) {
    for (const PendingMove& m : pending_moves_) pass_on(m);
  }
  if (move_count_ < kFewMoves) {
    pending_moves_[move_count_] = {dst, s};
  } else {
    pass_on({dst, s});
  }
  ++move_count_;
}

/// To where moves of any number and kind are put in order.
void FunctionCompiler::pass_on(const PendingMove& m) {
  const Value& v = m.from.value;
  const assembly::Width width = width_of(m.from.type);
  if (v.where == Where::kConst) return moves_.add_imm(m.dst, v.bits, width);
  moves_.add(m.dst, v.where == Where::kReg ? reg_location(v.reg) : slot_location(v.cell), width);
}

void FunctionCompiler::emit_move(const PendingMove& m) {
  const Slot& s = m.from;
  if (m.dst.is_slot()) return store_to(Mem(x64::rsp, m.dst.offset()), s);
  const Reg dst = reg_at(m.dst);
  if (s.value.where == Where::kReg) {
    move_reg(dst, s.value.reg, s.type);
  } else if (s.value.where == Where::kConst) {
    load_const(dst, s.type, s.value.bits);
  } else {
    load_home(dst, s.type, s.value.cell);
  }
}

/// Most calls and merges have a few moves, and none of them from home to home: those to homes come
/// first, then those between registers as soon as nothing waits to read what they write, then
/// those that read no register.
void FunctionCompiler::emit_few_moves() {
  u8 readers[kRegs] = {};
  u32 waiting = 0, last = 0;  // bits: places in pending_moves_
  for (u32 i = 0; i < move_count_; ++i) {
    const PendingMove& m = pending_moves_[i];
    if (m.dst.is_slot()) {
      emit_move(m);
    } else if (m.from.value.where == Where::kReg) {
      ++readers[m.from.value.reg];
      waiting |= 1u << i;
    } else {
      last |= 1u << i;
    }
  }
  while (waiting != 0) {
    const u32 before = waiting;
    for (u32 rest = waiting; rest != 0; rest &= rest - 1) {
      const u32 i = static_cast<u32>(std::countr_zero(rest));
      const PendingMove& m = pending_moves_[i];
      if (readers[reg_at(m.dst)] != 0) continue;
      emit_move(m);
      --readers[m.from.value.reg];
      waiting &= ~(1u << i);
    }
    if (waiting == before) open_cycle(waiting, readers);
  }
  for (u32 rest = last; rest != 0; rest &= rest - 1) {
    emit_move(pending_moves_[std::countr_zero(rest)]);
  }
}

/// What waits is a permutation: each register that is written is read by one other move. Saves what
/// one of them reads: then all of its cycle can be done, and the scratch register is free again.
void FunctionCompiler::open_cycle(u32 waiting, std::span<u8, kRegs> readers) {
  const Slot& first = pending_moves_[std::countr_zero(waiting)].from;
  const Reg saved = first.value.reg;
  const Reg scratch = is_xmm(saved) ? reg_of(kScratchXmm) : reg_of(kScratch);
  move_reg(scratch, saved, is_xmm(saved) ? kV128 : kI64);
  readers[saved] = 0;
  readers[scratch] = 1;
  pending_moves_[std::countr_zero(waiting)].from.value.reg = scratch;
}

void FunctionCompiler::emit_moves() {
  if (move_count_ == 0) return;
  const x64::ZextSet zext = zext_;
  if (move_count_ == 1) {
    emit_move(pending_moves_[0]);
  } else if (move_count_ <= kFewMoves && !(moves_read_slots_ && moves_write_slots_)) {
    emit_few_moves();
  } else {
    if (move_count_ <= kFewMoves) {
      for (u32 i = 0; i < move_count_; ++i) pass_on(pending_moves_[i]);
    }
    x64::emit_moves(a_, moves_.resolve(), x64::rsp, x64::r11);
  }
  zext_ = zext;  // behind a branch that is not taken nothing has changed
  forget_moves();
}

/// Of the planned edge.
void FunctionCompiler::drop_plan() {
  if (move_count_ > kFewMoves) moves_.resolve();
  forget_moves();
}

void FunctionCompiler::capture(State& s) {
  s.present = s.stored = 0;
  s.zext.clear();
  for (u32 rest = used_; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const u32 local = reg_local_[r];
    if (local == kNoLocal) continue;
    s.present |= bit(r);
    s.local[r] = local;
    if (locals_[local].stored) s.stored |= bit(r);
    // Only where every way to the label can make it true.
    if (r < 16 && locals_[local].type == kI32) {
      if (auto index = zext_.find(as_gpr(r))) s.zext.insert(*index);
    }
  }
  s.vmctx = vmctx_valid_;
  s.memory = memory_valid_;
}

void FunctionCompiler::set_state(const State& s) {
  clear_registers();
  for (u32 rest = s.present; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    bind_local(s.local[r], r, (s.stored & bit(r)) != 0);
  }
  zext_ = s.zext;
  vmctx_valid_ = s.vmctx;
  memory_valid_ = s.memory;
}

void FunctionCompiler::ensure_label(Frame& f, std::span<const Slot> values) {
  ControlData& d = f.data;
  if (d.has_state) return;
  d.has_state = true;
  capture(d.state);
  if (values.size() != 1 || f.kind == ControlKind::kLoop) return;
  const Slot& s = values[0];
  const bool xmm = in_xmm(s.type);
  if (s.value.where == Where::kReg && reg_local_[s.value.reg] == kNoLocal) {
    d.result = s.value.reg;
    return;
  }
  const u32 free = allocatable(xmm) & ~d.state.present;
  if (free == 0) return;
  const Reg preferred = xmm ? reg_of(x64::xmm0) : reg_of(x64::rax);
  d.result = (free & bit(preferred)) != 0 ? preferred : static_cast<Reg>(std::countr_zero(free));
}

/// Stores come first, then moves between registers, then loads: their homes and registers are
/// those of different locals.
void FunctionCompiler::plan_locals(const State& s) {
  edge_zext_ = edge_stores_ = edge_loads_ = 0;
  u32 in_place = 0;
  for (u32 rest = s.present; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const Local& l = locals_[s.local[r]];
    if (l.reg == r) {
      in_place |= bit(r);
      if (!l.stored && (s.stored & bit(r)) != 0) edge_stores_ |= bit(r);
      if (r < 16 && s.zext.find(as_gpr(r)) && !zext_.find(as_gpr(r))) edge_zext_ |= bit(r);
    } else if (l.reg == kNoReg) {
      edge_loads_ |= bit(r);
    } else {
      add_move(r, l.reg, l.type);
    }
  }
  for (u32 rest = used_ & ~in_place; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const u32 local = reg_local_[r];
    if (local == kNoLocal || locals_[local].stored) continue;
    // Expected in another register, and nowhere else?
    bool home_wanted = true;
    for (u32 other = s.present & ~s.stored & ~in_place; other != 0; other &= other - 1) {
      if (s.local[std::countr_zero(other)] == local) home_wanted = false;
    }
    if (home_wanted) edge_stores_ |= bit(r);
  }
}

/// What is not so on one of the ways need not be so at the label, as long as no code relies on it.
void FunctionCompiler::weaken(State& s) const {
  s.vmctx &= vmctx_valid_;
  s.memory &= memory_valid_;
  for (u32 rest = s.present; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const Reg now = locals_[s.local[r]].reg;
    if (r < 16 && now == r && !zext_.find(as_gpr(r))) s.zext.erase(as_gpr(r));
    if (now != kNoReg || loop_depth_ != 0 || (s.stored & bit(r)) == 0) continue;
    s.present &= ~bit(r);
    s.stored &= ~bit(r);
    if (r < 16) s.zext.erase(as_gpr(r));
  }
}

bool FunctionCompiler::plan_edge(Frame& f, std::span<const Slot> values) {
  State& s = f.data.state;
  if (!f.data.end.is_bound()) weaken(s);
  plan_locals(s);
  if (f.data.result != kNoReg) {
    add_move(reg_location(f.data.result), values[0]);
  } else {
    u32 cell = f.data.cell;
    for (const Slot& v : values) {
      add_move(slot_location(cell), v);
      cell += cells_of(v.type);
    }
    note_cells(cell);
  }
  edge_vmctx_ = s.vmctx && !vmctx_valid_;
  edge_memory_ = s.memory && !memory_valid_;
  return move_count_ != 0 || (edge_zext_ | edge_stores_ | edge_loads_) != 0 || edge_vmctx_ ||
         edge_memory_;
}

void FunctionCompiler::emit_edge(const Frame& f) {
  for (u32 rest = edge_stores_; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const Local& l = locals_[reg_local_[r]];
    store_home(l.cell, l.type, r);
  }
  for (u32 rest = edge_zext_; rest != 0; rest &= rest - 1) {
    const Gpr r = as_gpr(static_cast<Reg>(std::countr_zero(rest)));
    a_.mov(k32, r, r);
  }
  emit_moves();
  const x64::ZextSet zext = zext_;
  for (u32 rest = edge_loads_; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    const Local& l = locals_[f.data.state.local[r]];
    load_home(r, l.type, l.cell);
  }
  zext_ = zext;
  const bool vmctx_was = vmctx_valid_, memory_was = memory_valid_;
  if (edge_vmctx_) reload_vmctx();
  if (edge_memory_) memory_base();
  vmctx_valid_ = vmctx_was;
  memory_valid_ = memory_was;
}

void FunctionCompiler::go_to(Frame& f, std::span<const Slot> values) {
  ensure_label(f, values);
  if (plan_edge(f, values)) emit_edge(f);
}

void FunctionCompiler::set_homes(std::span<Slot> slots, u32 cell) {
  for (Slot& s : slots) {
    set_out_home(s, cell);
    cell += cells_of(s.type);
  }
}

void FunctionCompiler::take_results(Frame& f, std::span<Slot> results) {
  if (f.data.result != kNoReg && !results.empty()) {
    set_out_at(results[0], f.data.result, f.data.cell);
    touch(f.data.result);
    return;
  }
  set_homes(results, f.data.cell);
}

}  // namespace wazuka::baseline

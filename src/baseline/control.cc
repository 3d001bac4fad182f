// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structured control and branches.
#include <algorithm>
#include <bit>

#include "baseline/function_compiler.h"

namespace wazuka::baseline {

void FunctionCompiler::block(Frame& f) {
  flush(static_cast<u32>(f.params.size()));
  f.data.cell = cell_at(f.height);
  f.data.region = region_;
}

// Loops -------------------------------------------------------------------------------------------

/// Makes the state that all iterations begin with: the locals that the loop uses most are in
/// registers, all others at home.
void FunctionCompiler::choose_loop_state(u32 ordinal) {
  const FuncInfoView& pool = module_->func_info_pool;
  const LoopInfo& info = pool.loops_of(*info_)[ordinal];
  const bool all = info.assigned_count == LoopInfo::kAllLocals;
  const std::span<const u32> assigned = pool.assigned_in(info);
  auto is_assigned = [&](u32 local) {
    return all || std::binary_search(assigned.begin(), assigned.end(), local);
  };
  const std::span<const u32> wanted = loops_.locals_of(ordinal);
  if (loops_.known(ordinal)) {
    u32 keep = 0;
    for (u32 local : wanted) {
      if (locals_[local].reg != kNoReg) keep |= bit(locals_[local].reg);
    }
    for (u32 rest = used_ & ~keep; rest != 0; rest &= rest - 1) {
      spill(static_cast<Reg>(std::countr_zero(rest)));
    }
    for (u32 local : wanted) {
      Local& l = locals_[local];
      if (l.reg != kNoReg) continue;
      pinned_ = 0;
      const Reg r = alloc(in_xmm(l.type));
      load_home(r, l.type, l.cell);
      bind_local(local, r, true);
    }
  } else {
    constexpr u32 kGprMax = LoopScan::kMaxGprs, kXmmMax = LoopScan::kMaxXmms;
    while (static_cast<u32>(std::popcount(used_ & kGprs)) > kGprMax) spill(victim(used_ & kGprs));
    while (static_cast<u32>(std::popcount(used_ & kXmms)) > kXmmMax) spill(victim(used_ & kXmms));
  }
  for (u32 rest = used_; rest != 0; rest &= rest - 1) {
    const Reg r = static_cast<Reg>(std::countr_zero(rest));
    Local& l = locals_[reg_local_[r]];
    if (is_assigned(reg_local_[r])) {
      l.stored = false;
    } else if (!l.stored) {
      store_home(l.cell, l.type, r);
      l.stored = true;
    }
    if (r < 16 && l.type == kI32) zext_index(as_gpr(r));
  }
}

void FunctionCompiler::loop(Frame& f) {
  block(f);
  ++loop_depth_;
  choose_loop_state(f.loop_ordinal);
  vmctx();
  if ((info_->flags & BodyFlags::kMemory0) != 0) memory_base();
  f.data.has_state = true;
  capture(f.data.state);
  a_.bind(f.data.end);
  count_loop(f);
  check_limits();
}

// If ----------------------------------------------------------------------------------------------

bool FunctionCompiler::next_consumes_flags() const {
  // br_if, if, select, eqz.
  if (env_->fuel) return false;
  const u8 op = next_[0];
  return op == 0x0d || op == 0x04 || op == 0x1b || op == 0x1c || op == 0x45;
}

/// Puts a popped i32 into the flags: the condition is that it is not zero.
FloatCond FunctionCompiler::take_condition(Slot& s) {
  if (s.value.where == Where::kFlags) return s.value.flags;
  const Gpr r = gpr(s);
  a_.test(k32, r, r);
  release(s);
  return {Cond::kNe};
}

void FunctionCompiler::if_(Slot& condition, Frame& f) {
  pin(condition);
  block(f);
  const FloatCond c = take_condition(condition);
  emit_jump_if(*m_, c.negated(), f.data.otherwise);
  capture(f.data.else_state);
}

void FunctionCompiler::else_(Frame& f, bool fallthrough) {
  if (fallthrough) {
    go_to(f, branch_values(f));
    a_.jmp(f.data.end);
  }
  a_.bind(f.data.otherwise);
  set_state(f.data.else_state);
  settled_ = std::min(settled_, f.height);
}

void FunctionCompiler::else_params(Frame& f, std::span<Slot> params) {
  set_homes(params, f.data.cell);
}

/// The end of an `if` without else, whose parameters, in their homes, are the results.
void FunctionCompiler::end_if(Frame& f, bool fallthrough) {
  ControlData& d = f.data;
  std::vector<Slot>& params = scratch_slots_;
  params.clear();
  for (ValType t : f.results) params.push_back(Slot{t, {}});
  set_homes(params, d.cell);
  if (!d.has_state) {
    // What comes from the condition finds everything where it is.
    d.has_state = true;
    d.state = d.else_state;
    if (fallthrough && plan_edge(f, branch_values(f))) emit_edge(f);
    a_.bind(d.otherwise);
  } else {
    if (fallthrough) {
      go_to(f, branch_values(f));
      a_.jmp(d.end);
    }
    a_.bind(d.otherwise);
    set_state(d.else_state);
    if (plan_edge(f, params)) emit_edge(f);
  }
  a_.bind(d.end);
  set_state(d.state);
}

void FunctionCompiler::end(Frame& f, bool fallthrough, std::span<Slot> results) {
  ControlData& d = f.data;
  region_ =
      f.kind == ControlKind::kTryTable || f.kind >= ControlKind::kTry ? d.outer_region : region_;
  settled_ = std::min(settled_, f.height);
  if (d.in_clause) clause_heights_.pop_back();
  d.in_clause = false;
  if (f.kind == ControlKind::kLoop) {
    --loop_depth_;
    if (d.budget_patch != 0) a_.buffer().patch_u32(d.budget_patch, offset_ - d.begin);
  }
  if (f.kind == ControlKind::kIf) {
    end_if(f, fallthrough);
    take_results(f, results);
    return;
  }
  if (f.kind == ControlKind::kLoop || !d.has_state) {
    if (!fallthrough) {
      set_homes(results, d.cell);
      return;
    }
    const std::span<const Slot> values{stack_ + height_ - results.size(), results.size()};
    for (size_t i = 0; i < results.size(); ++i) results[i].value = values[i].value;
    relocate(results, d.cell);
    return;
  }
  if (fallthrough) go_to(f, branch_values(f));
  a_.bind(d.end);
  set_state(d.state);
  take_results(f, results);
}

/// The operands of a construct become its results: a legacy clause has its own a cell higher.
void FunctionCompiler::relocate(std::span<Slot> results, u32 cell) {
  for (Slot& s : results) {
    Value& v = s.value;
    if (v.cell != cell) {
      if (v.where == Where::kHome) {
        add_move(slot_location(cell), s);
        emit_moves();
      }
      v.cell = cell;
    }
    cell += cells_of(s.type);
    note_cells(cell);
  }
}

// Branches ----------------------------------------------------------------------------------------

void FunctionCompiler::br(Frame& target) {
  const std::span<const Slot> values = branch_values(target);
  if (target.kind == ControlKind::kFunction) return emit_return(values);
  go_to(target, values);
  a_.jmp(target.data.end);
}

void FunctionCompiler::branch_if(FloatCond c, Frame& target) {
  const std::span<const Slot> values = branch_values(target);
  Label skip;
  if (target.kind == ControlKind::kFunction) {
    emit_jump_if(*m_, c.negated(), skip);
    emit_return(values);
    a_.bind(skip);
    return;
  }
  ensure_label(target, values);
  if (!plan_edge(target, values)) return emit_jump_if(*m_, c, target.data.end);
  emit_jump_if(*m_, c.negated(), skip);
  emit_edge(target);
  a_.jmp(target.data.end);
  a_.bind(skip);
}

void FunctionCompiler::br_if(Slot& condition, Frame& target) {
  branch_if(take_condition(condition), target);
}

void FunctionCompiler::unreachable() {
  trap_now(TrapCode::kUnreachableCodeReached);
}

void FunctionCompiler::br_table(Slot& index, std::span<Frame* const> targets) {
  const u32 count = static_cast<u32>(targets.size() - 1);
  const Gpr x = gpr(index);
  // The last entry is for everything that is out of range.
  a_.load_imm(kScratch2, count);
  a_.cmp(k32, x, kScratch2);
  a_.cmov(k32, Cond::kB, kScratch2, x);
  release(index);
  Label table;
  a_.lea(k64, kScratch, x64::RipMem::to(table));
  a_.lea(k64, kScratch, Mem(kScratch, kScratch2, x64::Scale::k4));
  a_.movsxd(kScratch2, Mem(kScratch));
  a_.lea(k64, kScratch, Mem(kScratch, kScratch2, x64::Scale::k1, 4));
  a_.jmp(kScratch);
  a_.bind(table);
  const u32 at = a_.offset();
  stubs_.clear();
  for (Frame* target : targets) {
    if (target->kind != ControlKind::kFunction) {
      const std::span<const Slot> values = branch_values(*target);
      ensure_label(*target, values);
      if (!plan_edge(*target, values)) {
        a_.distance_to(target->data.end);
        continue;
      }
      drop_plan();
    }
    if (target->data.stub_table != at) {
      target->data.stub_table = at;
      target->data.stub = Label();
      stubs_.push_back(target);
    }
    a_.distance_to(target->data.stub);
  }
  for (Frame* target : stubs_) {
    a_.bind(target->data.stub);
    br(*target);
  }
}

void FunctionCompiler::return_() {
  emit_return({stack_ + height_ - type_->results.size(), type_->results.size()});
}

void FunctionCompiler::emit_return(std::span<const Slot> values) {
  const CallConv& cc = *conv_;
  const i32 base = static_cast<i32>(16 + cc.param_bytes);
  for (size_t i = 0; i < values.size(); ++i) {
    const ValueLocation& l = cc.results[i];
    if (l.kind == ValueLocation::Kind::kStack) {
      store_to(Mem(x64::rbp, base + static_cast<i32>(l.offset)), values[i]);
    }
  }
  for (size_t i = 0; i < values.size(); ++i) {
    const ValueLocation& l = cc.results[i];
    if (l.kind == ValueLocation::Kind::kStack) continue;
    add_move(l.kind == ValueLocation::Kind::kGpr ? assembly::Location::gpr(l.number)
                                                 : assembly::Location::xmm(l.number),
             values[i]);
  }
  emit_moves();
  a_.leave();
  if (cc.param_bytes == 0) {
    a_.ret();
  } else if (cc.param_bytes <= 0xffff) {
    a_.ret(cc.param_bytes);
  } else {
    a_.pop(kScratch);
    a_.add(k64, x64::rsp, static_cast<i32>(cc.param_bytes));
    a_.jmp(kScratch);
  }
}

/// Stores a value to memory that no value is read from.
void FunctionCompiler::store_to(const Mem& m, const Slot& s) {
  const Value& v = s.value;
  const ValType t = s.type;
  if (v.where == Where::kReg) {
    if (!is_xmm(v.reg)) return a_.mov(size_of(t), m, as_gpr(v.reg));
    if (t == kF32) return m_->store_32(m, as_xmm(v.reg));
    if (t == kF64) return m_->store_64(m, as_xmm(v.reg));
    return m_->store_128(m, as_xmm(v.reg));
  }
  if (t.is_v128()) {
    m_->load_128(kScratchXmm, home(v.cell));
    return m_->store_128(m, kScratchXmm);
  }
  if (v.where == Where::kConst) {
    a_.load_imm(kScratch, v.bits);
  } else {
    a_.mov(k64, kScratch, home(v.cell));
  }
  a_.mov(k64, m, kScratch);
}

// Select ------------------------------------------------------------------------------------------

void FunctionCompiler::select(Slot& a, Slot& b, Slot& condition, Slot& out) {
  pin(a), pin(b), pin(condition);
  const bool xmm = in_xmm(out.type);
  const Reg ra = in_reg(a), rb = in_reg(b);
  FloatCond c = take_condition(condition);
  release(a);
  release(b);
  // dst = b; if (c) dst = a.
  Reg r;
  const bool b_dies = uses_[rb] == 0, a_dies = uses_[ra] == 0;
  if (!b_dies && a_dies) {
    r = result_reg(xmm, ra, bit(rb));
    move_reg(r, ra, out.type);
    c = c.negated();
    select_move(c, out.type, r, rb);
  } else {
    r = result_reg(xmm, rb, ra == rb ? 0 : bit(ra));
    move_reg(r, rb, out.type);
    select_move(c, out.type, r, ra);
  }
  set_out(out, r);
}

void FunctionCompiler::select_move(FloatCond c, ValType type, Reg dst, Reg src) {
  if (dst == src) return;
  if (!is_xmm(dst)) {
    emit_move_if(*m_, c, size_of(type), as_gpr(dst), as_gpr(src));
    zext_.erase(as_gpr(dst));
    return;
  }
  Label skip;
  emit_jump_if(*m_, c.negated(), skip);
  m_->move(as_xmm(dst), as_xmm(src));
  a_.bind(skip);
}

// References --------------------------------------------------------------------------------------

void FunctionCompiler::br_on_null(Frame& target, Slot& ref, Slot& out) {
  const Reg r = in_reg(ref);
  a_.test(k64, as_gpr(r), as_gpr(r));
  branch_if({Cond::kE}, target);
  release(ref);
  set_out(out, r);
}

// The reference is the topmost operand, as it was popped.
void FunctionCompiler::br_on_non_null(Frame& target, Slot& ref) {
  Slot& top = stack_[height_ - 1];
  settled_ = std::min(settled_, height_ - 1);
  const Gpr r = gpr(top);
  a_.test(k64, r, r);
  branch_if({Cond::kNe}, target);
  release(top);
  ref.value = top.value;
}

}  // namespace wazuka::baseline

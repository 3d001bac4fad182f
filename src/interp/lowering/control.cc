// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structured control, branches, and a function's beginning and end.
//
// What a branch carries goes to the cells of the label's construct: cells from ControlData::cell
// up. Mostly it is there already; otherwise a conditional branch becomes a jump around moves.
#include <algorithm>

#include "interp/frame.h"
#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

// Function ---------------------------------------------------------------------------------------

void Lowering::begin(u32 func_index, bool record_offsets, RootMap* roots) {
  roots_ = roots;
  type_ = &module_.func_type(func_index);
  e_.reset(record_offsets);
  forget_accumulators();
  settled_ = 0;
  max_cells_ = 0;
  assigned_ = 0;
  zero_begin_ = ~u32{0};
  zero_end_ = 0;
  num_params_ = static_cast<u32>(type_->params.size());
  open_regions_.clear();
  regions_.clear();
  handlers_.clear();
  clauses_.clear();
  return_landing_ = {};
}

void Lowering::begin_body(std::span<const ValType> locals) {
  locals_ = locals;
  local_cells_.resize(locals.size());
  users_.assign(locals.size(), {});
  generation_ = 1;
  u32 results = 0, cell = 0;
  for (ValType t : type_->results) results += cells_of(t);
  for (size_t i = 0; i < locals.size(); ++i) {
    if (i == num_params_) {
      link_cell_ = cell > results ? cell : results;
      cell = link_cell_ + kLinkCells;
    }
    local_cells_[i] = cell;
    // The collector sees references from the function's entry on.
    if (i >= num_params_ && is_traced(locals[i])) {
      zero_begin_ = std::min(zero_begin_, cell);
      zero_end_ = cell + 1;
    }
    cell += cells_of(locals[i]);
  }
  if (locals.size() == num_params_) {
    link_cell_ = cell > results ? cell : results;
    cell = link_cell_ + kLinkCells;
  }
  first_operand_cell_ = cell;
  note_cells(cell);
  zero_position_ = e_.emit(Base::kZero, {});
  e_.barrier();
  fuel_ = 1;
  check_limits();
}

Bytecode Lowering::finish() {
  emit_return_landing();
  Bytecode code;
  code.frame_cells = max_cells_;
  code.handlers = finish_handlers();
  if (zero_end_ > zero_begin_) {
    e_.rewrite(zero_position_, {Base::kZero, 0},
               Fields().set(0, zero_begin_).imm(zero_end_ - zero_begin_));
  } else {
    code.entry = 2;  // nothing to zero: start behind the instruction
  }
  code.words = e_.words();
  return code;
}

// Labels -----------------------------------------------------------------------------------------

/// Control flow meets here: nothing is known about accumulators.
void Lowering::label_here(Label& label) {
  e_.bind(label);
  forget_accumulators();
  forget_users();
}

/// A path leaves for the end of a construct: only what is assigned on all paths is assigned there.
void Lowering::meet(Frame& target) {
  target.data.end_assigned &= assigned_;
}

// Constructs -------------------------------------------------------------------------------------

void Lowering::block(Frame& frame) {
  flush();
  frame.data.cell = cell_at(frame.height);
}

void Lowering::loop(Frame& frame) {
  flush();
  for (u32 i = frame.height; i < height_; ++i) settle(stack_[i]);  // parameters: not constants
  frame.data.cell = cell_at(frame.height);
  label_here(frame.data.end);
  check_limits();
}

void Lowering::if_(Slot& condition, Frame& frame) {
  const Condition c = take_condition(condition, /*negate=*/true);
  flush();
  for (u32 i = frame.height; i < height_; ++i) settle(stack_[i]);
  frame.data.cell = cell_at(frame.height);
  frame.data.else_assigned = assigned_;
  emit_branch(c, frame.data.otherwise);
}

void Lowering::else_(Frame& frame, bool fallthrough) {
  if (fallthrough) {
    for (u32 i = frame.height; i < height_; ++i) settle(stack_[i]);
    meet(frame);
    emit_jump(frame.data.end);
  }
  label_here(frame.data.otherwise);
  assigned_ = frame.data.else_assigned;
  settled_ = frame.height;
}

void Lowering::else_params(Frame& frame, std::span<Slot> params) {
  u32 cell = frame.data.cell;
  for (Slot& s : params) {
    s.value = Value();
    s.value.cell = cell;
    cell += cells_of(s.type);
  }
}

void Lowering::end(Frame& frame, bool fallthrough, std::span<Slot> results) {
  close_region(frame);
  const bool in_clause = frame.data.in_clause;
  const bool merges = frame.kind != ControlKind::kLoop &&
                      (frame.end_reached || frame.kind == ControlKind::kIf || in_clause);
  settled_ = std::min(settled_, frame.height);
  if (!merges) {
    for (size_t i = 0; fallthrough && i < results.size(); ++i) {
      results[i].value = stack_[frame.height + i].value;
    }
    if (!fallthrough) forget_accumulators();
    return;
  }
  if (fallthrough) {
    if (in_clause) {
      move_to_label(frame);
    } else {
      for (u32 i = frame.height; i < height_; ++i) settle(stack_[i]);
    }
    meet(frame);
  }
  if (in_clause) leave_clause(frame);
  if (frame.kind == ControlKind::kIf) {
    frame.data.end_assigned &= frame.data.else_assigned;
    e_.bind(frame.data.otherwise);
  }
  label_here(frame.data.end);
  assigned_ = frame.data.end_assigned;
  else_params(frame, results);
  u32 end = frame.data.cell;
  for (const Slot& s : results) end += cells_of(s.type);
  note_cells(end);
}

// Conditions -------------------------------------------------------------------------------------

/// The branch that is taken if the operand is true, or with `negate` if it is false.
Lowering::Condition Lowering::take_condition(Slot& s, bool negate) {
  Condition c;
  if (s.value.where == Where::kDeferred && !deferred_.is_load) {
    const Deferred& d = deferred_;
    const bool test = d.base == Base::kAnd;
    if (test || is_int_compare(d.base) || is_float_compare(d.base)) {
      c.kind = test ? Condition::Kind::kTest : Condition::Kind::kCompare;
      c.negate = d.negate != negate;
      c.base = test || !negate ? d.base : negated(d.base);
      c.x = d.x;
      c.y = d.y;
      return c;
    }
  }
  c.negate = negate;
  c.x = take(s);
  return c;
}

Lowering::Branch Lowering::value_branch(Base base, Operand x) {
  if (x.is_const) force_slot(x);
  Branch b;
  b.base = base;
  b.combo = find_combo(base, {x.in_acc ? Kind::kR : Kind::kS, Kind::kNone});
  if (!x.in_acc) b.fields.set(0, x.cell);
  return b;
}

Lowering::Branch Lowering::compare_branch(Base compare, Operand x, Operand y) {
  if (y.is_const && y.bits == 0) {
    if (compare == Base::kEq32) return value_branch(Base::kBrZ, x);
    if (compare == Base::kNe32) return value_branch(Base::kBrNz, x);
    if (compare == Base::kEq64) return value_branch(Base::kBrZ64, x);
    if (compare == Base::kNe64) return value_branch(Base::kBrNz64, x);
  }
  const bool is_int = is_int_compare(compare);
  if (is_int) {  // immediates of 16 bits
    for (Operand* o : {&x, &y}) {
      if (!o->is_const) continue;
      const i64 v = o->type == kI32 ? i64{static_cast<i32>(o->bits)} : static_cast<i64>(o->bits);
      if (v != static_cast<i16>(v)) force_slot(*o);
    }
  }
  if (x.is_const && y.is_const) force_slot(x);
  Base branch = branch_on(compare);
  const Base other = is_int ? branch_on(exchanged(compare)) : branch;
  int combo = -1;
  for (bool with_acc : {true, false}) {
    combo = match_combo(branch, x, y, x.is_const, y.is_const, with_acc);
    if (combo >= 0) break;
    if (!is_int) continue;
    combo = match_combo(other, y, x, y.is_const, x.is_const, with_acc);
    if (combo >= 0) {
      branch = other;
      std::swap(x, y);
      break;
    }
  }
  const Combo kinds = make_form(branch, combo).combo();
  Branch b;
  b.base = branch;
  b.combo = combo;
  if (kinds.a == Kind::kS) b.fields.set(0, x.cell);
  if (kinds.b == Kind::kS) b.fields.set(kinds.a == Kind::kS ? 1 : 0, y.cell);
  if (kinds.a == Kind::kI || kinds.b == Kind::kI) {
    const u64 bits = kinds.a == Kind::kI ? x.bits : y.bits;
    if (is_int) {
      b.fields.set(1, static_cast<u32>(bits));
    } else {
      b.immediate = bits;
      b.has_immediate = true;
    }
  }
  return b;
}

Lowering::Branch Lowering::test_branch(bool negate, Operand x, Operand y) {
  const Base base = negate ? Base::kBrTestZ : Base::kBrTest;
  if (x.is_const) std::swap(x, y);
  if (y.is_const && static_cast<i32>(y.bits) != static_cast<i16>(y.bits)) force_slot(y);
  if (x.is_const) force_slot(x);
  if (!x.in_acc && y.in_acc) std::swap(x, y);
  const Combo kinds{x.in_acc ? Kind::kR : Kind::kS, y.is_const ? Kind::kI : Kind::kS};
  Branch b;
  b.base = base;
  b.combo = find_combo(base, kinds);
  if (kinds.a == Kind::kS) b.fields.set(0, x.cell);
  if (kinds.b == Kind::kS) b.fields.set(kinds.a == Kind::kS ? 1 : 0, y.cell);
  if (kinds.b == Kind::kI) b.fields.set(1, static_cast<u32>(y.bits));
  return b;
}

/// A compare of a local that the last instruction has added a constant to: the end of most loops.
bool Lowering::emit_loop_end(const Condition& c, Label& label) {
  const Emitter::Last last = e_.last();
  if (!last.valid) return false;
  const bool pair = last.form.base == Base::kAddAddImm;
  const bool single =
      last.form == make_form(Base::kAdd, find_combo(Base::kAdd, {Kind::kS, Kind::kI}), true);
  if (!pair && !single) return false;
  Base compare = c.kind == Condition::Kind::kCompare ? c.base
                 : c.negate                          ? Base::kEq32
                                                     : Base::kNe32;
  if (c.kind == Condition::Kind::kTest || !is_int_compare(compare) || compare >= Base::kEq64) {
    return false;
  }
  Operand x = c.x, y = c.y;
  if (c.kind == Condition::Kind::kValue) {
    if (x.type.is_ref()) return false;
    y = {};
    y.is_const = true;
  }
  const Fields f = e_.fields(last.position);
  const u32 cell = f.get(pair ? 2 : 0);
  if (!(x.in_slot && x.cell == cell)) {
    std::swap(x, y);
    compare = exchanged(compare);
  }
  if (!(x.in_slot && x.cell == cell) || (y.in_slot && y.cell == cell) ||
      !(y.in_slot || y.is_const)) {
    return false;
  }
  u32 source = f.get(1), addend = static_cast<u32>(f.imm());
  if (pair) {  // the first addition becomes one of its own again
    const u64 addends = e_.words()[last.position + 2];
    source = f.get(3);
    addend = static_cast<u32>(addends >> 32);
    const Form add = make_form(Base::kAdd, find_combo(Base::kAdd, {Kind::kS, Kind::kI}), true);
    e_.take_back();
    e_.emit(add, Fields().set(0, f.get(0)).set(1, f.get(1)).imm(static_cast<u32>(addends)));
  } else {
    e_.take_back();
  }
  const Base base = base_at(index_of(Base::kLoopEq) + index_of(compare) - index_of(Base::kEq32));
  const u32 at = e_.emit(Form{base, static_cast<u8>(y.is_const ? 1 : 0)},
                         Fields().set(0, cell).set(1, source));
  e_.word(u64{addend} | (y.is_const ? y.bits : u64{y.cell}) << 32);
  e_.branch_to(label, at);
  return true;
}

void Lowering::emit_branch(const Condition& c, Label& label) {
  if (emit_loop_end(c, label)) return;
  Branch b;
  if (c.kind == Condition::Kind::kCompare) {
    b = compare_branch(c.base, c.x, c.y);
  } else if (c.kind == Condition::Kind::kTest) {
    b = test_branch(c.negate, c.x, c.y);
  } else if (c.x.type.is_ref()) {
    b = value_branch(c.negate ? Base::kBrZ64 : Base::kBrNz64, c.x);
  } else {
    b = value_branch(c.negate ? Base::kBrZ : Base::kBrNz, c.x);
  }
  const u32 at = e_.emit(make_form(b.base, b.combo), b.fields);
  if (b.has_immediate) e_.word(b.immediate);
  e_.branch_to(label, at);
}

/// A jump; a copy or constant just before it goes with it.
void Lowering::emit_jump(Label& label) {
  const Emitter::Last last = e_.last();
  if (last.valid && last.form.base == Base::kCopy) {
    const Fields f = e_.fields(last.position);
    e_.rewrite(last.position, {Base::kCopyBr, 0}, f);
    e_.branch_to(label, last.position);
    return;
  }
  if (last.valid && last.form.base == Base::kConst32) {
    const Fields f = e_.fields(last.position);
    if (f.imm() == static_cast<i16>(f.imm())) {
      e_.rewrite(last.position, {Base::kConstBr, 0},
                 Fields().set(0, f.get(0)).set(1, static_cast<u32>(f.imm())));
      e_.branch_to(label, last.position);
      return;
    }
  }
  e_.branch_to(label, e_.emit(Base::kBr, {}));
}

// Branches ---------------------------------------------------------------------------------------

/// Whether the operands that the label takes have its cells as their own.
bool Lowering::in_place(const Frame& target) const {
  const size_t n = target.label_types().size();
  return n == 0 || stack_[height_ - n].value.cell == target.data.cell;
}

/// Moves the operands that the label takes to its cells. In ascending order: a cell may be the own
/// cell of an operand that has been moved, never of one that will be.
void Lowering::move_to_label(const Frame& target) {
  const size_t n = target.label_types().size();
  u32 cell = target.data.cell;
  for (u32 i = height_ - static_cast<u32>(n); i < height_; ++i) {
    move(stack_[i], cell);
    cell += cells_of(stack_[i].type);
  }
  note_cells(cell);
}

/// The rest of an unconditional branch.
void Lowering::leave_to(Frame& target) {
  if (target.kind == ControlKind::kFunction) return return_();
  move_to_label(target);
  meet(target);
  emit_jump(target.data.end);
}

void Lowering::br(Frame& target) {
  leave_to(target);
  forget_accumulators();
  forget_users();
}

/// A branch to `target` if the condition holds (with `negate`: does not hold).
void Lowering::conditional(Slot& condition, bool negate, Frame& target) {
  if (target.kind != ControlKind::kFunction && in_place(target)) {
    const Condition c = take_condition(condition, negate);
    const u32 n = static_cast<u32>(target.label_types().size());
    for (u32 i = height_; i-- > height_ - n;) {
      if (stack_[i].value.where == Where::kLocal) release(stack_[i]);
    }
    for (u32 i = height_ - n; i < height_; ++i) settle(stack_[i]);
    meet(target);
    emit_branch(c, target.data.end);
    return;
  }
  // Around the moves: behind them everything is as before.
  Label skip;
  emit_branch(take_condition(condition, !negate), skip);
  Accumulator before[3] = {acc_[0], acc_[1], acc_[2]};
  leave_to(target);
  std::copy(before, before + 3, acc_);
  e_.bind(skip);
}

void Lowering::br_if(Slot& condition, Frame& target) {
  conditional(condition, /*negate=*/false, target);
}

void Lowering::br_on_null(Frame& target, Slot& ref, Slot& out) {
  Operand x = take(ref);
  force_slot(x);  // it is wanted again behind the branch
  Slot copied{ref.type, {}};
  copied.value.cell = x.cell;
  conditional(copied, /*negate=*/true, target);
  out.value = top_value(Where::kSlot, out.type);
  copy(out.value.cell, x.cell, out.type);
}

// The reference is the topmost operand that the label takes.
void Lowering::br_on_non_null(Frame& target, Slot&) {
  Slot& top = stack_[height_ - 1];
  if (top.value.where == Where::kLocal) release(top);
  if (top.value.where == Where::kAcc) acc(Class::kInt).operand = height_ - 1;
  settle(top);
  Slot copied = top;
  conditional(copied, /*negate=*/false, target);
}

void Lowering::br_table(Slot& index, std::span<Frame* const> targets) {
  Operand x = take(index);
  if (x.is_const) force_slot(x);
  const u32 arity = static_cast<u32>(targets.back()->label_types().size());
  for (u32 i = height_ - arity; i < height_; ++i) settle(stack_[i]);
  const u32 at =
      e_.emit(make_form(Base::kBrTable, x.in_acc ? 1 : 0),
              Fields().set(0, x.in_acc ? 0 : x.cell).imm(static_cast<u32>(targets.size() - 1)));
  std::vector<Frame*> stubs;
  for (Frame* target : targets) {
    const u32 word = e_.position();
    e_.word(0);
    if (target->kind != ControlKind::kFunction && in_place(*target)) {
      meet(*target);
      e_.table_entry_to(target->data.end, at, word);
      continue;
    }
    if (target->data.stub_table != at) {
      target->data.stub_table = at;
      target->data.stub = {};
      stubs.push_back(target);
    }
    e_.table_entry_to(target->data.stub, at, word);
  }
  for (Frame* target : stubs) {
    label_here(target->data.stub);
    leave_to(*target);
  }
  forget_accumulators();
  forget_users();
}

void Lowering::unreachable() {
  e_.emit_bare(Base::kUnreachable);
  forget_accumulators();
  forget_users();
}

// Return -----------------------------------------------------------------------------------------

void Lowering::return_() {
  const std::span<const ValType> types = type_->results;
  const u32 n = static_cast<u32>(types.size());
  Fields f = Fields().set(0, link_cell_);
  if (n == 0) {
    e_.emit(Base::kRet, f);
    return;
  }
  Slot& only = stack_[height_ - 1];
  if (n == 1 && !types[0].is_v128()) {
    // The operand stays what it is: behind a conditional branch it is still there.
    const Class c = class_of(types[0]);
    Operand x;
    x.type = only.type;
    x.own = only.value.cell;
    x.is_const = only.value.where == Where::kConst;
    x.bits = only.value.bits;
    x.in_slot = only.value.where == Where::kSlot || only.value.where == Where::kLocal;
    x.cell = only.value.where == Where::kLocal ? local_cells_[only.value.local] : only.value.cell;
    x.in_acc = only.value.where == Where::kAcc || (x.in_slot && acc(c).cell == x.cell);
    const bool immediate = x.is_const && c == Class::kInt &&
                           (x.type == kI32 || static_cast<i64>(x.bits) == static_cast<i32>(x.bits));
    const Base base = c == Class::kInt   ? Base::kRetValue
                      : c == Class::kF32 ? Base::kRetF32
                                         : Base::kRetF64;
    if (x.is_const && !immediate) force_slot(x);
    const Kind kind = immediate ? Kind::kI : x.in_acc ? Kind::kR : Kind::kS;
    if (immediate) f.imm(static_cast<u32>(x.bits));
    if (kind == Kind::kS) f.set(1, x.cell);
    e_.emit(make_form(base, find_combo(base, {kind, Kind::kNone})), f);
    return;
  }
  // First away from the parameters' cells, where results go.
  u32 cell = 0;
  for (u32 i = height_ - n; i < height_; ++i) {
    move(stack_[i], stack_[i].value.cell);
  }
  for (u32 i = height_ - n; i < height_; ++i) {
    copy(cell, stack_[i].value.cell, stack_[i].type);
    cell += cells_of(stack_[i].type);
  }
  e_.emit(Base::kRetMulti, f);
}

}  // namespace wazuka::interp

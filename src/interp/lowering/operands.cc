// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The abstract stack: taking operands, producing results, and moving values to where they must be.
#include "interp/frame.h"
#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

Value Lowering::top_value(Where where, ValType type) {
  Value v;
  v.cell = cell_at(height_);
  v.where = where;
  note_cells(u64{v.cell} + cells_of(type));
  return v;
}

// Taking -----------------------------------------------------------------------------------------

void Lowering::release(Slot& s) {
  if (s.value.where == Where::kLocal) {
    users_[s.value.local].top = s.value.next_user;
  } else if (s.value.where == Where::kAcc) {
    acc(class_of(s.type)).operand = Accumulator::kNone;
  }
}

Operand Lowering::take(Slot& s) {
  if (s.value.where == Where::kDeferred) realize(s);
  release(s);
  Operand o;
  o.type = s.type;
  o.own = s.value.cell;
  const Class c = class_of(s.type);
  switch (s.value.where) {
    case Where::kConst:
      o.is_const = true;
      o.bits = s.value.bits;
      return o;
    case Where::kDeferred:
    case Where::kAcc: o.in_acc = true; return o;
    case Where::kLocal: o.cell = local_cells_[s.value.local]; break;
    case Where::kSlot: o.cell = s.value.cell; break;
  }
  o.in_slot = true;
  o.in_acc = c != Class::kV128 && acc(c).cell == o.cell;
  return o;
}

void Lowering::force_slot(Operand& o) {
  if (o.in_slot) return;
  if (o.is_const) {
    store_const(o.bits, o.type, o.own);
  } else {
    store_acc(class_of(o.type), o.own);
  }
  o.in_slot = true;
  o.is_const = false;
  o.cell = o.own;
}

void Lowering::store_const(u64 bits, ValType type, u32 cell) {
  if (type == kI32) bits = static_cast<u64>(i64{static_cast<i32>(bits)});
  note_write(cell);
  if (static_cast<i64>(bits) == static_cast<i32>(bits)) {
    e_.emit(Base::kConst32, Fields().set(0, cell).imm(static_cast<u32>(bits)));
  } else {
    e_.emit(Base::kConst64, Fields().set(0, cell));
    e_.word(bits);
  }
}

void Lowering::store_acc(Class c, u32 cell) {
  const Base base = c == Class::kInt   ? Base::kSet
                    : c == Class::kF32 ? Base::kSetF32
                                       : Base::kSetF64;
  e_.emit(base, Fields().set(0, cell));
  note_write(cell);
  acc(c).cell = cell;
}

// Accumulators -----------------------------------------------------------------------------------

void Lowering::spill(Class c) {
  Accumulator& a = acc(c);
  if (!a.pending()) return;
  Slot& s = stack_[a.operand];
  e_.store_result(a.producer, a.form, s.value.cell);
  note_write(s.value.cell);
  s.value.where = Where::kSlot;
  a.operand = Accumulator::kNone;
  a.cell = s.value.cell;
}

void Lowering::spill_all() {
  spill(Class::kInt);
  spill(Class::kF32);
  spill(Class::kF64);
}

void Lowering::forget_accumulators() {
  for (Accumulator& a : acc_) a = {};
}

void Lowering::note_write(u32 cell, u32 count) {
  for (Accumulator& a : acc_) {
    if (a.cell - cell < count) a.cell = Accumulator::kNone;
  }
}

u32 Lowering::produce(Base base, int combo, Fields fields, Slot& out) {
  const Class c = class_of(out.type);
  spill(c);
  const Form form = make_form(base, combo);
  const u32 at = e_.emit(form, fields);
  out.value = top_value(Where::kAcc, out.type);
  acc(c) = {height_, at, form, Accumulator::kNone};
  return at;
}

u32 Lowering::produce_in_slot(Base base, Fields fields, Slot& out) {
  out.value = top_value(Where::kSlot, out.type);
  note_write(out.value.cell, cells_of(out.type));
  return e_.emit(base, fields.set(0, out.value.cell));
}

// Moving -----------------------------------------------------------------------------------------

void Lowering::copy(u32 to, u32 from, ValType type) {
  if (to == from) return;
  note_write(to, cells_of(type));
  switch (class_of(type)) {
    case Class::kF32: e_.emit(Base::kCopy32, Fields().set(0, to).set(1, from)); return;
    case Class::kV128: e_.emit(Base::kCopyV, Fields().set(0, to).set(1, from)); return;
    case Class::kInt:
    case Class::kF64: break;
  }
  emit_copy(to, from);
}

/// Copies in a row become one instruction, up to four.
void Lowering::emit_copy(u32 to, u32 from) {
  const Emitter::Last last = e_.last();
  const Base before = last.valid ? last.form.base : Base::kBr;
  if (before != Base::kCopy && before != Base::kCopy2 && before != Base::kCopy3) {
    e_.emit(Base::kCopy, Fields().set(0, to).set(1, from));
    return;
  }
  Fields f = e_.fields(last.position);
  if (before == Base::kCopy) {
    e_.rewrite(last.position, {Base::kCopy2, 0}, f.set(2, to).set(3, from));
    return;
  }
  Fields more = Fields().set(0, to).set(1, from);
  if (before == Base::kCopy3) {
    more = Fields{e_.words()[last.position + 2]}.set(2, to).set(3, from);
  }
  e_.take_back();
  e_.emit(before == Base::kCopy2 ? Base::kCopy3 : Base::kCopy4, f);
  e_.word(more.bits);
}

void Lowering::move(const Slot& s, u32 to) {
  const Class c = class_of(s.type);
  switch (s.value.where) {
    case Where::kConst: store_const(s.value.bits, s.type, to); return;
    case Where::kDeferred:
    case Where::kAcc: store_acc(c, to); return;
    case Where::kLocal:
    case Where::kSlot: break;
  }
  const u32 from = s.value.where == Where::kLocal ? local_cells_[s.value.local] : s.value.cell;
  if (from != to && c != Class::kV128 && acc(c).cell == from) {
    store_acc(c, to);
  } else {
    copy(to, from, s.type);
  }
}

void Lowering::settle(Slot& s) {
  switch (s.value.where) {
    case Where::kSlot: return;
    case Where::kAcc: spill(class_of(s.type)); return;
    case Where::kDeferred:
    case Where::kConst:
    case Where::kLocal: break;
  }
  move(s, s.value.cell);
  s.value.where = Where::kSlot;
}

void Lowering::settle_args(std::span<Slot> args) {
  if (!args.empty()) compute(args.back());
  for (size_t i = args.size(); i-- > 0;) {
    if (args[i].value.where == Where::kLocal) release(args[i]);
  }
  for (Slot& s : args) settle(s);
}

void Lowering::flush() {
  for (u32 i = settled_; i < height_; ++i) {
    if (stack_[i].value.where != Where::kConst) settle(stack_[i]);
  }
  settled_ = height_;
  forget_users();
}

// Locals -----------------------------------------------------------------------------------------

void Lowering::detach_users(u32 local) {
  Users& users = users_[local];
  if (users.generation != generation_) return;
  for (i32 i = users.top; i >= 0;) {
    Slot& s = stack_[i];
    copy(s.value.cell, local_cells_[local], s.type);
    s.value.where = Where::kSlot;
    i = s.value.next_user;
  }
  users.top = -1;
}

void Lowering::assign_local(u32 local, Slot& in) {
  if (in.value.where == Where::kDeferred) realize(in);
  const bool from_acc = in.value.where == Where::kAcc;
  const Class c = class_of(in.type);
  release(in);
  const u32 cell = local_cells_[local];
  const Users& users = users_[local];
  const bool has_users = users.generation == generation_ && users.top >= 0;
  if (from_acc && e_.is_last(acc(c).producer)) {
    // The value's producer stores it. Operands that still mean the old value are copied before it.
    Accumulator& a = acc(c);
    if (has_users) {
      e_.lift_last(lifted_);
      detach_users(local);
      a.producer = e_.put_back(a.form, lifted_);
    }
    e_.store_result(a.producer, a.form, cell);
    note_write(cell);
    a.cell = cell;
    pair_additions();
  } else {
    if (has_users) detach_users(local);
    move(in, cell);
  }
  if (local >= num_params_ && local - num_params_ < 64) {
    assigned_ |= u64{1} << (local - num_params_);
  }
}

void Lowering::local_get(u32 index, Slot& out) {
  if (index >= num_params_) {
    const u32 i = index - num_params_;
    if (i >= 64 || (assigned_ >> i & 1) == 0) {
      const u32 cell = local_cells_[index];
      if (cell < zero_begin_) zero_begin_ = cell;
      if (cell + cells_of(out.type) > zero_end_) zero_end_ = cell + cells_of(out.type);
    }
  }
  out.value = top_value(Where::kLocal, out.type);
  out.value.local = index;
  Users& users = users_[index];
  out.value.next_user = users.generation == generation_ ? users.top : -1;
  users = {generation_, static_cast<i32>(height_)};
}

void Lowering::local_set(u32 index, Slot& in) {
  assign_local(index, in);
}

void Lowering::local_tee(u32 index, Slot& in, Slot& out) {
  assign_local(index, in);
  local_get(index, out);
}

void Lowering::drop(Slot& value) {
  if (value.value.where != Where::kDeferred) release(value);
}

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls. Arguments are in their own cells, the topmost of the frame: the callee's frame begins at
// the first of them, and its results are found there, the first one also in its accumulator.
#include <algorithm>

#include "interp/frame.h"
#include "interp/lowering/lowering.h"

namespace wazuka::interp {

Lowering::CallShape Lowering::begin_call(const FuncType& type, std::span<Slot> args) {
  settle_args(args);
  spill_all();
  CallShape c;
  c.base = cell_at(height_);
  c.param_cells = 0;
  for (ValType t : type.params) c.param_cells += cells_of(t);
  u32 result_cells = 0;
  for (ValType t : type.results) result_cells += cells_of(t);
  c.link = c.base + std::max(c.param_cells, result_cells);
  note_cells(u64{c.link} + kLinkCells);
  return c;
}

void Lowering::safepoint(u32 root) {
  if (roots_ == nullptr) return;
  RootMap& map = *roots_;
  const u32 begin = static_cast<u32>(map.cells.size());
  auto add = [&](ValType type, u32 cell) {
    if (is_traced(type)) map.cells.push_back(static_cast<u16>(cell));
  };
  for (size_t i = 0; i < locals_.size(); ++i) add(locals_[i], local_cells_[i]);
  for (u32 i = 0; i < height_; ++i) {
    if (stack_[i].value.where == Where::kSlot) add(stack_[i].type, stack_[i].value.cell);
  }
  for (const Clause& clause : clauses_) map.cells.push_back(static_cast<u16>(clause.cell));
  if (root != kNoCell) map.cells.push_back(static_cast<u16>(root));
  map.sites.push_back({e_.position(), begin, static_cast<u32>(map.cells.size())});
}

void Lowering::end_call(std::span<Slot> results, u32 root) {
  safepoint(root);
  forget_accumulators();
  u32 cell = cell_at(height_);
  for (Slot& s : results) {
    s.value = Value();
    s.value.cell = cell;
    cell += cells_of(s.type);
  }
  note_cells(cell);
  if (results.empty() || results[0].type.is_v128()) return;
  acc(class_of(results[0].type)).cell = results[0].value.cell;
}

void Lowering::call(u32 func, std::span<Slot> args, std::span<Slot> results) {
  const CallShape c = begin_call(module_.func_type(func), args);
  Fields f = Fields().set(0, c.base).set(1, c.link);
  if (func < module_.imported_funcs) {
    f.imm(static_cast<u32>(context_.layout->imported_func(func)));
    e_.emit(Base::kCallImport, f);
  } else {
    e_.emit(Base::kCall, f);
    e_.word(reinterpret_cast<u64>(defined(func)));
  }
  end_call(results);
}

namespace {
u64 type_and_table(const Module& m, const VMLayout& layout, u32 type, u32 table) {
  return u64{m.type_ids[type]} | layout.table(table) << 32;
}
}  // namespace

void Lowering::call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args,
                             std::span<Slot> results) {
  Operand x = take(index);
  if (x.is_const) force_slot(x);
  const CallShape c = begin_call(module_.types[type].func, args);
  Fields f = Fields().set(0, c.base).set(1, c.link).set(3, is_table64(table));
  if (!x.in_acc) f.set(2, x.cell);
  e_.emit(make_form(Base::kCallIndirect, x.in_acc ? 1 : 0), f);
  e_.word(type_and_table(module_, *context_.layout, type, table));
  end_call(results);
}

void Lowering::call_ref(u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results) {
  Operand x = take(ref);
  if (x.is_const) force_slot(x);
  const CallShape c = begin_call(module_.types[type].func, args);
  Fields f = Fields().set(0, c.base).set(1, c.link);
  if (!x.in_acc) f.set(2, x.cell);
  e_.emit(make_form(Base::kCallRef, x.in_acc ? 1 : 0), f);
  end_call(results);
}

// Tail calls: the arguments move down over this frame, the link to where the callee has it.

Fields Lowering::tail_fields(const CallShape& c) const {
  return Fields().set(0, c.base).set(1, link_cell_).set(2, c.link - c.base).set(3, c.param_cells);
}

void Lowering::return_call(u32 func, std::span<Slot> args) {
  const CallShape c = begin_call(module_.func_type(func), args);
  if (func < module_.imported_funcs) {
    e_.emit(Base::kReturnCallImport, tail_fields(c));
    e_.word(context_.layout->imported_func(func));
  } else {
    e_.emit(Base::kReturnCall, tail_fields(c));
    e_.word(reinterpret_cast<u64>(defined(func)));
  }
  forget_accumulators();
  forget_users();
}

void Lowering::return_call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args) {
  Operand x = take(index);
  force_slot(x);
  const CallShape c = begin_call(module_.types[type].func, args);
  e_.emit(Base::kReturnCallIndirect, tail_fields(c));
  e_.word(type_and_table(module_, *context_.layout, type, table));
  e_.word(u64{x.cell} | u64{is_table64(table)} << 16);
  forget_accumulators();
  forget_users();
}

void Lowering::return_call_ref(u32 type, Slot& ref, std::span<Slot> args) {
  Operand x = take(ref);
  force_slot(x);
  const CallShape c = begin_call(module_.types[type].func, args);
  e_.emit(Base::kReturnCallRef, tail_fields(c));
  e_.word(x.cell);
  forget_accumulators();
  forget_users();
}

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structures, arrays, i31 and casts.
//
// Two kinds of instructions come out of here. Accesses of one field or element, i31 and casts are
// instructions of their own, which never collect. All others are `gc`, a call in all but name:
// operands are in their own cells, the topmost of the frame, the result replaces them, and the
// frame's references are in cells, where the collector finds and changes them (safepoint).
#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

const GcLayout& Lowering::layout_of(u32 type) {
  auto it = layouts_.find(type);
  if (it == layouts_.end()) {
    it = layouts_.emplace(type, gc_layout(module_.types[type], module_.types)).first;
  }
  return it->second;
}

void Lowering::gc_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results) {
  if (op == Op::kRefI31 || op == Op::kI31GetS || op == Op::kI31GetU || op == Op::kArrayLen) {
    const Base base = op == Op::kRefI31    ? Base::kRefI31
                      : op == Op::kI31GetS ? Base::kI31GetS
                      : op == Op::kI31GetU ? Base::kI31GetU
                                           : Base::kGcLen;
    emit_unary(base, take(args[0]), results[0]);
    return;
  }
  if (op == Op::kAnyConvertExtern || op == Op::kExternConvertAny) {
    // The value stays where it is. A value in the accumulator keeps its index on the stack.
    if (args[0].value.where == Where::kDeferred) settle(args[0]);
    results[0].value = args[0].value;
    return;
  }
  if (op == Op::kRefTest || op == Op::kRefTestNull) {
    emit_unary(Base::kRefTest, take(args[0]), results[0]);
    e_.word(cast_target(imm));
    return;
  }
  if (op == Op::kRefCast || op == Op::kRefCastNull) {
    cast(cast_target(imm), args[0], results[0]);
    return;
  }
  if (op == Op::kRefCastDescEq || op == Op::kRefCastDescEqNull) {
    settle_args(args);
    spill_all();
    e_.emit(Base::kRefCastDesc,
            Fields().set(1, args[0].value.cell).set(2, args[1].value.cell).set(3, imm.nullable));
    results[0].value = args[0].value;
    return;
  }
  if (op == Op::kRefGetDesc) {
    field_get(Base::kGcGet32, layout_of(imm.index).descriptor, args[0], results[0]);
    return;
  }
  if (!gc_access(op, imm, args, results)) gc_call(op, imm, args, results);
}

void Lowering::gc_call(Op op, const Immediates& imm, std::span<Slot> args,
                       std::span<Slot> results) {
  settle_args(args);
  spill_all();
  const u32 base = cell_at(height_);
  u32 cells = 2;  // room for any result
  for (const Slot& s : args) cells += cells_of(s.type);
  note_cells(u64{base} + cells);
  e_.emit(Base::kGcOp, Fields().set(0, base).imm(imm.index2));
  e_.word(op_info(op).code | u64{module_.type_ids[imm.index]} << 32);
  end_call(results);
}

// Accesses ---------------------------------------------------------------------------------------

namespace {

/// The operation of a group (8s 8u 16s 16u 32 64 f32 f64) that loads such a value.
Base load_base(Base first, const GcField& field, bool sign_extend) {
  const u32 at = index_of(first);
  const Class c = class_of(field.type);
  switch (field.storage) {
    case GcStorage::kI8: return base_at(at + (sign_extend ? 0 : 1));
    case GcStorage::kI16: return base_at(at + (sign_extend ? 2 : 3));
    case GcStorage::kI64: return base_at(at + (c == Class::kF64 ? 7 : 5));
    case GcStorage::kI32:
    case GcStorage::kRef:
    case GcStorage::kFunc:
    case GcStorage::kV128: break;
  }
  return base_at(at + (c == Class::kF32 ? 6 : 4));
}

/// The operation of a group (8 16 32 64) that stores such a value.
Base store_base(Base first, GcStorage storage) {
  const u32 bytes = gc_storage_bytes(storage);
  return base_at(index_of(first) + (bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3));
}

}  // namespace

/// Loads and stores of one value that is neither a function reference nor v128.
bool Lowering::gc_access(Op op, const Immediates& imm, std::span<Slot> args,
                         std::span<Slot> results) {
  const bool is_struct = op == Op::kStructGet || op == Op::kStructGetS || op == Op::kStructGetU ||
                         op == Op::kStructSet;
  const bool is_array =
      op == Op::kArrayGet || op == Op::kArrayGetS || op == Op::kArrayGetU || op == Op::kArraySet;
  if (!is_struct && !is_array) return false;
  const GcLayout& layout = layout_of(imm.index);
  const GcField& field = is_struct ? layout.fields[imm.index2] : layout.element();
  if (field.storage == GcStorage::kFunc || field.storage == GcStorage::kV128) return false;
  if (is_struct) {
    struct_access(op, field, args, results);
  } else {
    array_access(op, field, args, results);
  }
  return true;
}

void Lowering::struct_access(Op op, const GcField& field, std::span<Slot> args,
                             std::span<Slot> results) {
  if (op == Op::kStructSet) {
    e_.emit(store_base(Base::kGcSet8, field.storage), slot_fields(args, 0).imm(field.offset));
    return;
  }
  field_get(load_base(Base::kGcGet8S, field, op == Op::kStructGetS), field.offset, args[0],
            results[0]);
}

void Lowering::field_get(Base base, u32 offset, Slot& ref, Slot& out) {
  Operand x = take(ref);
  if (x.is_const) force_slot(x);
  Fields f = Fields().imm(offset);
  if (!x.in_acc) f.set(1, x.cell);
  produce(base, x.in_acc ? 1 : 0, f, out);
}

void Lowering::array_access(Op op, const GcField& element, std::span<Slot> args,
                            std::span<Slot> results) {
  if (op == Op::kArraySet) {
    e_.emit(store_base(Base::kGcPut8, element.storage),
            slot_fields(args, 0).set(3, element.offset));
    return;
  }
  const Fields f = slot_fields(args, 1).set(3, element.offset);
  produce(load_base(Base::kGcAt8S, element, op == Op::kArrayGetS), 0, f, results[0]);
}

void Lowering::ref_eq(std::span<Slot> args, Slot& out) {
  Operand y = take(args[1]);
  Operand x = take(args[0]);
  if (!defer_condition(Base::kEq64, x, y, out)) emit_binary(Base::kEq64, x, y, out);
}

// Casts ------------------------------------------------------------------------------------------

u64 Lowering::cast_target(const Immediates& imm) const {
  if (!imm.heap.is_index()) {
    return ValType::ref(imm.heap, imm.nullable, imm.exact).bits() | u64{~u32{0}} << 32;
  }
  const u32 id = module_.type_ids[imm.heap.type_index()];
  const bool func = module_.types[imm.heap.type_index()].kind == CompositeKind::kFunc;
  return ValType::ref(HeapType::index(id), imm.nullable, imm.exact).bits() |
         u64{func ? ~u32{0} : id} << 32;
}

void Lowering::cast(u64 target, Slot& ref, Slot& out) {
  if (ref.value.where == Where::kConst || ref.value.where == Where::kDeferred) settle(ref);
  const bool in_acc = ref.value.where == Where::kAcc;
  const u32 cell =
      ref.value.where == Where::kLocal ? local_cells_[ref.value.local] : ref.value.cell;
  e_.emit(make_form(Base::kRefCast, in_acc ? 1 : 0), Fields().set(0, in_acc ? 0 : cell));
  e_.word(target);
  out.value = ref.value;
}

// The reference is the topmost operand, as in br_on_non_null; a descriptor was above it.
void Lowering::br_on_cast(Op op, Frame& target, const Immediates& imm, Slot& out) {
  const bool with_descriptor = op == Op::kBrOnCastDescEq || op == Op::kBrOnCastDescEqFail;
  const bool fails = op == Op::kBrOnCastFail || op == Op::kBrOnCastDescEqFail;
  const u32 descriptor = with_descriptor ? take_in_slot(stack_[height_]).cell : 0;
  Slot& top = stack_[height_ - 1];
  if (top.value.where == Where::kLocal) release(top);
  if (top.value.where == Where::kAcc) acc(Class::kInt).operand = height_ - 1;
  settle(top);
  spill(Class::kInt);
  if (with_descriptor) {
    e_.emit(make_form(Base::kRefTestDesc, 0),
            Fields().set(1, top.value.cell).set(2, descriptor).set(3, imm.nullable));
  } else {
    e_.emit(make_form(Base::kRefTest, 0), Fields().set(1, top.value.cell));
    e_.word(cast_target(imm));
  }
  acc(Class::kInt) = {};
  Slot condition{kI32, {}};
  condition.value.where = Where::kAcc;
  condition.value.cell = top.value.cell + 1;
  note_cells(u64{top.value.cell} + 2);
  conditional(condition, /*negate=*/fails, target);
  out.value = top.value;
}

}  // namespace wazuka::interp

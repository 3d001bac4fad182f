// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structures, arrays, i31 and casts. Accesses of one value are inline; what allocates is a builtin
// with its operands in consecutive cells. A cast compares with the wanted type itself, and asks the
// runtime about all others.
#include "opt/build/graph_builder.h"

namespace wazuka::opt {

const GcLayout& GraphBuilder::layout_of(u32 type) {
  auto it = layouts_.find(type);
  if (it == layouts_.end()) {
    it = layouts_.emplace(type, gc_layout(module_->types[type], module_->types)).first;
  }
  return it->second;
}

/// Only where there is an object, and so a heap.
Value GraphBuilder::gc_base() {
  constexpr u32 kOffset = offsetof(VMStoreContext, gc) + offsetof(VMGcHeap, base);
  return load_at(Type::kI64, store_context(), kOffset, Region::kHeapBase, 0, 8);
}

void GraphBuilder::check_reference(const Slot& ref) {
  if (ref.type.nullable()) check_not_null(ref.value, TrapCode::kNullReference);
}

/// Where an object, or an element of an array, is in the heap. No call may come before its use.
Value GraphBuilder::ref_offset(Value ref, Value index, u32 log2) {
  return append({.op = Opcode::kRefOffset,
                 .type = Type::kI32,
                 .aux = static_cast<u16>(log2),
                 .args = {index_of(ref), index_of(index)}});
}

Value GraphBuilder::array_length(const Slot& ref) {
  check_reference(ref);
  const u16 access = intern({.offset = kGcArrayLength, .region = Region::kHeader, .bytes = 4});
  const Value base = gc_base();
  return append({.op = Opcode::kLoad,
                 .type = Type::kI32,
                 .aux = access,
                 .args = {index_of(base), index_of(ref_offset(ref.value, kNoValue, 0))}});
}

bool GraphBuilder::gc_access(Op op, const Immediates& imm, std::span<Slot> args,
                             std::span<Slot> results) {
  const bool is_struct = op == Op::kStructGet || op == Op::kStructGetS || op == Op::kStructGetU ||
                         op == Op::kStructSet;
  const bool is_array =
      op == Op::kArrayGet || op == Op::kArrayGetS || op == Op::kArrayGetU || op == Op::kArraySet;
  if (!is_struct && !is_array) return false;
  const GcLayout& layout = layout_of(imm.index);
  const GcField field = is_struct ? layout.fields[imm.index2] : layout.element();
  if (field.storage == GcStorage::kFunc) return false;
  const u32 bytes = gc_storage_bytes(field.storage);
  Access access{.offset = field.offset,
                .region_index = is_struct ? field.offset : bytes,
                .region = is_struct ? Region::kField : Region::kElement,
                .bytes = static_cast<u8>(bytes),
                .sign = op == Op::kStructGetS || op == Op::kArrayGetS};
  Value index = kNoValue;
  u32 log2 = 0;
  if (is_struct) {
    check_reference(args[0]);
  } else {
    const Value length = array_length(args[0]);
    index = args[1].value;
    trap_if(f_.icmp(IntCond::kGeU, index, length), TrapCode::kArrayOutOfBounds);
    while (1u << log2 < bytes) ++log2;
  }
  const u32 base = index_of(gc_base());
  const u32 at = index_of(ref_offset(args[0].value, index, log2));
  if (results.empty()) {
    append({.op = Opcode::kStore,
            .aux = intern(access),
            .args = {base, at, index_of(args.back().value)}});
    return true;
  }
  results[0].value = append({.op = Opcode::kLoad,
                             .type = type_of(results[0].type),
                             .traced = is_traced(results[0].type),
                             .aux = intern(access),
                             .args = {base, at}});
  return true;
}

// What allocates ----------------------------------------------------------------------------------

/// One cell each, or two for vectors.
void GraphBuilder::store_cells(SlotId slot, u32 cell, std::span<const Slot> values) {
  for (const Slot& s : values) {
    append({.op = Opcode::kSlotStore,
            .aux = static_cast<u16>(cell),
            .args = {index_of(s.value), 0, index_of(slot)}});
    cell += s.type.is_v128() ? 2 : 1;
  }
}

Value GraphBuilder::slot_address(SlotId slot, u32 cell) {
  return append({.op = Opcode::kSlotAddr,
                 .type = Type::kI64,
                 .aux = static_cast<u16>(cell),
                 .args = {0, 0, index_of(slot)}});
}

Value GraphBuilder::slot_load(SlotId slot, u32 cell, ValType type) {
  return append({.op = Opcode::kSlotLoad,
                 .type = type_of(type),
                 .traced = is_traced(type),
                 .aux = static_cast<u16>(cell),
                 .args = {0, 0, index_of(slot)}});
}

u32 GraphBuilder::cells_of(std::span<const Slot> values) {
  u32 cells = 0;
  for (const Slot& s : values) cells += s.type.is_v128() ? 2 : 1;
  return cells;
}

void GraphBuilder::gc_call(Op op, const Immediates& imm, std::span<Slot> args,
                           std::span<Slot> results) {
  const u32 cells = cells_of(args) + 2;  // room for any result
  if (cells > 0xffff) return unsupported("so many operands");
  const SlotId slot = g_.add_slot(cells);
  store_cells(slot, 0, args);
  check_trap(builtin(Builtin::k_gc_operation,
                     {f_.i32_const(op_info(op).code), f_.i32_const(module_->type_ids[imm.index]),
                      f_.i32_const(imm.index2), slot_address(slot, 0)}));
  if (!results.empty()) results[0].value = slot_load(slot, 0, results[0].type);
}

// Casts -------------------------------------------------------------------------------------------

/// Whether a reference is an instance of the target, as an i32.
Value GraphBuilder::test_instance(const Immediates& imm, Value ref) {
  ValType target = ValType::ref(imm.heap, imm.nullable, imm.exact);
  bool inline_id = false;
  u32 id = 0;
  if (imm.heap.is_index()) {
    id = module_->type_ids[imm.heap.type_index()];
    target = ValType::ref(HeapType::index(id), imm.nullable, imm.exact);
    inline_id = module_->types[imm.heap.type_index()].kind != CompositeKind::kFunc;
  }
  const u32 yes = index_of(f_.i32_const(1));
  const u32 null_result = index_of(f_.i32_const(imm.nullable));
  const Block from = block_, some = g_.add_block(), done = g_.add_block();
  const EdgeId is_null = g_.add_edge(done, {&null_result, 1}), is_some = g_.add_edge(some);
  branch(f_.icmp(IntCond::kEq, ref, 0), is_null, is_some);
  begin_block(some, from);
  if (inline_id) {
    const Block object = g_.add_block(), ask = g_.add_block();
    const Value tag = f_.binary(Opcode::kIAnd, f_.wrap(ref), u64{3});
    const EdgeId other = g_.add_edge(ask), is_object = g_.add_edge(object);
    branch(f_.icmp(IntCond::kNe, tag, 0), other, is_object);
    begin_block(object, some);
    const u16 access = intern({.region = Region::kHeader, .bytes = 4});
    const Value base = gc_base();
    const Value actual = append({.op = Opcode::kLoad,
                                 .type = Type::kI32,
                                 .aux = access,
                                 .args = {index_of(base), index_of(ref_offset(ref, kNoValue, 0))}});
    const EdgeId same = g_.add_edge(done, {&yes, 1}), different = g_.add_edge(ask);
    branch(f_.icmp(IntCond::kEq, actual, id), same, different);
    begin_block(ask, some);
  }
  const u32 answer =
      index_of(builtin(Builtin::k_gc_is_instance, {ref, f_.i32_const(target.bits())}));
  jump(g_.add_edge(done, {&answer, 1}));
  begin_block(done, from);
  return g_.add_param(done, Type::kI32);
}

void GraphBuilder::br_on_cast(Op op, Frame& target, const Immediates& imm, Slot& ref, Slot* desc,
                              Slot& out) {
  if (desc != nullptr) return unsupported(op);
  const Value is = test_instance(imm, ref.value);
  const bool on_fail = op == Op::kBrOnCastFail;
  branch_if(on_fail ? f_.icmp(IntCond::kEq, is, 0) : is, target, branch_values(target));
  out.value = ref.value;
}

void GraphBuilder::gc_op(Op op, const Immediates& imm, std::span<Slot> args,
                         std::span<Slot> results) {
  if (op_info(op).feature == Feature::kCustomDescriptors) return unsupported(op);
  switch (op) {
    case Op::kRefI31: {
      const Value shifted = f_.binary(Opcode::kIShl, args[0].value, u64{1});
      results[0].value = f_.zext(f_.binary(Opcode::kIOr, shifted, u64{1}));
      return;
    }
    case Op::kI31GetS:
    case Op::kI31GetU:
      check_reference(args[0]);
      results[0].value = f_.binary(op == Op::kI31GetS ? Opcode::kSShr : Opcode::kUShr,
                                   f_.wrap(args[0].value), u64{1});
      return;
    case Op::kArrayLen: results[0].value = array_length(args[0]); return;
    case Op::kAnyConvertExtern:
    case Op::kExternConvertAny: results[0].value = args[0].value; return;
    case Op::kRefTest:
    case Op::kRefTestNull: results[0].value = test_instance(imm, args[0].value); return;
    case Op::kRefCast:
    case Op::kRefCastNull:
      trap_if(f_.icmp(IntCond::kEq, test_instance(imm, args[0].value), 0), TrapCode::kCastFailure);
      results[0].value = args[0].value;
      return;
    default:
      if (!gc_access(op, imm, args, results)) gc_call(op, imm, args, results);
  }
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories and tables as a whole, and references.
#include "opt/build/graph_builder.h"

namespace wazuka::opt {

void GraphBuilder::memory_op(Op op, const Immediates& imm, std::span<Slot> args,
                             std::span<Slot> results) {
  auto index = [&](u32 i) { return index_64(args[i].value); };
  const Value first = f_.i32_const(imm.index);
  switch (op) {
    case Op::kMemorySize: {
      const u32 shift = module_->memories[imm.index].page_size_log2;
      const Value pages = f_.binary(Opcode::kUShr, memory_size(imm.index), u64{shift});
      results[0].value = is_64(imm.index) ? pages : f_.wrap(pages);
      return;
    }
    case Op::kMemoryGrow:
      results[0].value =
          grown(builtin(Builtin::k_memory_grow, {first, index(0)}), type_of(results[0].type));
      return;
    case Op::kMemoryFill:
      if (is_small(args[2].value)) return fill_small(imm.index, args);
      return check_trap(
          builtin(Builtin::k_memory_fill, {first, index(0), args[1].value, index(2)}));
    case Op::kMemoryCopy:
      if (is_small(args[2].value)) return copy_small(imm.index, imm.index2, args);
      return check_trap(builtin(Builtin::k_memory_copy,
                                {first, f_.i32_const(imm.index2), index(0), index(1), index(2)}));
    case Op::kMemoryInit:
      return check_trap(builtin(Builtin::k_memory_init, {f_.i32_const(imm.index2), first, index(0),
                                                         args[1].value, args[2].value}));
    case Op::kDataDrop: builtin(Builtin::k_data_drop, {first}); return;
    default: return unsupported(op);
  }
}

void GraphBuilder::table_op(Op op, const Immediates& imm, std::span<Slot> args,
                            std::span<Slot> results) {
  auto index = [&](u32 i) { return index_64(args[i].value); };
  const Value first = f_.i32_const(imm.index);
  switch (op) {
    case Op::kTableGet: {
      Value offset = kNoValue;
      const Value elements = table_element(imm.index, args[0].value, &offset);
      const u16 access =
          intern({.region_index = table_region(imm.index), .region = Region::kTable, .bytes = 8});
      results[0].value = append({.op = Opcode::kLoad,
                                 .type = Type::kI64,
                                 .traced = is_traced(results[0].type),
                                 .aux = access,
                                 .args = {index_of(elements), index_of(offset)}});
      return;
    }
    case Op::kTableSet: {
      Value offset = kNoValue;
      const Value elements = table_element(imm.index, args[0].value, &offset);
      const u16 access =
          intern({.region_index = table_region(imm.index), .region = Region::kTable, .bytes = 8});
      append({.op = Opcode::kStore,
              .aux = access,
              .args = {index_of(elements), index_of(offset), index_of(args[1].value)}});
      return;
    }
    case Op::kTableSize: {
      const Value size = table_shape(imm.index).size;
      results[0].value = type_of(results[0].type) == Type::kI64 ? size : f_.wrap(size);
      return;
    }
    case Op::kTableGrow:
      results[0].value = grown(builtin(Builtin::k_table_grow, {first, index(1), args[0].value}),
                               type_of(results[0].type));
      return;
    case Op::kTableFill:
      return check_trap(builtin(Builtin::k_table_fill, {first, index(0), args[1].value, index(2)}));
    case Op::kTableCopy:
      return check_trap(builtin(Builtin::k_table_copy,
                                {first, f_.i32_const(imm.index2), index(0), index(1), index(2)}));
    case Op::kTableInit:
      return check_trap(builtin(Builtin::k_table_init, {f_.i32_const(imm.index2), first, index(0),
                                                        args[1].value, args[2].value}));
    case Op::kElemDrop: builtin(Builtin::k_elem_drop, {first}); return;
    default: return unsupported(op);
  }
}

void GraphBuilder::reference_op(Op op, const Immediates& imm, std::span<Slot> args,
                                std::span<Slot> results) {
  switch (op) {
    case Op::kRefNull: results[0].value = f_.i64_const(0); return;
    case Op::kRefFunc:
      results[0].value = builtin(Builtin::k_ref_func, {f_.i32_const(imm.index)});
      return;
    case Op::kRefIsNull: results[0].value = f_.icmp(IntCond::kEq, args[0].value, 0); return;
    case Op::kRefEq: results[0].value = f_.icmp(IntCond::kEq, args[0].value, args[1].value); return;
    case Op::kRefAsNonNull:
      check_not_null(args[0].value, TrapCode::kNullReference);
      results[0].value = args[0].value;
      return;
    default: return unsupported(op);
  }
}

void GraphBuilder::other(Op op, const Immediates& imm, std::span<Slot> args,
                         std::span<Slot> results) {
  if (bulk_unpaid_) pay_for_bulk(op, imm, args);
  switch (op_info(op).category) {
    case OpCategory::kMemory: return memory_op(op, imm, args, results);
    case OpCategory::kTable: return table_op(op, imm, args, results);
    case OpCategory::kReference: return reference_op(op, imm, args, results);
    case OpCategory::kGc: return gc_op(op, imm, args, results);
    default: return unsupported(op);
  }
}

}  // namespace wazuka::opt

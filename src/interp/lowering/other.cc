// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories and tables as a whole, references, atomics, wide arithmetic: operands in slots.
#include <algorithm>

#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

Operand Lowering::take_in_slot(Slot& s) {
  compute(s);
  if (s.value.where == Where::kAcc) spill(class_of(s.type));
  Operand o = take(s);
  force_slot(o);
  return o;
}

Fields Lowering::slot_fields(std::span<Slot> args, u32 first_field) {
  u32 cells[4] = {};
  for (size_t i = args.size(); i-- > 0;) cells[i] = take_in_slot(args[i]).cell;
  Fields f;
  for (u32 i = 0; i < args.size(); ++i) f.set(first_field + i, cells[i]);
  return f;
}

u32 Lowering::memory_word(u32 memory) const {
  return static_cast<u32>(context_.layout->memory(memory) / sizeof(void*));
}

bool Lowering::is_table64(u32 table) const {
  return module_.tables[table].type.address == AddressType::kI64;
}

void Lowering::memory_op(Op op, const Immediates& imm, std::span<Slot> args,
                         std::span<Slot> results) {
  if (op == Op::kMemorySize) {
    produce(
        Base::kMemorySize, 0,
        Fields().set(1, memory_word(imm.index)).set(2, module_.memories[imm.index].page_size_log2),
        results[0]);
    return;
  }
  if (op == Op::kMemoryGrow) {
    produce(Base::kMemoryGrow, 0,
            slot_fields(args, 1).set(2, imm.index).set(3, is_memory64(imm.index)), results[0]);
    return;
  }
  if (op == Op::kMemoryFill) {
    e_.emit(Base::kMemoryFill, slot_fields(args, 0).set(3, is_memory64(imm.index)));
    e_.word(memory_word(imm.index));
    return;
  }
  if (op == Op::kMemoryCopy) {
    e_.emit(Base::kMemoryCopy, slot_fields(args, 0));
    e_.word(Fields()
                .set(0, memory_word(imm.index))
                .set(1, memory_word(imm.index2))
                .set(2, is_memory64(imm.index))
                .set(3, is_memory64(imm.index2))
                .bits);
    return;
  }
  if (op == Op::kMemoryInit) {
    e_.emit(Base::kMemoryInit, slot_fields(args, 0).set(3, is_memory64(imm.index2)));
    e_.word(u64{imm.index2} | u64{imm.index} << 32);
    return;
  }
  e_.emit(Base::kDataDrop, Fields().imm(imm.index));
}

void Lowering::table_op(Op op, const Immediates& imm, std::span<Slot> args,
                        std::span<Slot> results) {
  const VMLayout& layout = *context_.layout;
  if (op == Op::kTableGet) {
    produce(Base::kTableGet, 0, slot_fields(args, 1).set(2, is_table64(imm.index)), results[0]);
    e_.word(layout.table(imm.index));
    return;
  }
  if (op == Op::kTableSet) {
    e_.emit(Base::kTableSet, slot_fields(args, 0).set(2, is_table64(imm.index)));
    e_.word(layout.table(imm.index));
    return;
  }
  if (op == Op::kTableSize) {
    produce(Base::kTableSize, 0, Fields().imm(static_cast<u32>(layout.table(imm.index))),
            results[0]);
    return;
  }
  if (op == Op::kTableGrow) {
    produce(Base::kTableGrow, 0, slot_fields(args, 1).set(3, is_table64(imm.index)), results[0]);
    e_.word(imm.index);
    return;
  }
  if (op == Op::kTableFill) {
    e_.emit(Base::kTableFill, slot_fields(args, 0).set(3, is_table64(imm.index)));
    e_.word(layout.table(imm.index));
    return;
  }
  if (op == Op::kTableCopy) {
    e_.emit(Base::kTableCopy, slot_fields(args, 0).set(3, u32{is_table64(imm.index)} |
                                                              u32{is_table64(imm.index2)} << 1));
    e_.word(layout.table(imm.index));
    e_.word(layout.table(imm.index2));
    return;
  }
  if (op == Op::kTableInit) {
    e_.emit(Base::kTableInit, slot_fields(args, 0).set(3, is_table64(imm.index2)));
    e_.word(u64{imm.index2} | u64{imm.index} << 32);
    return;
  }
  e_.emit(Base::kElemDrop, Fields().imm(imm.index));
}

void Lowering::reference_op(Op op, const Immediates& imm, std::span<Slot> args,
                            std::span<Slot> results) {
  if (op == Op::kRefNull) {
    constant(0, results[0]);
    return;
  }
  if (op == Op::kRefFunc) {
    produce(Base::kRefFunc, 0, Fields().imm(imm.index), results[0]);
    return;
  }
  if (op == Op::kRefEq) {
    ref_eq(args, results[0]);
    return;
  }
  if (op == Op::kRefIsNull) {
    Operand x = take(args[0]);
    Operand zero;
    zero.type = kI64;
    zero.is_const = true;
    if (!defer_condition(Base::kEq64, x, zero, results[0])) {
      emit_binary(Base::kEq64, x, zero, results[0]);
    }
    return;
  }
  if (op == Op::kRefAsNonNull) {
    // The value stays where it is.
    Slot& ref = args[0];
    if (ref.value.where == Where::kConst || ref.value.where == Where::kDeferred) {
      settle(ref);
    }
    const bool in_acc = ref.value.where == Where::kAcc;
    const u32 cell =
        ref.value.where == Where::kLocal ? local_cells_[ref.value.local] : ref.value.cell;
    e_.emit(make_form(Base::kAsNonNull, in_acc ? 1 : 0), Fields().set(0, in_acc ? 0 : cell));
    results[0].value = ref.value;
    return;
  }
  return;  // refused by supports()
}

void Lowering::other(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results) {
  if (bulk_unpaid_) pay_for_bulk(op, imm, args);
  const OpCategory category = op_info(op).category;
  if (category == OpCategory::kMemory) {
    memory_op(op, imm, args, results);
    return;
  }
  if (category == OpCategory::kTable) {
    table_op(op, imm, args, results);
    return;
  }
  if (category == OpCategory::kReference) {
    reference_op(op, imm, args, results);
    return;
  }
  if (category == OpCategory::kGc) {
    gc_op(op, imm, args, results);
    return;
  }
  if (category == OpCategory::kContinuation) {
    continuation_op(op, imm, args, results);
    return;
  }
  return;  // refused by supports()
}

// Atomics ----------------------------------------------------------------------------------------

namespace {

/// The operation for an atomic opcode: the access's width picks the group, the category and, for
/// read-modify-write, the position of the opcode its member.
Base atomic_base(Op op) {
  const OpCategory category = op_info(op).category;
  if (category == OpCategory::kAtomicWait) {
    return op == Op::kMemoryAtomicWait32 ? Base::kAtomicWait32 : Base::kAtomicWait64;
  }
  if (category == OpCategory::kAtomicNotify) {
    return Base::kAtomicNotify;
  }
  if (category == OpCategory::kAtomicFence) {
    return Base::kAtomicFence;
  }
  constexpr Base kGroups[] = {Base::kAtomicLoad8, Base::kAtomicLoad16, Base::kAtomicLoad32,
                              Base::kAtomicLoad64};
  const u32 bytes = op_info(op).access_bytes();
  const Base group = kGroups[bytes == 1 ? 0 : bytes == 2 ? 1 : bytes == 4 ? 2 : 3];
  u32 member = 0;
  if (op_info(op).category == OpCategory::kAtomicStore) {
    member = 1;
  } else if (op_info(op).category != OpCategory::kAtomicLoad) {
    // Seven opcodes per operation, from i32.atomic.rmw.add.
    member = 2 + (op_info(op).code - op_info(Op::kI32AtomicRmwAdd).code) / 7u;
  }
  return base_at(index_of(group) + member);
}

}  // namespace

void Lowering::atomic(Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results) {
  const Base base = atomic_base(op);
  if (base == Base::kAtomicFence) {
    e_.emit(base, {});
    return;
  }
  u32 cells[3] = {};
  for (size_t i = args.size(); i-- > 0;) cells[i] = take_in_slot(args[i]).cell;
  const Fields f = any_access(arg).set(1, cells[0]);
  if (results.empty()) {
    e_.emit(base, f);
  } else {
    produce(base, 0, f, results[0]);
  }
  e_.word(arg.offset);
  if (base_info(base).words == 4) {
    e_.word(Fields().set(0, cells[1]).set(1, cells[2]).set(3, arg.memory).bits);
  }
}

// Wide arithmetic --------------------------------------------------------------------------------

void Lowering::wide(Op op, std::span<Slot> args, std::span<Slot> results) {
  const Base base = op == Op::kI64Add128     ? Base::kAdd128
                    : op == Op::kI64Sub128   ? Base::kSub128
                    : op == Op::kI64MulWideS ? Base::kMulWideS
                                             : Base::kMulWideU;
  const Fields f = slot_fields(args, 0);
  const u32 cell = cell_at(height_);
  note_cells(u64{cell} + 2);
  note_write(cell, 2);
  e_.emit(base, f);
  e_.word(cell);
  for (u32 i = 0; i < 2; ++i) {
    results[i].value = Value();
    results[i].value.cell = cell + i;
  }
}

}  // namespace wazuka::interp

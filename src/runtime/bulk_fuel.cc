// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The price of a bulk instruction is what its topmost operand says, which a guest may choose beyond
// all bounds. Whoever compares engines, or waits for the more telling of two traps, sees which one
// comes first: as in Wasmtime, an instruction that cannot be carried out costs nothing more.
#include "runtime/bulk_fuel.h"

#include <algorithm>

#include "runtime/gc/arrays.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/store.h"
#include "runtime/table.h"

namespace wazuka {
namespace {

constexpr bool inside(u64 start, u64 count, u64 size) {
  return start <= size && count <= size - start;
}

struct Bulk {
  Instance& instance;
  Op op;
  u32 index, index2;
  const Cell* operands;

  u32 u32_at(u32 cell) const { return static_cast<u32>(operands[cell]); }
  u64 number_at(u32 cell, AddressType type) const {
    return type == AddressType::kI64 ? operands[cell] : u32_at(cell);
  }
  AddressType memory_type(u32 memory) const { return instance.memory(memory)->type().address; }
  AddressType table_type(u32 table) const { return instance.table(table)->type().address; }
  u32 type_id() const { return instance.module().type_ids[index]; }

  bool memory_holds(u32 memory, u64 start, u64 count) const {
    return inside(start, count, instance.memory(memory)->vm.size.load(std::memory_order_relaxed));
  }
  bool table_holds(u32 table, u64 start, u64 count) const {
    return inside(start, count, instance.table(table)->vm.size);
  }
};

/// What an instruction will do, and the trap it ends with instead.
struct Work {
  u64 units = 0;
  TrapOr trap = kNoTrap;
};

/// A copy between two memories or tables counts in the narrower of their address types.
AddressType narrower(AddressType a, AddressType b) {
  return a == AddressType::kI64 ? b : a;
}

Work memory_work(const Bulk& b) {
  u64 count = 0;
  bool ok = false;
  if (b.op == Op::kMemoryFill) {
    const AddressType type = b.memory_type(b.index);
    count = b.number_at(2, type);
    ok = b.memory_holds(b.index, b.number_at(0, type), count);
  } else if (b.op == Op::kMemoryCopy) {
    const AddressType to = b.memory_type(b.index), from = b.memory_type(b.index2);
    count = b.number_at(2, narrower(to, from));
    ok = b.memory_holds(b.index, b.number_at(0, to), count) &&
         b.memory_holds(b.index2, b.number_at(1, from), count);
  } else {  // memory.init: the segment, then the memory
    count = b.u32_at(2);
    ok = b.memory_holds(b.index2, b.number_at(0, b.memory_type(b.index2)), count) &&
         inside(b.u32_at(1), count, b.instance.data_bytes(b.index).size());
  }
  if (ok) return {count};
  b.instance.store().context.fault_memory_size = Store::kNoFaultAddress;
  return {count, trap_or(TrapCode::kMemoryOutOfBounds)};
}

Work table_work(const Bulk& b) {
  u64 count = 0;
  bool ok = false;
  if (b.op == Op::kTableFill) {
    const AddressType type = b.table_type(b.index);
    count = b.number_at(2, type);
    ok = b.table_holds(b.index, b.number_at(0, type), count);
  } else if (b.op == Op::kTableCopy) {
    const AddressType to = b.table_type(b.index), from = b.table_type(b.index2);
    count = b.number_at(2, narrower(to, from));
    ok = b.table_holds(b.index, b.number_at(0, to), count) &&
         b.table_holds(b.index2, b.number_at(1, from), count);
  } else {  // table.init: the segment, then the table
    count = b.u32_at(2);
    ok = b.table_holds(b.index2, b.number_at(0, b.table_type(b.index2)), count) &&
         inside(b.u32_at(1), count, b.instance.elem_count(b.index));
  }
  return {count, ok ? kNoTrap : trap_or(TrapCode::kTableOutOfBounds)};
}

TrapOr check_segment(const Bulk& b, const GcType& type, u32 source, u32 length, bool data) {
  if (data) return gc_array_check_data(type, b.instance.data_bytes(b.index2), source, length);
  return inside(source, length, b.instance.elem_count(b.index2))
             ? kNoTrap
             : trap_or(TrapCode::kTableOutOfBounds);
}

Work array_work(const Bulk& b, GcHeap& heap) {
  const GcType& type = heap.type(b.type_id());
  const u32 element_cells = gc_storage_cells(type.layout.element().storage);
  const bool data = b.op == Op::kArrayNewData || b.op == Op::kArrayInitData;
  const u32 last = b.op == Op::kArrayNewDefault                             ? 0
                   : b.op == Op::kArrayNew                                  ? element_cells
                   : b.op == Op::kArrayNewData || b.op == Op::kArrayNewElem ? 1
                   : b.op == Op::kArrayFill                                 ? 2 + element_cells
                   : b.op == Op::kArrayCopy                                 ? 4
                                                                            : 3;
  const u32 length = b.u32_at(last);
  if (b.op == Op::kArrayNew || b.op == Op::kArrayNewDefault) {
    const bool fits = type.layout.array_bytes(length) <= kGcMaxObjectBytes;
    return {length, fits ? kNoTrap : trap_or(TrapCode::kAllocationTooLarge)};
  }
  if (last == 1) return {length, check_segment(b, type, b.u32_at(0), length, data)};
  const Cell* c = b.operands;
  TrapOr trap = gc_array_check_access(heap, type, c[0], b.u32_at(1), length);
  if (trap != kNoTrap || b.op == Op::kArrayFill) return {length, trap};
  trap = b.op == Op::kArrayCopy ? gc_array_check_access(heap, type, c[2], b.u32_at(3), length)
                                : check_segment(b, type, b.u32_at(2), length, data);
  return {length, trap};
}

Work work_of(const Bulk& b) {
  const OpCategory category = op_info(b.op).category;
  if (category == OpCategory::kMemory) return memory_work(b);
  if (category == OpCategory::kTable) return table_work(b);
  Store& store = b.instance.store();
  GcHeap* heap = store.gc_heap();
  if (heap == nullptr) return {0, kHostError};
  const Work work = array_work(b, *heap);
  if (work.trap == kHostError) store.raise(ExecError(heap->error()));
  return work;
}

}  // namespace

TrapOr pay_for_bulk(Instance& instance, Op op, u32 index, u32 index2, const Cell* operands) {
  const Work work = work_of({instance, op, index, index2, operands});
  if (work.trap != kNoTrap) return work.trap;
  // Units empty the counter at most; between two checks it may be below zero.
  Store& store = instance.store();
  store.refill_fuel_for(work.units);
  VMStoreContext& context = store.context;
  const i64 left = static_cast<i64>(context.fuel);
  if (left <= 0) return trap_or(TrapCode::kOutOfFuel);
  context.fuel -= std::min(work.units, static_cast<u64>(left));
  return context.fuel == 0 ? trap_or(TrapCode::kOutOfFuel) : kNoTrap;
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/builtins.h"

#include <algorithm>
#include <cstring>

#include "runtime/bulk_fuel.h"
#include "runtime/continuations.h"
#include "runtime/gc/casts.h"
#include "runtime/gc/objects.h"
#include "runtime/gc_operation.h"
#include "runtime/instance.h"
#include "runtime/memory.h"
#include "runtime/store.h"
#include "runtime/table.h"
#include "runtime/wait_queue.h"

namespace wazuka {
namespace {

namespace builtin {

u64 memory_grow(VMContext* vm, u32 memory, u64 delta_pages) {
  return vm->instance->grow_memory(memory, delta_pages);
}

u64 table_grow(VMContext* vm, u32 table, u64 delta, Cell init) {
  return vm->instance->grow_table(table, delta, init);
}

TrapOr memory_init(VMContext* vm, u32 memory, u32 data, u64 dst, u32 src, u32 len) {
  return vm->instance->init_memory(memory, data, dst, src, len);
}

void data_drop(VMContext* vm, u32 data) {
  vm->instance->drop_data(data);
}

TrapOr table_init(VMContext* vm, u32 table, u32 elem, u64 dst, u32 src, u32 len) {
  return vm->instance->init_table(table, elem, dst, src, len);
}

void elem_drop(VMContext* vm, u32 elem) {
  vm->instance->drop_elem(elem);
}

bool inside(u64 start, u64 count, u64 size) {
  return start <= size && count <= size - start;
}

/// Not of an access with an address.
TrapOr bulk_out_of_bounds(VMContext* vm) {
  vm->store_context->fault_memory_size = ~u64{0};
  return trap_or(TrapCode::kMemoryOutOfBounds);
}

TrapOr memory_fill(VMContext* vm, u32 memory, u64 dst, u32 value, u64 len) {
  VMMemory& m = vm->instance->memory(memory)->vm;
  if (!inside(dst, len, m.size.load(std::memory_order_relaxed))) return bulk_out_of_bounds(vm);
  std::memset(m.base + dst, static_cast<int>(value & 0xff), len);
  return kNoTrap;
}

TrapOr memory_copy(VMContext* vm, u32 dst_memory, u32 src_memory, u64 dst, u64 src, u64 len) {
  VMMemory& to = vm->instance->memory(dst_memory)->vm;
  VMMemory& from = vm->instance->memory(src_memory)->vm;
  if (!inside(dst, len, to.size.load(std::memory_order_relaxed)) ||
      !inside(src, len, from.size.load(std::memory_order_relaxed))) {
    return bulk_out_of_bounds(vm);
  }
  std::memmove(to.base + dst, from.base + src, len);
  return kNoTrap;
}

TrapOr table_fill(VMContext* vm, u32 table, u64 dst, Cell value, u64 len) {
  VMTable& t = vm->instance->table(table)->vm;
  if (!inside(dst, len, t.size)) return trap_or(TrapCode::kTableOutOfBounds);
  std::fill_n(t.elements + dst, len, value);
  return kNoTrap;
}

TrapOr table_copy(VMContext* vm, u32 dst_table, u32 src_table, u64 dst, u64 src, u64 len) {
  VMTable& to = vm->instance->table(dst_table)->vm;
  VMTable& from = vm->instance->table(src_table)->vm;
  if (!inside(dst, len, to.size) || !inside(src, len, from.size)) {
    return trap_or(TrapCode::kTableOutOfBounds);
  }
  std::memmove(to.elements + dst, from.elements + src, len * sizeof(Cell));
  return kNoTrap;
}

TrapOr pay_for_bulk(VMContext* vm, u32 op, u32 index, u32 index2, const Cell* operands) {
  return wazuka::pay_for_bulk(*vm->instance, static_cast<Op>(op), index, index2, operands);
}

VMFuncRef* ref_func(VMContext* vm, u32 func) {
  return vm->instance->func_ref(func);
}

bool is_subtype(VMContext* vm, u32 sub, u32 super) {
  return Store::of(vm).engine().types()->is_subtype(sub, super);
}

TrapOr exn_new(VMContext* vm, VMTag* tag, Cell* args, Cell* result) {
  Store& store = Store::of(vm);
  GcHeap* heap = store.gc_heap();
  if (heap == nullptr) return kHostError;
  const TrapOr t = gc_exn_new(*heap, tag, args, result);
  return t == kHostError ? store.raise(heap->error()) : t;
}

// There is an exception, so there is a heap.

TrapOr exn_tag(VMContext* vm, Cell exception, VMTag** tag) {
  Store& store = Store::of(vm);
  GcHeap& heap = *store.gc_heap();
  const TrapOr t = gc_exn_tag(heap, exception, tag);
  return t == kHostError ? store.raise(heap.error()) : t;
}

TrapOr exn_args(VMContext* vm, VMTag* tag, Cell exception, Cell* args) {
  Store& store = Store::of(vm);
  GcHeap& heap = *store.gc_heap();
  const TrapOr t = gc_exn_args(heap, *tag, exception, args);
  return t == kHostError ? store.raise(heap.error()) : t;
}

void exn_caught(VMContext* vm) {
  Store::of(vm).end_exception();
}

TrapOr cont_new(VMContext* vm, u32 type_id, const VMFuncRef* func, Cell* result) {
  Store& store = Store::of(vm);
  Continuations* continuations = store.continuations();
  if (continuations == nullptr) return kHostError;
  const TrapOr t = continuations->create(type_id, func, result);
  return t == kHostError ? store.raise(store.gc_heap()->error()) : t;
}

TrapOr cont_stack(VMContext* vm, u32 func_type, Cell continuation, VMStack** stack) {
  if (continuation == 0) return trap_or(TrapCode::kNullReference);
  Store& store = Store::of(vm);
  const TrapOr t = store.continuations()->find(func_type, continuation, stack);
  return t == kHostError ? store.raise(store.gc_heap()->error()) : t;
}

// There is a continuation, so there is a heap.

TrapOr cont_capture(VMContext* vm, u32 type_id, VMStack* stack, u32 values_type, u32 count,
                    Cell* values, Cell* result) {
  Store& store = Store::of(vm);
  std::span<const u32> refs = store.gc_heap()->type(values_type).layout.ref_cells;
  while (!refs.empty() && refs.back() >= count) refs = refs.first(refs.size() - 1);
  const TrapOr t = store.continuations()->capture(type_id, *stack, {values, refs}, result);
  return t == kHostError ? store.raise(store.gc_heap()->error()) : t;
}

void cont_consume(VMContext* vm, Cell continuation) {
  Store::of(vm).continuations()->consume(continuation);
}

TrapOr cont_prepare(VMContext* vm, VMStack* stack) {
  Store& store = Store::of(vm);
  if (store.continuations()->prepare(*stack)) return kNoTrap;
  return store.raise(
      ExecError(Error{"failed to allocate a stack for a continuation", Error::kNoOffset, {}}));
}

void cont_release(VMContext* vm, VMStack* stack) {
  Store::of(vm).continuations()->release(*stack);
}

/// The cell at a checked address of a shared memory.
u8* cell_at(VMContext* vm, u32 memory, u64 address) {
  return vm->instance->memory(memory)->vm.base + address;
}

TrapOr atomic_wait32(VMContext* vm, u32 memory, u64 address, u32 expected, i64 timeout_ns,
                     u32* result) {
  if (!vm->instance->memory(memory)->type().shared) {
    return trap_or(TrapCode::kAtomicWaitNonSharedMemory);
  }
  u32* cell = reinterpret_cast<u32*>(cell_at(vm, memory, address));
  *result = static_cast<u32>(wait_queue::wait32(cell, expected, timeout_ns));
  return kNoTrap;
}

TrapOr atomic_wait64(VMContext* vm, u32 memory, u64 address, u64 expected, i64 timeout_ns,
                     u32* result) {
  if (!vm->instance->memory(memory)->type().shared) {
    return trap_or(TrapCode::kAtomicWaitNonSharedMemory);
  }
  u64* cell = reinterpret_cast<u64*>(cell_at(vm, memory, address));
  *result = static_cast<u32>(wait_queue::wait64(cell, expected, timeout_ns));
  return kNoTrap;
}

u32 atomic_notify(VMContext* vm, u32 memory, u64 address, u32 count) {
  // Nobody can wait on a memory that is not shared.
  if (!vm->instance->memory(memory)->type().shared) return 0;
  return wait_queue::notify(cell_at(vm, memory, address), count);
}

TrapOr gc_operation(VMContext* vm, u32 opcode, u32 type_id, u32 index, Cell* cells) {
  return wazuka::gc_operation(*vm->instance, opcode, type_id, index, cells);
}

bool gc_is_instance(VMContext* vm, Cell ref, u32 type) {
  const ValType target = ValType::from_bits(type);
  if (ref == 0) return target.nullable();
  // A heap that could not be made has no objects; function references need none.
  const GcHeap* heap = Store::of(vm).gc_heap();
  return heap != nullptr && wazuka::gc_is_instance(*heap, ref, target);
}

bool gc_has_descriptor(VMContext* vm, Cell ref, Cell descriptor) {
  const GcHeap* heap = Store::of(vm).gc_heap();
  return heap != nullptr && wazuka::gc_has_descriptor(*heap, ref, descriptor);
}

TrapOr limit_reached(VMContext* vm, u32 limit) {
  return Store::of(vm).limit_reached(static_cast<Limit>(limit));
}

}  // namespace builtin

constexpr VMBuiltins kBuiltins = {
#define BUILTIN(name, result, ...) &builtin::name,
#include "abi/builtins.def"
#undef BUILTIN
};

}  // namespace

const VMBuiltins& vm_builtins() {
  return kBuiltins;
}

}  // namespace wazuka

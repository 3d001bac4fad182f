// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One function for all instructions that work on structs and arrays: operands in consecutive cells,
// the result in their place. Tiers have faster ways for the frequent ones and come here otherwise.
#include "runtime/gc_operation.h"

#include "runtime/gc/arrays.h"
#include "runtime/gc/objects.h"
#include "runtime/instance.h"
#include "runtime/store.h"
#include "wasm/opcode.h"

namespace wazuka {
namespace {

struct Operation {
  Instance& instance;
  GcHeap& heap;
  Op op;
  u32 type_id;
  u32 index;
  Cell* cells;

  const GcType& type() const { return heap.type(type_id); }
  u32 u32_at(u32 cell) const { return static_cast<u32>(cells[cell]); }
  /// Cells of one element.
  u32 width() const { return gc_storage_cells(type().layout.element().storage); }
};

struct Elements {
  Instance* instance;
  u32 segment;
};

GcElements elements_of(Elements& e) {
  auto at = [](void* env, u32 i) {
    auto* e = static_cast<Elements*>(env);
    return e->instance->elem_value(e->segment, i);
  };
  return {e.instance->elem_count(e.segment), at, &e};
}

TrapOr run_struct(const Operation& o) {
  Cell* c = o.cells;
  if (o.op == Op::kStructNew) return gc_struct_new(o.heap, o.type(), c, c);
  if (o.op == Op::kStructNewDefault) return gc_struct_new_default(o.heap, o.type(), nullptr, c);
  if (o.op == Op::kStructSet) return gc_struct_set(o.heap, o.type(), o.index, c[0], c + 1);
  return gc_struct_get(o.heap, o.type(), o.index, c[0], o.op == Op::kStructGetS, c);
}

TrapOr run_struct_with_descriptor(const Operation& o) {
  Cell* c = o.cells;
  const bool has_fields = o.op == Op::kStructNewDesc;
  if (c[has_fields ? o.type().layout.cells : 0] == 0) return trap_or(TrapCode::kNullReference);
  if (has_fields) return gc_struct_new(o.heap, o.type(), c, c);
  return gc_struct_new_default(o.heap, o.type(), c, c);
}

TrapOr run_array_new(const Operation& o) {
  Cell* c = o.cells;
  if (o.op == Op::kArrayNew) return gc_array_new(o.heap, o.type(), c, o.u32_at(o.width()), c);
  if (o.op == Op::kArrayNewDefault) {
    return gc_array_new_default(o.heap, o.type(), o.u32_at(0), c);
  }
  if (o.op == Op::kArrayNewFixed) return gc_array_new_fixed(o.heap, o.type(), c, o.index, c);
  if (o.op == Op::kArrayNewData) {
    return gc_array_new_data(o.heap, o.type(), o.instance.data_bytes(o.index), o.u32_at(0),
                             o.u32_at(1), c);
  }
  Elements elements{&o.instance, o.index};
  return gc_array_new_elem(o.heap, o.type(), elements_of(elements), o.u32_at(0), o.u32_at(1), c);
}

TrapOr run_array(const Operation& o) {
  Cell* c = o.cells;
  if (o.op == Op::kArraySet) return gc_array_set(o.heap, o.type(), c[0], o.u32_at(1), c + 2);
  if (o.op == Op::kArrayFill) {
    return gc_array_fill(o.heap, o.type(), c[0], o.u32_at(1), c + 2, o.u32_at(2 + o.width()));
  }
  if (o.op == Op::kArrayCopy) {
    return gc_array_copy(o.heap, o.type(), c[0], o.u32_at(1), c[2], o.u32_at(3), o.u32_at(4));
  }
  if (o.op == Op::kArrayInitData) {
    return gc_array_init_data(o.heap, o.type(), c[0], o.u32_at(1), o.instance.data_bytes(o.index),
                              o.u32_at(2), o.u32_at(3));
  }
  if (o.op == Op::kArrayInitElem) {
    Elements elements{&o.instance, o.index};
    return gc_array_init_elem(o.heap, o.type(), c[0], o.u32_at(1), elements_of(elements),
                              o.u32_at(2), o.u32_at(3));
  }
  return gc_array_get(o.heap, o.type(), c[0], o.u32_at(1), o.op == Op::kArrayGetS, c);
}

}  // namespace

TrapOr gc_operation(Instance& instance, u32 opcode, u32 type_id, u32 index, Cell* cells) {
  Store& store = instance.store();
  GcHeap* heap = store.gc_heap();
  if (heap == nullptr) return kHostError;
  const Operation o{instance, *heap, static_cast<Op>(find_op(0xfb, opcode)), type_id, index, cells};
  const bool with_descriptor = o.op == Op::kStructNewDesc || o.op == Op::kStructNewDefaultDesc;
  const TrapOr t = with_descriptor             ? run_struct_with_descriptor(o)
                   : o.op <= Op::kStructSet    ? run_struct(o)
                   : o.op <= Op::kArrayNewElem ? run_array_new(o)
                                               : run_array(o);
  return t == kHostError ? store.raise(ExecError(heap->error())) : t;
}

}  // namespace wazuka

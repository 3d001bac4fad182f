// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arrays: the bodies of their instructions (spec 4.6.6), on cells.
//
// Operands and results are in cells as abi/vm.h says, v128 in two; lengths and indices are the
// instruction's i32 operands. `type` is GcHeap::type of the canonical type id; of array.copy, that
// of the destination. Functions that allocate show their operands to the collector themselves. An
// operation that traps has written nothing.
#pragma once

#include <span>

#include "runtime/gc/heap.h"

namespace wazuka {

/// The values of an element segment, one cell each; none if it has been dropped. `at` must not
/// collect. If the segment's values contain references to objects, they must be roots.
struct GcElements {
  u32 count = 0;
  Cell (*at)(void* env, u32 index) = nullptr;
  void* env = nullptr;
};

/// An access to elements [index, index + length): traps as the instructions do, and finds a length
/// that does not fit the heap, on which a bulk operation must not rely.
TrapOr gc_array_check_access(GcHeap& heap, const GcType& type, Cell ref, u32 index, u32 length);
/// The same for the bytes of `length` elements from a data segment.
TrapOr gc_array_check_data(const GcType& type, std::span<const u8> data, u32 source, u32 length);

/// array.new: `value` is an operand; it is overwritten if the reference moves.
TrapOr gc_array_new(GcHeap& heap, const GcType& type, Cell* value, u32 length, Cell* result);
TrapOr gc_array_new_default(GcHeap& heap, const GcType& type, u32 length, Cell* result);
/// array.new_fixed: `values` holds `length` values, one after the other.
TrapOr gc_array_new_fixed(GcHeap& heap, const GcType& type, Cell* values, u32 length, Cell* result);
/// array.new_data, array.new_elem: `source` is in bytes and in elements of the segment.
TrapOr gc_array_new_data(GcHeap& heap, const GcType& type, std::span<const u8> data, u32 source,
                         u32 length, Cell* result);
TrapOr gc_array_new_elem(GcHeap& heap, const GcType& type, const GcElements& elements, u32 source,
                         u32 length, Cell* result);

/// array.get, array.get_s (sign_extend), array.get_u.
TrapOr gc_array_get(GcHeap& heap, const GcType& type, Cell ref, u32 index, bool sign_extend,
                    Cell* out);
TrapOr gc_array_set(GcHeap& heap, const GcType& type, Cell ref, u32 index, const Cell* value);
TrapOr gc_array_len(const GcHeap& heap, Cell ref, u32* length);

TrapOr gc_array_fill(GcHeap& heap, const GcType& type, Cell ref, u32 index, const Cell* value,
                     u32 length);
TrapOr gc_array_copy(GcHeap& heap, const GcType& type, Cell to, u32 to_index, Cell from,
                     u32 from_index, u32 length);
TrapOr gc_array_init_data(GcHeap& heap, const GcType& type, Cell ref, u32 index,
                          std::span<const u8> data, u32 source, u32 length);
TrapOr gc_array_init_elem(GcHeap& heap, const GcType& type, Cell ref, u32 index,
                          const GcElements& elements, u32 source, u32 length);

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/arrays.h"

#include "runtime/gc/objects.h"

namespace wazuka {
namespace {

u32 element_bytes(const GcType& type) {
  return gc_storage_bytes(type.layout.element().storage);
}

/// Whether [index, index + length) is inside [0, count).
constexpr bool in_bounds(u64 index, u64 length, u64 count) {
  return index <= count && length <= count - index;
}

/// Allocates an array without writing its elements.
TrapOr new_array(GcHeap& heap, const GcType& type, u32 length, GcOperands operands, Cell* array) {
  u64 bytes = type.layout.array_bytes(length);
  if (bytes > kGcMaxObjectBytes) return trap_or(TrapCode::kAllocationTooLarge);
  u32 ref = heap.allocate(type, static_cast<u32>(bytes), operands);
  if (ref == 0) return kHostError;
  gc_store_u32(heap.vm(), ref, kGcArrayLength, length);
  *array = ref;
  return kNoTrap;
}

u8* element_address(const GcHeap& heap, const GcType& type, Cell ref, u32 index) {
  return gc_address(heap.vm(), static_cast<u32>(ref),
                    gc_element_offset(type.layout.element(), index));
}

/// Writes `length` times the same value. Runs of zeros and of bytes, the common cases, are fast;
/// otherwise the part already written is copied, twice as much each time.
void fill_elements(GcHeap& heap, const GcType& type, Cell ref, u32 index, const Cell* value,
                   u32 length) {
  if (length == 0) return;
  const GcField& element = type.layout.element();
  u8* start = element_address(heap, type, ref, index);
  u64 bytes = u64{length} * element_bytes(type);
  gc_store_value(heap, element, static_cast<u32>(ref), gc_element_offset(element, index), value);
  u64 done = element_bytes(type);
  if (done == 1) {
    std::memset(start, *start, bytes);
    return;
  }
  while (done < bytes) {
    u64 n = done < bytes - done ? done : bytes - done;
    std::memcpy(start + done, start, n);
    done += n;
  }
}

void store_segment(GcHeap& heap, const GcType& type, Cell ref, u32 index,
                   const GcElements& elements, u32 source, u32 length) {
  const GcField& element = type.layout.element();
  for (u32 i = 0; i < length; ++i) {
    Cell value = elements.at(elements.env, source + i);
    gc_store_value(heap, element, static_cast<u32>(ref), gc_element_offset(element, index + i),
                   &value);
  }
}

void copy_data(GcHeap& heap, const GcType& type, Cell ref, u32 index, std::span<const u8> data,
               u32 source, u32 length) {
  if (length == 0) return;  // the segment may have no bytes at all
  std::memcpy(element_address(heap, type, ref, index), data.data() + source,
              u64{length} * element_bytes(type));
}

TrapOr check_segment(const GcElements& elements, u32 source, u32 length) {
  bool ok = in_bounds(source, length, elements.count);
  return ok ? kNoTrap : trap_or(TrapCode::kTableOutOfBounds);
}

}  // namespace

TrapOr gc_array_check_access(GcHeap& heap, const GcType& type, Cell ref, u32 index, u32 length) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  u32 array = static_cast<u32>(ref);
  u32 count = gc_array_length(heap.vm(), array);
  if (!in_bounds(index, length, count)) return trap_or(TrapCode::kArrayOutOfBounds);
  u64 end = type.layout.element().offset + u64{count} * element_bytes(type);
  return heap.holds(array, 0, end) ? kNoTrap : heap.fail_corrupt();
}

TrapOr gc_array_check_data(const GcType& type, std::span<const u8> data, u32 source, u32 length) {
  bool ok = in_bounds(source, u64{length} * element_bytes(type), data.size());
  return ok ? kNoTrap : trap_or(TrapCode::kMemoryOutOfBounds);
}

// The result may be in the cell of an operand: it is written last.

TrapOr gc_array_new(GcHeap& heap, const GcType& type, Cell* value, u32 length, Cell* result) {
  Cell array = 0;
  u32 refs = type.layout.has_ref_elements() ? 1 : 0;
  TrapOr trap = new_array(heap, type, length, {value, {}, refs}, &array);
  if (trap != kNoTrap) return trap;
  fill_elements(heap, type, array, 0, value, length);
  *result = array;
  return kNoTrap;
}

TrapOr gc_array_new_default(GcHeap& heap, const GcType& type, u32 length, Cell* result) {
  TrapOr trap = new_array(heap, type, length, {}, result);
  if (trap == kNoTrap) {
    std::memset(element_address(heap, type, *result, 0), 0, u64{length} * element_bytes(type));
  }
  return trap;
}

TrapOr gc_array_new_fixed(GcHeap& heap, const GcType& type, Cell* values, u32 length,
                          Cell* result) {
  Cell array = 0;
  u32 refs = type.layout.has_ref_elements() ? length : 0;
  TrapOr trap = new_array(heap, type, length, {values, {}, refs}, &array);
  if (trap != kNoTrap) return trap;
  const GcField& element = type.layout.element();
  for (u32 i = 0; i < length; ++i) {
    gc_store_value(heap, element, static_cast<u32>(array), gc_element_offset(element, i), values);
    values += gc_storage_cells(element.storage);
  }
  *result = array;
  return kNoTrap;
}

TrapOr gc_array_new_data(GcHeap& heap, const GcType& type, std::span<const u8> data, u32 source,
                         u32 length, Cell* result) {
  TrapOr trap = gc_array_check_data(type, data, source, length);
  if (trap == kNoTrap) trap = new_array(heap, type, length, {}, result);
  if (trap == kNoTrap) copy_data(heap, type, *result, 0, data, source, length);
  return trap;
}

TrapOr gc_array_new_elem(GcHeap& heap, const GcType& type, const GcElements& elements, u32 source,
                         u32 length, Cell* result) {
  TrapOr trap = check_segment(elements, source, length);
  if (trap == kNoTrap) trap = new_array(heap, type, length, {}, result);
  if (trap == kNoTrap) store_segment(heap, type, *result, 0, elements, source, length);
  return trap;
}

TrapOr gc_array_get(GcHeap& heap, const GcType& type, Cell ref, u32 index, bool sign_extend,
                    Cell* out) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  u32 array = static_cast<u32>(ref);
  if (index >= gc_array_length(heap.vm(), array)) return trap_or(TrapCode::kArrayOutOfBounds);
  const GcField& element = type.layout.element();
  return gc_load_value(heap, element, array, gc_element_offset(element, index), sign_extend, out);
}

TrapOr gc_array_set(GcHeap& heap, const GcType& type, Cell ref, u32 index, const Cell* value) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  u32 array = static_cast<u32>(ref);
  if (index >= gc_array_length(heap.vm(), array)) return trap_or(TrapCode::kArrayOutOfBounds);
  const GcField& element = type.layout.element();
  gc_store_value(heap, element, array, gc_element_offset(element, index), value);
  return kNoTrap;
}

TrapOr gc_array_len(const GcHeap& heap, Cell ref, u32* length) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  *length = gc_array_length(heap.vm(), static_cast<u32>(ref));
  return kNoTrap;
}

TrapOr gc_array_fill(GcHeap& heap, const GcType& type, Cell ref, u32 index, const Cell* value,
                     u32 length) {
  TrapOr trap = gc_array_check_access(heap, type, ref, index, length);
  if (trap == kNoTrap) fill_elements(heap, type, ref, index, value, length);
  return trap;
}

TrapOr gc_array_copy(GcHeap& heap, const GcType& type, Cell to, u32 to_index, Cell from,
                     u32 from_index, u32 length) {
  // Subtyping of elements changes neither their size nor their form.
  TrapOr trap = gc_array_check_access(heap, type, to, to_index, length);
  if (trap == kNoTrap) trap = gc_array_check_access(heap, type, from, from_index, length);
  if (trap != kNoTrap) return trap;
  std::memmove(element_address(heap, type, to, to_index),
               element_address(heap, type, from, from_index), u64{length} * element_bytes(type));
  return kNoTrap;
}

TrapOr gc_array_init_data(GcHeap& heap, const GcType& type, Cell ref, u32 index,
                          std::span<const u8> data, u32 source, u32 length) {
  TrapOr trap = gc_array_check_access(heap, type, ref, index, length);
  if (trap == kNoTrap) trap = gc_array_check_data(type, data, source, length);
  if (trap == kNoTrap) copy_data(heap, type, ref, index, data, source, length);
  return trap;
}

TrapOr gc_array_init_elem(GcHeap& heap, const GcType& type, Cell ref, u32 index,
                          const GcElements& elements, u32 source, u32 length) {
  TrapOr trap = gc_array_check_access(heap, type, ref, index, length);
  if (trap == kNoTrap) trap = check_segment(elements, source, length);
  if (trap == kNoTrap) store_segment(heap, type, ref, index, elements, source, length);
  return trap;
}

}  // namespace wazuka

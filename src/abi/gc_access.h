// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading and writing the bytes of the garbage-collected heap. Offsets are added modulo 2³², so
// that whatever a reference or a length holds, an access stays inside the heap's reservation
// (gc_layout.h); that it stays inside the object is up to null and bounds checks.
#pragma once

#include <cstring>

#include "abi/gc_layout.h"
#include "abi/vm.h"

namespace wazuka {

/// Takes `bytes` (a multiple of 8, at most kGcMaxObjectBytes) of the free space: the offset, or 0
/// if there is not enough.
inline u32 gc_bump(VMGcHeap& heap, u32 bytes) {
  u32 at = heap.bump;
  if (bytes > heap.limit - at) [[unlikely]]
    return 0;
  heap.bump = at + bytes;
  return at;
}

inline u8* gc_address(const VMGcHeap& heap, u32 ref, u32 offset) {
  return heap.base + static_cast<u32>(ref + offset);
}

inline u32 gc_load_u32(const VMGcHeap& heap, u32 ref, u32 offset) {
  u32 v;
  std::memcpy(&v, gc_address(heap, ref, offset), sizeof v);
  return v;
}

inline void gc_store_u32(const VMGcHeap& heap, u32 ref, u32 offset, u32 value) {
  std::memcpy(gc_address(heap, ref, offset), &value, sizeof value);
}

inline GcHeader gc_header(const VMGcHeap& heap, u32 ref) {
  GcHeader h;
  std::memcpy(&h, gc_address(heap, ref, 0), sizeof h);
  return h;
}

inline void gc_set_header(const VMGcHeap& heap, u32 ref, GcHeader header) {
  std::memcpy(gc_address(heap, ref, 0), &header, sizeof header);
}

inline u32 gc_array_length(const VMGcHeap& heap, u32 ref) {
  return gc_load_u32(heap, ref, kGcArrayLength);
}

/// Offset of element `index`, modulo 2³².
inline u32 gc_element_offset(const GcField& element, u32 index) {
  return element.offset + index * gc_storage_bytes(element.storage);
}

/// Loads into one cell (two for v128). Packed values are extended as asked; references to functions
/// give their id.
inline void gc_load(const u8* at, GcStorage storage, bool sign_extend, Cell* out) {
  u8 b = 0;
  u16 h = 0;
  u32 w = 0;
  switch (storage) {
    case GcStorage::kI8:
      std::memcpy(&b, at, sizeof b);
      *out = sign_extend ? static_cast<u32>(static_cast<i32>(static_cast<i8>(b))) : b;
      return;
    case GcStorage::kI16:
      std::memcpy(&h, at, sizeof h);
      *out = sign_extend ? static_cast<u32>(static_cast<i32>(static_cast<i16>(h))) : h;
      return;
    case GcStorage::kI32:
    case GcStorage::kRef:
    case GcStorage::kFunc:
      std::memcpy(&w, at, sizeof w);
      *out = w;
      return;
    case GcStorage::kI64: std::memcpy(out, at, 8); return;
    case GcStorage::kV128: std::memcpy(out, at, 16); return;
  }
}

/// Stores the low bytes of one cell (two for v128).
inline void gc_store(u8* at, GcStorage storage, const Cell* value) {
  switch (storage) {
    case GcStorage::kI8: std::memcpy(at, value, 1); return;
    case GcStorage::kI16: std::memcpy(at, value, 2); return;
    case GcStorage::kI32:
    case GcStorage::kRef:
    case GcStorage::kFunc: std::memcpy(at, value, 4); return;
    case GcStorage::kI64: std::memcpy(at, value, 8); return;
    case GcStorage::kV128: std::memcpy(at, value, 16); return;
  }
}

}  // namespace wazuka

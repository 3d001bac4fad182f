// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Objects of the garbage-collected heap: the one description of their bytes, for the runtime, the
// collector and every tier.
//
//   reference (32 bits)        low bits
//   0                          000       null
//   i31                        ··1       the value, shifted left by one
//   host value                 ·10       index in the store's table of host values, times 4
//   object                     000       offset from the base of the heap, a multiple of 8
//
//   struct     type id | meta | fields
//   array      type id | meta | length | elements (from 12, or 16 if they have 8 or 16 bytes)
//   exception  type id | meta | tag id | arguments
//   continuation  type id | meta | id of its stack in a table of the store (0: used up)
//
// `type id` is canonical (for exceptions: the tag's function type); `meta` holds the GcKind in its
// low bits. Fields are aligned to their size, but to 8 at most. A field takes the first hole it
// fits into, left by the alignment of fields before it, else the end: the place of a field depends
// on the fields before it alone, so that a subtype's layout starts with its supertype's. The
// reference to a custom descriptor is like one more field behind those of the topmost supertype
// that has a descriptor; where all fields are in cells, its cell is the last.
//
// A corrupt heap must not give away the host: no pointer is ever stored in it. References to
// functions and tags are ids in tables of the store, checked when they are read; all others are
// offsets in a reservation of 4 GiB and a guard that covers the displacement of any field.
#pragma once

#include <span>
#include <vector>

#include "base/ints.h"
#include "wasm/type_registry.h"
#include "wasm/types.h"

namespace wazuka {

/// The low three bits of an object's meta word. Zeroed memory is no object.
enum class GcKind : u8 { kNone = 0, kStruct = 1, kArray = 2, kExn = 3, kCont = 4, kForwarded = 7 };

struct GcHeader {
  u32 type_id = 0;
  // GcKind; during a collection of an object that has moved: its new offset | kForwarded. The other
  // bits are zero.
  u32 meta = 0;
};
static_assert(sizeof(GcHeader) == 8);

inline constexpr u32 kGcKindMask = 7;
inline constexpr u32 kGcAlign = 8;
inline constexpr u32 kGcArrayLength = 8;  // offset of an array's length
inline constexpr u32 kGcExnTag = 8;       // offset of an exception's tag id
inline constexpr u32 kGcContStack = 8;    // offset of the id of a continuation's stack
/// Bytes from offset 0 that are never accessible: a field of null faults if its offset is below.
inline constexpr u32 kGcNullGuard = 64 << 10;
/// Bytes behind the first 4 GiB that are never accessible: more than the offset of any field.
inline constexpr u32 kGcEndGuard = 1 << 20;
/// Larger objects are refused with TrapCode::kAllocationTooLarge, whatever room there is.
inline constexpr u64 kGcMaxObjectBytes = (u64{1} << 32) - 24;

constexpr u32 gc_meta(GcKind kind) {
  return static_cast<u32>(kind);
}
constexpr GcKind gc_kind(u32 meta) {
  return static_cast<GcKind>(meta & kGcKindMask);
}

constexpr bool gc_is_i31(u32 ref) {
  return (ref & 1) != 0;
}
constexpr bool gc_is_host(u32 ref) {
  return (ref & 3) == 2;
}
constexpr bool gc_is_object(u32 ref) {
  return ref != 0 && (ref & 3) == 0;
}

/// ref.eq: identity of objects, equality of i31 values.
constexpr bool gc_ref_eq(u64 a, u64 b) {
  return static_cast<u32>(a) == static_cast<u32>(b);
}

/// ref.i31, i31.get_s, i31.get_u.
constexpr u32 gc_i31(u32 value) {
  return value << 1 | 1;
}
constexpr u32 gc_i31_get_s(u32 ref) {
  return static_cast<u32>(static_cast<i32>(ref) >> 1);
}
constexpr u32 gc_i31_get_u(u32 ref) {
  return ref >> 1;
}

/// How a field or an element is stored. Floats are stored as their bits.
enum class GcStorage : u8 {
  kI8,
  kI16,
  kI32,
  kI64,
  kV128,
  kRef,   // a reference as above, traced by the collector
  kFunc,  // id of a function reference in a table of the store; 0: null
};

constexpr u32 gc_storage_bytes(GcStorage s) {
  switch (s) {
    case GcStorage::kI8: return 1;
    case GcStorage::kI16: return 2;
    case GcStorage::kI64: return 8;
    case GcStorage::kV128: return 16;
    case GcStorage::kI32:
    case GcStorage::kRef:
    case GcStorage::kFunc: return 4;
  }
  return 4;
}

constexpr u32 gc_storage_cells(GcStorage s) {
  return s == GcStorage::kV128 ? 2 : 1;
}

struct GcField {
  u32 offset = 0;  // in the object, in bytes
  u32 cell = 0;    // its first cell where all fields are in cells (operands of struct.new)
  GcStorage storage = GcStorage::kI32;
  ValType type;  // unpacked; type indices as in the description it was made from
};

/// The layout of the objects of one type.
struct GcLayout {
  GcKind kind = GcKind::kNone;
  u32 size = 0;                  // bytes with header, a multiple of 8; arrays: without elements
  u32 cells = 0;                 // that all fields take
  u32 descriptor = 0;            // offset of the reference to the descriptor; 0: the type has none
  std::vector<GcField> fields;   // arrays: the first element
  std::vector<u32> ref_offsets;  // of the fields stored as kRef; empty for arrays
  std::vector<u32> ref_cells;    // the same fields' cells, ascending

  const GcField& element() const { return fields[0]; }
  bool has_ref_elements() const {
    return kind == GcKind::kArray && element().storage == GcStorage::kRef;
  }
  /// Bytes of an array with this many elements; cannot wrap.
  u64 array_bytes(u32 length) const {
    u64 end = element().offset + u64{length} * gc_storage_bytes(element().storage);
    return (end + kGcAlign - 1) & ~u64{kGcAlign - 1};
  }
};

/// Whether references of this type are traced by the collector: all but those of the func family.
/// Type indices are indices of `types`, or canonical ids.
bool gc_is_traced(ValType type, std::span<const SubType> types);
bool gc_is_traced(ValType type, const TypeRegistry& registry);

/// The layout of a struct or array type whose type indices are indices of `types` (a module's), or
/// canonical ids. A function type gives the layout of the exceptions whose tag has that type.
GcLayout gc_layout(const SubType& type, std::span<const SubType> types);
GcLayout gc_layout(const SubType& type, const TypeRegistry& registry);

}  // namespace wazuka

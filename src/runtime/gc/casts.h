// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Run-time type checks (spec 4.6.6: ref.test, ref.cast, br_on_cast, br_on_cast_fail).
//
// Validation makes sure that a reference and the type it is tested against are of one family, so
// the family decides how the cell is read: a function reference is a pointer, all others are 32
// bits (abi/gc_layout.h). A host value is in `any` and `extern` and in nothing below.
#pragma once

#include "runtime/gc/heap.h"

namespace wazuka {

/// Whether the reference is an instance of `target`, a reference type whose type index is a
/// canonical id.
bool gc_is_instance(const GcHeap& heap, Cell ref, ValType target);

/// Whether the reference is to a struct with this descriptor (neither is null).
bool gc_has_descriptor(const GcHeap& heap, Cell ref, Cell descriptor);

/// ref.cast: traps with a cast failure if the reference is no instance of `target`.
inline TrapOr gc_ref_cast(const GcHeap& heap, Cell ref, ValType target) {
  return gc_is_instance(heap, ref, target) ? kNoTrap : trap_or(TrapCode::kCastFailure);
}

}  // namespace wazuka

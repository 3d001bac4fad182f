// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structs and exceptions: the bodies of their instructions (spec 4.6.6, 4.6.9), on cells.
//
// Operands and results are in cells as abi/vm.h says, v128 in two. `type` is GcHeap::type of the
// canonical type id. Functions that allocate show their operands to the collector themselves.
#pragma once

#include "runtime/gc/heap.h"

namespace wazuka {

/// Copies a value between cells and the heap; function references become ids and back. Loading a
/// function reference checks that it has the field's type (kHostError if the heap is corrupt).
TrapOr gc_load_value(GcHeap& heap, const GcField& field, u32 ref, u32 offset, bool sign_extend,
                     Cell* out);
void gc_store_value(GcHeap& heap, const GcField& field, u32 ref, u32 offset, const Cell* value);

/// struct.new: `fields` holds type.layout.cells cells (and the descriptor, which is not null, if
/// the type has one) and is overwritten if references move.
TrapOr gc_struct_new(GcHeap& heap, const GcType& type, Cell* fields, Cell* result);
TrapOr gc_struct_new_default(GcHeap& heap, const GcType& type, Cell* descriptor, Cell* result);
/// struct.get, struct.get_s (sign_extend), struct.get_u.
TrapOr gc_struct_get(GcHeap& heap, const GcType& type, u32 field, Cell ref, bool sign_extend,
                     Cell* out);
TrapOr gc_struct_set(GcHeap& heap, const GcType& type, u32 field, Cell ref, const Cell* value);

/// throw: a new exception of `tag` (alive as long as the store) with its arguments.
TrapOr gc_exn_new(GcHeap& heap, VMTag* tag, Cell* args, Cell* result);
/// The tag and the arguments of an exception. `args` has room for the cells of the tag's
/// parameters. Null references trap; kHostError if the heap is corrupt.
TrapOr gc_exn_tag(GcHeap& heap, Cell ref, VMTag** tag);
TrapOr gc_exn_args(GcHeap& heap, const VMTag& tag, Cell ref, Cell* args);

}  // namespace wazuka

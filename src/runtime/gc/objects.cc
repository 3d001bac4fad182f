// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/objects.h"

#include "runtime/gc/casts.h"

namespace wazuka {
namespace {

/// Allocates an object with these fields. The fields are read after the allocation, which may have
/// moved what they refer to.
u32 new_object(GcHeap& heap, const GcType& type, Cell* fields) {
  const GcLayout& layout = type.layout;
  u32 ref = heap.try_allocate(type, layout.size);
  if (ref == 0) [[unlikely]] {
    ref = heap.allocate_slow(type, layout.size, {fields, layout.ref_cells});
    if (ref == 0) return 0;
  }
  u8* object = gc_address(heap.vm(), ref, 0);
  for (const GcField& f : layout.fields) {
    if (f.storage == GcStorage::kFunc) [[unlikely]] {
      gc_store_value(heap, f, ref, f.offset, fields + f.cell);
    } else {
      gc_store(object + f.offset, f.storage, fields + f.cell);
    }
  }
  if (layout.descriptor != 0) {
    gc_store(object + layout.descriptor, GcStorage::kRef, fields + layout.cells);
  }
  return ref;
}

}  // namespace

TrapOr gc_load_value(GcHeap& heap, const GcField& field, u32 ref, u32 offset, bool sign_extend,
                     Cell* out) {
  gc_load(gc_address(heap.vm(), ref, offset), field.storage, sign_extend, out);
  if (field.storage != GcStorage::kFunc) return kNoTrap;
  u32 id = static_cast<u32>(*out);
  if (!heap.funcs().contains(id)) return heap.fail_corrupt();
  *out = reinterpret_cast<Cell>(heap.funcs().get(id));
  // A null where the type has none is a non-defaultable field that was never written.
  return gc_is_instance(heap, *out, field.type) ? kNoTrap : heap.fail_corrupt();
}

void gc_store_value(GcHeap& heap, const GcField& field, u32 ref, u32 offset, const Cell* value) {
  Cell id = 0;
  if (field.storage == GcStorage::kFunc) {
    id = heap.funcs().intern(reinterpret_cast<VMFuncRef*>(*value));
    value = &id;
  }
  gc_store(gc_address(heap.vm(), ref, offset), field.storage, value);
}

TrapOr gc_struct_new(GcHeap& heap, const GcType& type, Cell* fields, Cell* result) {
  u32 ref = new_object(heap, type, fields);
  if (ref == 0) return kHostError;
  *result = ref;
  return kNoTrap;
}

TrapOr gc_struct_new_default(GcHeap& heap, const GcType& type, Cell* descriptor, Cell* result) {
  const u32 operands = descriptor != nullptr ? 1 : 0;
  u32 ref = heap.allocate(type, type.layout.size, {descriptor, {}, operands});
  if (ref == 0) return kHostError;
  std::memset(gc_address(heap.vm(), ref, sizeof(GcHeader)), 0, type.layout.size - sizeof(GcHeader));
  if (descriptor != nullptr) {
    gc_store_u32(heap.vm(), ref, type.layout.descriptor, static_cast<u32>(*descriptor));
  }
  *result = ref;
  return kNoTrap;
}

TrapOr gc_struct_get(GcHeap& heap, const GcType& type, u32 field, Cell ref, bool sign_extend,
                     Cell* out) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  const GcField& f = type.layout.fields[field];
  return gc_load_value(heap, f, static_cast<u32>(ref), f.offset, sign_extend, out);
}

TrapOr gc_struct_set(GcHeap& heap, const GcType& type, u32 field, Cell ref, const Cell* value) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  const GcField& f = type.layout.fields[field];
  gc_store_value(heap, f, static_cast<u32>(ref), f.offset, value);
  return kNoTrap;
}

TrapOr gc_exn_new(GcHeap& heap, VMTag* tag, Cell* args, Cell* result) {
  u32 ref = new_object(heap, heap.type(tag->type_id), args);
  if (ref == 0) return kHostError;
  gc_store_u32(heap.vm(), ref, kGcExnTag, heap.tags().intern(tag));
  *result = ref;
  return kNoTrap;
}

TrapOr gc_exn_tag(GcHeap& heap, Cell ref, VMTag** tag) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  u32 id = gc_load_u32(heap.vm(), static_cast<u32>(ref), kGcExnTag);
  if (id == 0 || !heap.tags().contains(id)) return heap.fail_corrupt();
  *tag = heap.tags().get(id);
  return kNoTrap;
}

TrapOr gc_exn_args(GcHeap& heap, const VMTag& tag, Cell ref, Cell* args) {
  if (ref == 0) return trap_or(TrapCode::kNullReference);
  for (const GcField& f : heap.type(tag.type_id).layout.fields) {
    TrapOr trap = gc_load_value(heap, f, static_cast<u32>(ref), f.offset, false, args + f.cell);
    if (trap != kNoTrap) return trap;
  }
  return kNoTrap;
}

}  // namespace wazuka

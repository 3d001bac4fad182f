// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/casts.h"

namespace wazuka {
namespace {

bool is_defined_type(const TypeRegistry& registry, u32 id, ValType target) {
  u32 wanted = target.heap().type_index();
  return id == wanted || (!target.exact() && registry.is_subtype(id, wanted));
}

GcKind object_kind(const GcHeap& heap, u32 ref) {
  return gc_is_object(ref) ? gc_kind(gc_header(heap.vm(), ref).meta) : GcKind::kNone;
}

/// A type index: the target is a struct or array type, or a function type.
bool is_instance_of_defined(const GcHeap& heap, Cell ref, ValType target) {
  const TypeRegistry& registry = heap.types().registry();
  if (registry.get(target.heap().type_index()).kind == CompositeKind::kFunc) {
    return is_defined_type(registry, reinterpret_cast<const VMFuncRef*>(ref)->type_id, target);
  }
  u32 object = static_cast<u32>(ref);
  if (!gc_is_object(object)) return false;
  u32 id = gc_header(heap.vm(), object).type_id;
  // An id that the heap does not know can only come from a corrupt object.
  return heap.types().find(id) != nullptr && is_defined_type(registry, id, target);
}

bool is_instance_of_abstract(const GcHeap& heap, Cell cell, HeapType::Abstract target) {
  u32 ref = static_cast<u32>(cell);
  switch (target) {
    case HeapType::kFunc:
    case HeapType::kExtern:
    case HeapType::kAny:
    case HeapType::kExn:
    case HeapType::kCont: return true;
    case HeapType::kEq: return !gc_is_host(ref);
    case HeapType::kI31: return gc_is_i31(ref);
    case HeapType::kStruct: return object_kind(heap, ref) == GcKind::kStruct;
    case HeapType::kArray: return object_kind(heap, ref) == GcKind::kArray;
    case HeapType::kNoFunc:
    case HeapType::kNoExtern:
    case HeapType::kNone:
    case HeapType::kNoExn:
    case HeapType::kNoCont:
    case HeapType::kBottom: return false;
  }
  return false;
}

}  // namespace

bool gc_is_instance(const GcHeap& heap, Cell ref, ValType target) {
  if (ref == 0) return target.nullable();
  if (target.heap().is_index()) return is_instance_of_defined(heap, ref, target);
  return is_instance_of_abstract(heap, ref, target.heap().abstract());
}

bool gc_has_descriptor(const GcHeap& heap, Cell ref, Cell descriptor) {
  const u32 object = static_cast<u32>(ref);
  if (!gc_is_object(object)) return false;
  const GcType* type = heap.types().find(gc_header(heap.vm(), object).type_id);
  return type != nullptr && type->layout.descriptor != 0 &&
         gc_load_u32(heap.vm(), object, type->layout.descriptor) == static_cast<u32>(descriptor);
}

}  // namespace wazuka

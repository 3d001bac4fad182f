// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "abi/gc_layout.h"

#include <bit>

namespace wazuka {
namespace {

/// Places fields one after the other. Alignment leaves at most one hole of each size 1, 2 and 4:
/// a hole of some size only comes up when a field that would fit in it was placed at the end, which
/// happens only when there is none.
class FieldPlacer {
 public:
  explicit FieldPlacer(u32 start) : end_(start) {}

  u32 place(u32 bytes) {
    if (bytes < kGcAlign) {
      for (u32 hole = bytes; hole < kGcAlign; hole *= 2) {
        u32 at = holes_[std::countr_zero(hole)];
        if (at == 0) continue;
        holes_[std::countr_zero(hole)] = 0;
        leave_holes(at + bytes, at + hole);
        return at;
      }
    }
    u32 align = bytes < kGcAlign ? bytes : kGcAlign;
    u32 at = (end_ + align - 1) & ~(align - 1);
    leave_holes(end_, at);
    end_ = at + bytes;
    return at;
  }

  u32 size() const { return (end_ + kGcAlign - 1) & ~(kGcAlign - 1); }

 private:
  void leave_holes(u32 from, u32 to) {
    while (from < to) {
      u32 bytes = from & (~from + 1);  // the largest aligned piece at `from`…
      while (bytes > to - from) bytes /= 2;
      holes_[std::countr_zero(bytes)] = from;
      from += bytes;
    }
  }

  u32 end_;
  u32 holes_[3] = {};  // offsets of the free holes of 1, 2 and 4 bytes; 0: none
};

template <class KindOf>
bool is_func_family(HeapType heap, const KindOf& kind_of) {
  if (heap.is_index()) return kind_of(heap.type_index()) == CompositeKind::kFunc;
  return heap == HeapType(HeapType::kFunc) || heap == HeapType(HeapType::kNoFunc);
}

template <class KindOf>
GcStorage storage_of(const StorageType& type, const KindOf& kind_of) {
  if (type.packed == StorageType::kI8) return GcStorage::kI8;
  if (type.packed == StorageType::kI16) return GcStorage::kI16;
  switch (type.val.kind()) {
    case ValKind::kI64:
    case ValKind::kF64: return GcStorage::kI64;
    case ValKind::kV128: return GcStorage::kV128;
    case ValKind::kRef:
      return is_func_family(type.val.heap(), kind_of) ? GcStorage::kFunc : GcStorage::kRef;
    case ValKind::kI32:
    case ValKind::kF32:
    case ValKind::kBottom: break;
  }
  return GcStorage::kI32;
}

template <class KindOf>
void add_field(GcLayout& layout, FieldPlacer& placer, const StorageType& type,
               const KindOf& kind_of) {
  GcStorage storage = storage_of(type, kind_of);
  u32 offset = placer.place(gc_storage_bytes(storage));
  if (storage == GcStorage::kRef) {
    layout.ref_offsets.push_back(offset);
    layout.ref_cells.push_back(layout.cells);
  }
  layout.fields.push_back({offset, layout.cells, storage, type.val});
  layout.cells += gc_storage_cells(storage);
}

template <class KindOf>
GcLayout array_layout(const SubType& type, const KindOf& kind_of) {
  GcLayout layout;
  layout.kind = GcKind::kArray;
  FieldPlacer placer(kGcArrayLength + sizeof(u32));
  add_field(layout, placer, type.element().storage, kind_of);
  layout.ref_offsets.clear();
  layout.size = static_cast<u32>(layout.array_bytes(0));
  return layout;
}

/// How many of a struct's fields come before the descriptor: those of the type that introduced it.
template <class TypeAt>
size_t fields_before_descriptor(const SubType& type, const TypeAt& type_at) {
  const SubType* first = &type;
  while (first->supertype != SubType::kNone) {
    const SubType& super = type_at(first->supertype);
    if (super.descriptor == SubType::kNone) break;
    first = &super;
  }
  return first->fields.size();
}

template <class TypeAt>
void add_struct_fields(GcLayout& layout, FieldPlacer& placer, const SubType& type,
                       const TypeAt& type_at) {
  auto kind_of = [&](u32 index) { return type_at(index).kind; };
  const bool has_descriptor = type.descriptor != SubType::kNone;
  const size_t before = has_descriptor ? fields_before_descriptor(type, type_at) : 0;
  for (size_t i = 0; i <= type.fields.size(); ++i) {
    if (has_descriptor && i == before) layout.descriptor = placer.place(sizeof(u32));
    if (i < type.fields.size()) add_field(layout, placer, type.fields[i].storage, kind_of);
  }
  if (!has_descriptor) return;
  layout.ref_offsets.push_back(layout.descriptor);
  layout.ref_cells.push_back(layout.cells);
}

template <class TypeAt>
GcLayout make_layout(const SubType& type, const TypeAt& type_at) {
  auto kind_of = [&](u32 index) { return type_at(index).kind; };
  if (type.kind == CompositeKind::kArray) return array_layout(type, kind_of);
  GcLayout layout;
  FieldPlacer placer(sizeof(GcHeader));
  if (type.kind == CompositeKind::kStruct) {
    layout.kind = GcKind::kStruct;
    add_struct_fields(layout, placer, type, type_at);
  } else if (type.kind == CompositeKind::kFunc) {
    layout.kind = GcKind::kExn;
    placer.place(sizeof(u32));  // the tag id, at kGcExnTag
    for (ValType p : type.func.params) add_field(layout, placer, StorageType{p}, kind_of);
  } else if (type.kind == CompositeKind::kCont) {
    layout.kind = GcKind::kCont;
    placer.place(sizeof(u32));  // the stack's id, at kGcContStack
  }
  layout.size = placer.size();
  return layout;
}

}  // namespace

GcLayout gc_layout(const SubType& type, std::span<const SubType> types) {
  return make_layout(type, [types](u32 index) -> const SubType& { return types[index]; });
}

GcLayout gc_layout(const SubType& type, const TypeRegistry& registry) {
  return make_layout(type, [&registry](u32 id) -> const SubType& { return registry.get(id); });
}

bool gc_is_traced(ValType type, std::span<const SubType> types) {
  return type.is_ref() &&
         !is_func_family(type.heap(), [&](u32 index) { return types[index].kind; });
}

bool gc_is_traced(ValType type, const TypeRegistry& registry) {
  return type.is_ref() &&
         !is_func_family(type.heap(), [&](u32 id) { return registry.get(id).kind; });
}

}  // namespace wazuka

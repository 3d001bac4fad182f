// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References to what is in the garbage-collected heap.
#include <algorithm>

#include "abi/gc_access.h"
#include "capi/handle.h"
#include "runtime/gc/arrays.h"
#include "runtime/gc/casts.h"
#include "runtime/gc/objects.h"
#include "runtime/type_match.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace {

template <class Ref>
void from_raw_ref(wasmtime_context_t* c, u32 raw, Ref* out) {
  make_ref(c, raw, out);
}

template <class Ref>
bool is_kind(const wasmtime_context_t* c, const Ref* ref, GcKind kind) {
  const Cell cell = ref_cell(c, ref);
  return gc_is_object(static_cast<u32>(cell)) &&
         gc_kind(gc_header(c->store.context.gc, static_cast<u32>(cell)).meta) == kind;
}
template <class Ref>
bool is_i31(const wasmtime_context_t* c, const Ref* ref) {
  return gc_is_i31(static_cast<u32>(ref_cell(c, ref)));
}

/// Another handle of the same object, if it is of the kind.
template <class From, class To>
bool cast_ref(wasmtime_context_t* c, const From* from, bool fits, To* out) {
  *out = {};
  if (fits) make_ref(c, ref_cell(c, from), out);
  return fits;
}

template <class Ref>
bool get_i31(const wasmtime_context_t* c, const Ref* ref, bool sign, u32* out) {
  const u32 cell = static_cast<u32>(ref_cell(c, ref));
  if (!gc_is_i31(cell)) return false;
  *out = sign ? gc_i31_get_s(cell) : gc_i31_get_u(cell);
  return true;
}

wasmtime_error_t* outcome_error(wasmtime_context_t* c, TrapOr outcome) {
  if (outcome == kNoTrap) return nullptr;
  if (outcome == kHostError) return new_error(c->store.gc_heap()->error());
  return new_error(Failure{ExecError::of_trap(static_cast<TrapCode>(outcome)), {}});
}

wasmtime_error_t* no_heap(wasmtime_context_t* c) {
  return new_error(Failure{c->store.take_error(), {}});
}

TypeRef type_of_object(const wasmtime_context_t* c, Cell ref) {
  const u32 id = gc_header(c->store.context.gc, static_cast<u32>(ref)).type_id;
  return TypeRef(c->engine->types(), id);
}

/// The type of a non-null reference of the `any` hierarchy.
wasmtime_heaptype_t heap_type_of(const wasmtime_context_t* c, u32 ref) {
  wasmtime_heaptype_t type = {};
  if (gc_is_i31(ref)) {
    type.kind = WASMTIME_HEAPTYPE_KIND_I31;
  } else if (gc_is_host(ref)) {
    type.kind = WASMTIME_HEAPTYPE_KIND_ANY;
  } else if (gc_kind(gc_header(c->store.context.gc, ref).meta) == GcKind::kArray) {
    type.kind = WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY;
    type.of.concrete_array = new wasmtime_array_type{type_of_object(c, ref)};
  } else {
    type.kind = WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT;
    type.of.concrete_struct = new wasmtime_struct_type{type_of_object(c, ref)};
  }
  return type;
}

/// The cells of a value for a field: packed fields take an i32.
Result<void> field_to_cells(wasmtime_context_t* c, const wasmtime_val_t& value, ValType type,
                            Cell* cells) {
  return to_cells(c, value, type, cells);
}

}  // namespace

// Host values ------------------------------------------------------------------------------------

namespace {

/// What an externref of the C API stands for.
void finalize(void* finalizer, u64 value) {
  if (finalizer != nullptr) {
    reinterpret_cast<void (*)(void*)>(finalizer)(reinterpret_cast<void*>(value));
  }
}

}  // namespace

bool wasmtime_externref_new(wasmtime_context_t* context, void* data, void (*finalizer)(void*),
                            wasmtime_externref_t* out) {
  *out = {};
  GcHeap* const heap = context->store.gc_heap();
  if (heap == nullptr) {
    (void)context->store.take_error();
    return false;
  }
  const Cell ref = heap->host_values().add(reinterpret_cast<u64>(data),
                                           {finalize, reinterpret_cast<void*>(finalizer)});
  if (ref == 0) return false;
  make_ref(context, ref, out);
  return true;
}

void* wasmtime_externref_data(wasmtime_context_t* context, const wasmtime_externref_t* ref) {
  const Cell cell = ref_cell(context, ref);
  if (cell == 0) return nullptr;
  return reinterpret_cast<void*>(context->store.host_value(cell).value_or(0));
}

#define RAW_REFERENCE(name)                                                                        \
  void wasmtime_##name##_from_raw(wasmtime_context_t* context, uint32_t raw,                       \
                                  wasmtime_##name##_t* out) {                                      \
    from_raw_ref(context, raw, out);                                                               \
  }                                                                                                \
  uint32_t wasmtime_##name##_to_raw(wasmtime_context_t* context, const wasmtime_##name##_t* ref) { \
    return static_cast<uint32_t>(ref_cell(context, ref));                                          \
  }
RAW_REFERENCE(externref)
RAW_REFERENCE(anyref)
RAW_REFERENCE(exnref)

// any and eq -------------------------------------------------------------------------------------

#define ANY_REFERENCE(name)                                                                       \
  void wasmtime_##name##_from_i31(wasmtime_context_t* context, uint32_t value,                    \
                                  wasmtime_##name##_t* out) {                                     \
    make_ref(context, gc_i31(value), out);                                                        \
  }                                                                                               \
  bool wasmtime_##name##_is_i31(wasmtime_context_t* context, const wasmtime_##name##_t* ref) {    \
    return is_i31(context, ref);                                                                  \
  }                                                                                               \
  bool wasmtime_##name##_i31_get_u(wasmtime_context_t* context, const wasmtime_##name##_t* ref,   \
                                   uint32_t* dst) {                                               \
    return get_i31(context, ref, false, dst);                                                     \
  }                                                                                               \
  bool wasmtime_##name##_i31_get_s(wasmtime_context_t* context, const wasmtime_##name##_t* ref,   \
                                   int32_t* dst) {                                                \
    return get_i31(context, ref, true, reinterpret_cast<u32*>(dst));                              \
  }                                                                                               \
  bool wasmtime_##name##_is_struct(wasmtime_context_t* context, const wasmtime_##name##_t* ref) { \
    return is_kind(context, ref, GcKind::kStruct);                                                \
  }                                                                                               \
  bool wasmtime_##name##_as_struct(wasmtime_context_t* context, const wasmtime_##name##_t* ref,   \
                                   wasmtime_structref_t* out) {                                   \
    return cast_ref(context, ref, is_kind(context, ref, GcKind::kStruct), out);                   \
  }                                                                                               \
  bool wasmtime_##name##_is_array(wasmtime_context_t* context, const wasmtime_##name##_t* ref) {  \
    return is_kind(context, ref, GcKind::kArray);                                                 \
  }                                                                                               \
  bool wasmtime_##name##_as_array(wasmtime_context_t* context, const wasmtime_##name##_t* ref,    \
                                  wasmtime_arrayref_t* out) {                                     \
    return cast_ref(context, ref, is_kind(context, ref, GcKind::kArray), out);                    \
  }                                                                                               \
  bool wasmtime_##name##_type(wasmtime_context_t* context, const wasmtime_##name##_t* ref,        \
                              wasmtime_heaptype_t* out) {                                         \
    const u32 cell = static_cast<u32>(ref_cell(context, ref));                                    \
    if (cell != 0) *out = heap_type_of(context, cell);                                            \
    return cell != 0;                                                                             \
  }
ANY_REFERENCE(anyref)
ANY_REFERENCE(eqref)

bool wasmtime_anyref_is_eqref(wasmtime_context_t* context, const wasmtime_anyref_t* ref) {
  return is_i31(context, ref) || is_kind(context, ref, GcKind::kStruct) ||
         is_kind(context, ref, GcKind::kArray);
}
bool wasmtime_anyref_as_eqref(wasmtime_context_t* context, const wasmtime_anyref_t* ref,
                              wasmtime_eqref_t* out) {
  return cast_ref(context, ref, wasmtime_anyref_is_eqref(context, ref), out);
}

// Structs ----------------------------------------------------------------------------------------

struct wasmtime_struct_ref_pre {
  u64 store_id;
  TypeRef type;
};

wasmtime_struct_ref_pre_t* wasmtime_struct_ref_pre_new(wasmtime_context_t* context,
                                                       const wasmtime_struct_type_t* type) {
  if (type->type.registry() != context->engine->types()) {
    abort_misuse("wasmtime_struct_ref_pre_new: type used with the wrong engine");
  }
  return new wasmtime_struct_ref_pre{context->id, type->type};
}
void wasmtime_struct_ref_pre_delete(wasmtime_struct_ref_pre_t* pre) {
  delete pre;
}

wasmtime_error_t* wasmtime_structref_new(wasmtime_context_t* context,
                                         const wasmtime_struct_ref_pre_t* pre,
                                         const wasmtime_val_t* fields, size_t nfields,
                                         wasmtime_structref_t* out) {
  *out = {};
  check_store(context, pre->store_id);
  const auto wanted = pre->type.get().fields;
  if (nfields != wanted.size()) {
    return new_error("expected " + std::to_string(wanted.size()) + " fields, got " +
                     std::to_string(nfields));
  }
  GcHeap* const heap = context->store.gc_heap();
  if (heap == nullptr) return no_heap(context);
  const GcType& type = heap->type(pre->type.id());
  std::vector<Cell> cells(type.layout.cells);
  for (size_t i = 0; i < nfields; ++i) {
    auto done = field_to_cells(context, fields[i], wanted[i].storage.val,
                               &cells[type.layout.fields[i].cell]);
    if (!done) return new_error(std::move(done).error().context("field type mismatch"));
  }
  Cell ref = 0;
  if (auto* error = outcome_error(context, gc_struct_new(*heap, type, cells.data(), &ref))) {
    return error;
  }
  make_ref(context, ref, out);
  return nullptr;
}

namespace {

/// A field of a struct: its type in the heap and what it says.
struct FieldPlace {
  const GcType* type = nullptr;
  FieldType field;
  Cell ref = 0;
};

Result<FieldPlace> field_place(wasmtime_context_t* context, const wasmtime_structref_t* ref,
                               size_t index) {
  const Cell cell = ref_cell(context, ref);
  if (cell == 0) return fail("non-null structref required");
  const TypeRef type = type_of_object(context, cell);
  const auto fields = type.get().fields;
  if (index >= fields.size()) {
    return fail("cannot access field " + std::to_string(index) + ": struct only has " +
                std::to_string(fields.size()) + " fields");
  }
  return FieldPlace{&context->store.gc_heap()->type(type.id()), fields[index], cell};
}

}  // namespace

wasmtime_error_t* wasmtime_structref_field(wasmtime_context_t* context,
                                           const wasmtime_structref_t* ref, size_t index,
                                           wasmtime_val_t* out) {
  auto place = field_place(context, ref, index);
  if (!place) return new_error(std::move(place).error());
  Cell cells[2] = {};
  const TrapOr outcome = gc_struct_get(*context->store.gc_heap(), *place->type,
                                       static_cast<u32>(index), place->ref, false, cells);
  if (auto* error = outcome_error(context, outcome)) return error;
  from_cells(context, place->field.storage.val, cells, out);
  return nullptr;
}

wasmtime_error_t* wasmtime_structref_set_field(wasmtime_context_t* context,
                                               const wasmtime_structref_t* ref, size_t index,
                                               const wasmtime_val_t* val) {
  auto place = field_place(context, ref, index);
  if (!place) return new_error(std::move(place).error());
  if (!place->field.mut) {
    return new_error("cannot set field " + std::to_string(index) + ": field is not mutable");
  }
  Cell cells[2] = {};
  if (auto done = field_to_cells(context, *val, place->field.storage.val, cells); !done) {
    return new_error(std::move(done).error().context("cannot set field " + std::to_string(index) +
                                                     " to given value: type mismatch"));
  }
  return outcome_error(context, gc_struct_set(*context->store.gc_heap(), *place->type,
                                              static_cast<u32>(index), place->ref, cells));
}

wasmtime_struct_type_t* wasmtime_structref_type(wasmtime_context_t* context,
                                                const wasmtime_structref_t* ref) {
  const Cell cell = ref_cell(context, ref);
  return cell == 0 ? nullptr : new wasmtime_struct_type{type_of_object(context, cell)};
}

// Arrays -----------------------------------------------------------------------------------------

struct wasmtime_array_ref_pre {
  u64 store_id;
  TypeRef type;
};

wasmtime_array_ref_pre_t* wasmtime_array_ref_pre_new(wasmtime_context_t* context,
                                                     const wasmtime_array_type_t* type) {
  if (type->type.registry() != context->engine->types()) {
    abort_misuse("wasmtime_array_ref_pre_new: type used with the wrong engine");
  }
  return new wasmtime_array_ref_pre{context->id, type->type};
}
void wasmtime_array_ref_pre_delete(wasmtime_array_ref_pre_t* pre) {
  delete pre;
}

wasmtime_error_t* wasmtime_arrayref_new(wasmtime_context_t* context,
                                        const wasmtime_array_ref_pre_t* pre,
                                        const wasmtime_val_t* elem, uint32_t len,
                                        wasmtime_arrayref_t* out) {
  *out = {};
  check_store(context, pre->store_id);
  GcHeap* const heap = context->store.gc_heap();
  if (heap == nullptr) return no_heap(context);
  Cell cells[2] = {};
  const ValType element = pre->type.get().element().storage.val;
  if (auto done = field_to_cells(context, *elem, element, cells); !done) {
    return new_error(std::move(done).error().context("element type mismatch"));
  }
  Cell ref = 0;
  const TrapOr outcome = gc_array_new(*heap, heap->type(pre->type.id()), cells, len, &ref);
  if (auto* error = outcome_error(context, outcome)) return error;
  make_ref(context, ref, out);
  return nullptr;
}

namespace {

struct ElementPlace {
  const GcType* type = nullptr;
  FieldType element;
  Cell ref = 0;
};

Result<ElementPlace> element_place(wasmtime_context_t* context, const wasmtime_arrayref_t* ref,
                                   u32 index) {
  const Cell cell = ref_cell(context, ref);
  if (cell == 0) return fail("non-null arrayref required");
  u32 length = 0;
  GcHeap& heap = *context->store.gc_heap();
  (void)gc_array_len(heap, cell, &length);
  if (index >= length) {
    return fail("index out of bounds: the length is " + std::to_string(length) +
                " but the index is " + std::to_string(index));
  }
  const TypeRef type = type_of_object(context, cell);
  return ElementPlace{&heap.type(type.id()), type.get().element(), cell};
}

}  // namespace

wasmtime_error_t* wasmtime_arrayref_len(wasmtime_context_t* context, const wasmtime_arrayref_t* ref,
                                        uint32_t* out) {
  const Cell cell = ref_cell(context, ref);
  if (cell == 0) return new_error("non-null arrayref required");
  return outcome_error(context, gc_array_len(*context->store.gc_heap(), cell, out));
}

wasmtime_error_t* wasmtime_arrayref_get(wasmtime_context_t* context, const wasmtime_arrayref_t* ref,
                                        uint32_t index, wasmtime_val_t* out) {
  auto place = element_place(context, ref, index);
  if (!place) return new_error(std::move(place).error());
  Cell cells[2] = {};
  const TrapOr outcome =
      gc_array_get(*context->store.gc_heap(), *place->type, place->ref, index, false, cells);
  if (auto* error = outcome_error(context, outcome)) return error;
  from_cells(context, place->element.storage.val, cells, out);
  return nullptr;
}

wasmtime_error_t* wasmtime_arrayref_set(wasmtime_context_t* context, const wasmtime_arrayref_t* ref,
                                        uint32_t index, const wasmtime_val_t* val) {
  auto place = element_place(context, ref, index);
  if (!place) return new_error(std::move(place).error());
  if (!place->element.mut) return new_error("cannot set element: elements are not mutable");
  Cell cells[2] = {};
  if (auto done = field_to_cells(context, *val, place->element.storage.val, cells); !done) {
    return new_error(
        std::move(done).error().context("cannot set element to given value: type mismatch"));
  }
  return outcome_error(
      context, gc_array_set(*context->store.gc_heap(), *place->type, place->ref, index, cells));
}

wasmtime_array_type_t* wasmtime_arrayref_type(wasmtime_context_t* context,
                                              const wasmtime_arrayref_t* ref) {
  const Cell cell = ref_cell(context, ref);
  return cell == 0 ? nullptr : new wasmtime_array_type{type_of_object(context, cell)};
}

// Exceptions -------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_exnref_new(wasmtime_context_t* context, const wasmtime_tag_t* handle,
                                      const wasmtime_val_t* fields, size_t nfields,
                                      wasmtime_exnref_t* out) {
  VMTag* const tag = get(context, *handle);
  const FuncType& type = context->engine->types()->get(tag->type_id).func;
  if (nfields != type.params.size()) {
    return new_error("expected " + std::to_string(type.params.size()) + " fields, got " +
                     std::to_string(nfields));
  }
  GcHeap* const heap = context->store.gc_heap();
  if (heap == nullptr) return no_heap(context);
  std::vector<Cell> cells(std::max<size_t>(cell_count(type.params), 1));
  Cell* to = cells.data();
  for (size_t i = 0; i < nfields; ++i) {
    if (auto done = to_cells(context, fields[i], type.params[i], to); !done) {
      return new_error(std::move(done).error().context("field type mismatch"));
    }
    to += cell_count(type.params[i]);
  }
  Cell ref = 0;
  if (auto* error = outcome_error(context, gc_exn_new(*heap, tag, cells.data(), &ref))) {
    return error;
  }
  make_ref(context, ref, out);
  return nullptr;
}

wasmtime_error_t* wasmtime_exnref_tag(wasmtime_context_t* context, const wasmtime_exnref_t* exn,
                                      wasmtime_tag_t* out) {
  const Cell cell = ref_cell(context, exn);
  if (cell == 0) return new_error("exnref is null");
  VMTag* tag = nullptr;
  if (auto* error = outcome_error(context, gc_exn_tag(*context->store.gc_heap(), cell, &tag))) {
    return error;
  }
  *out = handle_of(context, tag);
  return nullptr;
}

size_t wasmtime_exnref_field_count(wasmtime_context_t* context, const wasmtime_exnref_t* exn) {
  const Cell cell = ref_cell(context, exn);
  return cell == 0 ? 0 : type_of_object(context, cell).get().func.params.size();
}

wasmtime_error_t* wasmtime_exnref_field(wasmtime_context_t* context, const wasmtime_exnref_t* exn,
                                        size_t index, wasmtime_val_t* out) {
  const Cell cell = ref_cell(context, exn);
  if (cell == 0) return new_error("exnref is null");
  VMTag* tag = nullptr;
  GcHeap& heap = *context->store.gc_heap();
  if (auto* error = outcome_error(context, gc_exn_tag(heap, cell, &tag))) return error;
  const FuncType& type = context->engine->types()->get(tag->type_id).func;
  if (index >= type.params.size()) {
    return new_error("cannot access field " + std::to_string(index) + ": exception only has " +
                     std::to_string(type.params.size()) + " fields");
  }
  std::vector<Cell> cells(cell_count(type.params));
  if (auto* error = outcome_error(context, gc_exn_args(heap, *tag, cell, cells.data()))) {
    return error;
  }
  from_cells(context, type.params[index], &cells[cell_count(type.params.first(index))], out);
  return nullptr;
}

wasm_trap_t* wasmtime_context_set_exception(wasmtime_context_t* context,
                                            const wasmtime_exnref_t* exn) {
  const Cell cell = ref_cell(context, exn);
  if (cell == 0) return new_trap({Error{"exnref is null", Error::kNoOffset, {}}, {}});
  context->store.context.exception = cell;
  return new_trap({ExecError::of_exception(), {}});
}

bool wasmtime_context_has_exception(wasmtime_context_t* context) {
  return context->store.context.exception != 0;
}

bool wasmtime_context_take_exception(wasmtime_context_t* context, wasmtime_exnref_t* out) {
  const Cell cell = context->store.context.exception;
  if (cell == 0) return false;
  make_ref(context, cell, out);
  context->store.context.exception = 0;
  return true;
}

wasmtime_exn_type_t* wasmtime_exnref_type(wasmtime_context_t* context,
                                          const wasmtime_exnref_t* exn) {
  const Cell cell = ref_cell(context, exn);
  return cell == 0 ? nullptr
                   : new wasmtime_exn_type{wasm_functype_t(type_of_object(context, cell))};
}

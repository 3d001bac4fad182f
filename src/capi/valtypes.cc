// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types of values in full, and those of structs, arrays and exceptions.
#include "capi/handle.h"
#include "runtime/type_match.h"

using namespace wazuka;
using namespace wazuka::capi;

wasm_valtype_t* wasmtime_wasm_valtype_v128() {
  return new wasm_valtype_t{HeldType(kV128)};
}
bool wasmtime_wasm_valtype_equal(const wasm_valtype_t* a, const wasm_valtype_t* b) {
  return a->held.type == b->held.type && a->held.concrete.registry() == b->held.concrete.registry();
}

// Heap types -------------------------------------------------------------------------------------

namespace {

struct HeapKind {
  wasmtime_heaptype_kind_t kind;
  HeapType::Abstract abstract;
};
constexpr HeapKind kHeapKinds[] = {
    {WASMTIME_HEAPTYPE_KIND_EXTERN, HeapType::kExtern},
    {WASMTIME_HEAPTYPE_KIND_NOEXTERN, HeapType::kNoExtern},
    {WASMTIME_HEAPTYPE_KIND_FUNC, HeapType::kFunc},
    {WASMTIME_HEAPTYPE_KIND_NOFUNC, HeapType::kNoFunc},
    {WASMTIME_HEAPTYPE_KIND_ANY, HeapType::kAny},
    {WASMTIME_HEAPTYPE_KIND_NONE, HeapType::kNone},
    {WASMTIME_HEAPTYPE_KIND_EQ, HeapType::kEq},
    {WASMTIME_HEAPTYPE_KIND_I31, HeapType::kI31},
    {WASMTIME_HEAPTYPE_KIND_ARRAY, HeapType::kArray},
    {WASMTIME_HEAPTYPE_KIND_STRUCT, HeapType::kStruct},
    {WASMTIME_HEAPTYPE_KIND_EXN, HeapType::kExn},
    {WASMTIME_HEAPTYPE_KIND_NOEXN, HeapType::kNoExn},
};

wasmtime_heaptype_t concrete_heap_type(const TypeRef& type) {
  wasmtime_heaptype_t out = {};
  switch (type.get().kind) {
    case CompositeKind::kFunc:
      out.kind = WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC;
      out.of.concrete_func = new wasm_functype_t(type);
      return out;
    case CompositeKind::kStruct:
      out.kind = WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT;
      out.of.concrete_struct = new wasmtime_struct_type{type};
      return out;
    case CompositeKind::kArray:
      out.kind = WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY;
      out.of.concrete_array = new wasmtime_array_type{type};
      return out;
    case CompositeKind::kCont: break;
  }
  abort_misuse("types of continuations have no form in the C API");
}

wasmtime_heaptype_t heap_type_of(const HeldType& held) {
  if (held.concrete) return concrete_heap_type(held.concrete);
  for (const HeapKind& k : kHeapKinds) {
    if (k.abstract == held.type.heap().abstract()) return {k.kind, {}};
  }
  abort_misuse("types of continuations have no form in the C API");
}

}  // namespace

void wasmtime_heaptype_clone(const wasmtime_heaptype_t* type, wasmtime_heaptype_t* out) {
  wasmtime_heaptype_t copy = {};
  copy.kind = type->kind;
  switch (type->kind) {
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC:
      copy.of.concrete_func = wasm_functype_copy(type->of.concrete_func);
      break;
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY:
      copy.of.concrete_array = wasmtime_array_type_copy(type->of.concrete_array);
      break;
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT:
      copy.of.concrete_struct = wasmtime_struct_type_copy(type->of.concrete_struct);
      break;
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_EXN:
      copy.of.concrete_exn = wasmtime_exn_type_copy(type->of.concrete_exn);
      break;
    default: break;
  }
  *out = copy;
}

void wasmtime_heaptype_delete(wasmtime_heaptype_t* type) {
  if (type == nullptr) return;
  switch (type->kind) {
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC: return wasm_functype_delete(type->of.concrete_func);
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY:
      return wasmtime_array_type_delete(type->of.concrete_array);
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT:
      return wasmtime_struct_type_delete(type->of.concrete_struct);
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_EXN:
      return wasmtime_exn_type_delete(type->of.concrete_exn);
    default: return;
  }
}

void wasmtime_reftype_clone(const wasmtime_reftype_t* type, wasmtime_reftype_t* out) {
  wasmtime_reftype_t copy = {};
  copy.nullable = type->nullable;
  wasmtime_heaptype_clone(&type->heaptype, &copy.heaptype);
  *out = copy;
}
void wasmtime_reftype_delete(wasmtime_reftype_t* type) {
  if (type != nullptr) wasmtime_heaptype_delete(&type->heaptype);
}

// Value types ------------------------------------------------------------------------------------

void wasmtime_valtype_new(const wasm_valtype_t* type, wasmtime_valtype_t* out) {
  *out = {};
  switch (type->held.type.kind()) {
    case ValKind::kI32: out->kind = WASMTIME_VALTYPE_KIND_I32; return;
    case ValKind::kI64: out->kind = WASMTIME_VALTYPE_KIND_I64; return;
    case ValKind::kF32: out->kind = WASMTIME_VALTYPE_KIND_F32; return;
    case ValKind::kF64: out->kind = WASMTIME_VALTYPE_KIND_F64; return;
    case ValKind::kV128: out->kind = WASMTIME_VALTYPE_KIND_V128; return;
    case ValKind::kRef:
      out->kind = WASMTIME_VALTYPE_KIND_REF;
      out->reftype = {type->held.type.nullable(), heap_type_of(type->held)};
      return;
    case ValKind::kBottom: return;
  }
}

void wasmtime_valtype_clone(const wasmtime_valtype_t* type, wasmtime_valtype_t* out) {
  wasmtime_valtype_t copy = {};
  copy.kind = type->kind;
  if (type->kind == WASMTIME_VALTYPE_KIND_REF) {
    wasmtime_reftype_clone(&type->reftype, &copy.reftype);
  }
  *out = copy;
}
void wasmtime_valtype_delete(wasmtime_valtype_t* type) {
  if (type != nullptr && type->kind == WASMTIME_VALTYPE_KIND_REF) {
    wasmtime_reftype_delete(&type->reftype);
  }
}

namespace {

TypeRef concrete_of(const wasm_engine_t* engine, const wasmtime_heaptype_t& type) {
  switch (type.kind) {
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_FUNC: {
      if (engine == nullptr) abort_misuse("wasmtime_valtype_to_wasm: an engine is required");
      auto id = type.of.concrete_func->intern(engine->engine->types());
      if (!id) abort_misuse("wasmtime_valtype_to_wasm: type used with the wrong engine");
      return *std::move(id);
    }
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_ARRAY: return type.of.concrete_array->type;
    case WASMTIME_HEAPTYPE_KIND_CONCRETE_STRUCT: return type.of.concrete_struct->type;
    default: return {};
  }
}

HeldType held_ref(const wasm_engine_t* engine, const wasmtime_reftype_t& ref) {
  if (const TypeRef type = concrete_of(engine, ref.heaptype)) {
    return HeldType(ValType::ref(HeapType::index(type.id()), ref.nullable), type.registry());
  }
  for (const HeapKind& k : kHeapKinds) {
    if (k.kind == ref.heaptype.kind) return HeldType(ValType::ref(k.abstract, ref.nullable));
  }
  // The types of references have no exceptions of one tag.
  if (ref.heaptype.kind == WASMTIME_HEAPTYPE_KIND_CONCRETE_EXN) {
    return HeldType(ValType::ref(HeapType::kExn, ref.nullable));
  }
  abort_misuse("wasmtime_valtype_to_wasm: unknown heap type");
}

}  // namespace

wasm_valtype_t* wasmtime_valtype_to_wasm(const wasm_engine_t* engine,
                                         const wasmtime_valtype_t* type) {
  switch (type->kind) {
    case WASMTIME_VALTYPE_KIND_I32: return new wasm_valtype_t{HeldType(kI32)};
    case WASMTIME_VALTYPE_KIND_I64: return new wasm_valtype_t{HeldType(kI64)};
    case WASMTIME_VALTYPE_KIND_F32: return new wasm_valtype_t{HeldType(kF32)};
    case WASMTIME_VALTYPE_KIND_F64: return new wasm_valtype_t{HeldType(kF64)};
    case WASMTIME_VALTYPE_KIND_V128: return new wasm_valtype_t{HeldType(kV128)};
    case WASMTIME_VALTYPE_KIND_REF: return new wasm_valtype_t{held_ref(engine, type->reftype)};
    default: abort_misuse("wasmtime_valtype_to_wasm: unknown kind");
  }
}

// Fields -----------------------------------------------------------------------------------------

void wasmtime_storage_type_clone(const wasmtime_storage_type_t* type,
                                 wasmtime_storage_type_t* out) {
  wasmtime_storage_type_t copy = {};
  copy.kind = type->kind;
  if (type->kind == WASMTIME_STORAGE_TYPE_KIND_VALTYPE) {
    copy.valtype = wasm_valtype_copy(type->valtype);
  }
  *out = copy;
}
void wasmtime_storage_type_delete(wasmtime_storage_type_t* type) {
  if (type->kind == WASMTIME_STORAGE_TYPE_KIND_VALTYPE) wasm_valtype_delete(type->valtype);
}
void wasmtime_field_type_clone(const wasmtime_field_type_t* type, wasmtime_field_type_t* out) {
  wasmtime_field_type_t copy = {};
  copy.mutable_ = type->mutable_;
  wasmtime_storage_type_clone(&type->storage, &copy.storage);
  *out = copy;
}
void wasmtime_field_type_delete(wasmtime_field_type_t* type) {
  wasmtime_storage_type_delete(&type->storage);
}

namespace {

FieldType to_field(const TypeRegistry& registry, const wasmtime_field_type_t& field) {
  FieldType f;
  f.mut = field.mutable_;
  switch (field.storage.kind) {
    case WASMTIME_STORAGE_TYPE_KIND_I8: f.storage = {kI32, StorageType::kI8}; return f;
    case WASMTIME_STORAGE_TYPE_KIND_I16: f.storage = {kI32, StorageType::kI16}; return f;
    case WASMTIME_STORAGE_TYPE_KIND_VALTYPE: break;
    default: abort_misuse("wasmtime_storage_type_t: unknown kind");
  }
  const HeldType& held = field.storage.valtype->held;
  if (held.concrete && held.concrete.registry().get() != &registry) {
    abort_misuse("field type used with the wrong engine");
  }
  f.storage.val = held.type;
  return f;
}

wasmtime_field_type_t from_field(const std::shared_ptr<TypeRegistry>& registry,
                                 const FieldType& f) {
  wasmtime_field_type_t out = {};
  out.mutable_ = f.mut;
  switch (f.storage.packed) {
    case StorageType::kI8: out.storage.kind = WASMTIME_STORAGE_TYPE_KIND_I8; break;
    case StorageType::kI16: out.storage.kind = WASMTIME_STORAGE_TYPE_KIND_I16; break;
    case StorageType::kNotPacked:
      out.storage.kind = WASMTIME_STORAGE_TYPE_KIND_VALTYPE;
      out.storage.valtype = new wasm_valtype_t{HeldType(f.storage.val, registry)};
      break;
  }
  return out;
}

TypeRef intern(const wasm_engine_t* engine, CompositeKind kind, std::span<const FieldType> fields) {
  const auto& registry = engine->engine->types();
  SubType type;
  type.kind = kind;
  type.fields = fields;
  const u32 id = registry->intern_type(type);
  if (id == SubType::kNone) abort_misuse("too many types");
  return TypeRef::adopt(registry, id);
}

}  // namespace

wasmtime_struct_type_t* wasmtime_struct_type_new(const wasm_engine_t* engine,
                                                 const wasmtime_field_type_t* fields,
                                                 size_t nfields) {
  std::vector<FieldType> list;
  for (size_t i = 0; i < nfields; ++i)
    list.push_back(to_field(*engine->engine->types(), fields[i]));
  return new wasmtime_struct_type{intern(engine, CompositeKind::kStruct, list)};
}
wasmtime_struct_type_t* wasmtime_struct_type_copy(const wasmtime_struct_type_t* type) {
  return new wasmtime_struct_type(*type);
}
void wasmtime_struct_type_delete(wasmtime_struct_type_t* type) {
  delete type;
}
size_t wasmtime_struct_type_num_fields(const wasmtime_struct_type_t* type) {
  return type->type.get().fields.size();
}
bool wasmtime_struct_type_field(const wasmtime_struct_type_t* type, size_t index,
                                wasmtime_field_type_t* out) {
  const auto fields = type->type.get().fields;
  if (index >= fields.size()) return false;
  *out = from_field(type->type.registry(), fields[index]);
  return true;
}

wasmtime_array_type_t* wasmtime_array_type_new(const wasm_engine_t* engine,
                                               const wasmtime_field_type_t* field) {
  const FieldType f = to_field(*engine->engine->types(), *field);
  return new wasmtime_array_type{intern(engine, CompositeKind::kArray, {&f, 1})};
}
wasmtime_array_type_t* wasmtime_array_type_copy(const wasmtime_array_type_t* type) {
  return new wasmtime_array_type(*type);
}
void wasmtime_array_type_delete(wasmtime_array_type_t* type) {
  delete type;
}
void wasmtime_array_type_element(const wasmtime_array_type_t* type, wasmtime_field_type_t* out) {
  *out = from_field(type->type.registry(), type->type.get().element());
}

wasmtime_error_t* wasmtime_exn_type_new(const wasm_engine_t* engine,
                                        const wasm_valtype_vec_t* params,
                                        wasmtime_exn_type_t** out) {
  wasm_valtype_vec_t copy, none;
  wasm_valtype_vec_copy(&copy, params);
  wasm_valtype_vec_new_empty(&none);
  const wasm_functype_t func(copy, none);
  if (!func.intern(engine->engine->types())) return new_error("type used with wrong engine");
  *out = new wasmtime_exn_type{func};
  return nullptr;
}
void wasmtime_exn_type_delete(wasmtime_exn_type_t* type) {
  delete type;
}
wasmtime_exn_type_t* wasmtime_exn_type_copy(const wasmtime_exn_type_t* type) {
  return new wasmtime_exn_type(*type);
}
wasm_tagtype_t* wasmtime_exn_type_tag_type(const wasmtime_exn_type_t* type) {
  return new wasm_tagtype_t(type->func);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values between the C API and the cells that code uses.
#include "capi/handle.h"
#include "runtime/gc/casts.h"
#include "runtime/type_match.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace wazuka::capi {

Family family_of(const TypeRegistry& registry, ValType type) {
  switch (abstract_heap_type(registry, type.heap()).abstract()) {
    case HeapType::kFunc:
    case HeapType::kNoFunc: return Family::kFunc;
    case HeapType::kExtern:
    case HeapType::kNoExtern: return Family::kExtern;
    case HeapType::kExn:
    case HeapType::kNoExn: return Family::kExn;
    case HeapType::kCont:
    case HeapType::kNoCont: return Family::kCont;
    case HeapType::kAny:
    case HeapType::kEq:
    case HeapType::kI31:
    case HeapType::kStruct:
    case HeapType::kArray:
    case HeapType::kNone:
    case HeapType::kBottom: break;
  }
  return Family::kAny;
}

namespace {

struct RefValue {
  Cell cell = 0;
  bool known = true;  // that the value is a reference of the family
};

[[gnu::cold]] std::unexpected<Error> mismatch(const TypeRegistry& registry, ValType expected,
                                              const wasmtime_val_t& value) {
  static constexpr const char* kNames[] = {
      "i32", "i64", "f32", "f64", "v128", "(ref func)", "(ref extern)", "(ref any)", "(ref exn)"};
  std::string found = value.kind < std::size(kNames) ? kNames[value.kind] : "an unknown kind";
  const bool null = value.kind >= WASMTIME_FUNCREF && value.kind <= WASMTIME_EXNREF &&
                    value.of.externref.store_id == 0;
  if (null) {
    static constexpr const char* kNull[] = {"(ref null nofunc)", "(ref null noextern)",
                                            "(ref null none)", "(ref null noexn)"};
    found = kNull[value.kind - WASMTIME_FUNCREF];
  }
  return fail("type mismatch: expected " + type_name(registry, expected) + ", found " + found);
}

RefValue ref_of(wasmtime_context* c, const wasmtime_val_t& value, Family family) {
  switch (family) {
    case Family::kFunc:
      if (value.kind != WASMTIME_FUNCREF) break;
      if (value.of.funcref.store_id == 0) return {};
      return {reinterpret_cast<Cell>(value.of.funcref.__private)};
    case Family::kExtern:
      if (value.kind != WASMTIME_EXTERNREF) break;
      return {ref_cell(c, &value.of.externref)};
    case Family::kAny:
      if (value.kind != WASMTIME_ANYREF) break;
      return {ref_cell(c, &value.of.anyref)};
    case Family::kExn:
      if (value.kind != WASMTIME_EXNREF) break;
      return {ref_cell(c, &value.of.exnref)};
    case Family::kCont: break;
  }
  return {0, false};
}

/// Whether a reference that is of the type's family is of the type.
bool is_instance(wasmtime_context* c, Cell ref, ValType type, Family family) {
  if (ref == 0) return type.nullable();
  const auto& registry = *c->engine->types();
  if (family == Family::kFunc) {
    const u32 id = reinterpret_cast<const VMFuncRef*>(ref)->type_id;
    return is_subtype(registry, ValType::ref(HeapType::index(id), false, true), type);
  }
  return gc_is_instance(*c->store.gc_heap(), ref, type);
}

Result<void> ref_to_cell(wasmtime_context* c, const wasmtime_val_t& value, ValType type,
                         Cell* cells) {
  const auto& registry = *c->engine->types();
  const Family family = family_of(registry, type);
  const u64 store_id =
      value.kind == WASMTIME_FUNCREF ? value.of.funcref.store_id : value.of.externref.store_id;
  if (value.kind >= WASMTIME_FUNCREF && value.kind <= WASMTIME_EXNREF && store_id != 0 &&
      store_id != c->id) {
    return fail("reference used with wrong store");
  }
  const RefValue ref = ref_of(c, value, family);
  if (!ref.known || !is_instance(c, ref.cell, type, family)) return mismatch(registry, type, value);
  *cells = ref.cell;
  return {};
}

}  // namespace

Result<void> to_cells(wasmtime_context* c, const wasmtime_val_t& value, ValType type, Cell* cells) {
  switch (type.kind()) {
    case ValKind::kI32:
      if (value.kind != WASMTIME_I32) break;
      *cells = static_cast<u32>(value.of.i32);
      return {};
    case ValKind::kI64:
      if (value.kind != WASMTIME_I64) break;
      *cells = static_cast<u64>(value.of.i64);
      return {};
    case ValKind::kF32:
      if (value.kind != WASMTIME_F32) break;
      *cells = std::bit_cast<u32>(value.of.f32);
      return {};
    case ValKind::kF64:
      if (value.kind != WASMTIME_F64) break;
      *cells = std::bit_cast<u64>(value.of.f64);
      return {};
    case ValKind::kV128:
      if (value.kind != WASMTIME_V128) break;
      std::memcpy(cells, value.of.v128, sizeof value.of.v128);
      return {};
    case ValKind::kRef: return ref_to_cell(c, value, type, cells);
    case ValKind::kBottom: break;
  }
  return mismatch(*c->engine->types(), type, value);
}

namespace {

void ref_from_cell(wasmtime_context* c, ValType type, Cell cell, wasmtime_val_t* value) {
  switch (family_of(*c->engine->types(), type)) {
    case Family::kFunc:
      value->kind = WASMTIME_FUNCREF;
      value->of.funcref = {};
      if (cell != 0) value->of.funcref = handle_of(c, reinterpret_cast<VMFuncRef*>(cell));
      return;
    case Family::kExtern:
      value->kind = WASMTIME_EXTERNREF;
      return make_ref(c, cell, &value->of.externref);
    case Family::kAny: value->kind = WASMTIME_ANYREF; return make_ref(c, cell, &value->of.anyref);
    case Family::kExn: value->kind = WASMTIME_EXNREF; return make_ref(c, cell, &value->of.exnref);
    case Family::kCont: break;
  }
  abort_misuse("references to continuations have no form in the C API");
}

}  // namespace

void from_cells(wasmtime_context* c, ValType type, const Cell* cells, wasmtime_val_t* value) {
  switch (type.kind()) {
    case ValKind::kI32:
      value->kind = WASMTIME_I32;
      value->of.i32 = static_cast<i32>(*cells);
      return;
    case ValKind::kI64:
      value->kind = WASMTIME_I64;
      value->of.i64 = static_cast<i64>(*cells);
      return;
    case ValKind::kF32:
      value->kind = WASMTIME_F32;
      value->of.f32 = std::bit_cast<float>(static_cast<u32>(*cells));
      return;
    case ValKind::kF64:
      value->kind = WASMTIME_F64;
      value->of.f64 = std::bit_cast<double>(*cells);
      return;
    case ValKind::kV128:
      value->kind = WASMTIME_V128;
      std::memcpy(value->of.v128, cells, sizeof value->of.v128);
      return;
    case ValKind::kRef: return ref_from_cell(c, type, *cells, value);
    case ValKind::kBottom: break;
  }
}

}  // namespace wazuka::capi

namespace {

template <class Ref>
void clone_ref(const Ref& from, Ref* to) {
  if (from.store_id != 0) {
    static_cast<Root*>(from.__private3)->owners.fetch_add(1, std::memory_order_relaxed);
  }
  *to = from;
}

template <class Ref>
void unroot_ref(Ref* ref) {
  if (ref->store_id == 0) return;
  static_cast<Root*>(ref->__private3)->drop();
  ref->store_id = 0;
}

template <class To, class From>
void convert_ref(const From* from, To* to) {
  *to = {};
  if (from == nullptr) return;
  From copy;
  clone_ref(*from, &copy);
  *to = {copy.store_id, copy.__private1, copy.__private2, copy.__private3};
}

}  // namespace

#define REFERENCE(name)                                                                    \
  void wasmtime_##name##_clone(const wasmtime_##name##_t* ref, wasmtime_##name##_t* out) { \
    *out = {};                                                                             \
    if (ref != nullptr) clone_ref(*ref, out);                                              \
  }                                                                                        \
  void wasmtime_##name##_unroot(wasmtime_##name##_t* ref) {                                \
    if (ref != nullptr) unroot_ref(ref);                                                   \
  }
REFERENCE(anyref)
REFERENCE(exnref)
REFERENCE(externref)
REFERENCE(eqref)
REFERENCE(structref)
REFERENCE(arrayref)

void wasmtime_eqref_to_anyref(const wasmtime_eqref_t* ref, wasmtime_anyref_t* out) {
  convert_ref(ref, out);
}
void wasmtime_structref_to_anyref(const wasmtime_structref_t* ref, wasmtime_anyref_t* out) {
  convert_ref(ref, out);
}
void wasmtime_structref_to_eqref(const wasmtime_structref_t* ref, wasmtime_eqref_t* out) {
  convert_ref(ref, out);
}
void wasmtime_arrayref_to_anyref(const wasmtime_arrayref_t* ref, wasmtime_anyref_t* out) {
  convert_ref(ref, out);
}
void wasmtime_arrayref_to_eqref(const wasmtime_arrayref_t* ref, wasmtime_eqref_t* out) {
  convert_ref(ref, out);
}

void wasmtime_val_clone(const wasmtime_val_t* src, wasmtime_val_t* dst) {
  switch (src->kind) {
    case WASMTIME_EXTERNREF: clone_ref(src->of.externref, &dst->of.externref); break;
    case WASMTIME_ANYREF: clone_ref(src->of.anyref, &dst->of.anyref); break;
    case WASMTIME_EXNREF: clone_ref(src->of.exnref, &dst->of.exnref); break;
    default: dst->of = src->of; break;
  }
  dst->kind = src->kind;
}

void wasmtime_val_unroot(wasmtime_val_t* val) {
  switch (val->kind) {
    case WASMTIME_EXTERNREF: return unroot_ref(&val->of.externref);
    case WASMTIME_ANYREF: return unroot_ref(&val->of.anyref);
    case WASMTIME_EXNREF: return unroot_ref(&val->of.exnref);
    default: return;
  }
}

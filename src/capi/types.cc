// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The types of wasm.h.
#include "capi/types.h"

#include <algorithm>

#include "capi/handle.h"
#include "runtime/type_match.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace wazuka::capi {
namespace {

wasm_valtype_vec_t to_vec(const std::shared_ptr<TypeRegistry>& registry,
                          std::span<const ValType> types) {
  wasm_valtype_vec_t vec;
  wasm_valtype_vec_new_uninitialized(&vec, types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    vec.data[i] = new wasm_valtype_t{HeldType(types[i], registry)};
  }
  return vec;
}

/// False if a type belongs to another registry.
bool to_types(const TypeRegistry* registry, const wasm_valtype_vec_t& vec,
              std::vector<ValType>& types) {
  for (size_t i = 0; i < vec.size; ++i) {
    const HeldType& held = vec.data[i]->held;
    if (held.concrete && held.concrete.registry().get() != registry) return false;
    types.push_back(held.type);
  }
  return true;
}

wasm_limits_t limits_of(const Limits& limits) {
  constexpr u64 kMax = 0xffffffff;
  return {static_cast<u32>(std::min(limits.min, kMax)),
          static_cast<u32>(std::min(limits.max.value_or(kMax), kMax))};
}

Limits to_limits(const wasm_limits_t& limits) {
  Limits l{limits.min, std::nullopt};
  if (limits.max != wasm_limits_max_default) l.max = limits.max;
  return l;
}

}  // namespace

wasm_functype_t* func_type(const std::shared_ptr<TypeRegistry>& registry, u32 id) {
  return new wasm_functype_t(TypeRef(registry, id));
}

wasm_externtype_t* entity_type(const Module& module, ExternKind kind, u32 index) {
  const auto& registry = module.registry;
  switch (kind) {
    case ExternKind::kFunc:
      return func_type(registry, module.type_ids[module.funcs[index].type_index]);
    case ExternKind::kTable: {
      TableType t = canonical_type(module, module.tables[index].type);
      return new wasm_tabletype_t(t, HeldType(t.element, registry));
    }
    case ExternKind::kMemory: return new wasm_memorytype_t(module.memories[index]);
    case ExternKind::kGlobal: {
      GlobalType g = canonical_type(module, module.globals[index].type);
      return new wasm_globaltype_t(HeldType(g.type, registry), g.mut);
    }
    case ExternKind::kTag:
      return new wasm_tagtype_t(
          wasm_functype_t(TypeRef(registry, module.type_ids[module.tags[index].type_index])));
  }
  return nullptr;
}

}  // namespace wazuka::capi

wasm_functype_t::wasm_functype_t(wasm_valtype_vec_t p, wasm_valtype_vec_t r)
    : wasm_externtype_t(kKind), params(p), results(r) {}

wasm_functype_t::wasm_functype_t(const wasm_functype_t& other)
    : wasm_externtype_t(other), registered(other.registered) {
  wasm_valtype_vec_copy(&params, &other.params);
  wasm_valtype_vec_copy(&results, &other.results);
}

wasm_functype_t::wasm_functype_t(TypeRef type)
    : wasm_externtype_t(kKind),
      params(to_vec(type.registry(), type.get().func.params)),
      results(to_vec(type.registry(), type.get().func.results)),
      registered(std::move(type)) {}

wasm_functype_t::~wasm_functype_t() {
  wasm_valtype_vec_delete(&params);
  wasm_valtype_vec_delete(&results);
}

std::optional<TypeRef> wasm_functype_t::intern(
    const std::shared_ptr<TypeRegistry>& registry) const {
  if (registered && registered.registry() == registry) return registered;
  std::vector<ValType> p, r;
  if (!to_types(registry.get(), params, p) || !to_types(registry.get(), results, r)) {
    return std::nullopt;
  }
  const u32 id = registry->intern_func({p, r});
  if (id == SubType::kNone) return std::nullopt;
  return TypeRef::adopt(registry, id);
}

wasm_tabletype_t::wasm_tabletype_t(TableType canonical, HeldType element_type)
    : wasm_externtype_t(kKind),
      type(canonical),
      element{std::move(element_type)},
      limits(limits_of(canonical.limits)) {}

wasm_memorytype_t::wasm_memorytype_t(const MemoryType& t)
    : wasm_externtype_t(kKind), type(t), limits(limits_of(t.limits)) {}

// Value types ------------------------------------------------------------------------------------

wasm_valtype_t* wasm_valtype_new(wasm_valkind_t kind) {
  switch (kind) {
    case WASM_I32: return new wasm_valtype_t{HeldType(kI32)};
    case WASM_I64: return new wasm_valtype_t{HeldType(kI64)};
    case WASM_F32: return new wasm_valtype_t{HeldType(kF32)};
    case WASM_F64: return new wasm_valtype_t{HeldType(kF64)};
    case WASM_EXTERNREF: return new wasm_valtype_t{HeldType(kExternRef)};
    case WASM_FUNCREF: return new wasm_valtype_t{HeldType(kFuncRef)};
    default: abort_misuse("wasm_valtype_new: unknown kind of value");
  }
}

void wasm_valtype_delete(wasm_valtype_t* type) {
  delete type;
}
wasm_valtype_t* wasm_valtype_copy(const wasm_valtype_t* type) {
  return new wasm_valtype_t(*type);
}

wasm_valkind_t wasm_valtype_kind(const wasm_valtype_t* type) {
  const ValType t = type->held.type;
  switch (t.kind()) {
    case ValKind::kI32: return WASM_I32;
    case ValKind::kI64: return WASM_I64;
    case ValKind::kF32: return WASM_F32;
    case ValKind::kF64: return WASM_F64;
    case ValKind::kRef:
      if (t == kExternRef) return WASM_EXTERNREF;
      if (t == kFuncRef) return WASM_FUNCREF;
      break;
    case ValKind::kV128:
    case ValKind::kBottom: break;
  }
  abort_misuse("wasm_valtype_kind: the type has no kind in wasm.h, see wasmtime_valtype_new");
}

// Types of entities ------------------------------------------------------------------------------

wasm_functype_t* wasm_functype_new(wasm_valtype_vec_t* params, wasm_valtype_vec_t* results) {
  return new wasm_functype_t(std::exchange(*params, {}), std::exchange(*results, {}));
}
const wasm_valtype_vec_t* wasm_functype_params(const wasm_functype_t* type) {
  return &type->params;
}
const wasm_valtype_vec_t* wasm_functype_results(const wasm_functype_t* type) {
  return &type->results;
}

wasm_globaltype_t* wasm_globaltype_new(wasm_valtype_t* content, wasm_mutability_t mutability) {
  if (mutability != WASM_CONST && mutability != WASM_VAR) {
    abort_misuse("wasm_globaltype_new: unknown mutability");
  }
  auto* type = new wasm_globaltype_t(std::move(content->held), mutability == WASM_VAR);
  delete content;
  return type;
}
const wasm_valtype_t* wasm_globaltype_content(const wasm_globaltype_t* type) {
  return &type->content;
}
wasm_mutability_t wasm_globaltype_mutability(const wasm_globaltype_t* type) {
  return type->is_mutable ? WASM_VAR : WASM_CONST;
}

wasm_tabletype_t* wasm_tabletype_new(wasm_valtype_t* element, const wasm_limits_t* limits) {
  if (!element->held.type.is_ref()) {
    delete element;
    return nullptr;
  }
  TableType t{element->held.type, to_limits(*limits), AddressType::kI32, false};
  auto* type = new wasm_tabletype_t(t, std::move(element->held));
  delete element;
  return type;
}
const wasm_valtype_t* wasm_tabletype_element(const wasm_tabletype_t* type) {
  return &type->element;
}
const wasm_limits_t* wasm_tabletype_limits(const wasm_tabletype_t* type) {
  return &type->limits;
}

wasm_memorytype_t* wasm_memorytype_new(const wasm_limits_t* limits) {
  MemoryType t;
  t.limits = to_limits(*limits);
  return new wasm_memorytype_t(t);
}
const wasm_limits_t* wasm_memorytype_limits(const wasm_memorytype_t* type) {
  return &type->limits;
}

wasm_tagtype_t* wasm_tagtype_new(wasm_functype_t* func) {
  auto* type = new wasm_tagtype_t(*func);
  delete func;
  return type;
}
const wasm_functype_t* wasm_tagtype_functype(const wasm_tagtype_t* type) {
  return &type->func;
}

wasm_externkind_t wasm_externtype_kind(const wasm_externtype_t* type) {
  return type->kind;
}
void wasm_externtype_delete(wasm_externtype_t* type) {
  delete type;
}
wasm_externtype_t* wasm_externtype_copy(const wasm_externtype_t* type) {
  return type->copy();
}

#define ENTITY_TYPE(name)                                                                        \
  void wasm_##name##_delete(wasm_##name##_t* type) {                                             \
    delete type;                                                                                 \
  }                                                                                              \
  wasm_##name##_t* wasm_##name##_copy(const wasm_##name##_t* type) {                             \
    return new wasm_##name##_t(*type);                                                           \
  }                                                                                              \
  wasm_externtype_t* wasm_##name##_as_externtype(wasm_##name##_t* type) {                        \
    return type;                                                                                 \
  }                                                                                              \
  const wasm_externtype_t* wasm_##name##_as_externtype_const(const wasm_##name##_t* type) {      \
    return type;                                                                                 \
  }                                                                                              \
  wasm_##name##_t* wasm_externtype_as_##name(wasm_externtype_t* type) {                          \
    return type->kind == wasm_##name##_t::kKind ? static_cast<wasm_##name##_t*>(type) : nullptr; \
  }                                                                                              \
  const wasm_##name##_t* wasm_externtype_as_##name##_const(const wasm_externtype_t* type) {      \
    return wasm_externtype_as_##name(const_cast<wasm_externtype_t*>(type));                      \
  }
ENTITY_TYPE(functype)
ENTITY_TYPE(globaltype)
ENTITY_TYPE(tabletype)
ENTITY_TYPE(memorytype)
ENTITY_TYPE(tagtype)

// Imports and exports ----------------------------------------------------------------------------

wasm_importtype_t* wasm_importtype_new(wasm_name_t* module, wasm_name_t* name,
                                       wasm_externtype_t* type) {
  return new wasm_importtype_t{std::exchange(*module, {}), std::exchange(*name, {}), type};
}
void wasm_importtype_delete(wasm_importtype_t* import) {
  wasm_name_delete(&import->module);
  wasm_name_delete(&import->name);
  delete import->type;
  delete import;
}
wasm_importtype_t* wasm_importtype_copy(const wasm_importtype_t* import) {
  wasm_name_t module, name;
  wasm_name_copy(&module, &import->module);
  wasm_name_copy(&name, &import->name);
  return new wasm_importtype_t{module, name, import->type->copy()};
}
const wasm_name_t* wasm_importtype_module(const wasm_importtype_t* import) {
  return &import->module;
}
const wasm_name_t* wasm_importtype_name(const wasm_importtype_t* import) {
  return &import->name;
}
const wasm_externtype_t* wasm_importtype_type(const wasm_importtype_t* import) {
  return import->type;
}

wasm_exporttype_t* wasm_exporttype_new(wasm_name_t* name, wasm_externtype_t* type) {
  return new wasm_exporttype_t{std::exchange(*name, {}), type};
}
void wasm_exporttype_delete(wasm_exporttype_t* e) {
  wasm_name_delete(&e->name);
  delete e->type;
  delete e;
}
wasm_exporttype_t* wasm_exporttype_copy(const wasm_exporttype_t* e) {
  wasm_name_t name;
  wasm_name_copy(&name, &e->name);
  return new wasm_exporttype_t{name, e->type->copy()};
}
const wasm_name_t* wasm_exporttype_name(const wasm_exporttype_t* e) {
  return &e->name;
}
const wasm_externtype_t* wasm_exporttype_type(const wasm_exporttype_t* e) {
  return e->type;
}

// Memory types in full ---------------------------------------------------------------------------

wasmtime_error_t* wasmtime_memorytype_new(uint64_t min, bool max_present, uint64_t max, bool is_64,
                                          bool shared, uint8_t page_size_log2,
                                          wasm_memorytype_t** ret) {
  if (page_size_log2 != 0 && page_size_log2 != 16) {
    return new_error("page size must be 2^16 or 2^0, but was given 2^" +
                     std::to_string(page_size_log2) +
                     "; note that future Wasm extensions might allow any power of two page size");
  }
  if (shared && !max_present) return new_error("shared memories must have a maximum size");
  if (max_present && max < min) return new_error("minimum size must be smaller than maximum size");
  const u64 space_log2 = is_64 ? 64 : 32;
  const u64 pages_log2 = space_log2 - page_size_log2;
  const u64 most = pages_log2 >= 64 ? ~u64{0} : u64{1} << pages_log2;
  if (min > most) return new_error("minimum size is too large for this memory type");
  MemoryType t;
  t.limits.min = min;
  if (max_present) t.limits.max = std::min(max, most);
  t.address = is_64 ? AddressType::kI64 : AddressType::kI32;
  t.shared = shared;
  t.page_size_log2 = page_size_log2;
  t.custom_page_size = page_size_log2 != 16;
  *ret = new wasm_memorytype_t(t);
  return nullptr;
}

uint64_t wasmtime_memorytype_minimum(const wasm_memorytype_t* ty) {
  return ty->type.limits.min;
}
bool wasmtime_memorytype_maximum(const wasm_memorytype_t* ty, uint64_t* max) {
  if (ty->type.limits.max) *max = *ty->type.limits.max;
  return ty->type.limits.max.has_value();
}
bool wasmtime_memorytype_is64(const wasm_memorytype_t* ty) {
  return ty->type.address == AddressType::kI64;
}
bool wasmtime_memorytype_isshared(const wasm_memorytype_t* ty) {
  return ty->type.shared;
}
uint64_t wasmtime_memorytype_page_size(const wasm_memorytype_t* ty) {
  return u64{1} << ty->type.page_size_log2;
}
uint8_t wasmtime_memorytype_page_size_log2(const wasm_memorytype_t* ty) {
  return ty->type.page_size_log2;
}

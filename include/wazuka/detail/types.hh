// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types between their plain form and that of the C library.
#pragma once

#include <wazuka/types.hh>

namespace wazuka {
inline namespace v1 {
namespace detail {

using OwnedValType = Owned<wasm_valtype_t, wasm_valtype_delete>;
using OwnedFuncType = Owned<wasm_functype_t, wasm_functype_delete>;

// From C ------------------------------------------------------------------------------------------

inline ValType to_type(const wasm_valtype_t* type) {
  wasmtime_valtype_t full;
  wasmtime_valtype_new(type, &full);
  ValType out{static_cast<ValKind>(full.kind)};
  if (full.kind == WASMTIME_VALTYPE_KIND_REF) {
    out.nullable = full.reftype.nullable;
    out.heap = static_cast<HeapKind>(full.reftype.heaptype.kind);
  }
  wasmtime_valtype_delete(&full);
  return out;
}

inline std::vector<ValType> to_types(const wasm_valtype_vec_t* types) {
  std::vector<ValType> out;
  out.reserve(types->size);
  for (size_t i = 0; i < types->size; ++i) out.push_back(to_type(types->data[i]));
  return out;
}

inline FuncType to_type(const wasm_functype_t* type) {
  return {to_types(wasm_functype_params(type)), to_types(wasm_functype_results(type))};
}
inline GlobalType to_type(const wasm_globaltype_t* type) {
  return {to_type(wasm_globaltype_content(type)), wasm_globaltype_mutability(type) == WASM_VAR};
}
inline TableType to_type(const wasm_tabletype_t* type) {
  const wasm_limits_t* const limits = wasm_tabletype_limits(type);
  TableType out{to_type(wasm_tabletype_element(type)), limits->min, {}};
  if (limits->max != wasm_limits_max_default) out.max = limits->max;
  return out;
}
inline MemoryType to_type(const wasm_memorytype_t* type) {
  MemoryType out;
  out.min = wasmtime_memorytype_minimum(type);
  if (uint64_t max = 0; wasmtime_memorytype_maximum(type, &max)) out.max = max;
  out.is_64 = wasmtime_memorytype_is64(type);
  out.is_shared = wasmtime_memorytype_isshared(type);
  out.page_size_log2 = wasmtime_memorytype_page_size_log2(type);
  return out;
}
inline TagType to_type(const wasm_tagtype_t* type) {
  return {to_type(wasm_tagtype_functype(type)).params};
}

inline ExternType to_type(const wasm_externtype_t* type) {
  switch (wasm_externtype_kind(type)) {
    case WASM_EXTERN_FUNC: return to_type(wasm_externtype_as_functype_const(type));
    case WASM_EXTERN_GLOBAL: return to_type(wasm_externtype_as_globaltype_const(type));
    case WASM_EXTERN_TABLE: return to_type(wasm_externtype_as_tabletype_const(type));
    case WASM_EXTERN_MEMORY: return to_type(wasm_externtype_as_memorytype_const(type));
    default: return to_type(wasm_externtype_as_tagtype_const(type));
  }
}

/// The plain form of a type that the C library has given us.
template <auto kDelete, class T>
auto take_type(T* type) {
  auto out = to_type(static_cast<const T*>(type));
  kDelete(type);
  return out;
}

// To C --------------------------------------------------------------------------------------------

/// Null for types that only a module can define, and for what is no type at all.
inline OwnedValType from_type(const ValType& type) {
  wasmtime_valtype_t full = {};
  full.kind = static_cast<wasmtime_valtype_kind_t>(type.kind);
  if (type.kind > ValKind::kRef) return nullptr;
  if (type.is_ref()) {
    switch (type.heap) {
      case HeapKind::kExtern:
      case HeapKind::kNoExtern:
      case HeapKind::kFunc:
      case HeapKind::kNoFunc:
      case HeapKind::kAny:
      case HeapKind::kNone:
      case HeapKind::kEq:
      case HeapKind::kI31:
      case HeapKind::kArray:
      case HeapKind::kStruct:
      case HeapKind::kExn:
      case HeapKind::kNoExn: break;
      case HeapKind::kConcreteFunc:
      case HeapKind::kConcreteArray:
      case HeapKind::kConcreteStruct:
      case HeapKind::kConcreteExn:
      default: return nullptr;
    }
    full.reftype.nullable = type.nullable;
    full.reftype.heaptype.kind = static_cast<wasmtime_heaptype_kind_t>(type.heap);
  }
  return OwnedValType(wasmtime_valtype_to_wasm(nullptr, &full));
}

[[gnu::cold]] inline std::unexpected<Error> no_host_type(const ValType& type) {
  return fail("the host cannot make the type " + type.name());
}

inline Result<void> from_types(std::span<const ValType> types, wasm_valtype_vec_t* out) {
  wasm_valtype_vec_new_uninitialized(out, types.size());
  for (size_t i = 0; i < types.size(); ++i) {
    out->data[i] = from_type(types[i]).release();
    if (out->data[i] != nullptr) continue;
    for (size_t rest = i + 1; rest < types.size(); ++rest) out->data[rest] = nullptr;
    wasm_valtype_vec_delete(out);
    return no_host_type(types[i]);
  }
  return {};
}

inline Result<OwnedFuncType> from_signature(std::span<const ValType> params,
                                            std::span<const ValType> results) {
  wasm_valtype_vec_t p, r;
  if (auto made = from_types(params, &p); !made) return std::unexpected(std::move(made).error());
  if (auto made = from_types(results, &r); !made) {
    wasm_valtype_vec_delete(&p);
    return std::unexpected(std::move(made).error());
  }
  return OwnedFuncType(wasm_functype_new(&p, &r));
}

}  // namespace detail
}  // namespace v1
}  // namespace wazuka

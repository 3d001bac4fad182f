// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Matching of types (spec 3.3) inside one module, and their names in messages.
#pragma once

#include <string>

#include "wasm/module.h"
#include "wasm/types.h"

namespace wazuka {

/// Whether the abstract heap type `sub` matches `super`.
bool is_abstract_subtype(HeapType::Abstract sub, HeapType::Abstract super);

/// The abstract heap type directly above the defined types of a kind: func, struct, array, cont.
constexpr HeapType::Abstract abstract_of(CompositeKind kind) {
  switch (kind) {
    case CompositeKind::kFunc: return HeapType::kFunc;
    case CompositeKind::kStruct: return HeapType::kStruct;
    case CompositeKind::kArray: return HeapType::kArray;
    case CompositeKind::kCont: return HeapType::kCont;
  }
  return HeapType::kBottom;
}

/// The top of the hierarchy that `type` is in: any, func, extern, exn or cont.
HeapType::Abstract top_of(const Module& module, HeapType type);

/// Whether value type `sub` matches `super`; both use the module's type indices. Bottom matches
/// everything.
bool is_subtype_slow(const Module& module, ValType sub, ValType super);
inline bool is_subtype(const Module& module, ValType sub, ValType super) {
  return sub == super || is_subtype_slow(module, sub, super);
}

/// Whether the function type `sub` matches `super`: parameters contravariant, results covariant.
bool is_func_subtype(const Module& module, const FuncType& sub, const FuncType& super);

/// Whether two indices denote the same type.
inline bool same_type(const Module& module, u32 a, u32 b) {
  return a == b || module.type_ids[a] == module.type_ids[b];
}

/// As in messages: "i32", "funcref", "(ref null $type)".
std::string_view type_name(ValType type);
/// With the index: "(ref null (id 3))".
std::string type_text(ValType type);
/// "(func)", "(struct)", "(array)", "(cont)".
std::string_view composite_name(CompositeKind kind);

/// Whether features and the type index space allow the type; else the message says why not.
bool is_valid_type(const Module& module, ValType type, std::string* message);

}  // namespace wazuka

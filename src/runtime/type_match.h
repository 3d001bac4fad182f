// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types between modules. Inside the runtime every type is *canonical*: type indices in it are ids
// of the engine's TypeRegistry, so that types of different modules compare. Here are the conversion
// from a module's types, the subtype rules of references, the names of types in Wasmtime's
// notation, and import matching (spec 4.5.3) with Wasmtime's messages.
#pragma once

#include <string>

#include "base/error.h"
#include "runtime/extern.h"
#include "wasm/module.h"
#include "wasm/type_registry.h"

namespace wazuka {

ValType canonical_type(const Module& module, ValType type);
TableType canonical_type(const Module& module, TableType type);
GlobalType canonical_type(const Module& module, GlobalType type);

/// The abstract type above a canonical heap type, or the type itself if it is abstract.
HeapType abstract_heap_type(const TypeRegistry& registry, HeapType heap);

/// Whether `sub` matches `super` (both canonical; spec 3.3.2, 3.3.3).
bool is_subtype(const TypeRegistry& registry, ValType sub, ValType super);

/// "i32", "externref", "(ref null func)" …
std::string type_name(const TypeRegistry& registry, ValType type);
/// "(func (param i32) (result i64))" …
std::string type_name(const TypeRegistry& registry, const SubType& type);

/// Whether `item` may be imported as entity `index` of kind `import.kind` of `module`. The error
/// says what differs; the caller adds for which import.
Result<void> match_import(const TypeRegistry& registry, const Module& module, const Import& import,
                          const Extern& item);

}  // namespace wazuka

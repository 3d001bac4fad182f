// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What can be imported and exported: functions, tables, memories, globals, tags of one store. An
// Extern is a small value that refers to an entity which the store keeps until its own end.
#pragma once

#include <variant>

#include "abi/vm.h"
#include "wasm/types.h"

namespace wazuka {

class Table;
class Memory;

/// A global with its type (canonical). The cells are in its instance's VMContext or in the store.
struct Global {
  VMGlobal* vm = nullptr;
  GlobalType type;
};

/// The alternatives are in the order of ExternKind.
using Extern = std::variant<VMFuncRef*, Table*, Memory*, Global, VMTag*>;

inline ExternKind kind_of(const Extern& e) {
  return static_cast<ExternKind>(e.index());
}

/// The function, or null if it is something else.
inline VMFuncRef* as_func(const Extern* e) {
  VMFuncRef* const* f = e == nullptr ? nullptr : std::get_if<VMFuncRef*>(e);
  return f == nullptr ? nullptr : *f;
}

}  // namespace wazuka

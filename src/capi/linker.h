// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The linker of the C API: unlike the runtime's it belongs to an engine. Items that need no store
// (host functions, WASI) become functions of a store when a module is instantiated in it.
#pragma once

#include <map>
#include <string>
#include <variant>

#include "capi/handle.h"

namespace wazuka::capi {

/// A function of WASI, by its module and name.
struct WasiItem {};

/// An item of one store, with that store's id; or a shared memory.
struct StoreItem {
  u64 store_id = 0;
  Extern item;
};

using LinkItem =
    std::variant<std::shared_ptr<const HostFuncDef>, WasiItem, StoreItem, std::shared_ptr<Memory>>;

/// The item as one of the store. An error if it belongs to another one.
Result<Extern> item_in(wasmtime_context* context, const LinkItem& item, std::string_view module,
                       std::string_view name);
wasmtime_error_t* handle_instantiate(wasmtime_context* context, ExecResult<Instance*> result,
                                     wasmtime_instance_t* instance, wasm_trap_t** trap);

}  // namespace wazuka::capi

struct wasmtime_linker {
  using Key = std::pair<std::string, std::string>;
  /// So that nothing is copied for a look-up.
  struct Less {
    using is_transparent = void;
    using View = std::pair<std::string_view, std::string_view>;
    bool operator()(const View& a, const View& b) const { return a < b; }
  };

  std::shared_ptr<wazuka::Engine> engine;
  bool allow_shadowing = false;
  std::map<Key, wazuka::capi::LinkItem, Less> items;

  const wazuka::capi::LinkItem* find(std::string_view module, std::string_view name) const;
  wazuka::Result<void> define(std::string_view module, std::string_view name,
                              wazuka::capi::LinkItem item);
  /// That the linker and the module are of one engine.
  wazuka::Result<void> check_engine(const wazuka::ModuleCode& code) const;
  /// The module's imports as items of the store, all of one engine.
  wazuka::Result<std::vector<wazuka::Extern>> resolve(wasmtime_context* context,
                                                      const wazuka::ModuleCode& code) const;
};

struct wasmtime_instance_pre {
  struct Item {
    wazuka::capi::LinkItem item;
    std::string_view module, name;  // in the module's bytes
  };
  std::shared_ptr<wazuka::ModuleCode> code;
  std::vector<Item> imports;
};

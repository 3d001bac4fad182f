// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A linker: names for what modules import, and the ways to fill it, with Wasmtime's semantics and
// messages. It works for one store.
//
// Host interfaces with many functions are not defined one by one: a Provider makes a function when
// a module imports it, so that a program pays only for what it uses.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "runtime/instance.h"

namespace wazuka {

/// Finds host functions by name; asked for names that nobody has defined.
class Provider {
 public:
  virtual ~Provider() = default;
  virtual std::optional<Extern> find(Store& store, std::string_view module,
                                     std::string_view name) = 0;
};

class Linker {
 public:
  explicit Linker(Store& store) : store_(store) {}

  Store& store() const { return store_; }
  void allow_shadowing(bool allow) { allow_shadowing_ = allow; }
  void allow_unknown_exports(bool allow) { allow_unknown_exports_ = allow; }
  /// `provider` must outlive the linker.
  void add_provider(Provider& provider) { providers_.push_back(&provider); }

  Result<void> define(std::string_view module, std::string_view name, const Extern& item);
  /// Defines all exports of an instance under a module name.
  Result<void> define_instance(std::string_view module, Instance& instance);
  /// Defines everything known as `module` as `as` too.
  Result<void> alias_module(std::string_view module, std::string_view as);
  /// Defines a module's exports: a reactor is instantiated and initialised now, a command (it
  /// exports
  /// `_start`) anew for each call of one of its functions.
  ExecResult<void> define_module(std::string_view name, std::shared_ptr<ModuleCode> code);

  /// Defines every unknown function import of the module as one that fails when called.
  Result<void> define_unknown_imports_as_traps(const Module& module);
  /// Defines every unknown import as a function that returns zeros and nulls, or as an entity of
  /// its type with such a value.
  Result<void> define_unknown_imports_as_defaults(const Module& module);

  std::optional<Extern> find(std::string_view module, std::string_view name);
  /// Items defined under a module name, by name.
  std::vector<std::pair<std::string, Extern>> items_of(std::string_view module) const;

  ExecResult<Instance*> instantiate(std::shared_ptr<ModuleCode> code);

 private:
  using Key = std::pair<std::string, std::string>;

  Result<std::vector<Extern>> resolve(const Module& module);
  Result<void> define_command(std::string_view name, std::shared_ptr<ModuleCode> code);
  Result<Extern> default_value(const Module& module, const Import& import);

  Store& store_;
  bool allow_shadowing_ = false;
  bool allow_unknown_exports_ = false;
  std::vector<Provider*> providers_;
  std::map<Key, Extern> items_;
};

/// "unknown import: `env::foo` has not been defined"
Error unknown_import(const Import& import);

}  // namespace wazuka

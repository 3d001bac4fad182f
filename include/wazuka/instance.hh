// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instances of modules, and what they export.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>
#include <wazuka/caller.hh>
#include <wazuka/module.hh>

namespace wazuka {
inline namespace v1 {

/// What an instance exports under a name.
struct Export {
  std::string name;
  Extern item;
};

/// An instance of a store. A small handle.
class Instance {
 public:
  /// Makes one with these imports, in the order in which the module declares them; runs the
  /// module's start function. `Linker` finds imports by name.
  [[nodiscard]] static Result<Instance> create(StoreRef store, const Module& module,
                                               std::span<const Extern> imports = {});

  /// What is exported under this name.
  [[nodiscard]] Result<Extern> get(StoreRef store, std::string_view name) const;
  /// A function.
  [[nodiscard]] Result<Func> func(StoreRef store, std::string_view name) const {
    return detail::as<Func>(get(store, name), name);
  }
  /// A function whose signature is known: `instance.func<int32_t(int32_t)>(store, "fib")`.
  template <class Signature>
  [[nodiscard]] Result<TypedFunc<Signature>> func(StoreRef store, std::string_view name) const {
    auto found = func(store, name);
    if (!found) return std::unexpected(std::move(found).error());
    return found->template typed<Signature>(store);
  }
  /// A memory.
  [[nodiscard]] Result<Memory> memory(StoreRef store, std::string_view name) const {
    return detail::as<Memory>(get(store, name), name);
  }
  /// A global variable.
  [[nodiscard]] Result<Global> global(StoreRef store, std::string_view name) const {
    return detail::as<Global>(get(store, name), name);
  }
  /// A table.
  [[nodiscard]] Result<Table> table(StoreRef store, std::string_view name) const {
    return detail::as<Table>(get(store, name), name);
  }
  /// Everything, in the module's order.
  [[nodiscard]] Result<std::vector<Export>> exports(StoreRef store) const;

  /// From and to the C API.
  static Instance from(const wasmtime_instance_t& instance) { return Instance(instance); }
  const wasmtime_instance_t& raw() const { return instance_; }

 private:
  explicit Instance(const wasmtime_instance_t& instance) : instance_(instance) {}

  wasmtime_instance_t instance_;
};

// -------------------------------------------------------------------------------------------------

inline Result<Instance> Instance::create(StoreRef store, const Module& module,
                                         std::span<const Extern> imports) {
  if (!store) return detail::moved_from("the store");
  if (!module) return detail::moved_from("the module");
  std::vector<wasmtime_extern_t> items;
  items.reserve(imports.size());
  for (const Extern& import : imports) {
    if (auto mine = detail::check_item(store, import); !mine) {
      return std::unexpected(std::move(mine).error());
    }
    items.push_back(import.raw());
  }
  wasmtime_instance_t instance;
  wasm_trap_t* trap = nullptr;
  auto* const error = wasmtime_instance_new(store.get(), module.get(), items.data(), items.size(),
                                            &instance, &trap);
  if (error != nullptr || trap != nullptr) return detail::failed(error, trap);
  return Instance(instance);
}

inline Result<Extern> Instance::get(StoreRef store, std::string_view name) const {
  if (!detail::owns(store, instance_.store_id)) {
    return detail::wrong_store(store, instance_.store_id);
  }
  wasmtime_extern_t item;
  if (!wasmtime_instance_export_get(store.get(), &instance_, name.data(), name.size(), &item)) {
    return detail::no_export(name);
  }
  return Extern::adopt(item);
}

inline Result<std::vector<Export>> Instance::exports(StoreRef store) const {
  if (!detail::owns(store, instance_.store_id)) {
    return detail::wrong_store(store, instance_.store_id);
  }
  std::vector<Export> out;
  char* name = nullptr;
  size_t size = 0;
  wasmtime_extern_t item;
  for (size_t i = 0; wasmtime_instance_export_nth(store.get(), &instance_, i, &name, &size, &item);
       ++i) {
    out.push_back({std::string(name, size), Extern::adopt(item)});
  }
  return out;
}

}  // namespace v1
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A linker finds imports by their names. Host functions and WASI in it serve every store of the
// engine; items of a store only that one.
#pragma once

#include <string_view>
#include <utility>
#include <wazuka/instance.hh>

namespace wazuka {
inline namespace v1 {

/// A module with its imports found, to be instantiated many times. Move-only. Thread-safe.
class InstancePre {
 public:
  /// A new instance in a store; an error if an import belongs to another store or has the wrong
  /// type.
  [[nodiscard]] Result<Instance> instantiate(StoreRef store) const;
  /// The module.
  Module module() const {
    return Module::adopt(pre_ == nullptr ? nullptr : wasmtime_instance_pre_module(pre_.get()));
  }

  /// False after a move.
  explicit operator bool() const { return pre_ != nullptr; }
  /// For the C API; null after a move.
  wasmtime_instance_pre_t* get() const { return pre_.get(); }

 private:
  explicit InstancePre(wasmtime_instance_pre_t* pre) : pre_(pre) {}
  friend class Linker;

  detail::Owned<wasmtime_instance_pre_t, wasmtime_instance_pre_delete> pre_;
};

/// A linker. Move-only; `clone` copies its names. Threads may use one that is not being changed.
class Linker {
 public:
  /// Without any names.
  explicit Linker(const Engine& engine)
      : linker_(engine ? wasmtime_linker_new(engine.get()) : nullptr) {}

  /// Defines a host function, for any store (caller.hh says what can be one). An error if the name
  /// is taken.
  template <detail::HostCallable F>
  [[nodiscard]] Result<void> define(std::string_view module, std::string_view name, F&& function);
  /// The same with a signature that is known only when the program runs (see `Func::create`).
  template <detail::DynamicCallable F>
  [[nodiscard]] Result<void> define(std::string_view module, std::string_view name,
                                    const FuncType& type, F&& function);
  /// Defines an item of a store.
  [[nodiscard]] Result<void> define(StoreRef store, std::string_view module, std::string_view name,
                                    const Extern& item);
  /// Defines all that an instance exports.
  [[nodiscard]] Result<void> define_instance(StoreRef store, std::string_view module,
                                             const Instance& instance);
  /// Instantiates a module and defines what it exports. A command is instantiated anew for every
  /// call.
  [[nodiscard]] Result<void> define_module(StoreRef store, std::string_view name,
                                           const Module& module);
  /// Defines WASI; stores say what their guests may see (`set_wasi`).
  [[nodiscard]] Result<void> define_wasi();
  /// Defines what the module imports and is not there yet: functions, which trap when called.
  [[nodiscard]] Result<void> define_unknown_imports_as_traps(const Module& module);
  /// The same: functions that return zeros, and variables, tables and memories.
  [[nodiscard]] Result<void> define_unknown_imports_as_defaults(StoreRef store,
                                                                const Module& module);
  /// Whether a name may be defined again, replacing what it stood for. At first it may not.
  void allow_shadowing(bool allow) {
    if (linker_ != nullptr) wasmtime_linker_allow_shadowing(linker_.get(), allow);
  }

  /// A new instance in a store, with imports by name.
  [[nodiscard]] Result<Instance> instantiate(StoreRef store, const Module& module) const;
  /// Finds the imports now, once for many instances.
  [[nodiscard]] Result<InstancePre> instantiate_pre(const Module& module) const;
  /// What a name stands for in a store.
  [[nodiscard]] Result<Extern> get(StoreRef store, std::string_view module,
                                   std::string_view name) const;
  /// What a module that has been defined runs: its `_start`, or nothing.
  [[nodiscard]] Result<Func> get_default(StoreRef store, std::string_view module) const;

  /// Another linker with the same names.
  Linker clone() const {
    return Linker(linker_ == nullptr ? nullptr : wasmtime_linker_clone(linker_.get()));
  }
  /// False after a move.
  explicit operator bool() const { return linker_ != nullptr; }
  /// For the C API; null after a move.
  wasmtime_linker_t* get() const { return linker_.get(); }

 private:
  explicit Linker(wasmtime_linker_t* linker) : linker_(linker) {}
  Result<void> check(StoreRef store) const;
  Result<void> check(const Module& module) const;

  detail::Owned<wasmtime_linker_t, wasmtime_linker_delete> linker_;
};

// -------------------------------------------------------------------------------------------------

inline Result<Instance> InstancePre::instantiate(StoreRef store) const {
  if (pre_ == nullptr) return detail::moved_from("the prepared instance");
  if (!store) return detail::moved_from("the store");
  wasmtime_instance_t instance;
  wasm_trap_t* trap = nullptr;
  auto* const error = wasmtime_instance_pre_instantiate(pre_.get(), store.get(), &instance, &trap);
  if (error != nullptr || trap != nullptr) return detail::failed(error, trap);
  return Instance::from(instance);
}

inline Result<void> Linker::check(StoreRef store) const {
  if (linker_ == nullptr) return detail::moved_from("the linker");
  if (!store) return detail::moved_from("the store");
  return {};
}
inline Result<void> Linker::check(const Module& module) const {
  if (linker_ == nullptr) return detail::moved_from("the linker");
  if (!module) return detail::moved_from("the module");
  return {};
}

template <detail::HostCallable F>
Result<void> Linker::define(std::string_view module, std::string_view name, F&& function) {
  if (linker_ == nullptr) return detail::moved_from("the linker");
  if (detail::is_null(function)) return fail("the host function is null");
  auto type = detail::signature_of<F>();
  if (!type) return std::unexpected(std::move(type).error());
  const detail::HostFunction host = detail::host_function(std::forward<F>(function));
  return detail::done(wasmtime_linker_define_func_unchecked(
      linker_.get(), module.data(), module.size(), name.data(), name.size(), type->get(),
      host.callback, host.env, host.finalizer));
}

template <detail::DynamicCallable F>
Result<void> Linker::define(std::string_view module, std::string_view name, const FuncType& type,
                            F&& function) {
  using Kept = std::decay_t<F>;
  if (linker_ == nullptr) return detail::moved_from("the linker");
  auto c_type = detail::from_signature(type.params, type.results);
  if (!c_type) return std::unexpected(std::move(c_type).error());
  return detail::done(wasmtime_linker_define_func(
      linker_.get(), module.data(), module.size(), name.data(), name.size(), c_type->get(),
      detail::dynamic_callback<Kept>, new Kept(std::forward<F>(function)),
      [](void* env) { delete static_cast<Kept*>(env); }));
}

inline Result<void> Linker::define(StoreRef store, std::string_view module, std::string_view name,
                                   const Extern& item) {
  if (auto checked = check(store); !checked) return checked;
  if (auto mine = detail::check_item(store, item); !mine) return mine;
  const wasmtime_extern_t raw = item.raw();
  return detail::done(wasmtime_linker_define(linker_.get(), store.get(), module.data(),
                                             module.size(), name.data(), name.size(), &raw));
}

inline Result<void> Linker::define_instance(StoreRef store, std::string_view module,
                                            const Instance& instance) {
  if (auto checked = check(store); !checked) return checked;
  const uint64_t id = instance.raw().store_id;
  if (!detail::owns(store, id)) return detail::wrong_store(store, id);
  return detail::done(wasmtime_linker_define_instance(linker_.get(), store.get(), module.data(),
                                                      module.size(), &instance.raw()));
}

inline Result<void> Linker::define_module(StoreRef store, std::string_view name,
                                          const Module& module) {
  if (auto checked = check(store); !checked) return checked;
  if (auto checked = check(module); !checked) return checked;
  return detail::done(
      wasmtime_linker_module(linker_.get(), store.get(), name.data(), name.size(), module.get()));
}

inline Result<void> Linker::define_wasi() {
  if (linker_ == nullptr) return detail::moved_from("the linker");
  return detail::done(wasmtime_linker_define_wasi(linker_.get()));
}

inline Result<void> Linker::define_unknown_imports_as_traps(const Module& module) {
  if (auto checked = check(module); !checked) return checked;
  return detail::done(wasmtime_linker_define_unknown_imports_as_traps(linker_.get(), module.get()));
}

inline Result<void> Linker::define_unknown_imports_as_defaults(StoreRef store,
                                                               const Module& module) {
  if (auto checked = check(store); !checked) return checked;
  if (auto checked = check(module); !checked) return checked;
  return detail::done(wasmtime_linker_define_unknown_imports_as_default_values(
      linker_.get(), store.get(), module.get()));
}

inline Result<Instance> Linker::instantiate(StoreRef store, const Module& module) const {
  if (auto checked = check(store); !checked) return std::unexpected(std::move(checked).error());
  if (auto checked = check(module); !checked) return std::unexpected(std::move(checked).error());
  wasmtime_instance_t instance;
  wasm_trap_t* trap = nullptr;
  auto* const error =
      wasmtime_linker_instantiate(linker_.get(), store.get(), module.get(), &instance, &trap);
  if (error != nullptr || trap != nullptr) return detail::failed(error, trap);
  return Instance::from(instance);
}

inline Result<InstancePre> Linker::instantiate_pre(const Module& module) const {
  if (auto checked = check(module); !checked) return std::unexpected(std::move(checked).error());
  wasmtime_instance_pre_t* pre = nullptr;
  if (auto* error = wasmtime_linker_instantiate_pre(linker_.get(), module.get(), &pre)) {
    return detail::failed(error);
  }
  return InstancePre(pre);
}

inline Result<Extern> Linker::get(StoreRef store, std::string_view module,
                                  std::string_view name) const {
  if (auto checked = check(store); !checked) return std::unexpected(std::move(checked).error());
  wasmtime_extern_t item;
  if (!wasmtime_linker_get(linker_.get(), store.get(), module.data(), module.size(), name.data(),
                           name.size(), &item)) {
    return fail("nothing is defined as `" + std::string(module) + "::" + std::string(name) +
                "` for this store");
  }
  return Extern::adopt(item);
}

inline Result<Func> Linker::get_default(StoreRef store, std::string_view module) const {
  if (auto checked = check(store); !checked) return std::unexpected(std::move(checked).error());
  wasmtime_func_t func;
  if (auto* error = wasmtime_linker_get_default(linker_.get(), store.get(), module.data(),
                                                module.size(), &func)) {
    return detail::failed(error);
  }
  return Func::from(func);
}

}  // namespace v1
}  // namespace wazuka

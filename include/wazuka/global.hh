// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Global variables.
#pragma once

#include <utility>
#include <wazuka/func.hh>

namespace wazuka {
inline namespace v1 {

/// A global variable of a store. A small handle.
class Global {
 public:
  /// One of the host's own, to be imported.
  [[nodiscard]] static Result<Global> create(StoreRef store, const GlobalType& type,
                                             const Val& value);

  /// What it holds.
  [[nodiscard]] Result<Val> get(StoreRef store) const;
  /// The same as a C++ type; an error if it has another type.
  template <WasmValue T>
  [[nodiscard]] Result<T> get(StoreRef store) const {
    auto value = get(store);
    if (!value) return std::unexpected(std::move(value).error());
    if (auto found = value->template get<T>()) return *std::move(found);
    return fail("the global is " + value->type().name() + ", not " + WasmType<T>::type.name());
  }
  /// Sets it; an error if it is not mutable or has another type.
  [[nodiscard]] Result<void> set(StoreRef store, const Val& value) const;
  /// Its type.
  [[nodiscard]] Result<GlobalType> type(StoreRef store) const;

  /// From and to the C API.
  static Global from(const wasmtime_global_t& global) { return Global(global); }
  const wasmtime_global_t& raw() const { return global_; }

 private:
  explicit Global(const wasmtime_global_t& global) : global_(global) {}

  wasmtime_global_t global_;
};

// -------------------------------------------------------------------------------------------------

inline Result<Global> Global::create(StoreRef store, const GlobalType& type, const Val& value) {
  if (!store) return detail::moved_from("the store");
  auto content = detail::from_type(type.content);
  if (content == nullptr) return detail::no_host_type(type.content);
  const wasm_mutability_t mutability = type.is_mutable ? WASM_VAR : WASM_CONST;
  const detail::Owned<wasm_globaltype_t, wasm_globaltype_delete> c_type(
      wasm_globaltype_new(content.release(), mutability));
  wasmtime_global_t global;
  if (auto* error = wasmtime_global_new(store.get(), c_type.get(), &value.raw(), &global)) {
    return detail::failed(error);
  }
  return Global(global);
}

inline Result<Val> Global::get(StoreRef store) const {
  if (!detail::owns(store, global_.store_id)) return detail::wrong_store(store, global_.store_id);
  wasmtime_val_t value;
  wasmtime_global_get(store.get(), &global_, &value);
  return Val::adopt(value);
}

inline Result<void> Global::set(StoreRef store, const Val& value) const {
  if (!detail::owns(store, global_.store_id)) return detail::wrong_store(store, global_.store_id);
  return detail::done(wasmtime_global_set(store.get(), &global_, &value.raw()));
}

inline Result<GlobalType> Global::type(StoreRef store) const {
  if (!detail::owns(store, global_.store_id)) return detail::wrong_store(store, global_.store_id);
  return detail::take_type<wasm_globaltype_delete>(wasmtime_global_type(store.get(), &global_));
}

}  // namespace v1
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A store owns instances and all that is in them, with a value of the host's own. One thread uses
// it at a time. What is in it is reached through small handles (`Func`, `Memory` …) together with
// the store; a handle that belongs to another store, or to one that is gone, gives an error.
#pragma once

#include <cstdint>
#include <optional>
#include <type_traits>
#include <utility>
#include <wazuka/engine.hh>
#include <wazuka/wasi.hh>

namespace wazuka {
inline namespace v1 {

/// What the guests of a store may have. What is not said is not limited.
struct Limits {
  std::optional<uint64_t> memory_bytes = {};    // of each memory
  std::optional<uint64_t> table_elements = {};  // of each table
  std::optional<uint64_t> instances = {}, tables = {}, memories = {};
};

/// A reference to a store: what functions take. Stores and `Caller` are such references. It owns
/// nothing and lives as long as the store.
class StoreRef {
 public:
  StoreRef() = default;

  /// The value that the store was made with, if it has this type; else null.
  template <class T>
  T* data() const {
    return context_ == nullptr ? nullptr : detail::unbox<T>(wasmtime_context_get_data(context_));
  }

  /// How much fuel is left. An error if the engine has no fuel.
  [[nodiscard]] Result<uint64_t> fuel() const {
    if (context_ == nullptr) return detail::moved_from("the store");
    uint64_t fuel = 0;
    if (auto* error = wasmtime_context_get_fuel(context_, &fuel)) return detail::failed(error);
    return fuel;
  }
  /// Sets what there is of fuel; code that has used it up traps (`kOutOfFuel`). Stores begin with
  /// none.
  [[nodiscard]] Result<void> set_fuel(uint64_t fuel) const {
    if (context_ == nullptr) return detail::moved_from("the store");
    return detail::done(wasmtime_context_set_fuel(context_, fuel));
  }
  /// Code traps (`kInterrupt`) once the engine's epoch has been incremented so many times more.
  /// With epochs, stores begin with a deadline that has passed.
  [[nodiscard]] Result<void> set_epoch_deadline(uint64_t ticks) const {
    if (context_ == nullptr) return detail::moved_from("the store");
    wasmtime_context_set_epoch_deadline(context_, ticks);
    return {};
  }
  /// Gives the guests WASI; for linkers with `define_wasi`.
  [[nodiscard]] Result<void> set_wasi(const WasiConfig& config) const {
    if (context_ == nullptr) return detail::moved_from("the store");
    auto wasi = detail::make_wasi(config);
    if (!wasi) return std::unexpected(std::move(wasi).error());
    return detail::done(wasmtime_context_set_wasi(context_, wasi->release()));
  }
  /// Collects the garbage of guests now.
  [[nodiscard]] Result<void> collect_garbage() const {
    if (context_ == nullptr) return detail::moved_from("the store");
    return detail::done(wasmtime_context_gc(context_));
  }

  /// False after a move of the store.
  explicit operator bool() const { return context_ != nullptr; }
  /// For the C API; null after a move.
  wasmtime_context_t* get() const { return context_; }
  /// From the C API.
  static StoreRef from(wasmtime_context_t* context) { return StoreRef(context); }

 protected:
  explicit StoreRef(wasmtime_context_t* context) : context_(context) {}

  wasmtime_context_t* context_ = nullptr;
};

/// A store. Move-only; handles stay good when it is moved.
class Store : public StoreRef {
 public:
  /// Without a value. The store of an engine that has been moved from is empty: whatever it is used
  /// for gives an error.
  explicit Store(const Engine& engine) { create(engine, nullptr); }
  /// With a value of the host, which `data<T>()` finds again, also in host functions.
  template <class T>
  Store(const Engine& engine, T&& data) {
    if (engine) create(engine, new detail::Box<std::decay_t<T>>(std::forward<T>(data)));
  }

  Store(Store&& other) noexcept
      : StoreRef(std::exchange(other.context_, nullptr)), store_(std::move(other.store_)) {}
  Store& operator=(Store&& other) noexcept {
    store_ = std::move(other.store_);
    context_ = std::exchange(other.context_, nullptr);
    return *this;
  }

  /// What the guests may have from now on.
  [[nodiscard]] Result<void> set_limits(const Limits& limits) const;

 private:
  void create(const Engine& engine, detail::BoxBase* data) {
    if (!engine) return;
    store_.reset(wasmtime_store_new(engine.get(), data, detail::destroy_box));
    context_ = wasmtime_store_context(store_.get());
  }

  detail::Owned<wasmtime_store_t, wasmtime_store_delete> store_;
};

inline Result<void> Store::set_limits(const Limits& limits) const {
  if (store_ == nullptr) return detail::moved_from("the store");
  auto number = [](std::optional<uint64_t> limit) {
    constexpr uint64_t kMost = INT64_MAX;
    return !limit ? int64_t{-1} : static_cast<int64_t>(*limit < kMost ? *limit : kMost);
  };
  wasmtime_store_limiter(store_.get(), number(limits.memory_bytes), number(limits.table_elements),
                         number(limits.instances), number(limits.tables), number(limits.memories));
  return {};
}

namespace detail {

/// Whether a handle belongs to the store.
inline bool owns(StoreRef store, uint64_t store_id) {
  return store && store_id != 0 && wazuka_context_id(store.get()) == store_id;
}

[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> wrong_store(StoreRef store,
                                                                       uint64_t store_id) {
  if (!store) return moved_from("the store");
  if (store_id == 0) return fail("a null handle is used");
  return fail("object used with the wrong store");
}

}  // namespace detail
}  // namespace v1
}  // namespace wazuka

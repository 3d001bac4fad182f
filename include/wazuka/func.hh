// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of guests and of the host. A `TypedFunc` is checked once and then called like a
// function of C++, without allocation or marshalling:
//
//     auto add = WAZUKA_OR_RETURN(instance.func<int32_t(int32_t, int32_t)>(store, "add"));
//     Result<int32_t> sum = add(store, 1, 2);
#pragma once

#include <initializer_list>
#include <span>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#include <wazuka/detail/signature.hh>
#include <wazuka/val.hh>

namespace wazuka {
inline namespace v1 {

template <class Signature>
class TypedFunc;

/// A function of a store: a guest's or the host's. A small handle; the default one is null, which
/// is also what a null funcref is.
class Func {
 public:
  Func() = default;
  /// A function of the host, from a lambda or function whose signature the values above make.
  template <detail::HostCallable F>
  [[nodiscard]] static Result<Func> wrap(StoreRef store, F&& function);
  /// A function of the host with a signature that is known only when the program runs:
  /// `Result<void> function(Caller, std::span<const Val> args, std::span<Val> results)`. The
  /// results are to be set; what has another type than `type` says ends the call with an error.
  template <class F>
  [[nodiscard]] static Result<Func> create(StoreRef store, const FuncType& type, F&& function);

  /// Its signature.
  [[nodiscard]] Result<FuncType> type(StoreRef store) const;
  /// The function as one of C++; an error if it has another signature:
  /// `func.typed<int32_t(int32_t, double)>(store)`. Several results are a std::tuple.
  template <class Signature>
  [[nodiscard]] Result<TypedFunc<Signature>> typed(StoreRef store) const;
  /// Calls it with any values. For signatures that are known only when the program runs.
  [[nodiscard]] Result<std::vector<Val>> call(StoreRef store, std::span<const Val> args) const;
  /// The same: `func.call(store, {1, 2.5})`.
  [[nodiscard]] Result<std::vector<Val>> call(StoreRef store,
                                              std::initializer_list<Val> args) const {
    return call(store, std::span<const Val>(args.begin(), args.size()));
  }
  /// The same with room for the results, which must have the right number. Allocates nothing.
  [[nodiscard]] Result<void> call(StoreRef store, std::span<const Val> args,
                                  std::span<Val> results) const;

  /// Whether it is not null.
  explicit operator bool() const { return func_.store_id != 0; }
  /// From and to the C API.
  static Func from(const wasmtime_func_t& func) {
    Func out;
    out.func_ = func;
    return out;
  }
  const wasmtime_func_t& raw() const { return func_; }

 private:
  wasmtime_func_t func_ = {};
};

template <>
struct WasmType<Func> {
  static constexpr ValType type = ValType::funcref();
  static Func load(StoreRef store, const wasmtime_val_raw_t& raw) {
    wasmtime_func_t func = {};
    if (raw.funcref != nullptr) wasmtime_func_from_raw(store.get(), raw.funcref, &func);
    return Func::from(func);
  }
  static void save(StoreRef store, wasmtime_val_raw_t& raw, const Func& value) {
    raw.funcref = value ? wasmtime_func_to_raw(store.get(), &value.raw()) : nullptr;
  }
  static uint64_t store_id(const Func& value) { return value.raw().store_id; }
  static wasmtime_val_t to_val(const Func& value) {
    wasmtime_val_t val = {};
    val.kind = WASMTIME_FUNCREF;
    val.of.funcref = value.raw();
    return val;
  }
  static Func from_val(const wasmtime_val_t& val) { return Func::from(val.of.funcref); }
};

/// A function whose signature has been checked. A small handle, like Func.
template <class R, class... Args>
class TypedFunc<R(Args...)> {
  static_assert((WasmValue<std::decay_t<Args>> && ...) && detail::Returned<R>::kValid,
                "parameters and results are values that guests have; several results a std::tuple");
  using Params = detail::Values<std::decay_t<Args>...>;
  using Results = detail::Returned<R>;

 public:
  TypedFunc() = default;

  /// Calls it.
  [[nodiscard, gnu::always_inline]] Result<R> operator()(
      StoreRef store, detail::Param<std::decay_t<Args>>... args) const {
    constexpr size_t kMost = Params::kCount > Results::kCount ? Params::kCount : Results::kCount;
    wasmtime_val_raw_t raw[kMost == 0 ? 1 : kMost];
    if (!store) [[unlikely]]
      return detail::moved_from("the store");
    if constexpr (Params::kHasReferences) {
      if (!Params::usable(store, args...)) return fail("an argument belongs to another store");
    }
    Params::save(store, raw, args...);
    wasm_trap_t* trap = nullptr;
    wasmtime_error_t* const error =
        wasmtime_func_call_unchecked(store.get(), &func_.raw(), raw, kMost, &trap);
    if (error != nullptr || trap != nullptr) [[unlikely]]
      return detail::failed(error, trap);
    if constexpr (std::is_void_v<R>) {
      return {};
    } else {
      return Results::load(store, raw);
    }
  }

  /// The function without its signature.
  Func func() const { return func_; }
  /// Whether it is not null.
  explicit operator bool() const { return static_cast<bool>(func_); }

 private:
  explicit TypedFunc(Func func) : func_(func) {}
  friend class Func;

  Func func_;
};

// Calls -------------------------------------------------------------------------------------------

inline Result<FuncType> Func::type(StoreRef store) const {
  if (!detail::owns(store, func_.store_id)) return detail::wrong_store(store, func_.store_id);
  return detail::take_type<wasm_functype_delete>(wasmtime_func_type(store.get(), &func_));
}

namespace detail {

[[gnu::cold]] inline std::unexpected<Error> wrong_signature(const FuncType& expected,
                                                            const FuncType& found) {
  return fail("the function is " + found.name() + ", not " + expected.name());
}

template <class Signature>
struct Split;
template <class R, class... Args>
struct Split<R(Args...)> {
  static FuncType type() {
    constexpr auto params = Values<std::decay_t<Args>...>::kTypes;
    constexpr auto results = Returned<R>::kTypes;
    return {{params.begin(), params.end()}, {results.begin(), results.end()}};
  }
};

}  // namespace detail

template <class Signature>
Result<TypedFunc<Signature>> Func::typed(StoreRef store) const {
  auto found = type(store);
  if (!found) return std::unexpected(std::move(found).error());
  if (const FuncType wanted = detail::Split<Signature>::type(); *found != wanted) {
    return detail::wrong_signature(wanted, *found);
  }
  return TypedFunc<Signature>(*this);
}

inline Result<void> Func::call(StoreRef store, std::span<const Val> args,
                               std::span<Val> results) const {
  if (!store || func_.store_id == 0) return detail::wrong_store(store, func_.store_id);
  for (Val& result : results) result = Val();
  wasm_trap_t* trap = nullptr;
  wasmtime_error_t* const error = wasmtime_func_call(
      store.get(), &func_, reinterpret_cast<const wasmtime_val_t*>(args.data()), args.size(),
      reinterpret_cast<wasmtime_val_t*>(results.data()), results.size(), &trap);
  if (error != nullptr || trap != nullptr) return detail::failed(error, trap);
  return {};
}

inline Result<std::vector<Val>> Func::call(StoreRef store, std::span<const Val> args) const {
  auto signature = type(store);
  if (!signature) return std::unexpected(std::move(signature).error());
  std::vector<Val> results(signature->results.size());
  if (auto done = call(store, args, results); !done) {
    return std::unexpected(std::move(done).error());
  }
  return results;
}

}  // namespace v1
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the types of C++ functions say about those of WebAssembly, found when the program is
// compiled.
#pragma once

#include <tuple>
#include <type_traits>
#include <wazuka/val.hh>

namespace wazuka {
inline namespace v1 {

class Caller;

namespace detail {

/// Values of these types, one after the other in raw form.
template <class... Ts>
struct Values {
  static constexpr size_t kCount = sizeof...(Ts);
  static constexpr bool kHasReferences = (Reference<Ts> || ...);
  static constexpr std::array<ValType, kCount> kTypes = {WasmType<Ts>::type...};

  static void save([[maybe_unused]] StoreRef store, [[maybe_unused]] wasmtime_val_raw_t* raw,
                   const Ts&... values) {
    (WasmType<Ts>::save(store, *raw++, values), ...);
  }
  static bool usable([[maybe_unused]] StoreRef store, const Ts&... values) {
    return (detail::usable(store, values) && ...);
  }
};

/// What a function returns, as values.
template <class R>
struct Returned {
  static constexpr bool kValid = false;
};
template <>
struct Returned<void> : Values<> {
  static constexpr bool kValid = true;
  static void load(StoreRef, const wasmtime_val_raw_t*) {}
};
template <WasmValue T>
struct Returned<T> : Values<T> {
  static constexpr bool kValid = true;
  static T load(StoreRef store, const wasmtime_val_raw_t* raw) {
    return WasmType<T>::load(store, *raw);
  }
};
template <WasmValue... Ts>
struct Returned<std::tuple<Ts...>> : Values<Ts...> {
  static constexpr bool kValid = true;
  static std::tuple<Ts...> load(StoreRef store, const wasmtime_val_raw_t* raw) {
    return [&]<size_t... I>(std::index_sequence<I...>) {
      return std::tuple<Ts...>(WasmType<Ts>::load(store, raw[I])...);
    }(std::index_sequence_for<Ts...>());
  }
  static void save(StoreRef store, wasmtime_val_raw_t* raw, const std::tuple<Ts...>& values) {
    std::apply([&](const Ts&... v) { Values<Ts...>::save(store, raw, v...); }, values);
  }
  static bool usable(StoreRef store, const std::tuple<Ts...>& values) {
    return std::apply([&](const Ts&... v) { return Values<Ts...>::usable(store, v...); }, values);
  }
};

/// The same of a host function, which may fail.
template <class R>
struct HostReturned : Returned<R> {
  static constexpr bool kFallible = false;
  using Value = R;
};
template <class R, class E>
  requires std::is_constructible_v<Error, E>
struct HostReturned<std::expected<R, E>> : Returned<R> {
  static constexpr bool kFallible = true;
  using Value = R;
};

/// Small values are passed by value, references of a store by reference.
template <class T>
using Param = std::conditional_t<std::is_trivially_copyable_v<T>, T, const T&>;

// The signature of something that can be called
// ----------------------------------------------------

template <class R, class... Args>
struct CallSignature {
  using Result = HostReturned<R>;
  using Params = Values<std::decay_t<Args>...>;
  static constexpr bool kTakesCaller = false;
  static constexpr bool kValid = (WasmValue<std::decay_t<Args>> && ...) && Result::kValid;

  template <class F, class C>
  static R call(F& function, const C*, StoreRef store, const wasmtime_val_raw_t* raw) {
    return [&]<size_t... I>(std::index_sequence<I...>) -> R {
      return function(WasmType<std::decay_t<Args>>::load(store, raw[I])...);
    }(std::index_sequence_for<Args...>());
  }
};
template <class R, class First, class... Args>
  requires std::same_as<std::remove_cvref_t<First>, Caller>
struct CallSignature<R, First, Args...> : CallSignature<R, Args...> {
  static constexpr bool kTakesCaller = true;

  template <class F, class C>
  static R call(F& function, const C* caller, StoreRef store, const wasmtime_val_raw_t* raw) {
    return [&]<size_t... I>(std::index_sequence<I...>) -> R {
      C copy = *caller;
      return function(static_cast<First>(copy),
                      WasmType<std::decay_t<Args>>::load(store, raw[I])...);
    }(std::index_sequence_for<Args...>());
  }
};

template <class F>
struct SignatureOf {};
template <class R, class... Args>
struct SignatureOf<R (*)(Args...)> : CallSignature<R, Args...> {};
template <class R, class... Args>
struct SignatureOf<R (*)(Args...) noexcept> : CallSignature<R, Args...> {};
template <class R, class C, class... Args>
struct SignatureOf<R (C::*)(Args...)> : CallSignature<R, Args...> {};
template <class R, class C, class... Args>
struct SignatureOf<R (C::*)(Args...) const> : CallSignature<R, Args...> {};
template <class R, class C, class... Args>
struct SignatureOf<R (C::*)(Args...) noexcept> : CallSignature<R, Args...> {};
template <class R, class C, class... Args>
struct SignatureOf<R (C::*)(Args...) const noexcept> : CallSignature<R, Args...> {};

/// Lambdas and other objects with one way to be called.
template <class F>
  requires requires { &F::operator(); }
struct SignatureOf<F> : SignatureOf<decltype(&F::operator())> {};

/// Whether a host function can be made of it.
template <class F>
concept HostCallable = SignatureOf<std::decay_t<F>>::kValid;

}  // namespace detail
}  // namespace v1
}  // namespace wazuka

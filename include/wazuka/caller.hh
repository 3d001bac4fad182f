// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions of the host are lambdas; their signature says what the guest has to import:
//
//     linker.define("env", "add", [](int32_t a, int32_t b) { return a + b; });
//     linker.define("env", "read", [](Caller caller, uint32_t at) -> Result<uint64_t> {
//       auto memory = WAZUKA_OR_RETURN(caller.memory("memory"));
//       return memory.read<uint64_t>(caller, at);
//     });
//
// Parameters are values that guests have, after a `Caller` if there is one. What is returned is
// nothing, such a value, or several in a std::tuple; or any of these in a `std::expected` whose
// error is an `Error`, a `Trap` or a text, which ends the guest's call. So does an exception.
#pragma once

#include <exception>
#include <span>
#include <string_view>
#include <type_traits>
#include <utility>
#include <wazuka/extern.hh>

namespace wazuka {
inline namespace v1 {

/// Who called a host function: a reference to the store, and what the calling instance exports.
/// Lives as long as the call.
class Caller : public StoreRef {
 public:
  /// What the calling instance exports under this name.
  [[nodiscard]] Result<Extern> get(std::string_view name) const;
  /// The same, if it is a memory.
  [[nodiscard]] Result<Memory> memory(std::string_view name) const;
  /// The same, if it is a function.
  [[nodiscard]] Result<Func> func(std::string_view name) const;
  /// The same with its signature checked.
  template <class Signature>
  [[nodiscard]] Result<TypedFunc<Signature>> func(std::string_view name) const {
    auto found = func(name);
    if (!found) return std::unexpected(std::move(found).error());
    return found->template typed<Signature>(*this);
  }

  /// From the C API.
  static Caller from(wasmtime_caller_t* caller) { return Caller(caller); }

 private:
  explicit Caller(wasmtime_caller_t* caller)
      : StoreRef(wasmtime_caller_context(caller)), caller_(caller) {}

  wasmtime_caller_t* caller_;
};

// Host functions ----------------------------------------------------------------------------------

namespace detail {

/// Runs what the host has written. Exceptions must not go through the guest: they end its call.
template <class Body>
wasm_trap_t* guarded(Body body) noexcept {
#ifdef __cpp_exceptions
  try {
    return body();
  } catch (const std::exception& e) {
    return Trap(std::string_view(e.what())).release();
  } catch (...) {
    return Trap("a host function has thrown an exception").release();
  }
#else
  return body();
#endif
}

/// What a callback returns to end the guest's call; never null, which would mean success.
[[gnu::cold, gnu::noinline]] inline wasm_trap_t* end_call(Error error) {
  if (wasm_trap_t* const trap = std::move(error).into_trap().release()) return trap;
  return Trap("a host function has failed with an error that was moved from").release();
}

template <class F>
bool is_null(const F& function) {
  if constexpr (std::is_pointer_v<std::decay_t<F>>) {
    const std::decay_t<F> pointer = function;
    return pointer == nullptr;
  } else {
    return false;
  }
}

/// A host function as the C library has it: a callback, and what it is called with.
struct HostFunction {
  wasmtime_func_unchecked_callback_t callback = nullptr;
  void* env = nullptr;
  void (*finalizer)(void*) = nullptr;
};

template <class F>
struct Trampoline {
  using Signature = SignatureOf<F>;
  using Returns = typename Signature::Result;
  using Value = typename Returns::Value;
  /// Lambdas without captures are made where they are called.
  static constexpr bool kStateless = std::is_empty_v<F> &&
                                     std::is_trivially_default_constructible_v<F> &&
                                     std::is_trivially_destructible_v<F>;

  static wasm_trap_t* callback(void* env, wasmtime_caller_t* c, wasmtime_val_raw_t* raw,
                               size_t) noexcept {
    return guarded([&]() -> wasm_trap_t* {
      if constexpr (kStateless) {
        F function;
        return run(function, c, raw);
      } else {
        return run(*static_cast<F*>(env), c, raw);
      }
    });
  }

  static wasm_trap_t* run(F& function, wasmtime_caller_t* c, wasmtime_val_raw_t* raw) {
    if constexpr (Signature::kTakesCaller) {
      const Caller caller = Caller::from(c);
      return run(function, &caller, caller, raw);
    } else if constexpr (Signature::Params::kHasReferences || Returns::kHasReferences) {
      return run(function, static_cast<const Caller*>(nullptr),
                 StoreRef::from(wasmtime_caller_context(c)), raw);
    } else {
      return run(function, static_cast<const Caller*>(nullptr), StoreRef(), raw);
    }
  }

  static wasm_trap_t* run(F& function, const Caller* caller, StoreRef store,
                          wasmtime_val_raw_t* raw) {
    if constexpr (Returns::kFallible) {
      auto result = Signature::call(function, caller, store, raw);
      if (!result) [[unlikely]]
        return end_call(Error(std::move(result).error()));
      if constexpr (!std::is_void_v<Value>) return finish(store, raw, *result);
    } else if constexpr (std::is_void_v<Value>) {
      Signature::call(function, caller, store, raw);
    } else {
      return finish(store, raw, Signature::call(function, caller, store, raw));
    }
    return nullptr;
  }

  template <class T>
  static wasm_trap_t* finish(StoreRef store, wasmtime_val_raw_t* raw, const T& value) {
    if constexpr (Returns::kHasReferences) {
      if (!Returns::usable(store, value)) {
        return Trap("a host function has returned an object of another store").release();
      }
    }
    Returns::save(store, raw, value);
    return nullptr;
  }
};

template <class F>
HostFunction host_function(F&& function) {
  using Kept = std::decay_t<F>;
  HostFunction out;
  out.callback = Trampoline<Kept>::callback;
  if constexpr (!Trampoline<Kept>::kStateless) {
    out.env = new Kept(std::forward<F>(function));
    out.finalizer = [](void* env) { delete static_cast<Kept*>(env); };
  }
  return out;
}

/// The signature of a host function.
template <class F>
Result<OwnedFuncType> signature_of() {
  using Signature = SignatureOf<std::decay_t<F>>;
  return from_signature(Signature::Params::kTypes, Signature::Result::kTypes);
}

/// The same for functions whose signature is known only when the program runs.
template <class F>
wasm_trap_t* dynamic_callback(void* env, wasmtime_caller_t* c, const wasmtime_val_t* args,
                              size_t nargs, wasmtime_val_t* results, size_t nresults) noexcept {
  return guarded([&]() -> wasm_trap_t* {
    Result<void> done = (*static_cast<F*>(env))(
        Caller::from(c), std::span<const Val>(reinterpret_cast<const Val*>(args), nargs),
        std::span<Val>(reinterpret_cast<Val*>(results), nresults));
    if (done) return nullptr;
    return end_call(std::move(done).error());
  });
}

template <class F>
concept DynamicCallable = std::is_invocable_r_v<Result<void>, std::decay_t<F>&, Caller,
                                                std::span<const Val>, std::span<Val>>;

}  // namespace detail

template <detail::HostCallable F>
Result<Func> Func::wrap(StoreRef store, F&& function) {
  if (!store) return detail::moved_from("the store");
  if (detail::is_null(function)) return fail("the host function is null");
  auto type = detail::signature_of<F>();
  if (!type) return std::unexpected(std::move(type).error());
  const detail::HostFunction host = detail::host_function(std::forward<F>(function));
  wasmtime_func_t func;
  wasmtime_func_new_unchecked(store.get(), type->get(), host.callback, host.env, host.finalizer,
                              &func);
  return from(func);
}

template <class F>
Result<Func> Func::create(StoreRef store, const FuncType& type, F&& function) {
  static_assert(detail::DynamicCallable<F>,
                "Result<void>(Caller, std::span<const Val> args, std::span<Val> results)");
  using Kept = std::decay_t<F>;
  if (!store) return detail::moved_from("the store");
  auto c_type = detail::from_signature(type.params, type.results);
  if (!c_type) return std::unexpected(std::move(c_type).error());
  wasmtime_func_t func;
  wasmtime_func_new(
      store.get(), c_type->get(), detail::dynamic_callback<Kept>,
      new Kept(std::forward<F>(function)), [](void* env) { delete static_cast<Kept*>(env); },
      &func);
  return from(func);
}

// -------------------------------------------------------------------------------------------------

inline Result<Extern> Caller::get(std::string_view name) const {
  wasmtime_extern_t item;
  if (!wasmtime_caller_export_get(caller_, name.data(), name.size(), &item)) {
    return detail::no_export(name);
  }
  return Extern::adopt(item);
}
inline Result<Memory> Caller::memory(std::string_view name) const {
  return detail::as<Memory>(get(name), name);
}
inline Result<Func> Caller::func(std::string_view name) const {
  return detail::as<Func>(get(name), name);
}

}  // namespace v1
}  // namespace wazuka

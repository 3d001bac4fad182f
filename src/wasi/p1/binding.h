// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From an ordinary typed C++ function to a HostFunction: the wasm signature and the unpacking of
// the raw arguments are both derived from the C++ parameter types, so they cannot disagree; the
// signature written in a functions.def table is checked against the derived one at compile time.
#pragma once

#include <array>
#include <string_view>
#include <tuple>
#include <utility>

#include "wasi/context.h"
#include "wasi/p1/types.h"

namespace wazuka::wasi {

/// What a host function without result returns (proc_exit).
struct [[nodiscard]] NoReturn {
  Outcome outcome;
};

template <auto kFunction>
struct Binding;

template <class Returned, class... Parameters,
          Returned (*kFunction)(Context&, GuestMemory, Parameters...)>
struct Binding<kFunction> {
  static constexpr bool kReturns = std::is_same_v<Returned, Outcome>;

  static Outcome call(Context& context, GuestMemory memory, const u64* arguments) {
    return call_with(context, memory, arguments, std::index_sequence_for<Parameters...>());
  }

  static constexpr bool has_signature(std::string_view signature) {
    constexpr std::array<char, sizeof...(Parameters) + 1> kLetters = {
        Argument<Parameters>::kLetter..., ':'};
    size_t parameters = kLetters.size();
    return signature.size() == parameters + (kReturns ? 1 : 0) &&
           signature.substr(0, parameters) == std::string_view(kLetters.data(), parameters) &&
           signature.substr(parameters) == (kReturns ? "i" : "");
  }

 private:
  template <size_t... kIndex>
  static Outcome call_with(Context& context, GuestMemory memory,
                           [[maybe_unused]] const u64* arguments, std::index_sequence<kIndex...>) {
    std::tuple<Checked<Parameters>...> converted{Argument<Parameters>::from(arguments[kIndex])...};
    Outcome error;
    // The first argument that is wrong decides.
    bool valid = ((std::get<kIndex>(converted).has_value() ||
                   (error = std::get<kIndex>(converted).error(), false)) &&
                  ...);
    if (!valid) return error;
    if constexpr (kReturns) {
      return kFunction(context, memory, *std::get<kIndex>(converted)...);
    } else {
      return kFunction(context, memory, *std::get<kIndex>(converted)...).outcome;
    }
  }
};

}  // namespace wazuka::wasi

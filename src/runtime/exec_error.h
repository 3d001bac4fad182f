// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Why an execution (a call, an instantiation) did not end normally: a trap, an exit that the guest
// asked for, an error of a host function, or an error before any code ran. It is an Error for
// printing plus the root cause for whoever decides about exit codes.
#pragma once

#include <expected>
#include <optional>
#include <string>
#include <utility>

#include "abi/trap.h"
#include "base/error.h"

namespace wazuka {

struct [[nodiscard]] ExecError {
  Error error;
  std::optional<TrapCode> trap;     // the root cause is this trap
  std::optional<u32> exit_code;     // the root cause is the guest's wish to exit
  bool has_backtrace = false;       // the wasm frames are in the chain already
  bool uncaught_exception = false;  // VMStoreContext::exception

  ExecError() = default;
  ExecError(Error e) : error(std::move(e)) {}  // implicit: WAZUKA_TRY turns an Error into one
  static ExecError of_trap(TrapCode code);
  static ExecError of_exit(u32 code);
  static ExecError of_exception();

  ExecError context(std::string outer) && {
    error = std::move(error).context(std::move(outer));
    return std::move(*this);
  }
};

template <class T>
using ExecResult = std::expected<T, ExecError>;

}  // namespace wazuka

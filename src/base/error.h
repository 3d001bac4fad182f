// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors are values: `Result<T>` carries either a T or an Error. An Error is a chain of messages,
// outermost first, as the command prints it ("Error: …", then "Caused by:"); bytes-related errors
// also carry the offset into the wasm binary, and text errors the line and column. Errors are built
// on cold paths only; hot loops (the body decoder) keep a single "first error" and turn it into an
// Error at the end.
#pragma once

#include <expected>
#include <string>
#include <utility>
#include <vector>

#include "base/ints.h"

namespace wazuka {

struct [[nodiscard]] Error {
  static constexpr u64 kNoOffset = ~u64{0};

  std::string message;              // what went wrong, without a trailing newline
  u64 offset = kNoOffset;           // byte offset in the wasm binary (or in the text), if known
  std::vector<std::string> causes;  // inner messages: outermost cause first

  /// Wraps this error in an outer message: the current message becomes the first cause.
  Error context(std::string outer) && {
    causes.insert(causes.begin(), std::move(message));
    message = std::move(outer);
    return std::move(*this);
  }
};

template <class T>
using Result = std::expected<T, Error>;

/// Builds the unexpected value of a Result: `return fail("unknown type", offset);`
[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> fail(std::string message,
                                                                u64 offset = Error::kNoOffset) {
  return std::unexpected(Error{std::move(message), offset, {}});
}

/// The same with one inner message.
[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> fail_with_cause(std::string message,
                                                                           std::string cause) {
  return std::unexpected(Error{std::move(message), Error::kNoOffset, {std::move(cause)}});
}

/// Returns the error of a Result from the enclosing function; evaluates to nothing otherwise.
#define WAZUKA_TRY(expr)                                                                  \
  do {                                                                                    \
    auto&& wazuka_try_result = (expr);                                                    \
    if (!wazuka_try_result) return std::unexpected(std::move(wazuka_try_result).error()); \
  } while (0)

}  // namespace wazuka

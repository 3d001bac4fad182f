// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How a host call ended: with an errno for the guest, with proc_exit, or with a trap. Bad pointers
// trap, as the WASI convention asks ("an out-of-bounds pointer … shall trap") and as Wasmtime does;
// the fault is kept as numbers, and its text is made only when somebody prints it.
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "base/ints.h"
#include "wasi/core/errno.h"

namespace wazuka::wasi {

/// What was wrong with a guest's argument.
enum class GuestFault : u8 {
  kNone,
  kPointerOverflow,  // address + offset does not fit 32 bits
  kOutOfBounds,
  kNotAligned,
  kInvalidFlag,  // a flag that the type does not have
  kInvalidCase,  // a number that the enum does not have
  kTooLarge,     // an integer above its type's range
  kNegative,     // an integer below its type's range
  kUnsupported,  // the function exists but cannot work (snapshot 0 sockets)
};

struct [[nodiscard]] Outcome {
  enum class Kind : u8 { kErrno, kExit, kTrap };

  Kind kind = Kind::kErrno;
  GuestFault fault = GuestFault::kNone;  // kTrap only
  Errno error = Errno::kSuccess;         // kErrno only: what the function returns to the guest
  u32 exit_code = 0;                     // kExit only: as the guest gave it, not range-checked
  u32 start = 0;                         // kTrap: the region that faulted, and the wanted alignment
  u32 length = 0;
  u32 alignment = 0;
  /// kTrap: the witx type of the argument being converted or the result being written; null if the
  /// fault happened elsewhere.
  const char* type_name = nullptr;

  Outcome() = default;
  Outcome(Errno e) : error(e) {}  // implicit: `return Errno::kBadf;`

  static Outcome exit(u32 code) {
    Outcome o;
    o.kind = Kind::kExit;
    o.exit_code = code;
    return o;
  }
  static Outcome trap(GuestFault fault, u32 start = 0, u32 length = 0, u32 alignment = 0) {
    Outcome o;
    o.kind = Kind::kTrap;
    o.fault = fault;
    o.start = start;
    o.length = length;
    o.alignment = alignment;
    return o;
  }

  bool is_success() const { return kind == Kind::kErrno && error == Errno::kSuccess; }
};

/// A value, or the outcome to return at once.
template <class T>
using Checked = std::expected<T, Outcome>;

/// The messages of a trap in Wasmtime's words, outermost first (one or two entries).
std::vector<std::string> trap_messages(const Outcome& outcome, std::string_view module,
                                       std::string_view function);

/// `return` the error of a Checked<…> or WasiResult<…> as an Outcome; otherwise go on.
#define WASI_TRY(expr)                                             \
  do {                                                             \
    auto&& wasi_try_result = (expr);                               \
    if (!wasi_try_result) return Outcome(wasi_try_result.error()); \
  } while (0)

#define WASI_CONCAT_(a, b) a##b
#define WASI_CONCAT(a, b) WASI_CONCAT_(a, b)
/// `WASI_ASSIGN(auto fd, table.get(x));`: binds the value or returns the error as an Outcome.
#define WASI_ASSIGN(declaration, expr)                          \
  auto WASI_CONCAT(wasi_value_, __LINE__) = (expr);             \
  if (!WASI_CONCAT(wasi_value_, __LINE__))                      \
    return Outcome(WASI_CONCAT(wasi_value_, __LINE__).error()); \
  declaration = *std::move(WASI_CONCAT(wasi_value_, __LINE__))

}  // namespace wazuka::wasi

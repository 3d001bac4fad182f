// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Errors are values: whatever can fail returns a `Result<T>`, which is `std::expected<T, Error>`.
// Nothing here throws. An `Error` may be a trap of the guest, the guest's wish to exit, or anything
// else that went wrong; `message()` is always what a person reads.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>
#include <wazuka/detail/owned.hh>

#ifndef __cpp_lib_expected
#error "wazuka needs std::expected: compile as C++23 with libstdc++ 12, libc++ 16, or newer"
#endif

namespace wazuka {
inline namespace v1 {

/// Why code of a guest stopped.
enum class TrapCode : uint8_t {
  kStackOverflow = WASMTIME_TRAP_CODE_STACK_OVERFLOW,
  kMemoryOutOfBounds = WASMTIME_TRAP_CODE_MEMORY_OUT_OF_BOUNDS,
  kHeapMisaligned = WASMTIME_TRAP_CODE_HEAP_MISALIGNED,
  kTableOutOfBounds = WASMTIME_TRAP_CODE_TABLE_OUT_OF_BOUNDS,
  kIndirectCallToNull = WASMTIME_TRAP_CODE_INDIRECT_CALL_TO_NULL,
  kBadSignature = WASMTIME_TRAP_CODE_BAD_SIGNATURE,
  kIntegerOverflow = WASMTIME_TRAP_CODE_INTEGER_OVERFLOW,
  kIntegerDivisionByZero = WASMTIME_TRAP_CODE_INTEGER_DIVISION_BY_ZERO,
  kBadConversionToInteger = WASMTIME_TRAP_CODE_BAD_CONVERSION_TO_INTEGER,
  kUnreachable = WASMTIME_TRAP_CODE_UNREACHABLE_CODE_REACHED,
  kInterrupt = WASMTIME_TRAP_CODE_INTERRUPT,
  kOutOfFuel = WASMTIME_TRAP_CODE_OUT_OF_FUEL,
  kAtomicWaitNonSharedMemory = WASMTIME_TRAP_CODE_ATOMIC_WAIT_NON_SHARED_MEMORY,
  kNullReference = WASMTIME_TRAP_CODE_NULL_REFERENCE,
  kArrayOutOfBounds = WASMTIME_TRAP_CODE_ARRAY_OUT_OF_BOUNDS,
  kAllocationTooLarge = WASMTIME_TRAP_CODE_ALLOCATION_TOO_LARGE,
  kCastFailure = WASMTIME_TRAP_CODE_CAST_FAILURE,
  kUnhandledTag = WASMTIME_TRAP_CODE_UNHANDLED_TAG,
  kContinuationAlreadyConsumed = WASMTIME_TRAP_CODE_CONTINUATION_ALREADY_CONSUMED,
  kUncaughtException = WASMTIME_TRAP_CODE_UNCAUGHT_EXCEPTION,
};

/// One call on the guest's stack.
struct Frame {
  uint32_t func_index = 0;
  std::optional<size_t> func_offset;    // of the instruction, from the function's start
  std::optional<size_t> module_offset;  // of the instruction, from the module's start
  std::string func_name, module_name;   // empty if the module does not say
};

namespace detail {

inline std::vector<Frame> take_frames(wasm_frame_vec_t& frames) {
  constexpr size_t kUnknown = ~size_t{0};
  std::vector<Frame> out;
  out.reserve(frames.size);
  for (size_t i = 0; i < frames.size; ++i) {
    const wasm_frame_t* const frame = frames.data[i];
    Frame& f = out.emplace_back();
    f.func_index = wasm_frame_func_index(frame);
    if (const size_t at = wasm_frame_func_offset(frame); at != kUnknown) f.func_offset = at;
    if (const size_t at = wasm_frame_module_offset(frame); at != kUnknown) f.module_offset = at;
    f.func_name = view(wasmtime_frame_func_name(frame));
    f.module_name = view(wasmtime_frame_module_name(frame));
  }
  wasm_frame_vec_delete(&frames);
  return out;
}

}  // namespace detail

/// What stops a guest: host functions return it, calls of guests end with it (as an `Error`).
class [[nodiscard]] Trap {
 public:
  /// A trap of the host's own, with a message.
  explicit Trap(std::string_view message)
      : trap_(wasmtime_trap_new(message.data(), message.size())) {}
  /// The trap that an instruction would have been.
  explicit Trap(TrapCode code) : trap_(of_code(code)) {}

  /// What happened, with the backtrace; empty after a move.
  std::string message() const {
    if (trap_ == nullptr) return {};
    wasm_message_t text;
    wasm_trap_message(trap_.get(), &text);
    std::string out = detail::take_text(text);
    out.pop_back();  // the NUL
    return out;
  }
  /// The same in one line: the innermost message alone.
  std::string reason() const {
    if (trap_ == nullptr) return {};
    wasm_name_t text;
    wazuka_trap_reason(trap_.get(), &text);
    return detail::take_text(text);
  }
  /// Which trap it is; nothing for those with a message of the host.
  std::optional<TrapCode> code() const {
    wasmtime_trap_code_t code = 0;
    if (trap_ == nullptr || !wasmtime_trap_code(trap_.get(), &code)) return std::nullopt;
    return static_cast<TrapCode>(code);
  }
  /// The guest's calls when it happened, innermost first.
  std::vector<Frame> backtrace() const {
    if (trap_ == nullptr) return {};
    wasm_frame_vec_t frames;
    wasm_trap_trace(trap_.get(), &frames);
    return detail::take_frames(frames);
  }

  /// From and to the C API; with ownership.
  static Trap adopt(wasm_trap_t* trap) { return Trap(trap); }
  wasm_trap_t* release() && { return trap_.release(); }

 private:
  explicit Trap(wasm_trap_t* trap) : trap_(trap) {}
  static wasm_trap_t* of_code(TrapCode code) {
    constexpr uint8_t kLast = WASMTIME_TRAP_LIFT_DROPPED_STREAM;
    const auto number = static_cast<uint8_t>(code);
    if (number <= kLast) return wasmtime_trap_new_code(number);
    constexpr std::string_view kUnknown = "unknown trap code";
    return wasmtime_trap_new(kUnknown.data(), kUnknown.size());
  }
  friend class Error;

  detail::Owned<wasm_trap_t, wasm_trap_delete> trap_;
};

/// Why something failed. Move-only.
class [[nodiscard]] Error {
 public:
  /// An error of the host's own, with a message.
  explicit Error(std::string_view message)
      : error_(wasmtime_error_new(std::string(message).c_str())) {}
  /// A trap is an error.
  Error(Trap trap) : trap_(std::move(trap)) {}  // NOLINT(google-explicit-constructor)

  /// What a person reads: what happened, why, and where in the guest. Empty after a move.
  std::string message() const {
    if (error_ == nullptr) return trap_.message();
    wasm_name_t text;
    wasmtime_error_message(error_.get(), &text);
    return detail::take_text(text);
  }
  /// The same in one line: the innermost message alone.
  std::string reason() const {
    if (error_ == nullptr) return trap_.reason();
    wasm_name_t text;
    wazuka_error_reason(error_.get(), &text);
    return detail::take_text(text);
  }
  /// Whether the guest trapped or threw an exception that nobody caught.
  bool is_trap() const { return trap_.trap_ != nullptr; }
  /// Which trap it was, if it was one.
  std::optional<TrapCode> trap_code() const { return trap_.code(); }
  /// The status that the guest wanted its process to end with (`proc_exit`), if it did; 0 is one.
  std::optional<int> exit_status() const {
    int status = 0;
    if (error_ == nullptr || !wasmtime_error_exit_status(error_.get(), &status))
      return std::nullopt;
    return status;
  }
  /// The guest's calls when it happened, innermost first.
  std::vector<Frame> backtrace() const {
    if (error_ == nullptr) return trap_.backtrace();
    wasm_frame_vec_t frames;
    wasmtime_error_wasm_trace(error_.get(), &frames);
    return detail::take_frames(frames);
  }

  /// What a host function ends with so that its caller gets this error, exit status and backtrace
  /// included.
  Trap into_trap() && {
    if (error_ != nullptr) return Trap::adopt(wazuka_error_into_trap(error_.release()));
    return std::move(trap_);
  }
  /// From the C API; with ownership. One of both is there.
  static Error adopt(wasmtime_error_t* error, wasm_trap_t* trap = nullptr) {
    return Error(error, trap);
  }

 private:
  Error(wasmtime_error_t* error, wasm_trap_t* trap) : error_(error), trap_(trap) {}

  detail::Owned<wasmtime_error_t, wasmtime_error_delete> error_;
  Trap trap_{static_cast<wasm_trap_t*>(nullptr)};
};

/// A T, or why there is none.
template <class T>
using Result = std::expected<T, Error>;

/// The unexpected value of a `Result`: `return wazuka::fail("no such user");`
[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> fail(std::string_view message) {
  return std::unexpected(Error(message));
}

namespace detail {

/// The result of a function of the C library.
inline Result<void> done(wasmtime_error_t* error) {
  if (error == nullptr) [[likely]]
    return {};
  return std::unexpected(Error::adopt(error));
}

[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> failed(wasmtime_error_t* error,
                                                                  wasm_trap_t* trap = nullptr) {
  return std::unexpected(Error::adopt(error, trap));
}

[[gnu::cold, gnu::noinline]] inline std::unexpected<Error> moved_from(std::string_view what) {
  return fail(std::string(what) + " is empty: it has been moved from, or was never made");
}

template <class T>
T take(Result<T>&& result) {
  return *std::move(result);
}
template <>
inline void take(Result<void>&&) {}

}  // namespace detail

/// The value of a `Result`; if there is none, the enclosing function returns its error:
/// `auto module = WAZUKA_OR_RETURN(Module::from_file(engine, path));`
#define WAZUKA_OR_RETURN(expression)                             \
  __extension__({                                                \
    auto wazuka_result_ = (expression);                          \
    if (!wazuka_result_) [[unlikely]]                            \
      return std::unexpected(std::move(wazuka_result_).error()); \
    ::wazuka::detail::take(std::move(wazuka_result_));           \
  })

}  // namespace v1
}  // namespace wazuka

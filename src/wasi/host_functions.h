// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host functions of the WASI modules "wasi_snapshot_preview1" and "wasi_unstable", as a runtime
// links them: a name, a wasm signature, and a C++ function over an abstract guest memory.
#pragma once

#include <mutex>
#include <span>
#include <string_view>

#include "base/ints.h"
#include "wasi/context.h"
#include "wasi/guest_memory.h"
#include "wasi/outcome.h"

namespace wazuka::wasi {

struct HostFunction {
  std::string_view module;
  std::string_view name;
  /// Parameters, ':', results: 'i' is i32, 'I' is i64. E.g. "iIIi:i".
  const char* signature;
  /// Types and names of parameters and results, for logging (p1/functions.def).
  const char* parameters;
  /// `arguments` holds one u64 per parameter, an i32 zero-extended.
  Outcome (*call)(Context& context, GuestMemory memory, const u64* arguments);
};

std::span<const HostFunction> preview1_functions();
std::span<const HostFunction> preview0_functions();

/// Null if there is no such module or function.
const HostFunction* find_host_function(std::string_view module, std::string_view name);

/// Calls a host function and reports the call to the context's tracer.
inline Outcome invoke(const HostFunction& function, Context& context, GuestMemory memory,
                      const u64* arguments) {
  std::unique_lock<std::mutex> lock(context.call_lock, std::defer_lock);
  if (context.threaded) lock.lock();
  const Tracer& tracer = context.tracer;
  if (tracer.on_enter != nullptr) tracer.on_enter(tracer.user, {function, arguments, memory});
  Outcome outcome = function.call(context, memory, arguments);
  if (tracer.on_exit != nullptr) {
    tracer.on_exit(tracer.user, {function, arguments, memory}, outcome);
  }
  return outcome;
}

/// The trap of a call from an instance that exports no memory named "memory".
inline constexpr std::string_view kMissingMemoryMessage = "missing required memory export";

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arguments, environment, clocks, randomness and the process itself.
#include <algorithm>
#include <sched.h>

#include "wasi/p1/functions.h"
#include "wasi/p1/records.h"

namespace wazuka::wasi::p1 {
namespace {

/// Writes NUL-terminated strings to `buffer` and their addresses to `pointers`.
Outcome write_strings(GuestMemory memory, const std::vector<std::string>& strings,
                      GuestPtr pointers, GuestPtr buffer) {
  for (const std::string& text : strings) {
    WASI_TRY(memory.store<u32>(pointers, static_cast<u32>(buffer)));
    WASI_ASSIGN(pointers, GuestMemory::add(pointers, sizeof(u32)));
    std::span<const u8> bytes(reinterpret_cast<const u8*>(text.data()), text.size());
    WASI_TRY(memory.write(buffer, bytes));
    WASI_ASSIGN(buffer, GuestMemory::add(buffer, bytes.size()));
    WASI_TRY(memory.store<u8>(buffer, 0));
    WASI_ASSIGN(buffer, GuestMemory::add(buffer, 1));
  }
  return Errno::kSuccess;
}

Outcome write_sizes(GuestMemory memory, const std::vector<std::string>& strings, GuestPtr count,
                    GuestPtr size) {
  u64 total = 0;
  for (const std::string& text : strings) total += text.size() + 1;
  if (total > ~u32{0} || strings.size() > ~u32{0}) return Errno::kOverflow;
  // Several results are stored last first, as Wasmtime does: it shows where they overlap.
  Outcome last = write_result<u32>(memory, size, "size", static_cast<u32>(total));
  if (!last.is_success()) return last;
  return write_result<u32>(memory, count, "size", static_cast<u32>(strings.size()));
}

}  // namespace

Outcome args_get(Context& context, GuestMemory memory, GuestPtr argv, GuestPtr argv_buf) {
  return write_strings(memory, context.arguments, argv, argv_buf);
}

Outcome args_sizes_get(Context& context, GuestMemory memory, GuestPtr argc,
                       GuestPtr argv_buf_size) {
  return write_sizes(memory, context.arguments, argc, argv_buf_size);
}

Outcome environ_get(Context& context, GuestMemory memory, GuestPtr environ, GuestPtr environ_buf) {
  return write_strings(memory, context.environment, environ, environ_buf);
}

Outcome environ_sizes_get(Context& context, GuestMemory memory, GuestPtr count, GuestPtr buf_size) {
  return write_sizes(memory, context.environment, count, buf_size);
}

Outcome clock_res_get(Context& context, GuestMemory memory, ClockCase id, GuestPtr resolution) {
  switch (id.value) {
    case ClockId::kRealtime:
      return write_result<u64>(memory, resolution, "timestamp",
                               context.clocks.realtime_resolution());
    case ClockId::kMonotonic:
      return write_result<u64>(memory, resolution, "timestamp",
                               context.clocks.monotonic_resolution());
    case ClockId::kProcessCputime:
    case ClockId::kThreadCputime: break;
  }
  return Errno::kBadf;  // as Wasmtime: a guest has no processor time of its own
}

Outcome clock_time_get(Context& context, GuestMemory memory, ClockCase id, u64 /*precision*/,
                       GuestPtr time) {
  switch (id.value) {
    case ClockId::kRealtime:
      return write_result<u64>(memory, time, "timestamp", context.clocks.realtime_now());
    case ClockId::kMonotonic:
      return write_result<u64>(memory, time, "timestamp", context.clocks.monotonic_now());
    case ClockId::kProcessCputime:
    case ClockId::kThreadCputime: break;
  }
  return Errno::kBadf;
}

NoReturn proc_exit(Context& /*context*/, GuestMemory /*memory*/, u32 rval) {
  return {Outcome::exit(rval)};
}

Outcome proc_raise(Context& /*context*/, GuestMemory /*memory*/, SignalCase /*sig*/) {
  return Errno::kNotsup;
}

Outcome sched_yield(Context& context, GuestMemory /*memory*/) {
  Unlocked others(context);
  ::sched_yield();
  return Errno::kSuccess;
}

Outcome random_get(Context& context, GuestMemory memory, GuestPtr buf, u32 buf_len) {
  if (buf_len == 0) return Errno::kSuccess;
  // Straight into guest memory: no host buffer whose size the guest could choose.
  WASI_ASSIGN(std::span<u8> bytes, memory.bytes(buf, buf_len));
  WASI_TRY(context.random.fill(bytes));
  return Errno::kSuccess;
}

}  // namespace wazuka::wasi::p1

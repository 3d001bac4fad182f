// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Waiting for the first of several events: timers, and host descriptors that may block.
#pragma once

#include <span>

#include "base/ints.h"
#include "wasi/core/clocks.h"
#include "wasi/core/errno.h"

namespace wazuka::wasi {

struct PollItem {
  enum class Kind : u8 {
    kTimer,   // ready once the monotonic clock reaches `deadline`
    kHost,    // ready once poll(2) reports `events` (or an error) on `fd`
    kAlways,  // regular files and output streams never wait
  };
  Kind kind = Kind::kAlways;
  bool ready = false;   // out
  bool hangup = false;  // out: kHost only; the other end is gone
  short events = 0;     // POLLIN or POLLOUT
  int fd = -1;
  u64 deadline = 0;  // nanoseconds of Clocks::monotonic_now
};

/// Blocks until at least one item is ready and marks all that are. `items` must not be empty.
WasiResult<void> wait_for_any(Clocks& clocks, std::span<PollItem> items);

}  // namespace wazuka::wasi

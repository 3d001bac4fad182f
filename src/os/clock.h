// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Host clocks and randomness, in nanoseconds and bytes.
#pragma once

#include <span>

#include "base/ints.h"
#include "os/files.h"

namespace wazuka::os {

enum class HostClock : u8 { kRealtime, kMonotonic };

/// Nanoseconds since the clock's origin (realtime: the Unix epoch).
u64 clock_now(HostClock clock);
/// Nanoseconds between two ticks; at least 1.
u64 clock_resolution(HostClock clock);
/// Sleeps until the monotonic clock reaches `deadline` (nanoseconds), whatever signals arrive.
void sleep_until(u64 deadline);

/// Fills `bytes` from the operating system's generator.
HostResult<void> random_bytes(std::span<u8> bytes);

}  // namespace wazuka::os

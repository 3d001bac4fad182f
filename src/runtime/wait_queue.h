// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// memory.atomic.wait and notify (threads proposal): threads that sleep until another one notifies
// the same address of a shared memory. Waiters are found by host address, which is unique for a
// cell of a shared memory because memories never move.
#pragma once

#include "base/ints.h"

namespace wazuka::wait_queue {

enum class Outcome : u32 { kWoken = 0, kNotEqual = 1, kTimedOut = 2 };

/// Sleeps if *cell == expected. A negative timeout waits for ever.
Outcome wait32(u32* cell, u32 expected, i64 timeout_ns);
Outcome wait64(u64* cell, u64 expected, i64 timeout_ns);

/// Wakes at most `count` waiters of the address, the longest waiting first; how many.
u32 notify(const void* cell, u32 count);

}  // namespace wazuka::wait_queue

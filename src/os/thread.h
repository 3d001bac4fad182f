// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Threads without exceptions: std::thread cannot say that the host has no room for another one.
#pragma once

#include "base/ints.h"

namespace wazuka::os {

/// Runs `body(argument)` on a new thread, which nobody joins. False if the host refuses.
bool start_thread(void (*body)(void*), void* argument);

/// For a thread that only helps: it gets what the others leave of the processor, and no signals of
/// the process.
void become_background_thread();

/// As the kernel and its tools know them. In the child of a fork both are others.
u32 process_id();
u32 thread_id();

}  // namespace wazuka::os

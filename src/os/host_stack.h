// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The stack that the current thread runs on.
#pragma once

#include "base/ints.h"

namespace wazuka::os {

struct StackBounds {
  u8* low = nullptr;  // lowest address that may be used
  u8* high = nullptr;
};

/// Asked once per thread. Empty if unknown. A thread may be running elsewhere (on a stack that the
/// program around us has made).
StackBounds stack_bounds();

/// The thread goes on on another stack (fiber.h): returns the bounds of the one it leaves.
StackBounds exchange_stack_bounds(StackBounds stack);

}  // namespace wazuka::os

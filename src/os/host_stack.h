// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The stack that the host gave the current thread.
#pragma once

#include "base/ints.h"

namespace wazuka::os {

struct StackBounds {
  u8* low = nullptr;  // lowest address that may be used
  u8* high = nullptr;
};

/// Asked once per thread. Empty if unknown. A thread may be running elsewhere (fibers).
StackBounds stack_bounds();

}  // namespace wazuka::os

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The loops around a loop of a body.
#pragma once

#include <vector>

#include "wasm/module.h"

namespace wazuka::opt {

/// From the outermost one to `loop` itself, as their numbers in FuncInfo; empty if there is no such
/// loop.
std::vector<u32> loop_chain(const Module& module, u32 func_index, u32 loop);

}  // namespace wazuka::opt

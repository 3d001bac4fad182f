// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The constructs around a loop of a body.
#pragma once

#include <vector>

#include "wasm/module.h"

namespace wazuka::opt {

struct LoopChain {
  /// From the outermost one to `loop` itself, as their numbers in FuncInfo; empty if there is no
  /// such loop.
  std::vector<u32> loops;
  /// Where all constructs around it begin, and it itself: their opcodes in the module's bytes.
  std::vector<const u8*> constructs;
};
LoopChain loop_chain(const Module& module, u32 func_index, u32 loop);

}  // namespace wazuka::opt

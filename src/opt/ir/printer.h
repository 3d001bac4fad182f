// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Graphs as text, for people, golden tests and the parser (ir/parser.h), which reads it back.
//
//   v1 = iconst.i32[5]              instructions without a place, before the first block
//   block0(v0: i64):
//     v2 = load.i64![memory 0 +8 8 traps] v3, v0      ! traced, operands behind the brackets
//     branch v4, block1(v2), block2
#pragma once

#include <string>

#include "opt/ir/graph.h"

namespace wazuka::opt {

std::string print(const Graph& g);
std::string print(const Graph& g, Value v);

}  // namespace wazuka::opt

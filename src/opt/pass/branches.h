// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Branches whose condition is constant become jumps, jumps to empty blocks lead on, and a block
// that is the only way to another takes it in.
#pragma once

#include "opt/ir/graph.h"

namespace wazuka::opt {

void simplify_branches(Graph& g);

}  // namespace wazuka::opt

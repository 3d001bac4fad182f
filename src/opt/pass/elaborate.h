// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Gives every floating instruction that is used its place, and the graph the shape that the back
// end wants (docs/optimizing.md): this is where loop-invariant code leaves loops, and what only a
// colder block uses goes there.
#pragma once

#include "opt/ir/graph.h"

namespace wazuka::opt {

void elaborate(Graph& g);

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Removes skeleton instructions and block parameters that nobody uses. Floating ones that are not
// used need no removing: elaboration does not see them.
#pragma once

#include "opt/ir/graph.h"

namespace wazuka::opt {

void remove_dead(Graph& g);

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Block parameters that get the same value on all edges (or themselves) are that value.
#pragma once

#include "opt/ir/graph.h"

namespace wazuka::opt {

void remove_trivial_params(Graph& g);

}  // namespace wazuka::opt

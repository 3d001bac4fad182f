// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One walk over the blocks that removes what is known already: loads of what has been loaded or
// stored, checks that cannot fail, conditions that a dominating branch has decided; with better
// operands, the rewrite rules get another chance. Loads that no iteration can change leave loops.
#pragma once

#include "opt/ir/graph.h"
#include "tier/compile_env.h"

namespace wazuka::opt {

void remove_redundancies(const CompileEnv& env, Graph& g);

}  // namespace wazuka::opt

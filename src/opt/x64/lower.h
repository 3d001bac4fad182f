// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From the IR to machine instructions (design: instruction selection walks each block backwards, so
// that an instruction is chosen when all of its users are known; a user takes what it can do itself
// from its operands, and what nobody needs any more is never made).
#pragma once

#include "base/error.h"
#include "opt/ir/graph.h"
#include "opt/x64/mach_function.h"
#include "tier/compile_env.h"

namespace wazuka::opt {

/// The graph is elaborated (docs/optimizing.md). An error names what is not supported.
Result<void> lower(const CompileEnv& env, const Graph& graph, MachFunction& out);

}  // namespace wazuka::opt

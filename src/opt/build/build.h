// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The front of the optimising compiler: body → graph.
#pragma once

#include <optional>

#include "base/error.h"
#include "opt/ir/graph.h"
#include "tier/compile_env.h"

namespace wazuka::opt {

/// Builds the graph of a defined function (index in the function index space) of a validated
/// module. An error means that the function must be left to another tier: it names what is not
/// supported ("unsupported: …"), or which limit was reached. May be called by several threads at
/// once; each keeps its buffers. With a loop (its number in FuncInfo), the graph has no parameters
/// and begins there, in a frame of baseline code (OsrEntry): `home` reads what is in it.
Result<void> build_graph(const CompileEnv& env, u32 func_index, Graph& graph,
                         std::optional<u32> osr_loop = std::nullopt);

}  // namespace wazuka::opt

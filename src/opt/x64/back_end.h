// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The back end: from an elaborated graph (docs/optimizing.md) to code.
#pragma once

#include <string_view>

#include "abi/code_object.h"
#include "base/error.h"
#include "opt/ir/graph.h"
#include "tier/compile_env.h"

namespace wazuka::opt {

/// The outermost message of an error that the compiler has found in its own work.
inline constexpr std::string_view kMistake = "a mistake of the optimising compiler";

/// Pure. What it does not support is an error that names it.
Result<CompiledCode> compile_graph(const CompileEnv& env, const Graph& graph);

}  // namespace wazuka::opt

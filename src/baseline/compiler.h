// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The baseline compiler: one pass over a body, straight to machine code for x86-64.
#pragma once

#include "abi/code_object.h"
#include "base/error.h"
#include "tier/compile_env.h"

namespace wazuka::baseline {

/// Compiles a defined function (index in the function index space) of a validated module. An error
/// means that the function is to be interpreted: it names what is not supported, or which limit
/// was reached. May be called by several threads at once; each keeps its buffers.
Result<CompiledCode> compile(const CompileEnv& env, u32 func_index);

}  // namespace wazuka::baseline

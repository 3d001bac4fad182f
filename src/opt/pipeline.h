// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The optimising compiler as a whole (docs/optimizing.md).
#pragma once

#include "abi/code_object.h"
#include "base/error.h"
#include "tier/compiler.h"

namespace wazuka::opt {

/// Compiles one defined function of a validated module; a CompileFunction (tier/compiler.h). What
/// it does not support is an error that names it.
Result<CompiledCode> compile(const CompileEnv& env, u32 func_index);

/// Likewise, or what is left of a call that is in a loop; an OptimizeFunction.
Result<CompiledCode> optimize(const CompileEnv& env, u32 func_index, const OsrEntry* osr);

/// Whether an error is not about what is supported, but about a mistake that the compiler has found
/// in its own work (CompileEnv::check).
bool is_mistake(const Error& error);

}  // namespace wazuka::opt

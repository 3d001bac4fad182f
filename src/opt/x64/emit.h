// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From allocated machine instructions to code with its tables.
#pragma once

#include "base/error.h"
#include "opt/x64/mach_function.h"
#include "tier/compile_env.h"

namespace wazuka::opt {

Result<CompiledCode> emit(const CompileEnv& env, const MachFunction& f,
                          const regalloc::Output& allocation);

}  // namespace wazuka::opt

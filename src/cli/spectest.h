// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host module "spectest" that the specification's scripts import, and the module "wasmtime" of
// Wasmtime's own scripts.
#pragma once

#include "runtime/linker.h"

namespace wazuka::cli {

Result<void> define_spectest(Linker& linker);
Result<void> define_wasmtime_builtins(Linker& linker);

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bodies of abi/builtins.def: what code of every tier calls in the runtime.
#pragma once

#include "abi/vm.h"

namespace wazuka {

const VMBuiltins& vm_builtins();

}  // namespace wazuka

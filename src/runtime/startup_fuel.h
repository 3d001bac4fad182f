// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What instantiating a module costs in fuel, as Wasmtime counts it: there the parts that are not
// known beforehand are a function, which pays for its instructions and its bulk work like any
// other.
#pragma once

#include "base/ints.h"
#include "wasm/module.h"

namespace wazuka {

struct StartupFuel {
  u64 total = 0;
  u64 checked = 0;  // of it, what is paid when the counter is looked at for the last time
};

/// Without the start function itself, but with the call of it.
StartupFuel startup_fuel(const Module& module);

}  // namespace wazuka

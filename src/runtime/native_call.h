// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Machine code and the rest of the runtime: calls into it, its calls of the host and of interpreted
// functions, and where it goes on after traps and exceptions.
#pragma once

#include "abi/vm.h"
#include "tier/thunks.h"

namespace wazuka {

/// The process's thunks with the runtime behind them; null if the host allows no machine code.
Thunks* native_thunks();

/// Calls any function of an engine with machine code; VMStoreContext::call_native.
TrapOr call_native(VMStoreContext* store, const VMFuncRef* func, Cell* cells);

/// What FuncCode::native is for functions of this type that have no machine code.
const u8* native_leave(Thunks& thunks, const FuncType& type);

/// For trap_signals.
bool is_guest_address(VMContext* vm, u64 address);

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Faults of machine code as traps. An instruction with a TrapSite that faults (or is `ud2`) leads
// to the raise thunk; every other fault belongs to the program around us and goes to the handler
// that was there before ours, or to the default action.
//
// The handler allocates nothing, takes no lock, and touches only what the faulting thread is using:
// the tables of the function it was in, and the context in that function's frame.
#pragma once

#include "abi/vm.h"

namespace wazuka {

/// Whether a fault at this address, in code that runs in this context, is an access of a guest that
/// is out of bounds; notes it in the store context. Async-signal-safe.
using IsGuestAddress = bool (*)(VMContext* vm, u64 address);

/// Installs handlers for SIGSEGV, SIGBUS, SIGILL, SIGFPE and SIGTRAP; the first call does. Thunks
/// must have been made. False if the host refuses.
bool install_trap_handlers(IsGuestAddress is_guest_address);

}  // namespace wazuka

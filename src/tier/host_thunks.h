// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The thunks that call host functions themselves (abi/direct_host.h).
#pragma once

#include <string>

#include "abi/direct_host.h"
#include "asm/x64/assembler.h"
#include "wasm/types.h"

namespace wazuka {

/// Types with the same key have the same thunk.
std::string host_leave_key(const FuncType& type, HostFormat format);
/// What FuncCode::native is: r10 is the HostCode, r14 the caller's context. `raise_noted` ends the
/// activation.
void emit_leave_to_host(x64::Assembler& a, const FuncType& type, HostFormat format,
                        const u8* raise_noted);

}  // namespace wazuka

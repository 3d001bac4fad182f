// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The calls of a guest as text, in the words of Wasmtime's log: arguments with the types of the
// witx, results as they were written to the guest's memory.
#pragma once

#include <string>

#include "wasi/host_functions.h"

namespace wazuka::wasi {

/// "fd=Fd(4) iovs=*guest 0x258/1"; empty if there is nothing to say.
std::string describe_arguments(const CallEvent& call);
/// "Ok(4)", "Err(Error { inner: Badf })"
std::string describe_result(const CallEvent& call, const Outcome& outcome);

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The wasm frames of an error, in Wasmtime's layout.
#pragma once

#include <string>
#include <vector>

#include "interp/interp.h"

namespace wazuka {

/// What a backtrace shows.
struct BacktraceStyle {
  bool offsets = true;   // where in the binary
  bool sources = false;  // source positions, where a module has debug information
};

/// "error while executing at wasm backtrace:" and a line or more per frame; empty without frames.
std::string backtrace_text(const std::vector<interp::StackFrame>& frames, BacktraceStyle style);

/// "memory fault at wasm address 0x186a0 in linear memory of size 0x10000"
std::string fault_message(u64 address, u64 memory_size);

}  // namespace wazuka

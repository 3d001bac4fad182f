// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bytecode as text, for `./dev trace` and for tests of the lowering.
#pragma once

#include <span>
#include <string>

#include "interp/interp.h"

namespace wazuka::interp {

/// The bytecode of a defined function, one line per instruction (notation: dump.cc). Lowers the
/// body again; nothing is kept.
std::string dump_function(const Code& code, u32 func_index);

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verifies an answer of the allocator, from the function and the answer alone.
#pragma once

#include "opt/regalloc/api.h"

namespace wazuka::regalloc {

/// Whether every instruction finds its inputs where its operands say, on every path; whether
/// operands are where their constraints want them; whether moves are ones that a machine has. The
/// error says what is wrong and at which instruction. The function must be valid.
Result<void> check(const Function& function, const Machine& machine, const Output& output);

}  // namespace wazuka::regalloc

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The kinds of the assembler's sites.
#pragma once

#include "base/ints.h"

namespace wazuka::baseline {

/// FuncCode of the defined function that the payload names.
inline constexpr u32 kRelocFuncCode = 1;

}  // namespace wazuka::baseline

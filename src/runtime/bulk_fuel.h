// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What instructions that work on ranges pay for what they are going to do.
#pragma once

#include "abi/vm.h"
#include "wasm/opcode.h"

namespace wazuka {

class Instance;

/// Pays for a bulk instruction with these immediates and operands; kOutOfFuel if the fuel does not
/// suffice, and before that whatever trap the instruction itself would end with. Does not collect.
TrapOr pay_for_bulk(Instance& instance, Op op, u32 index, u32 index2, const Cell* operands);

}  // namespace wazuka

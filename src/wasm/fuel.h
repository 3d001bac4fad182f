// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What instructions cost in fuel, for all tiers: exactly what they cost in Wasmtime, so that a
// limit found with one holds with the other.
//
// One unit per instruction, none for those that only structure the code, one more per function
// entry, and for bulk instructions one per byte or element. It is paid at the end of every basic
// block and checked at function entries, loop heads and before bulk instructions, which find out
// first whether they are out of bounds; those with a small constant length are paid for with their
// block instead.
#pragma once

#include "wasm/opcode.h"

namespace wazuka {

/// A bulk instruction with a constant length up to this is paid for with its block.
inline constexpr u64 kMaxUnitsPaidWithBlock = 128;

bool is_free_of_fuel(Op op);
/// Behind it, what the instructions so far cost is paid.
bool ends_fuel_block(Op op);
/// Whether the work that an instruction does grows with its topmost operand.
bool is_bulk(Op op);

}  // namespace wazuka

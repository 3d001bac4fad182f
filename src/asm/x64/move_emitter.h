// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions for the steps of a ParallelMove.
#pragma once

#include <span>

#include "asm/parallel_move.h"
#include "asm/x64/assembler.h"

namespace wazuka::x64 {

/// Slots are at `frame` and their offset; a frame register other than rsp is required if there are
/// kPush steps. `copy` is the register that the ParallelMove was given for copies.
void emit_moves(Assembler& a, std::span<const assembly::MoveStep> steps, Gpr frame, Gpr copy);

}  // namespace wazuka::x64

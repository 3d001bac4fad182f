// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compares an instruction that the assembler made with what an independent disassembler (Zydis)
// reads in it: not only the text of it, but everything that insts.def says of the row, since
// compilers rely on all of that.
#pragma once

#include <optional>
#include <span>
#include <string>

#include "unit/asm/instances.h"

namespace wazuka::x64 {

/// What differs between the instance and the instruction read from its bytes; nothing if they
/// agree. Displacements relative to rip are expected to be `rip_disp`.
std::optional<std::string> disagreement(const Instance& instance, std::span<const u8> bytes,
                                        i64 rip_disp = 0);

/// "add_rm k32 rax, [rbp+r12*4-0x8]", for messages.
std::string describe(const Instance& instance);

}  // namespace wazuka::x64

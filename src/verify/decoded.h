// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions as Zydis reads them, with the few questions that are asked about them.
#pragma once

#include <Zydis/Zydis.h>
#include <optional>
#include <span>
#include <string>

#include "base/ints.h"

namespace wazuka::verify {

struct Decoded {
  ZydisDecodedInstruction inst;
  ZydisDecodedOperand operands[ZYDIS_MAX_OPERAND_COUNT];

  std::span<const ZydisDecodedOperand> visible() const {
    return {operands, inst.operand_count_visible};
  }
  std::span<const ZydisDecodedOperand> all() const { return {operands, inst.operand_count}; }
  bool is_memory(u32 i) const {
    return i < inst.operand_count_visible && operands[i].type == ZYDIS_OPERAND_TYPE_MEMORY;
  }
  bool is_register(u32 i) const {
    return i < inst.operand_count_visible && operands[i].type == ZYDIS_OPERAND_TYPE_REGISTER;
  }
  bool is_imm(u32 i) const {
    return i < inst.operand_count_visible && operands[i].type == ZYDIS_OPERAND_TYPE_IMMEDIATE;
  }
  u64 imm(u32 i) const { return operands[i].imm.value.u; }
};

/// Nothing if the bytes are no instruction.
bool decode(std::span<const u8> bytes, Decoded& d);
/// In Intel's syntax; jumps and addresses relative to the code that begins at 0.
std::string text_of(const Decoded& d, u32 at);
/// The number of the general register that this is (part of).
std::optional<u32> gpr_number(ZydisRegister r);
/// ah, ch, dh or bh: not where the register's number begins.
bool is_second_byte(ZydisRegister r);
std::optional<u32> xmm_number(ZydisRegister r);
/// Whether compilers may use such instructions at all: insts.def has one of this name.
bool is_known(ZydisMnemonic m);

}  // namespace wazuka::verify

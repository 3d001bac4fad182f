// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "verify/decoded.h"

#include <algorithm>
#include <array>
#include <string_view>

#include "asm/x64/inst.h"

namespace wazuka::verify {

namespace {

constexpr ZydisMachineMode kMode = ZYDIS_MACHINE_MODE_LONG_64;

const ZydisDecoder& decoder() {
  static const ZydisDecoder d = [] {
    ZydisDecoder made;
    ZydisDecoderInit(&made, kMode, ZYDIS_STACK_WIDTH_64);
    return made;
  }();
  return d;
}

/// Names that Zydis has for a row of insts.def: it tells conditions apart, and the widths of some
/// moves.
bool names_instruction(std::string_view zydis, std::string_view function) {
  std::string_view mnemonic = function;
  if (mnemonic.starts_with("lock_")) mnemonic.remove_prefix(5);
  if (mnemonic.starts_with("rep_")) mnemonic.remove_prefix(4);
  mnemonic = mnemonic.substr(0, mnemonic.find('_'));
  if (zydis == mnemonic) return true;
  const bool conditional = mnemonic == "cmov" || mnemonic == "set" || mnemonic == "j";
  return conditional && zydis.starts_with(mnemonic) && zydis != "jmp" && zydis != "setssbsy";
}

}  // namespace

bool decode(std::span<const u8> bytes, Decoded& d) {
  return ZYAN_SUCCESS(
      ZydisDecoderDecodeFull(&decoder(), bytes.data(), bytes.size(), &d.inst, d.operands));
}

std::string text_of(const Decoded& d, u32 at) {
  ZydisFormatter formatter;
  ZydisFormatterInit(&formatter, ZYDIS_FORMATTER_STYLE_INTEL);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_FORCE_SIZE, ZYAN_FALSE);
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_ADDR_PADDING_ABSOLUTE,
                            static_cast<ZyanUPointer>(ZYDIS_PADDING_DISABLED));
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_DISP_PADDING,
                            static_cast<ZyanUPointer>(ZYDIS_PADDING_DISABLED));
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_IMM_PADDING,
                            static_cast<ZyanUPointer>(ZYDIS_PADDING_DISABLED));
  ZydisFormatterSetProperty(&formatter, ZYDIS_FORMATTER_PROP_HEX_UPPERCASE, ZYAN_FALSE);
  char buffer[256];
  if (!ZYAN_SUCCESS(ZydisFormatterFormatInstruction(&formatter, &d.inst, d.operands,
                                                    d.inst.operand_count_visible, buffer,
                                                    sizeof buffer, at, nullptr))) {
    return "(not to be printed)";
  }
  return buffer;
}

std::optional<u32> gpr_number(ZydisRegister r) {
  const ZydisRegister whole = ZydisRegisterGetLargestEnclosing(kMode, r);
  if (whole < ZYDIS_REGISTER_RAX || whole > ZYDIS_REGISTER_R15) return std::nullopt;
  return static_cast<u32>(whole - ZYDIS_REGISTER_RAX);
}

bool is_second_byte(ZydisRegister r) {
  return r >= ZYDIS_REGISTER_AH && r <= ZYDIS_REGISTER_BH;
}

std::optional<u32> xmm_number(ZydisRegister r) {
  if (r >= ZYDIS_REGISTER_XMM0 && r <= ZYDIS_REGISTER_XMM15) {
    return static_cast<u32>(r - ZYDIS_REGISTER_XMM0);
  }
  if (r >= ZYDIS_REGISTER_YMM0 && r <= ZYDIS_REGISTER_YMM15) {
    return static_cast<u32>(r - ZYDIS_REGISTER_YMM0);
  }
  return std::nullopt;
}

bool is_known(ZydisMnemonic m) {
  static const auto known = [] {
    std::array<bool, ZYDIS_MNEMONIC_MAX_VALUE + 1> set{};
    for (u32 i = 0; i < set.size(); ++i) {
      const char* name = ZydisMnemonicGetString(static_cast<ZydisMnemonic>(i));
      set[i] = name != nullptr && std::ranges::any_of(x64::kInstRows, [&](const auto& row) {
                 return names_instruction(name, row.function);
               });
    }
    return set;
  }();
  return m >= 0 && static_cast<u32>(m) < known.size() && known[static_cast<u32>(m)];
}

}  // namespace wazuka::verify

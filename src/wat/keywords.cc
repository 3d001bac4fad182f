// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/keywords.h"

#include <array>

#include "base/text_table.h"

namespace wazuka::wat {
namespace {

constexpr char kTexts[] = "\0"
#define KEYWORD(name, text) text "\0"
#include "wat/keywords.def"
#undef KEYWORD
#define OP(name, prefix, code, text, feature, imm, sig, category, flags) text "\0"
#include "wasm/opcodes.def"
#undef OP
    ;
constexpr auto kOffsets = text_offsets<kKeywordCount>(kTexts);

constexpr std::string_view text_of(u32 keyword) {
  return text_at(kTexts, kOffsets, keyword);
}

constexpr u32 hash_keyword(std::string_view text) {
  u32 h = static_cast<u32>(text.size());
  for (char c : text) h = (h ^ static_cast<u8>(c)) * 0x9e3779b1;
  return h ^ (h >> 15);
}

constexpr u32 kSlots = 4096;
static_assert(kKeywordCount * 4 < kSlots);

constexpr std::array<u16, kSlots> kTable = [] {
  std::array<u16, kSlots> slots{};
  for (u32 k = 1; k < kKeywordCount; ++k) {
    u32 slot = hash_keyword(text_of(k)) % kSlots;
    while (slots[slot] != 0 && text_of(slots[slot]) != text_of(k)) slot = (slot + 1) % kSlots;
    if (slots[slot] == 0) slots[slot] = static_cast<u16>(k);
  }
  return slots;
}();

}  // namespace

std::string_view keyword_text(Keyword k) {
  return text_of(static_cast<u32>(k));
}

Keyword find_keyword(std::string_view text) {
  u32 slot = hash_keyword(text) % kSlots;
  while (kTable[slot] != 0) {
    if (text_of(kTable[slot]) == text) return static_cast<Keyword>(kTable[slot]);
    slot = (slot + 1) % kSlots;
  }
  return Keyword::kUnknown;
}

}  // namespace wazuka::wat

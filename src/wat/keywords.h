// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Keyword lookup: one hash table, built at compile time from keywords.def and wasm/opcodes.def.
//
// A Keyword is a number: 0 for words that mean nothing, then the words of keywords.def, then the
// opcodes. Open addressing with a sixth of the slots used: nearly every lookup is one probe, one
// length check and one comparison. Where two opcodes share a mnemonic (`select`, `ref.test`) the
// first row of the table wins, and the parser picks the other one by its immediates.
#pragma once

#include <string_view>

#include "base/ints.h"
#include "wasm/opcode.h"

namespace wazuka::wat {

enum class Keyword : u16 {
  kUnknown,
#define KEYWORD(name, text) k##name,
#include "wat/keywords.def"
#undef KEYWORD
  kFirstOp,  // + an Op
};

inline constexpr u32 kFirstOpKeyword = static_cast<u32>(Keyword::kFirstOp);
inline constexpr u32 kKeywordCount = kFirstOpKeyword + kOpCount;

constexpr bool is_op(Keyword k) {
  return static_cast<u32>(k) >= kFirstOpKeyword;
}
/// Only for keywords with is_op.
constexpr Op to_op(Keyword k) {
  return static_cast<Op>(static_cast<u32>(k) - kFirstOpKeyword);
}
constexpr Keyword to_keyword(Op op) {
  return static_cast<Keyword>(static_cast<u32>(op) + kFirstOpKeyword);
}

/// How a keyword is spelled; empty for kUnknown.
std::string_view keyword_text(Keyword k);

/// The keyword spelled `text`, or kUnknown.
Keyword find_keyword(std::string_view text);

}  // namespace wazuka::wat

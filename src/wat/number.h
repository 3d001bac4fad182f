// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Numbers of the text format (spec 6.3.1–6.3.2): classification for the lexer, values for the
// parser.
//
// Floats are rounded exactly, to nearest, ties to even: decimal ones by the standard library's
// from_chars, hexadecimal ones here, with every digit that does not fit kept as a sticky bit. What
// overflows to infinity is out of range; what underflows is zero or subnormal.
#pragma once

#include <optional>
#include <string_view>

#include "base/ints.h"
#include "wat/lexer.h"

namespace wazuka::wat {

struct NumberClass {
  TokenKind kind;  // kInteger or kFloat
  u8 flags;        // Token's
};

/// What a word made of identifier characters is as a number; nothing if it is none.
std::optional<NumberClass> classify_number(std::string_view word);

/// The value of a kInteger token as two's complement of `bits` bits (8, 16, 32 or 64). Signed
/// numbers may use the whole unsigned range (spec: iN is uN or sN). Nothing if out of range.
std::optional<u64> parse_integer(std::string_view word, u8 flags, u32 bits);

/// The same for unsigned numbers (indices, sizes): a minus sign is out of range.
std::optional<u64> parse_unsigned(std::string_view word, u8 flags, u32 bits);

/// The bit pattern of a kInteger or kFloat token as a float. Nothing if out of range.
std::optional<u32> parse_f32(std::string_view word, u8 flags);
std::optional<u64> parse_f64(std::string_view word, u8 flags);

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/number.h"

#include <bit>
#include <charconv>
#include <string>
#include <type_traits>

namespace wazuka::wat {
namespace {

bool is_decimal(char c) {
  return c >= '0' && c <= '9';
}
bool is_hex(char c) {
  return is_decimal(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}
u32 digit_value(char c) {
  return static_cast<u32>(is_decimal(c) ? c - '0' : (c | 0x20) - 'a' + 10);
}

/// Reads digits with single underscores between them; false if there are none, or a misplaced
/// underscore. Sets kUnderscores.
bool scan_digits(std::string_view word, size_t& i, bool hex, u8& flags) {
  auto good = [&](size_t at) {
    return at < word.size() && (hex ? is_hex(word[at]) : is_decimal(word[at]));
  };
  if (!good(i)) return false;
  for (++i; i < word.size(); ++i) {
    if (word[i] == '_') {
      flags |= Token::kUnderscores;
      if (!good(i + 1)) return false;
    } else if (!good(i)) {
      break;
    }
  }
  return true;
}

/// `p+12`, `E-3` … at the end of a float.
bool scan_exponent(std::string_view word, size_t& i, bool hex, u8& flags) {
  char letter = static_cast<char>(word[i] | 0x20);
  if (letter != (hex ? 'p' : 'e')) return false;
  ++i;
  if (i < word.size() && (word[i] == '+' || word[i] == '-')) ++i;
  return scan_digits(word, i, /*hex=*/false, flags);
}

/// A number taken apart: digits without sign, prefix and underscores.
struct Digits {
  std::string storage;
  std::string_view text;
};

Digits strip(std::string_view word, u8 flags) {
  if (flags & Token::kSigned) word.remove_prefix(1);
  if (flags & Token::kHex) word.remove_prefix(2);
  Digits d;
  d.text = word;
  if (flags & Token::kUnderscores) {
    for (char c : word) {
      if (c != '_') d.storage.push_back(c);
    }
    d.text = d.storage;
  }
  return d;
}

std::optional<u64> magnitude(std::string_view word, u8 flags) {
  if (flags & Token::kSigned) word.remove_prefix(1);
  u64 base = 10;
  if (flags & Token::kHex) word.remove_prefix(2), base = 16;
  u64 n = 0;
  for (char c : word) {
    if (c == '_') continue;
    u64 digit = digit_value(c);
    if (n > (~u64{0} - digit) / base) return std::nullopt;
    n = n * base + digit;
  }
  return n;
}

/// The layout of an IEEE 754 format.
template <class Float>
struct Format {
  using Bits = std::conditional_t<sizeof(Float) == 4, u32, u64>;
  static constexpr int kBits = sizeof(Float) * 8;
  static constexpr int kExponentBits = sizeof(Float) == 4 ? 8 : 11;
  static constexpr int kFractionBits = kBits - 1 - kExponentBits;
  static constexpr i64 kBias = (1 << (kExponentBits - 1)) - 1;
  static constexpr Bits kInfinity = ((Bits{1} << kExponentBits) - 1) << kFractionBits;
  static constexpr Bits kFractionMask = (Bits{1} << kFractionBits) - 1;
};

/// Rounds mantissa · 2^exponent (a non-zero mantissa; `sticky`: something non-zero lies below it).
/// Overflow gives infinity.
template <class Float>
typename Format<Float>::Bits round_to_bits(u64 mantissa, i64 exponent, bool sticky) {
  using F = Format<Float>;
  int shift = std::countl_zero(mantissa);
  mantissa <<= shift;
  exponent -= shift;
  i64 scale = exponent + 63;  // the value is 1.f · 2^scale
  if (scale > F::kBias) return F::kInfinity;
  int dropped = 63 - F::kFractionBits;  // bits below the last kept one, for a normal number
  bool subnormal = scale < 1 - F::kBias;
  i64 extra = subnormal ? 1 - F::kBias - scale : 0;
  if (extra + dropped > 64) return 0;  // below half of the smallest subnormal
  dropped += static_cast<int>(extra);
  u64 kept = dropped == 64 ? 0 : mantissa >> dropped;
  u64 rest = dropped == 64 ? mantissa : mantissa << (64 - dropped);
  constexpr u64 kHalf = u64{1} << 63;
  bool up = rest > kHalf || (rest == kHalf && (sticky || (kept & 1)));
  using Bits = typename F::Bits;
  Bits biased = subnormal ? 0 : static_cast<Bits>(scale + F::kBias);
  Bits fraction = static_cast<Bits>(kept) & F::kFractionMask;
  if (subnormal) fraction = static_cast<Bits>(kept);  // may carry into the exponent: correct
  return static_cast<Bits>((biased << F::kFractionBits) + fraction + (up ? 1 : 0));
}

/// A decimal number that saturates far outside of any exponent that matters.
i64 parse_exponent(std::string_view text) {
  bool negative = !text.empty() && text[0] == '-';
  if (!text.empty() && (text[0] == '-' || text[0] == '+')) text.remove_prefix(1);
  i64 n = 0;
  for (char c : text) {
    if (n < (i64{1} << 40)) n = n * 10 + (c - '0');
  }
  return negative ? -n : n;
}

template <class Float>
typename Format<Float>::Bits parse_hex_float(std::string_view text) {
  u64 mantissa = 0;
  i64 exponent = 0;
  bool sticky = false, fraction = false;
  size_t i = 0;
  for (; i < text.size(); ++i) {
    char c = text[i];
    if (c == '.') {
      fraction = true;
      continue;
    }
    if (c == 'p' || c == 'P') break;
    if (mantissa >> 60 == 0) {
      mantissa = mantissa << 4 | digit_value(c);
      if (fraction) exponent -= 4;
    } else {
      sticky |= c != '0';
      if (!fraction) exponent += 4;
    }
  }
  if (i < text.size()) exponent += parse_exponent(text.substr(i + 1));
  return mantissa == 0 ? 0 : round_to_bits<Float>(mantissa, exponent, sticky);
}

/// Whether a non-zero decimal number that from_chars calls out of range is too small (not too
/// large).
bool underflows(std::string_view text) {
  i64 point = 0, exponent = 0;
  bool fraction = false, significant = false;
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == 'e' || c == 'E') {
      exponent = parse_exponent(text.substr(i + 1));
      break;
    }
    if (c == '.') {
      fraction = true;
    } else if (c != '0' || significant) {
      significant = true;
      if (!fraction) ++point;
    } else if (fraction) {
      --point;
    }
  }
  return point + exponent < 0;
}

template <class Float>
typename Format<Float>::Bits parse_decimal(std::string_view text) {
  Float value = 0;
  auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error == std::errc::result_out_of_range) {
    return underflows(text) ? 0 : Format<Float>::kInfinity;
  }
  return std::bit_cast<typename Format<Float>::Bits>(value);
}

template <class Float>
std::optional<typename Format<Float>::Bits> parse_float(std::string_view word, u8 flags) {
  using F = Format<Float>;
  using Bits = typename F::Bits;
  Bits sign = flags & Token::kNegative ? Bits{1} << (F::kBits - 1) : 0;
  if (flags & Token::kInf) return sign | F::kInfinity;
  if (flags & Token::kNan) {
    if (!(flags & Token::kNanPayload)) {
      return sign | F::kInfinity | Bits{1} << (F::kFractionBits - 1);
    }
    word.remove_prefix(word.find(':') + 1);
    auto payload = magnitude(word, Token::kHex);
    if (!payload || *payload == 0 || *payload > F::kFractionMask) return std::nullopt;
    return sign | F::kInfinity | static_cast<Bits>(*payload);
  }
  Digits digits = strip(word, flags);
  Bits bits =
      flags & Token::kHex ? parse_hex_float<Float>(digits.text) : parse_decimal<Float>(digits.text);
  if (bits == F::kInfinity) return std::nullopt;
  return sign | bits;
}

}  // namespace

std::optional<NumberClass> classify_number(std::string_view word) {
  u8 flags = 0;
  size_t i = 0;
  if (word[0] == '+' || word[0] == '-') {
    flags = static_cast<u8>(Token::kSigned | (word[0] == '-' ? Token::kNegative : 0));
    i = 1;
  }
  std::string_view rest = word.substr(i);
  if (rest == "inf") return NumberClass{TokenKind::kFloat, static_cast<u8>(flags | Token::kInf)};
  if (rest == "nan") return NumberClass{TokenKind::kFloat, static_cast<u8>(flags | Token::kNan)};
  if (rest.starts_with("nan:0x")) {
    i += 6;
    if (!scan_digits(word, i, /*hex=*/true, flags) || i != word.size()) return std::nullopt;
    return NumberClass{TokenKind::kFloat,
                       static_cast<u8>(flags | Token::kNan | Token::kNanPayload)};
  }
  bool hex = rest.starts_with("0x");
  if (hex) flags |= Token::kHex, i += 2;
  if (!scan_digits(word, i, hex, flags)) return std::nullopt;
  if (i == word.size()) return NumberClass{TokenKind::kInteger, flags};
  if (word[i] == '.') {
    ++i;
    bool digits = i < word.size() && (hex ? is_hex(word[i]) : is_decimal(word[i]));
    if (digits && !scan_digits(word, i, hex, flags)) return std::nullopt;
  }
  if (i != word.size() && !scan_exponent(word, i, hex, flags)) return std::nullopt;
  if (i != word.size()) return std::nullopt;
  return NumberClass{TokenKind::kFloat, flags};
}

std::optional<u64> parse_integer(std::string_view word, u8 flags, u32 bits) {
  auto n = magnitude(word, flags);
  if (!n) return std::nullopt;
  u64 mask = bits == 64 ? ~u64{0} : (u64{1} << bits) - 1;
  u64 limit = flags & Token::kNegative ? u64{1} << (bits - 1) : mask;
  if (*n > limit) return std::nullopt;
  return (flags & Token::kNegative ? 0 - *n : *n) & mask;
}

std::optional<u64> parse_unsigned(std::string_view word, u8 flags, u32 bits) {
  if (flags & Token::kNegative) return std::nullopt;
  return parse_integer(word, flags, bits);
}

std::optional<u32> parse_f32(std::string_view word, u8 flags) {
  return parse_float<f32>(word, flags);
}

std::optional<u64> parse_f64(std::string_view word, u8 flags) {
  return parse_float<f64>(word, flags);
}

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/punycode.h"

#include <algorithm>

#include "base/ints.h"
#include "debug/text.h"

namespace wazuka::debug {
namespace {

// The parameters of RFC 3492, section 5.
constexpr u64 kBase = 36, kTMin = 1, kTMax = 26, kSkew = 38, kDamp = 700;
constexpr size_t kMaxCharacters = 128;
constexpr u64 kMaxNumber = u64{1} << 32;  // more than any position times any code point here

/// A variable-length number from the front of `digits`.
std::optional<u64> take_delta(std::string_view& digits, u64 bias) {
  u64 delta = 0, weight = 1;
  for (u64 k = kBase;; k += kBase) {
    if (digits.empty()) return std::nullopt;
    const char c = digits[0];
    digits.remove_prefix(1);
    const bool letter = c >= 'a' && c <= 'z';
    if (!letter && !(c >= '0' && c <= '9')) return std::nullopt;
    const u64 digit = static_cast<u64>(letter ? c - 'a' : c - '0' + 26);
    const u64 threshold = std::clamp(k > bias ? k - bias : 0, kTMin, kTMax);
    delta += digit * weight;
    if (delta > kMaxNumber) return std::nullopt;
    if (digit < threshold) return delta;
    weight *= kBase - threshold;
    if (weight > kMaxNumber) return std::nullopt;
  }
}

u64 adapt_bias(u64 delta, u64 length, bool first) {
  delta /= first ? kDamp : 2;
  delta += delta / length;
  u64 k = 0;
  for (; delta > (kBase - kTMin) * kTMax / 2; k += kBase) delta /= kBase - kTMin;
  return k + (kBase - kTMin + 1) * delta / (delta + kSkew);
}

}  // namespace

std::optional<std::string> decode_punycode(std::string_view ascii, std::string_view insertions) {
  if (ascii.size() > kMaxCharacters || insertions.empty()) return std::nullopt;
  std::u32string characters(ascii.begin(), ascii.end());
  u64 position = 0, code_point = 0x80, bias = 72;
  bool first = true;
  while (!insertions.empty()) {
    const std::optional<u64> delta = take_delta(insertions, bias);
    if (!delta || characters.size() >= kMaxCharacters) return std::nullopt;
    const u64 length = characters.size() + 1;
    position += *delta;
    code_point += position / length;
    position %= length;
    if (code_point > 0x10ffff || (code_point >= 0xd800 && code_point < 0xe000)) return std::nullopt;
    characters.insert(static_cast<size_t>(position), 1, static_cast<char32_t>(code_point));
    ++position;
    bias = adapt_bias(*delta, length, first);
    first = false;
  }
  std::string out;
  for (const char32_t c : characters) append_utf8(out, c);
  return out;
}

}  // namespace wazuka::debug

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/text.h"

#include "base/ints.h"

namespace wazuka::debug {
namespace {

// A backtrace may hold some thousand of these.
constexpr size_t kMaxText = size_t{16} << 10;

/// The length of the well-formed sequence that `s` starts with (Unicode, table 3-7), or 0.
size_t sequence_length(std::string_view s) {
  const auto at = [&](size_t i) { return i < s.size() ? static_cast<u8>(s[i]) : u8{0}; };
  const auto tail = [&](size_t i) { return (at(i) & 0xc0) == 0x80; };
  const u8 first = at(0), second = at(1);
  if (first < 0x80) return 1;
  if (first >= 0xc2 && first <= 0xdf) return tail(1) ? 2 : 0;
  if (first >= 0xe0 && first <= 0xef) {
    const bool overlong = first == 0xe0 && second < 0xa0,
               surrogate = first == 0xed && second > 0x9f;
    return tail(1) && tail(2) && !overlong && !surrogate ? 3 : 0;
  }
  if (first >= 0xf0 && first <= 0xf4) {
    const bool overlong = first == 0xf0 && second < 0x90, beyond = first == 0xf4 && second > 0x8f;
    return tail(1) && tail(2) && tail(3) && !overlong && !beyond ? 4 : 0;
  }
  return 0;
}

}  // namespace

std::string printable(std::string_view text) {
  std::string out;
  if (text.size() > kMaxText) return out;
  out.reserve(text.size());
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0) {
      append_utf8(out, 0xfffd);
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(length == 0 ? 1 : length);
  }
  return out;
}

std::optional<std::u32string> decode_utf8(std::string_view text) {
  std::u32string out;
  while (!text.empty()) {
    const size_t length = sequence_length(text);
    if (length == 0) return std::nullopt;
    u32 c = static_cast<u8>(text[0]) & (length == 1 ? 0x7fu : 0x7fu >> length);
    for (size_t i = 1; i < length; ++i) c = c << 6 | (static_cast<u8>(text[i]) & 0x3f);
    out += static_cast<char32_t>(c);
    text.remove_prefix(length);
  }
  return out;
}

void append_utf8(std::string& out, char32_t c) {
  const auto put = [&](u32 byte) { out += static_cast<char>(byte); };
  if (c < 0x80) {
    put(c);
  } else if (c < 0x800) {
    put(0xc0 | c >> 6);
    put(0x80 | (c & 0x3f));
  } else if (c < 0x10000) {
    put(0xe0 | c >> 12);
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  } else {
    put(0xf0 | c >> 18);
    put(0x80 | (c >> 12 & 0x3f));
    put(0x80 | (c >> 6 & 0x3f));
    put(0x80 | (c & 0x3f));
  }
}

}  // namespace wazuka::debug

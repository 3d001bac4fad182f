// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rust's first scheme: a nested name of C++, `_ZN` (length identifier)* `E`, in which characters
// that C++ does not allow are escaped as `$…$` and `::` within a component as `..`. The last
// component is a hash.
#include "debug/demangle.h"
#include "debug/text.h"

namespace wazuka::debug {
namespace {

struct Escape {
  std::string_view code;
  char character;
};
constexpr Escape kEscapes[] = {{"SP", '@'}, {"BP", '*'}, {"RF", '&'}, {"LT", '<'},
                               {"GT", '>'}, {"LP", '('}, {"RP", ')'}, {"C", ','}};

/// "u" and a lower-case hexadecimal code point, as in `$u20$`; no value for control characters.
std::optional<char32_t> code_point(std::string_view escape) {
  if (escape.size() < 2 || escape.size() > 9 || escape[0] != 'u') return std::nullopt;
  u64 n = 0;
  for (const char c : escape.substr(1)) {
    const bool digit = c >= '0' && c <= '9';
    if (!digit && !(c >= 'a' && c <= 'f')) return std::nullopt;
    n = n * 16 + static_cast<u64>(digit ? c - '0' : c - 'a' + 10);
  }
  const bool control = n < 0x20 || (n >= 0x7f && n < 0xa0), surrogate = n >= 0xd800 && n < 0xe000;
  if (control || surrogate || n > 0x10ffff) return std::nullopt;
  return static_cast<char32_t>(n);
}

bool append_unescaped(std::string& out, std::string_view escape) {
  for (const Escape& e : kEscapes) {
    if (e.code != escape) continue;
    out += e.character;
    return true;
  }
  const auto c = code_point(escape);
  if (c) append_utf8(out, *c);
  return c.has_value();
}

/// One component; from a malformed escape on it stays as it is.
void append_component(std::string& out, std::string_view s) {
  if (s.starts_with("_$")) s.remove_prefix(1);  // an identifier cannot start with a dollar sign
  while (!s.empty()) {
    if (s.starts_with("..")) {
      out += "::";
      s.remove_prefix(2);
    } else if (s[0] == '$') {
      const size_t end = s.find('$', 1);
      if (end == std::string_view::npos || !append_unescaped(out, s.substr(1, end - 1))) break;
      s.remove_prefix(end + 1);
    } else {
      out += s[0];
      s.remove_prefix(1);
    }
  }
  out += s;
}

}  // namespace

std::optional<std::string> demangle_rust_legacy(std::string_view name) {
  if (name.starts_with("__")) name.remove_prefix(1);
  if (!name.starts_with("_ZN")) return std::nullopt;
  name.remove_prefix(3);
  std::string out;
  bool first = true;
  while (!name.starts_with('E')) {
    size_t length = 0, digits = 0;
    while (digits < name.size() && digits < 6 && name[digits] >= '0' && name[digits] <= '9') {
      length = length * 10 + static_cast<size_t>(name[digits++] - '0');
    }
    if (digits == 0 || length > name.size() - digits) return std::nullopt;
    if (!first) out += "::";
    first = false;
    append_component(out, name.substr(digits, length));
    name.remove_prefix(digits + length);
  }
  name.remove_prefix(1);
  // What compilers append to tell copies apart (".cold", ".isra.0") stays; anything else is not
  // Rust.
  if (first || (!name.empty() && !name.starts_with('.'))) return std::nullopt;
  out += name;
  return out;
}

}  // namespace wazuka::debug

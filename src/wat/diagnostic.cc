// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/diagnostic.h"

#include <fmt/format.h>

namespace wazuka::wat {
namespace {

struct Line {
  u32 number = 0;  // from 0
  std::string_view text;
  size_t column = 0;  // in bytes
};

/// A place behind the last line (the end of a text that ends in a newline) is a line of its own.
Line find_line(std::string_view text, u64 offset) {
  Line line;
  size_t start = 0;
  while (start < text.size()) {
    size_t newline = text.find('\n', start);
    size_t end = newline == std::string_view::npos ? text.size() : newline;
    bool last = newline == std::string_view::npos;
    if (offset <= end || last) {
      line.text = text.substr(start, end - start);
      line.column = std::min<size_t>(offset - start, line.text.size());
      break;
    }
    start = end + 1;
    ++line.number;
  }
  if (line.text.ends_with('\r')) line.text.remove_suffix(1);
  return line;
}

struct Decoded {
  u32 code;
  size_t size;
};

/// Tolerates malformed bytes: each is a character.
Decoded decode(std::string_view s) {
  u8 b = static_cast<u8>(s[0]);
  size_t n = b < 0xc0 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
  if (n > s.size()) n = 1;
  u32 c = n == 1 ? b : b & (0xffu >> (n + 1));
  for (size_t i = 1; i < n; ++i) c = c << 6 | (static_cast<u32>(s[i]) & 0x3f);
  return {c, n};
}

bool is_direction_mark(u32 c) {
  return (c >= 0x202a && c <= 0x202e && c != 0x202c) || (c >= 0x2066 && c <= 0x2069) || c == 0x206c;
}

/// Columns that a character takes in a terminal (the common ranges of Unicode's width tables).
u32 width_of(u32 c) {
  if ((c >= 0x300 && c <= 0x36f) || (c >= 0x200b && c <= 0x200f) || (c >= 0xfe00 && c <= 0xfe0f)) {
    return 0;
  }
  bool wide = (c >= 0x1100 && c <= 0x115f) || (c >= 0x2e80 && c <= 0xa4cf && c != 0x303f) ||
              (c >= 0xac00 && c <= 0xd7a3) || (c >= 0xf900 && c <= 0xfaff) ||
              (c >= 0xfe30 && c <= 0xfe6f) || (c >= 0xff00 && c <= 0xff60) ||
              (c >= 0xffe0 && c <= 0xffe6) || (c >= 0x1f300 && c <= 0x1f64f) ||
              (c >= 0x1f900 && c <= 0x1f9ff) || (c >= 0x20000 && c <= 0x3fffd);
  return wide ? 2 : 1;
}

/// The line as it is shown: tabs are four spaces, marks that change the direction are left out.
std::string snippet_of(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    Decoded d = decode(line);
    if (d.code == '\t') {
      out += "    ";
    } else if (!is_direction_mark(d.code)) {
      out += line.substr(0, d.size);
    }
    line.remove_prefix(d.size);
  }
  return out;
}

size_t width_of(std::string_view s) {
  size_t width = 0;
  while (!s.empty()) {
    Decoded d = decode(s);
    width += width_of(d.code);
    s.remove_prefix(d.size);
  }
  return width;
}

/// The column is the width of as many bytes of the shown line as precede the place in the real one,
/// which is off behind tabs, exactly like the diagnostics that this one is compatible with.
size_t shown_column(const std::string& snippet, size_t bytes) {
  if (bytes > snippet.size()) return bytes;
  bool inside = bytes < snippet.size() && (static_cast<u8>(snippet[bytes]) & 0xc0) == 0x80;
  return inside ? bytes : width_of(std::string_view(snippet).substr(0, bytes));
}

}  // namespace

TextPosition position_of(std::string_view text, u64 offset) {
  Line line = find_line(text, offset);
  return {line.number + 1, static_cast<u32>(shown_column(snippet_of(line.text), line.column)) + 1};
}

std::string render_error(const Error& error, std::string_view text, std::string_view file) {
  if (error.offset == Error::kNoOffset) {
    return fmt::format("failed to parse `{}`: {}", file, error.message);
  }
  Line line = find_line(text, error.offset);
  std::string snippet = snippet_of(line.text);
  size_t column = shown_column(snippet, line.column) + 1;
  if (column > 500) {  // a caret that far to the right helps nobody
    return fmt::format("{} at {}:{}:{}", error.message, file, line.number + 1, column);
  }
  return fmt::format("{}\n     --> {}:{}:{}\n      |\n {:4} | {}\n      | {:>{}}", error.message,
                     file, line.number + 1, column, line.number + 1, snippet, "^", column);
}

}  // namespace wazuka::wat

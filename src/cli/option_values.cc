// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/option_values.h"

#include <bit>
#include <cmath>
#include <cstdlib>
#include <fmt/format.h>
#include <iterator>

#include "wasi/core/utf8.h"

namespace wazuka::cli {
namespace {

int digit_of(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'z') return c - 'a' + 10;
  if (c >= 'A' && c <= 'Z') return c - 'A' + 10;
  return 99;
}

/// Digits → magnitude of at most `max`; `overflow` is the message when it is larger.
Result<u64> parse_digits(std::string_view digits, u32 base, u64 max, const char* overflow) {
  if (digits.empty()) return fail("invalid digit found in string");
  u64 value = 0;
  bool too_large = false;
  for (char c : digits) {
    u64 digit = static_cast<u64>(digit_of(c));
    if (digit >= base) return fail("invalid digit found in string");
    if (too_large || value > (max - digit) / base || digit > max) {
      too_large = true;
      continue;
    }
    value = value * base + digit;
  }
  if (too_large) return fail(overflow);
  return value;
}

}  // namespace

Result<i64> parse_signed(std::string_view text, u32 base, i64 min, i64 max) {
  if (text.empty()) return fail("cannot parse integer from empty string");
  bool negative = text[0] == '-';
  if (negative || text[0] == '+') text.remove_prefix(1);
  u64 limit = negative ? u64{0} - static_cast<u64>(min) : static_cast<u64>(max);
  auto magnitude = parse_digits(text, base, limit,
                                negative ? "number too small to fit in target type"
                                         : "number too large to fit in target type");
  if (!magnitude) return std::unexpected(std::move(magnitude).error());
  return static_cast<i64>(negative ? u64{0} - *magnitude : *magnitude);
}

Result<u64> parse_clock(std::string_view text) {
  constexpr std::string_view kVirtual = "virtual";
  constexpr u64 kMaxSeconds = ~u64{0} / 1'000'000'000 / 2;  // half the range is left to pass
  if (text == "host") return kHostClock;
  if (text == kVirtual) return kVirtualClockStart;
  if (text.starts_with(kVirtual) && text[kVirtual.size()] == ':') {
    return parse_count(text.substr(kVirtual.size() + 1), kMaxSeconds);
  }
  return fail(fmt::format("unknown clock `{}`, only host,virtual,virtual:SECONDS accepted", text));
}

Result<u64> parse_unsigned(std::string_view text, u32 base, u64 max) {
  if (text.empty()) return fail("cannot parse integer from empty string");
  if (text[0] == '+') text.remove_prefix(1);
  return parse_digits(text, base, max, "number too large to fit in target type");
}

Result<u64> parse_count(std::string_view text, u64 max) {
  std::string digits;
  for (char c : text) {
    if (c != '_') digits += c;
  }
  if (std::string_view(digits).starts_with("0x")) {
    return parse_unsigned(std::string_view(digits).substr(2), 16, max);
  }
  return parse_unsigned(digits, 10, max);
}

Result<u64> parse_duration(std::string_view text) {
  struct Unit {
    std::string_view suffix;
    u64 nanoseconds;
  };
  static constexpr Unit kUnits[] = {{"ms", 1'000'000}, {"us", 1'000},        {"μs", 1'000},
                                    {"ns", 1},         {"s", 1'000'000'000}, {"", 1'000'000'000}};
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    std::string_view digits = text.substr(0, text.size() - unit.suffix.size());
    auto count = parse_unsigned(digits, 10, ~u64{0} / unit.nanoseconds);
    if (count) return *count * unit.nanoseconds;
  }
  return fail("failed to parse duration: " + std::string(text));
}

namespace {

bool equals_ignoring_case(std::string_view a, std::string_view b) {
  if (a.size() != b.size()) return false;
  for (size_t i = 0; i < a.size(); ++i) {
    if ((a[i] | 0x20) != b[i]) return false;
  }
  return true;
}

bool is_decimal_float(std::string_view s) {
  size_t digits = 0;
  auto skip_digits = [&] {
    while (!s.empty() && digit_of(s[0]) < 10) s.remove_prefix(1), ++digits;
  };
  skip_digits();
  if (s.starts_with('.')) s.remove_prefix(1), skip_digits();
  if (digits == 0) return false;
  if (s.empty()) return true;
  if (s[0] != 'e' && s[0] != 'E') return false;
  s.remove_prefix(1);
  if (s.starts_with('-') || s.starts_with('+')) s.remove_prefix(1);
  digits = 0;
  skip_digits();
  return s.empty() && digits > 0;
}

/// Checks the grammar that Rust accepts, which is narrower than strtod's.
Result<void> check_float(std::string_view text) {
  if (text.empty()) return fail("cannot parse float from empty string");
  if (text[0] == '-' || text[0] == '+') text.remove_prefix(1);
  for (std::string_view word : {"inf", "infinity", "nan"}) {
    if (equals_ignoring_case(text, word)) return {};
  }
  if (is_decimal_float(text)) return {};
  return fail("invalid float literal");
}

/// Lays shortest digits (as "1.5", "1e+300", "1.25e-7") out without an exponent.
std::string without_exponent(std::string_view shortest) {
  std::string out;
  if (shortest.starts_with('-')) {
    out = "-";
    shortest.remove_prefix(1);
  }
  size_t e = shortest.find('e');
  std::string_view mantissa = shortest.substr(0, e);
  int exponent =
      e == std::string_view::npos ? 0 : std::atoi(std::string(shortest.substr(e + 1)).c_str());
  size_t point = mantissa.find('.');
  std::string digits(mantissa.substr(0, point));
  int integer_digits = static_cast<int>(digits.size()) + exponent;
  if (point != std::string_view::npos) digits += mantissa.substr(point + 1);
  if (e == std::string_view::npos) return out + std::string(mantissa);
  if (integer_digits <= 0) {
    return out + "0." + std::string(static_cast<size_t>(-integer_digits), '0') + digits;
  }
  size_t whole = static_cast<size_t>(integer_digits);
  if (digits.size() <= whole) return out + digits + std::string(whole - digits.size(), '0');
  return out + digits.substr(0, whole) + "." + digits.substr(whole);
}

template <class Float>
std::string display_float(Float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value < 0 ? "-inf" : "inf";
  if (value == 0) return std::signbit(value) ? "-0" : "0";
  return without_exponent(fmt::format("{}", value));
}

}  // namespace

Result<u32> parse_f32(std::string_view text) {
  WAZUKA_TRY(check_float(text));
  return std::bit_cast<u32>(std::strtof(std::string(text).c_str(), nullptr));
}

Result<u64> parse_f64(std::string_view text) {
  WAZUKA_TRY(check_float(text));
  return std::bit_cast<u64>(std::strtod(std::string(text).c_str(), nullptr));
}

std::string display_f32(u32 bits) {
  return display_float(std::bit_cast<f32>(bits));
}

std::string display_f64(u64 bits) {
  return display_float(std::bit_cast<f64>(bits));
}

std::string display_u128(u64 low, u64 high) {
  return fmt::format("{}", static_cast<unsigned __int128>(high) << 64 | low);
}

namespace {

/// Bytes of the well-formed character at the front; 0 if it is not one.
size_t utf8_length(std::string_view text) {
  for (size_t n = 2; n <= 4 && n <= text.size(); ++n) {
    if (wasi::is_utf8(text.substr(0, n))) return n;
  }
  return 0;
}

}  // namespace

std::string debug_string(std::string_view text) {
  std::string out = "\"";
  auto append = std::back_inserter(out);
  for (size_t i = 0; i < text.size(); ++i) {
    char c = text[i];
    if (c == '"' || c == '\\') {
      out += {'\\', c};
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (c == '\0') {
      out += "\\0";
    } else if (static_cast<u8>(c) < 0x20 || c == 0x7f) {
      fmt::format_to(append, "\\u{{{:x}}}", static_cast<u8>(c));
    } else if (static_cast<u8>(c) < 0x80) {
      out += c;
    } else if (size_t length = utf8_length(text.substr(i)); length != 0) {
      out += text.substr(i, length);
      i += length - 1;
    } else {
      fmt::format_to(append, "\\x{:02X}", static_cast<u8>(c));
    }
  }
  return out + "\"";
}

}  // namespace wazuka::cli

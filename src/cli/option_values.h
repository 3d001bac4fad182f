// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values on the command line → numbers, in the words of Rust's standard library (the messages that
// users of Wasmtime know).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ints.h"

namespace wazuka::cli {

/// Digits of `base` with an optional sign; the value must be in [min, max].
Result<i64> parse_signed(std::string_view text, u32 base, i64 min, i64 max);
Result<u64> parse_unsigned(std::string_view text, u32 base, u64 max);

/// An option's number: decimal or 0x, `_` ignored.
Result<u64> parse_count(std::string_view text, u64 max);
/// Nanoseconds.
/// "host", "virtual" or "virtual:SECONDS": kHostClock, or the start in seconds after 1970.
inline constexpr u64 kHostClock = ~u64{0};
inline constexpr u64 kVirtualClockStart = 946'684'800;  // the year 2000
Result<u64> parse_clock(std::string_view text);
Result<u64> parse_duration(std::string_view text);

/// A decimal float, `inf`, `infinity` or `nan`, as bits.
Result<u32> parse_f32(std::string_view text);
Result<u64> parse_f64(std::string_view text);

/// Rust's Display: the shortest digits that give the value back, never an exponent.
std::string display_f32(u32 bits);
std::string display_f64(u64 bits);
/// Unsigned decimal of a 128-bit number.
std::string display_u128(u64 low, u64 high);

/// Rust's Debug of a string: quoted, with escapes.
std::string debug_string(std::string_view text);

}  // namespace wazuka::cli

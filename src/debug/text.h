// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Text of unknown origin, made fit for messages.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wazuka::debug {

/// Valid UTF-8: bytes that are none become U+FFFD each. Text that is longer than any name or path
/// becomes empty.
std::string printable(std::string_view text);

/// Appends one code point (which must be a scalar value) in UTF-8.
void append_utf8(std::string& out, char32_t c);

/// The code points of well-formed UTF-8.
std::optional<std::u32string> decode_utf8(std::string_view text);

}  // namespace wazuka::debug

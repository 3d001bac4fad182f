// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Punycode (RFC 3492): Unicode identifiers in the characters that linkers accept.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace wazuka::debug {

/// Decodes insertions (digits a-z0-9) into the ASCII characters of the identifier, to UTF-8. No
/// value: malformed, or longer than any identifier (the work is quadratic).
std::optional<std::string> decode_punycode(std::string_view ascii, std::string_view insertions);

}  // namespace wazuka::debug

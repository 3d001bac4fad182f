// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Text errors for people: message, file, line and column, the source line and a caret.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ints.h"

namespace wazuka::wat {

/// The position of a byte offset in a text: line and column from 1, the column in characters.
struct TextPosition {
  u32 line = 1, column = 1;
};
TextPosition position_of(std::string_view text, u64 offset);

/// Renders an error of text_to_binary or parse_wast:
///
///     unknown operator or unexpected token
///          --> file.wat:1:27
///           |
///         1 | (module (func i32.const 1 bogus))
///           |                           ^
///
/// Without an offset: "failed to parse `file.wat`: <message>". No trailing newline.
std::string render_error(const Error& error, std::string_view text, std::string_view file);

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One module inside a text: what `wat_parser` and `wast` share.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "wat/cursor.h"
#include "wat/wat_parser.h"

namespace wazuka::wat {

struct ParsedModule {
  std::optional<std::string> name;  // $identifier
  bool is_binary = false;           // (module binary …)
  /// The binary; or an error of meaning (an unknown or duplicate identifier, …) with its offset.
  Result<std::vector<u8>> binary;
};

/// Parses what stands between `(module` and its `)`; stops before the `)`. False: a syntax error,
/// kept in the cursor.
[[nodiscard]] bool parse_module(Cursor& c, const Options& options, ParsedModule& out);
/// The same for fields without `(module …)` around them, up to the end of the text.
[[nodiscard]] bool parse_bare_fields(Cursor& c, const Options& options, ParsedModule& out);

/// A text by itself that is already known to be UTF-8 (quoted modules).
Result<std::vector<u8>> valid_text_to_binary(std::string_view text, const Options& options);

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The text format (spec 6) → the binary format (spec 5). Text is never validated here: it is
// encoded and then takes the one path through the binary decoder.
#pragma once

#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ints.h"

namespace wazuka::wat {

struct Options {
  bool emit_names = true;  // the `name` section from $identifiers and (@name …) annotations
};

/// Converts one module. Errors carry a one-line message and the byte offset in `text`; render them
/// with wat/diagnostic.h. Every feature is accepted: gating is the decoder's work.
Result<std::vector<u8>> text_to_binary(std::string_view text, const Options& options = {});

}  // namespace wazuka::wat

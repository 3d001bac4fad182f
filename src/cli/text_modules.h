// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules given as text.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ints.h"

namespace wazuka::cli {

/// Whether the text is a `(component …)`.
bool is_component_text(std::string_view text);

/// Text → binary; the error is the whole diagnostic with the source line.
Result<std::vector<u8>> binary_of_text(std::string_view text, const std::string& path);

}  // namespace wazuka::cli

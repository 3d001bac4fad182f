// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Paths and names in WASI are Unicode strings; host names need not be.
#pragma once

#include <string_view>

namespace wazuka::wasi {

/// Well-formed UTF-8 as Unicode table 3-7 has it: no overlong forms, no surrogates.
bool is_utf8(std::string_view text);

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `(@dylink.0 (needed "libc.so") …)`.
#pragma once

#include <span>

#include "wat/print_context.h"

namespace wazuka::wat {

/// Prints the contents of a section `dylink.0`; prints nothing, and returns false, unless parsing
/// the text gives the same bytes.
bool print_dylink(PrintContext& context, std::span<const u8> contents);

}  // namespace wazuka::wat

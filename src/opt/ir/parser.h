// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads what the printer writes (ir/printer.h), for tests. Values may have any numbers, and keep
// them; blocks are numbered from 0 in order.
#pragma once

#include <string_view>

#include "base/error.h"
#include "opt/ir/graph.h"

namespace wazuka::opt {

/// The error names the line.
Result<void> parse(std::string_view text, Graph& g);

}  // namespace wazuka::opt

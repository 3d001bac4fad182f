// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arguments and expected results of scripts: `i32.const 1`, `f32.const nan:canonical`, `ref.null
// func`…
#pragma once

#include "wat/cursor.h"
#include "wat/wast.h"

namespace wazuka::wat {

/// What stands between the parentheses of an argument or a result.
[[nodiscard]] bool parse_value(Cursor& c, Value& out);
[[nodiscard]] bool parse_pattern(Cursor& c, Pattern& out);

}  // namespace wazuka::wat

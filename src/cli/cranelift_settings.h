// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `-C cranelift-KEY[=VALUE]`: known settings are accepted and mean nothing, others are errors.
#pragma once

#include <optional>
#include <string_view>

#include "base/error.h"

namespace wazuka::cli {

/// `key` is what follows `cranelift-`. The errors are Wasmtime's.
Result<void> check_cranelift_setting(std::string_view key, std::optional<std::string_view> value);

}  // namespace wazuka::cli

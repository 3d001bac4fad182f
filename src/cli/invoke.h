// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `--invoke`: arguments in text → values → call → results in text.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "runtime/store.h"

namespace wazuka::cli {

/// Calls `func` with the guest's arguments and prints its results. `name` is what `--invoke` said.
ExecResult<void> invoke_func(Store& store, const VMFuncRef& func,
                             std::optional<std::string_view> name,
                             std::span<const std::string_view> arguments);

}  // namespace wazuka::cli

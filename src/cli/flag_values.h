// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is wrong with the value of a flag. The parser of arguments asks as it reads them, so that of
// several mistakes on a command line the first is reported, as Wasmtime does.
#pragma once

#include <string>
#include <string_view>

#include "base/error.h"
#include "cli/tables.h"

namespace wazuka::cli {

/// The whole text for standard error; empty if the value is good.
std::string value_error(FlagId id, std::string_view value);

/// `[ADDR:]PORT`, where a debugger is waited for. Wasmtime looks at it only when it starts to run.
Result<void> check_gdbstub(std::string_view text);

}  // namespace wazuka::cli

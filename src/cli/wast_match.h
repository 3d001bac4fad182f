// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Expected results of a script against what came out.
#pragma once

#include "base/error.h"
#include "runtime/store.h"
#include "wat/wast.h"

namespace wazuka::cli {

/// An error that shows both values if they do not match.
Result<void> match_result(Store& store, const Value& actual, const wat::Pattern& expected);

/// A script's argument as a value; an error for kinds that this build does not have.
Result<Value> argument_value(Store& store, const wat::Value& argument);

/// Whether an error says what an assertion of a trap expects, with the liberties that the official
/// scripts need.
bool trap_message_matches(std::string_view expected, std::string_view actual);

}  // namespace wazuka::cli

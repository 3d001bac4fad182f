// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// -S listenfd and -S tcplisten: the listening sockets that a guest gets.
#pragma once

#include "base/error.h"
#include "cli/options.h"
#include "wasi/context.h"

namespace wazuka::cli {

/// Adds the sockets that the options ask for; inherited ones come first.
Result<void> add_listeners(const Options& options, wasi::ContextOptions& wasi);

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From the command line to what a guest may see: directories, clocks, randomness.
#pragma once

#include <string>
#include <string_view>

#include "cli/options.h"
#include "wasi/context.h"

namespace wazuka::cli {

/// `HOST[::GUEST[::ro]]`. The error says what is wrong with the third part.
Result<wasi::Preopen> parse_dir(std::string_view text);

/// Clocks, random numbers and attributes of files: the host's, or those that `-S clock`,
/// `-S random-seed` and `--deterministic` ask for.
void set_sources(const Options& options, bool deterministic, wasi::ContextOptions& wasi);

}  // namespace wazuka::cli

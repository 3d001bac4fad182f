// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files in TOML: option groups (`--config`), and the settings of the cache (`-C cache-config`).
#pragma once

#include <string>

#include "cli/options.h"

namespace wazuka::cli {

/// Takes the tables [optimize], [codegen], [debug], [wasm], [wasi] and [record] of a file.
Result<void> read_config_file(const std::string& path, Options& options);

/// Options from text in TOML.
Result<void> parse_config(std::string_view text, Options& options);

/// Whether a file has nothing but settings of the cache.
Result<void> check_cache_config(const std::string& path);

}  // namespace wazuka::cli

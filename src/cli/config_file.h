// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Files in TOML: option groups (`--config`), and the settings of the cache (`-C cache-config`).
#pragma once

#include <string>

#include "cli/cache.h"
#include "cli/options.h"

namespace wazuka::cli {

/// Takes the tables [optimize], [codegen], [debug], [wasm], [wasi] and [record] of a file.
Result<void> read_config_file(const std::string& path, Options& options);

/// Options from text in TOML.
Result<void> parse_config(std::string_view text, Options& options);

/// Settings of the cache from a file, which may have nothing else.
Result<void> read_cache_config(const std::string& path, CacheSettings& settings);

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The command's cache of compiled code: which modules it is for, and where it is.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "cli/logging.h"
#include "cli/options.h"
#include "image/cache.h"
#include "runtime/module_code.h"

namespace wazuka::cli {

/// The keys of the table [cache] of a configuration file, with their values as text.
using CacheKeys = std::vector<std::pair<std::string, std::string>>;

struct CacheSettings {
  std::string folder;
  image::CacheLimits limits;
};
/// An error names the key whose value is wrong.
Result<void> apply_cache_keys(const CacheKeys& keys, CacheSettings& settings);

/// The configuration file that is read where there is one; empty if there is no home.
std::string default_config_path();

/// The cache and one module that it is asked for.
class ModuleCache {
 public:
  ModuleCache(const Options& options, const Log* log) : options_(options), log_(log) {}

  /// Whether code of this configuration is kept at all.
  static bool is_for(const Options& options, const EngineConfig& config);

  /// The module with what earlier runs have compiled of it; null if there is nothing. An error if
  /// the configuration cannot be read.
  Result<std::shared_ptr<ModuleCode>> find(const std::shared_ptr<Engine>& engine,
                                           std::span<const u8> binary);
  /// At the end of a run: keeps what it has compiled, if that is worth it.
  void store(const ModuleCode& code) const;

 private:
  Result<void> open();
  void note(LogLevel level, const std::string& message) const;

  const Options& options_;
  const Log* log_;  // or null
  std::optional<image::Cache> cache_;
  std::string key_;
};

}  // namespace wazuka::cli

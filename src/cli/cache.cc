// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/cache.h"

#include <cerrno>
#include <charconv>
#include <cstdlib>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/config_file.h"
#include "runtime/precompile.h"

namespace wazuka::cli {
namespace {

// Smaller modules are compiled faster than they are looked up.
constexpr size_t kMinModuleBytes = size_t{128} << 10;
// How much code must be new, and which part of the entry, for it to be written again.
constexpr u64 kMinNewBytes = u64{64} << 10, kMinNewPart = 8;

std::string variable(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// A folder of the user's, as XDG says; empty if there is no home.
std::string user_folder(const char* xdg, const char* below_home) {
  std::string folder = variable(xdg);
  if (folder.starts_with('/')) return folder;
  const std::string home = variable("HOME");
  return home.starts_with('/') ? home + below_home : "";
}

struct Unit {
  std::string_view name;
  u64 factor;
};
constexpr Unit kSizes[] = {{"", 1},
                           {"K", 1000},
                           {"Ki", 1 << 10},
                           {"M", 1'000'000},
                           {"Mi", 1 << 20},
                           {"G", 1'000'000'000},
                           {"Gi", 1 << 30},
                           {"T", 1'000'000'000'000},
                           {"Ti", u64{1} << 40}};
constexpr Unit kTimes[] = {{"", 1}, {"s", 1}, {"m", 60}, {"h", 3600}, {"d", 86400}};
constexpr Unit kPercent[] = {{"%", 1}};

bool read_number(std::string_view text, std::span<const Unit> units, u64& value) {
  u64 number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  std::string_view unit = text.substr(static_cast<size_t>(end - text.data()));
  while (unit.starts_with(' ')) unit.remove_prefix(1);
  for (const Unit& u : units) {
    if (error != std::errc() || u.name != unit || number > ~u64{0} / u.factor) continue;
    value = number * u.factor;
    return true;
  }
  return false;
}

}  // namespace

Result<void> apply_cache_keys(const CacheKeys& keys, CacheSettings& settings) {
  for (const auto& [key, value] : keys) {
    bool ok = true;
    u64 percent = settings.limits.percent;
    if (key == "directory") {
      ok = value.starts_with('/');
      settings.folder = value;
    } else if (key == "cleanup-interval") {
      ok = read_number(value, kTimes, settings.limits.cleanup_seconds);
    } else if (key == "files-total-size-soft-limit") {
      ok = read_number(value, kSizes, settings.limits.total_bytes);
    } else if (key == "file-count-soft-limit") {
      ok = read_number(value, kSizes, settings.limits.files);
    } else if (key == "files-total-size-limit-percent-if-deleting" ||
               key == "file-count-limit-percent-if-deleting") {
      ok = read_number(value, kPercent, percent) && percent <= 100;
      settings.limits.percent = std::min(settings.limits.percent, percent);
    }
    if (!ok) return fail("invalid value `" + value + "` of the key `" + key + "`");
  }
  return {};
}

std::string default_config_path() {
  const std::string folder = user_folder("XDG_CONFIG_HOME", "/.config");
  return folder.empty() ? "" : folder + "/wazuka/config.toml";
}

bool ModuleCache::is_for(const Options& options, const EngineConfig& config) {
  return options.is_on(OptionId::kCodegenCache, true) &&
         config.strategy != Strategy::kInterpreter && config.verify == nullptr &&
         config.observer == nullptr && !config.check_compiler &&
         (config.lazy_compilation || config.strategy == Strategy::kOptimizing);
}

Result<void> ModuleCache::open() {
  CacheSettings settings;
  std::string path(options_.text(OptionId::kCodegenCacheConfig));
  if (path.empty()) {
    path = default_config_path();
    if (!path.empty() && access(path.c_str(), F_OK) != 0) path.clear();
  }
  if (!path.empty()) WAZUKA_TRY(read_cache_config(path, settings));
  if (settings.folder.empty()) {
    settings.folder = user_folder("XDG_CACHE_HOME", "/.cache");
    if (settings.folder.empty()) return {};
    settings.folder += "/wazuka";
  }
  cache_.emplace(std::move(settings.folder), settings.limits);
  return {};
}

Result<std::shared_ptr<ModuleCode>> ModuleCache::find(const std::shared_ptr<Engine>& engine,
                                                      std::span<const u8> binary) {
  if (binary.size() < kMinModuleBytes || engine->thunks() == nullptr) return nullptr;
  WAZUKA_TRY(open());
  if (!cache_) return nullptr;
  key_ = image::Cache::key(binary, image_settings(*engine));
  auto image = cache_->find(key_, binary);
  if (image && *image == nullptr) return nullptr;
  auto code = image ? ModuleCode::from_image(engine, *std::move(image))
                    : std::unexpected(std::move(image).error());
  if (code) {
    note(LogLevel::kDebug, fmt::format("found the entry {}", key_));
    return code;
  }
  note(LogLevel::kWarn, fmt::format("the entry {} is not used: {}", key_, code.error().message));
  return nullptr;
}

void ModuleCache::store(const ModuleCode& code) const {
  if (!cache_) return;
  const u64 fresh = bytes_to_capture(code);
  const u64 known = code.image() == nullptr ? 0 : code.image()->code().code.bytes;
  if (fresh < kMinNewBytes || fresh < known / kMinNewPart) return;
  auto image = capture(code);
  auto stored = image ? cache_->store(key_, *image) : std::unexpected(std::move(image).error());
  if (stored) return note(LogLevel::kDebug, fmt::format("stored the entry {}", key_));
  note(LogLevel::kDebug, fmt::format("nothing is stored: {}", stored.error().message));
}

void ModuleCache::note(LogLevel level, const std::string& message) const {
  if (log_ != nullptr) log_->note(level, "wazuka_cache", message);
}

}  // namespace wazuka::cli

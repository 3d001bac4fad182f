// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The one place that uses toml++, compiled without exceptions and without its formatters.
#include "cli/config_file.h"

#include <algorithm>
#include <fmt/format.h>
#include <iterator>
#include <optional>

#define TOML_EXCEPTIONS 0
#define TOML_HEADER_ONLY 1
#define TOML_ENABLE_FORMATTERS 0
#include <toml++/toml.h>

#include "cli/option_values.h"
#include "os/file_bytes.h"

namespace wazuka::cli {
namespace {

constexpr size_t kMostBytes = 1 << 20;  // no file of options is larger

/// The text with a position, in the shape of Rust's TOML library, which users of Wasmtime know.
std::string positioned(std::string_view text, const toml::source_region& where,
                       std::string_view message) {
  size_t line = std::max<size_t>(where.begin.line, 1);
  size_t column = std::max<size_t>(where.begin.column, 1);
  std::string_view rest = text;
  for (size_t i = 1; i < line; ++i) {
    size_t end = rest.find('\n');
    rest.remove_prefix(end == std::string_view::npos ? rest.size() : end + 1);
  }
  std::string_view source = rest.substr(0, rest.find('\n'));
  if (source.ends_with('\r')) source.remove_suffix(1);
  bool one_line = where.end.line == where.begin.line && where.end.column > where.begin.column;
  size_t carets = one_line ? where.end.column - where.begin.column : 1;
  std::string number = fmt::format("{}", line);
  std::string gutter(number.size(), ' ');
  return fmt::format("TOML parse error at line {}, column {}\n{} |\n{} | {}\n{} | {}{}\n{}\n", line,
                     column, gutter, number, source, gutter, std::string(column - 1, ' '),
                     std::string(std::min<size_t>(carets, source.size() + 1), '^'), message);
}

/// "string "x"", as in "invalid type: string "x", expected u64".
std::string described(const toml::node& node) {
  if (auto s = node.as_string()) return "string " + debug_string(s->get());
  if (auto i = node.as_integer()) return fmt::format("integer `{}`", i->get());
  if (auto f = node.as_floating_point()) return fmt::format("floating point `{}`", f->get());
  if (auto b = node.as_boolean()) return fmt::format("boolean `{}`", b->get());
  if (node.is_array()) return "sequence";
  if (node.is_table()) return "map";
  return "datetime";
}

std::string_view expected_type(OptionKind kind) {
  switch (kind) {
    case OptionKind::kBool: return "a boolean";
    case OptionKind::kU32:
    case OptionKind::kNonZeroU32: return "u32";
    case OptionKind::kU64: return "u64";
    case OptionKind::kSize: return "usize";
    case OptionKind::kDuration: return "struct Duration";
    case OptionKind::kEnabled:
    case OptionKind::kOptLevel:
    case OptionKind::kInlining: return "a string or a boolean";
    case OptionKind::kString:
    case OptionKind::kStrings:
    case OptionKind::kPath:
    case OptionKind::kRegalloc:
    case OptionKind::kCompiler:
    case OptionKind::kCollector:
    case OptionKind::kKeyValue:
    case OptionKind::kGraph:
    case OptionKind::kPrefix:
    case OptionKind::kClock: break;
  }
  return "a string";
}

bool is_number(OptionKind kind) {
  return kind == OptionKind::kU32 || kind == OptionKind::kNonZeroU32 || kind == OptionKind::kU64 ||
         kind == OptionKind::kSize;
}

/// A duration: "10ms", whole seconds, or { secs = 1, nanos = 5 }.
std::optional<std::string> duration_text(const toml::node& node) {
  if (auto s = node.as_string()) return s->get();
  if (auto i = node.as_integer()) return fmt::format("{}", i->get());
  const toml::table* table = node.as_table();
  if (table == nullptr) return std::nullopt;
  i64 seconds = (*table)["secs"].value_or(i64{-1});
  i64 nanos = (*table)["nanos"].value_or(i64{0});
  if (table->size() > 2 || seconds < 0 || seconds > 1'000'000'000 || nanos < 0) return std::nullopt;
  return fmt::format("{}ns", static_cast<u64>(seconds) * 1'000'000'000 + static_cast<u64>(nanos));
}

/// The value as it would stand on the command line; nothing if the type is wrong.
std::optional<std::string> value_text(OptionKind kind, const toml::node& node) {
  if (kind == OptionKind::kDuration) return duration_text(node);
  if (is_number(kind)) {
    auto i = node.as_integer();
    if (i == nullptr || i->get() < 0) return std::nullopt;
    return fmt::format("{}", i->get());
  }
  if (auto b = node.as_boolean()) {
    bool allowed = kind == OptionKind::kBool || kind == OptionKind::kEnabled ||
                   kind == OptionKind::kInlining || kind == OptionKind::kPrefix;
    if (!allowed) return std::nullopt;
    if (kind == OptionKind::kPrefix) return b->get() ? "true" : "false";
    return b->get() ? "y" : "n";
  }
  if (kind == OptionKind::kBool) return std::nullopt;
  auto i = node.as_integer();
  if (i != nullptr && (kind == OptionKind::kOptLevel || kind == OptionKind::kPrefix)) {
    return fmt::format("{}", i->get());
  }
  if (auto s = node.as_string()) return s->get();
  return std::nullopt;
}

class Reader {
 public:
  Reader(std::string_view text, Options& options) : text_(text), options_(options) {}

  Result<void> read(const toml::table& root) {
    for (auto&& [key, node] : root) {
      std::optional<Group> group = group_named(key.str());
      if (!group) return unknown(key, group_names());
      const toml::table* table = node.as_table();
      if (table == nullptr)
        return wrong(node, fmt::format("invalid type: {}, expected a table", described(node)));
      for (auto&& [name, value] : *table) WAZUKA_TRY(read_key(*group, name, value));
    }
    return {};
  }

 private:
  std::unexpected<Error> wrong(const toml::node& node, std::string_view message) const {
    return fail(positioned(text_, node.source(), message));
  }

  std::unexpected<Error> unknown(const toml::key& key, const std::string& expected) const {
    return fail(
        positioned(text_, key.source(),
                   fmt::format("unknown field `{}`, expected one of {}", key.str(), expected)));
  }

  static std::optional<Group> group_named(std::string_view name) {
    for (u32 g = 0; g < kGroupCount; ++g) {
      if (group_info(static_cast<Group>(g)).name == name) return static_cast<Group>(g);
    }
    return std::nullopt;
  }

  static std::string group_names() {
    std::string text;
    for (u32 g = 0; g < kGroupCount; ++g) {
      text += fmt::format("{}`{}`", g == 0 ? "" : ", ", group_info(static_cast<Group>(g)).name);
    }
    return text;
  }

  static std::string key_names(Group group) {
    std::string text;
    for (const KeyHelp& key : group_keys(group)) {
      if (!is_settable(group, key.name)) continue;
      text += fmt::format("{}`{}`", text.empty() ? "" : ", ", key.name);
    }
    return text;
  }

  /// Whether a file may set it.
  static bool is_settable(Group group, std::string_view key) {
    auto kind = Options::kind_of(group, key);
    return !kind || (*kind != OptionKind::kKeyValue && *kind != OptionKind::kGraph);
  }

  Result<void> read_key(Group group, const toml::key& key, const toml::node& node) {
    auto kind = Options::kind_of(group, key.str());
    if (!kind || !is_settable(group, key.str())) return unknown(key, key_names(group));
    const toml::array* array = node.as_array();
    if (array != nullptr && *kind == OptionKind::kStrings) {
      for (const toml::node& element : *array) WAZUKA_TRY(set(group, key, *kind, element));
      return {};
    }
    return set(group, key, *kind, node);
  }

  Result<void> set(Group group, const toml::key& key, OptionKind kind, const toml::node& node) {
    std::optional<std::string> value = value_text(kind, node);
    if (!value) {
      bool negative = is_number(kind) && node.is_integer();
      return wrong(node, fmt::format("invalid {}: {}, expected {}", negative ? "value" : "type",
                                     described(node), expected_type(kind)));
    }
    auto done = options_.set(group, key.str(), *value);
    if (done) return {};
    const Error& error = done.error();
    return wrong(node, error.causes.empty() ? error.message : error.causes.back());
  }

  std::string_view text_;
  Options& options_;
};

/// TOML has no control characters but tab and line ends (toml.io, 1.0.0, "Spec"); the library takes
/// that for granted in places.
std::optional<toml::source_region> control_character(std::string_view text) {
  toml::source_position at{1, 1};
  for (char c : text) {
    if ((static_cast<unsigned char>(c) < 0x20 && c != '\t' && c != '\n' && c != '\r') ||
        c == 0x7f) {
      return toml::source_region{at, at, {}};
    }
    ++at.column;
    if (c == '\n') at = {at.line + 1, 1};
  }
  return std::nullopt;
}

Result<toml::table> parse_toml(std::string_view text) {
  if (text.size() > kMostBytes) return fail("the file is too large");
  if (auto where = control_character(text)) {
    return fail(positioned(text, *where, "control characters are not allowed"));
  }
  toml::parse_result parsed = toml::parse(text);
  if (parsed) return std::move(parsed).table();
  return fail(positioned(text, parsed.error().source(), parsed.error().description()));
}

/// Reads a file and hands its text to `use`; errors are worded as Wasmtime's.
template <class Use>
Result<void> with_file(const std::string& path, const std::string& reading,
                       const std::string& parsing, Use use) {
  auto file = os::FileBytes::read(path.c_str());
  if (!file) return fail_with_cause(reading, os::error_text(file.error().number));
  std::string_view text(reinterpret_cast<const char*>(file->bytes().data()), file->bytes().size());
  Result<void> done = use(text);
  if (done) return done;
  return std::unexpected(std::move(done).error().context(parsing));
}

constexpr std::string_view kCacheKeys[] = {
    "directory",
    "worker-event-queue-size",
    "baseline-compression-level",
    "optimized-compression-level",
    "optimized-compression-usage-counter-threshold",
    "cleanup-interval",
    "optimizing-compression-task-timeout",
    "allowed-clock-drift-for-files-from-future",
    "file-count-soft-limit",
    "files-total-size-soft-limit",
    "file-count-limit-percent-if-deleting",
    "files-total-size-limit-percent-if-deleting",
};

std::unexpected<Error> unknown_field(std::string_view text, const toml::key& key,
                                     const std::string& expected) {
  return fail(positioned(text, key.source(),
                         fmt::format("unknown field `{}`, expected {}", key.str(), expected)));
}

Result<void> read_cache_text(std::string_view text, CacheKeys& keys) {
  auto root = parse_toml(text);
  if (!root) return std::unexpected(std::move(root).error());
  for (auto&& [key, node] : *root) {
    if (key.str() != "cache" || !node.is_table()) return unknown_field(text, key, "`cache`");
    for (auto&& [name, value] : *node.as_table()) {
      if (std::ranges::find(kCacheKeys, name.str()) != std::end(kCacheKeys)) {
        if (auto s = value.as_string()) keys.emplace_back(name.str(), s->get());
        if (auto i = value.as_integer()) {
          keys.emplace_back(name.str(), fmt::format("{}", i->get()));
        }
        continue;
      }
      std::string names;
      for (std::string_view k : kCacheKeys) {
        names += fmt::format("{}`{}`", names.empty() ? "one of " : ", ", k);
      }
      return unknown_field(text, name, names);
    }
  }
  return {};
}

}  // namespace

Result<void> parse_config(std::string_view text, Options& options) {
  auto root = parse_toml(text);
  if (!root) return std::unexpected(std::move(root).error());
  return Reader(text, options).read(*root);
}

Result<void> read_config_file(const std::string& path, Options& options) {
  return with_file(path, "failed to read config file: " + debug_string(path),
                   "failed to parse TOML config file " + debug_string(path),
                   [&](std::string_view text) { return parse_config(text, options); });
}

Result<void> read_cache_config(const std::string& path, CacheSettings& settings) {
  return with_file(path, "failed to read config file: " + path,
                   "failed to parse config file: " + path, [&](std::string_view text) {
                     CacheKeys keys;
                     auto read = read_cache_text(text, keys);
                     return read ? apply_cache_keys(keys, settings) : read;
                   });
}

}  // namespace wazuka::cli

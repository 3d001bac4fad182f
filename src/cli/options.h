// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The option groups -O, -C, -D, -W, -S and -R: `k[=v][,k2[=v2]…]`, given on the command line or in
// WASMTIME_* environment variables. options.def says what exists; here is how values are parsed,
// and where the commands find them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "base/ints.h"
#include "wasm/feature.h"

namespace wazuka::cli {

enum class Group : u8 { kOptimize, kCodegen, kDebug, kWasm, kWasi, kRecord };
inline constexpr u32 kGroupCount = 6;

struct GroupInfo {
  char letter;            // -W
  std::string_view name;  // --wasm
};
GroupInfo group_info(Group group);

enum class OptionKind : u8 {
  kBool,  // absent, y, yes, true; n, no, false
  kU32,   // decimal or 0x, `_` allowed
  kU64,
  kSize,
  kNonZeroU32,
  kString,
  kStrings,  // repeatable
  kPath,
  kDuration,  // N and Ns: seconds; Nms, Nus, Nns
  kEnabled,   // as kBool, and auto
  kOptLevel,
  kRegalloc,
  kCompiler,
  kCollector,
  kInlining,
  kKeyValue,  // repeatable
  kGraph,     // repeatable: format::directory
  kPrefix,    // name-KEY[=value]
  kClock,     // host, virtual, virtual:SECONDS
};

enum class OptionStatus : u8 { kObeyed, kIgnored, kUnsupported, kUnsupportedOn };

enum class OptionId : u16 {
#define OPTION(group, ident, name, kind, status, help) k##group##ident,
#include "cli/options.def"
#undef OPTION
};

struct OptionSpec {
  Group group;
  std::string_view name;
  OptionKind kind;
  OptionStatus status;
  std::string_view help;
};
OptionSpec option_spec(OptionId id);

class Options {
 public:
  /// Parses `k[=v],…` of one group; later values replace earlier ones.
  Result<void> parse(Group group, std::string_view list);
  /// Sets one option.
  Result<void> set(Group group, std::string_view key, std::optional<std::string_view> value);
  /// Takes <PREFIX>_<GROUP> and <PREFIX>_<GROUP>_<OPTION> from the environment, where the prefix is
  /// WASMTIME or, with precedence, WAZUKA. Call it before the command line's options are parsed.
  Result<void> parse_environment(char** environment);

  /// How the value of a key is parsed; nothing if there is no such key.
  static std::optional<OptionKind> kind_of(Group group, std::string_view key);
  /// The key of a group that is most similar to a mistyped one; empty if none is.
  static std::string similar_key(Group group, std::string_view typed);

  bool has(OptionId id) const { return find(id) != nullptr; }
  std::optional<bool> flag(OptionId id) const;
  bool is_on(OptionId id, bool otherwise = false) const { return flag(id).value_or(otherwise); }
  /// Durations in nanoseconds; clocks as kHostClock, or a virtual clock's start in seconds.
  std::optional<u64> number(OptionId id) const;
  std::string_view text(OptionId id) const;                // empty if absent
  std::vector<std::string_view> texts(OptionId id) const;  // of a repeatable option, in order

  /// What `--target` says; empty if it does not.
  void set_target(std::string_view triple) { target_ = triple; }
  const std::string& target() const { return target_; }

  /// The defaults changed by all-proposals and the single feature options.
  Features features() const;

  /// An error for the first option whose effect this build cannot give.
  Result<void> check_supported() const;

 private:
  struct Setting {
    OptionId id;
    u64 number = 0;  // also 0 and 1 for flags
    std::string text;
  };

  const Setting* find(OptionId id) const;
  Result<void> parse_variable(std::string_view name, std::string_view value, bool whole_group);

  std::string target_;
  std::vector<Setting> settings_;
  std::vector<std::pair<Feature, bool>> features_;
};

/// One key of a group, as help texts show it.
struct KeyHelp {
  std::string name;
  std::string_view value, help;
};
std::vector<KeyHelp> group_keys(Group group);

/// The text of `-X help` and `-X help-long`.
std::string group_help(Group group, bool long_form);

}  // namespace wazuka::cli

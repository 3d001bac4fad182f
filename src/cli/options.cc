// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/options.h"

#include <algorithm>
#include <cctype>
#include <fmt/format.h>
#include <iterator>

#include "base/text_table.h"
#include "cli/arguments.h"
#include "cli/option_values.h"
#include "cli/tables.h"

namespace wazuka::cli {
namespace {

struct OptionRow {
  Group group;
  OptionKind kind;
  OptionStatus status;
};
constexpr OptionRow kRows[] = {
#define OPTION(group, ident, name, kind, status, help) \
  {Group::k##group, OptionKind::k##kind, OptionStatus::k##status},
#include "cli/options.def"
#undef OPTION
};
constexpr size_t kOptionCount = std::size(kRows);

constexpr char kTexts[] =
#define OPTION(group, ident, name, kind, status, help) name "\0" help "\0"
#include "cli/options.def"
#undef OPTION
    ;
constexpr auto kOffsets = text_offsets<kOptionCount * 2>(kTexts);

OptionSpec spec_at(size_t i) {
  const OptionRow& row = kRows[i];
  return {row.group, text_at(kTexts, kOffsets, 2 * i), row.kind, row.status,
          text_at(kTexts, kOffsets, 2 * i + 1)};
}

std::string_view value_help(OptionKind kind) {
  switch (kind) {
    case OptionKind::kBool: return "[=y|n]";
    case OptionKind::kU32:
    case OptionKind::kU64:
    case OptionKind::kSize:
    case OptionKind::kNonZeroU32: return "=N";
    case OptionKind::kString:
    case OptionKind::kStrings: return "=val";
    case OptionKind::kPath: return "=path";
    case OptionKind::kDuration: return "=N|Ns|Nms|..";
    case OptionKind::kEnabled: return "[=y|n|auto]";
    case OptionKind::kOptLevel: return "=0|1|2|s";
    case OptionKind::kRegalloc: return "=backtracking|single-pass";
    case OptionKind::kCompiler: return "=auto|interpreter|baseline|optimizing|winch|cranelift";
    case OptionKind::kCollector: return "=drc|null|copying";
    case OptionKind::kInlining: return "[=y|n|gc|inter-module|intrinsics]";
    case OptionKind::kKeyValue: return "=<name>=<val>";
    case OptionKind::kGraph: return "=<format>::<dir>";
    case OptionKind::kPrefix: return "[=val]";
    case OptionKind::kClock: return "=host|virtual[:N]";
  }
  return "";
}

bool is_repeatable(OptionKind kind) {
  return kind == OptionKind::kStrings || kind == OptionKind::kKeyValue ||
         kind == OptionKind::kGraph || kind == OptionKind::kPrefix;
}

std::optional<bool> yes_or_no(std::string_view value) {
  if (value == "y" || value == "yes" || value == "true") return true;
  if (value == "n" || value == "no" || value == "false") return false;
  return std::nullopt;
}

/// A kind with a fixed set of words.
struct WordKind {
  OptionKind kind;
  std::string_view words;          // separated by spaces
  std::string_view before, after;  // of the error: before `word` after
};

constexpr WordKind kWordKinds[] = {
    {OptionKind::kOptLevel, "0 1 2 s", "unknown optimization level ", ", only 0,1,2,s accepted"},
    {OptionKind::kRegalloc, "backtracking single-pass", "unknown regalloc algorithm",
     ", only backtracking,single-pass accepted"},
    {OptionKind::kCompiler, "cranelift winch auto interpreter baseline optimizing",
     "unknown compiler ", " only `cranelift` and `winch` accepted"},
    {OptionKind::kCollector, "drc null copying", "unknown collector ",
     " only `drc`, `null`, and `copying` accepted"},
    {OptionKind::kInlining, "y yes true n no false gc inter-module intrinsics",
     "invalid intra-module inlining option string: ",
     ", only yes,no,gc,inter-module,intrinsics accepted"},
};

/// The index of the word.
Result<u64> parse_word(OptionKind kind, std::string_view value) {
  for (const WordKind& w : kWordKinds) {
    if (w.kind != kind) continue;
    std::string_view rest = w.words;
    for (u64 index = 0;; ++index) {
      size_t space = rest.find(' ');
      if (rest.substr(0, space) == value) return index;
      if (space == std::string_view::npos) break;
      rest.remove_prefix(space + 1);
    }
    return fail(fmt::format("{}`{}`{}", w.before, value, w.after));
  }
  return fail("not a word");
}

Result<u64> parse_yes_no(OptionKind kind, std::string_view value) {
  if (auto flag = yes_or_no(value)) return u64{*flag};
  if (kind == OptionKind::kEnabled) {
    if (value == "auto") return 2;
    return fail("unknown flag `" + std::string(value) + "`, only yes,no,auto,<nothing> accepted");
  }
  return fail("unknown boolean flag `" + std::string(value) + "`, only yes,no,<nothing> accepted");
}

/// The number of a value that is present.
Result<u64> parse_value(OptionKind kind, std::string_view value) {
  switch (kind) {
    case OptionKind::kBool:
    case OptionKind::kEnabled: return parse_yes_no(kind, value);
    case OptionKind::kU32: return parse_count(value, ~u32{0});
    case OptionKind::kU64:
    case OptionKind::kSize: return parse_count(value, ~u64{0});
    case OptionKind::kNonZeroU32: {
      auto n = parse_count(value, ~u32{0});
      if (n && *n == 0) return fail("value must be non-zero");
      return n;
    }
    case OptionKind::kDuration: return parse_duration(value);
    case OptionKind::kClock: return parse_clock(value);
    case OptionKind::kGraph:
      if (value.find("::") != std::string_view::npos) return 0;
      return fail("graph does not contain `::` separator for directory");
    case OptionKind::kString:
    case OptionKind::kStrings:
    case OptionKind::kPath:
    case OptionKind::kKeyValue:
    case OptionKind::kPrefix: return 0;
    case OptionKind::kOptLevel:
    case OptionKind::kRegalloc:
    case OptionKind::kCompiler:
    case OptionKind::kCollector:
    case OptionKind::kInlining: return parse_word(kind, value);
  }
  return 0;
}

bool may_lack_value(OptionKind kind) {
  return kind == OptionKind::kBool || kind == OptionKind::kEnabled ||
         kind == OptionKind::kInlining || kind == OptionKind::kPrefix;
}

std::optional<OptionId> find_option(Group group, std::string_view key) {
  for (size_t i = 0; i < kOptionCount; ++i) {
    const OptionSpec spec = spec_at(i);
    if (spec.group != group) continue;
    bool match = spec.name == key;
    if (spec.kind == OptionKind::kPrefix) {
      match = key.starts_with(spec.name) && key.size() > spec.name.size() &&
              key[spec.name.size()] == '-';
    }
    if (match) return static_cast<OptionId>(i);
  }
  return std::nullopt;
}

const FeatureInfo* find_feature(Group group, std::string_view key) {
  if (group != Group::kWasm) return nullptr;
  for (const FeatureInfo& f : kFeatures) {
    if (f.flag == key) return &f;
  }
  return nullptr;
}

constexpr std::string_view kUnknown = "unknown option: ";

}  // namespace

GroupInfo group_info(Group group) {
  // The groups are the first flags.
  FlagInfo flag = flag_info(static_cast<FlagId>(group));
  return {flag.letter, flag.name};
}

OptionSpec option_spec(OptionId id) {
  return spec_at(static_cast<size_t>(id));
}

Result<void> Options::parse(Group group, std::string_view list) {
  for (;;) {
    size_t comma = list.find(',');
    std::string_view item = list.substr(0, comma);
    size_t equals = item.find('=');
    std::optional<std::string_view> value;
    if (equals != std::string_view::npos) value = item.substr(equals + 1);
    WAZUKA_TRY(set(group, item.substr(0, equals), value));
    if (comma == std::string_view::npos) return {};
    list.remove_prefix(comma + 1);
  }
}

Result<void> Options::set(Group group, std::string_view key,
                          std::optional<std::string_view> value) {
  const FeatureInfo* feature = find_feature(group, key);
  std::optional<OptionId> id = feature != nullptr ? std::nullopt : find_option(group, key);
  if (feature == nullptr && !id) return fail(std::string(kUnknown) + std::string(key));
  OptionKind kind = feature != nullptr ? OptionKind::kBool : option_spec(*id).kind;

  Result<u64> number = 1;
  if (value) {
    number = parse_value(kind, *value);
  } else if (!may_lack_value(kind)) {
    number = fail(kind == OptionKind::kPath ? "value must be specified with key=val syntax"
                                            : "value must be specified with `key=val` syntax");
  }
  if (!number) {
    std::string item(key);
    if (value) item += "=" + std::string(*value);
    return std::unexpected(
        std::move(number).error().context("failed to parse option `" + item + "`"));
  }
  if (feature != nullptr) {
    features_.emplace_back(feature->feature, *number != 0);
    return {};
  }
  if (!is_repeatable(kind)) {
    std::erase_if(settings_, [&](const Setting& s) { return s.id == *id; });
  }
  // Of a prefix, what follows it.
  const bool whole = kind == OptionKind::kPrefix;
  std::string text(whole ? key.substr(option_spec(*id).name.size() + 1) : value.value_or(""));
  if (whole && value) text += "=" + std::string(*value);
  settings_.push_back({*id, *number, std::move(text)});
  return {};
}

namespace {

std::string upper(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  return out;
}

/// OPTION_NAME → option-name
std::string key_of_variable(std::string_view text) {
  std::string out(text);
  for (char& c : out) {
    c = c == '_' ? '-' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return out;
}

}  // namespace

Result<void> Options::parse_variable(std::string_view name, std::string_view value,
                                     bool whole_group) {
  for (u32 g = 0; g < kGroupCount; ++g) {
    std::string_view rest = name;
    std::string group_name = upper(group_info(static_cast<Group>(g)).name);
    if (!rest.starts_with(group_name)) continue;
    rest.remove_prefix(group_name.size());
    Group group = static_cast<Group>(g);
    if (rest.empty() && whole_group) return parse(group, value);
    if (!rest.starts_with('_') || whole_group) continue;
    std::string key = key_of_variable(rest.substr(1));
    if (find_feature(group, key) == nullptr && !find_option(group, key)) continue;
    auto parsed = set(group, key, value);
    if (parsed) return parsed;
    // The variable's name says already which option it is.
    return fail(parsed.error().causes.back());
  }
  return {};
}

Result<void> Options::parse_environment(char** environment) {
  // Whole groups first: single options have precedence. Our own names come after Wasmtime's.
  struct Pass {
    bool whole_groups;
    std::string_view prefix;
  };
  constexpr std::string_view kTheirs = "WASMTIME_", kOurs = "WAZUKA_";
  bool any = false;
  for (Pass pass : {Pass{true, kTheirs}, {true, kOurs}, {false, kTheirs}, {false, kOurs}}) {
    for (char** entry = environment; *entry != nullptr; ++entry) {
      if ((*entry)[0] != 'W') continue;
      std::string_view text = *entry;
      any |= text.starts_with(kTheirs) || text.starts_with(kOurs);
      if (!text.starts_with(pass.prefix)) continue;
      size_t equals = text.find('=');
      if (equals == std::string_view::npos) continue;
      std::string_view name = text.substr(0, equals);
      auto parsed = parse_variable(name.substr(pass.prefix.size()), text.substr(equals + 1),
                                   pass.whole_groups);
      if (parsed) continue;
      // With a line feed of its own, as Wasmtime prints it.
      if (parsed.error().message.starts_with(kUnknown)) parsed.error().message += '\n';
      return std::unexpected(
          std::move(parsed).error().context("failed to parse env var `" + std::string(name) + "`"));
    }
    if (!any) return {};
  }
  return {};
}

std::optional<OptionKind> Options::kind_of(Group group, std::string_view key) {
  if (find_feature(group, key) != nullptr) return OptionKind::kBool;
  std::optional<OptionId> id = find_option(group, key);
  if (!id) return std::nullopt;
  return option_spec(*id).kind;
}

std::string Options::similar_key(Group group, std::string_view typed) {
  std::string names;
  for (const KeyHelp& key : group_keys(group)) names += key.name + ", ";
  return std::string(most_similar_word(typed, names));
}

const Options::Setting* Options::find(OptionId id) const {
  for (const Setting& s : settings_) {
    if (s.id == id) return &s;
  }
  return nullptr;
}

std::optional<bool> Options::flag(OptionId id) const {
  const Setting* s = find(id);
  if (s == nullptr) return std::nullopt;
  return s->number != 0;
}

std::optional<u64> Options::number(OptionId id) const {
  const Setting* s = find(id);
  if (s == nullptr) return std::nullopt;
  return s->number;
}

std::string_view Options::text(OptionId id) const {
  const Setting* s = find(id);
  return s == nullptr ? std::string_view() : std::string_view(s->text);
}

std::vector<std::string_view> Options::texts(OptionId id) const {
  std::vector<std::string_view> all;
  for (const Setting& s : settings_) {
    if (s.id == id) all.push_back(s.text);
  }
  return all;
}

Features Options::features() const {
  Features features;
  if (auto all = flag(OptionId::kWasmAllProposals)) {
    for (const FeatureInfo& f : kFeatures) {
      if (f.stage != FeatureStage::kExplicit && f.feature != Feature::kMvp) {
        features.set(f.feature, *all);
      }
    }
  }
  for (auto [feature, on] : features_) features.set(feature, on);
  return features;
}

Result<void> Options::check_supported() const {
  for (const Setting& s : settings_) {
    const OptionSpec spec = option_spec(s.id);
    bool wanted = spec.status == OptionStatus::kUnsupported ||
                  (spec.status == OptionStatus::kUnsupportedOn && s.number != 0);
    if (!wanted) continue;
    return fail(fmt::format("the option `-{} {}` is not supported yet by this build",
                            group_info(spec.group).letter, spec.name));
  }
  return {};
}

std::vector<KeyHelp> group_keys(Group group) {
  std::vector<KeyHelp> keys;
  for (size_t i = 0; i < kOptionCount; ++i) {
    const OptionSpec spec = spec_at(i);
    if (spec.group != group) continue;
    std::string name(spec.name);
    if (spec.kind == OptionKind::kPrefix) name += "-<KEY>";
    keys.push_back({std::move(name), value_help(spec.kind), spec.help});
  }
  if (group != Group::kWasm) return keys;
  for (const FeatureInfo& f : kFeatures) {
    keys.push_back({std::string(f.flag), value_help(OptionKind::kBool),
                    f.on_by_default ? "A feature of WebAssembly (default: yes)"
                                    : "A feature of WebAssembly (default: no)"});
  }
  return keys;
}

std::string group_help(Group group, bool long_form) {
  const GroupInfo info = group_info(group);
  const std::vector<KeyHelp> lines = group_keys(group);
  size_t width = 0;
  for (const KeyHelp& l : lines) width = std::max(width, l.name.size() + l.value.size());
  std::string text = fmt::format("Available {} options:\n\n", info.name);
  auto out = std::back_inserter(text);
  for (const KeyHelp& l : lines) {
    if (long_form) {
      fmt::format_to(out, "  -{} {}{} --\n\n        {}\n", info.letter, l.name, l.value, l.help);
    } else {
      fmt::format_to(out, "  -{} {:>{}}{} -- {}\n", info.letter, l.name, width - l.value.size(),
                     l.value, l.help);
    }
  }
  if (!long_form) {
    fmt::format_to(out, "\npass `-{} help-long` to see longer-form explanations\n", info.letter);
  }
  return text;
}

}  // namespace wazuka::cli

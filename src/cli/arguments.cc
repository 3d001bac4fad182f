// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/arguments.h"

#include <algorithm>
#include <fmt/format.h>

#include "cli/flag_values.h"
#include "wasi/core/utf8.h"

namespace wazuka::cli {

const ParsedFlag* ParsedArguments::find(FlagId id) const {
  for (const ParsedFlag& f : flags) {
    if (f.id == id) return &f;
  }
  return nullptr;
}

namespace {

constexpr std::string_view kMore = kMoreInformation;

/// Similarity of two words in [0, 1] (Jaro).
double similarity(std::string_view a, std::string_view b) {
  if (a.empty() || b.empty()) return 0;
  size_t longest = std::max(a.size(), b.size());
  size_t window = longest / 2 > 0 ? longest / 2 - 1 : 0;
  std::vector<bool> used(b.size());
  std::string from_a, from_b;
  for (size_t i = 0; i < a.size(); ++i) {
    size_t end = std::min(b.size(), i + window + 1);
    for (size_t j = i > window ? i - window : 0; j < end; ++j) {
      if (used[j] || a[i] != b[j]) continue;
      used[j] = true;
      from_a += a[i];
      break;
    }
  }
  for (size_t j = 0; j < b.size(); ++j) {
    if (used[j]) from_b += b[j];
  }
  if (from_a.empty()) return 0;
  double transposed = 0;
  for (size_t i = 0; i < from_a.size(); ++i) transposed += from_a[i] != from_b[i];
  double m = static_cast<double>(from_a.size());
  return (m / static_cast<double>(a.size()) + m / static_cast<double>(b.size()) +
          (m - transposed / 2) / m) /
         3;
}

// How similar a word must be to be offered.
constexpr double kSimilar = 0.7;

class Parser {
 public:
  Parser(CommandId command, std::span<char* const> arguments)
      : command_(command_info(command)), rest_(arguments) {}

  std::expected<ParsedArguments, std::string> run() {
    while (error_.empty() && !rest_.empty() && !stop_) {
      std::string_view argument = take();
      if (argument == "--") {
        while (!rest_.empty() && error_.empty()) positional(take());
      } else if (argument.starts_with("--")) {
        long_flag(argument.substr(2));
      } else if (argument.size() > 1 && argument[0] == '-') {
        short_flags(argument.substr(1));
      } else {
        positional(argument);
        if (!command_.has(CommandInfo::kTrailing)) continue;
        while (!rest_.empty() && error_.empty()) positional(take());
      }
    }
    if (error_.empty()) check_pending();
    if (!error_.empty()) return std::unexpected(std::move(error_));
    if (!stop_ && out_.positionals.empty() && command_.positional.starts_with('<')) {
      return std::unexpected(
          fmt::format("error: the following required arguments were not provided:\n  {}\n\n"
                      "Usage: {}\n\n{}",
                      command_.positional, usage_with_flags(), kMore));
    }
    return std::move(out_);
  }

 private:
  std::string_view take() {
    std::string_view argument = rest_.front();
    rest_ = rest_.subspan(1);
    return argument;
  }

  void positional(std::string_view argument) {
    check_pending();
    if (!error_.empty()) return;
    bool many = command_.positional.ends_with("...");
    if (many || (out_.positionals.empty() && !command_.positional.empty())) {
      out_.positionals.push_back(argument);
    } else {
      error_ = unexpected_argument(argument, command_);
    }
  }

  template <class Match>
  std::optional<FlagInfo> find(Match match) const {
    std::optional<FlagInfo> found;
    for_each_flag(command_.flags, [&](const FlagInfo& f) {
      if (!found && match(f)) found = f;
    });
    return found;
  }

  std::optional<FlagInfo> find_long(std::string_view name) const {
    return find([&](const FlagInfo& f) { return f.name == name; });
  }

  std::optional<FlagInfo> find_short(char letter) const {
    return find([&](const FlagInfo& f) { return f.letter != 0 && f.letter == letter; });
  }

  void long_flag(std::string_view text) {
    size_t equals = text.find('=');
    std::optional<FlagInfo> flag = find_long(text.substr(0, equals));
    if (!flag) return unexpected_flag("--" + std::string(text.substr(0, equals)));
    if (flag->id == FlagId::kHelp) out_.long_help = true;
    if (equals == std::string_view::npos) return flag_without_value(*flag);
    if (flag->is_switch()) {
      error_ = fmt::format(
          "error: unexpected value '{}' for '--{}' found; no more were expected\n\n"
          "Usage: {}\n\n{}",
          text.substr(equals + 1), flag->name, usage_with(flag->text()), kMore);
      return;
    }
    add(*flag, text.substr(equals + 1));
    check_pending();
  }

  void short_flags(std::string_view letters) {
    while (!letters.empty() && error_.empty() && !stop_) {
      std::optional<FlagInfo> flag = find_short(letters[0]);
      if (!flag) return unexpected_flag("-" + std::string(letters.substr(0, 1)));
      letters.remove_prefix(1);
      if (flag->is_switch()) {
        flag_without_value(*flag);
        continue;
      }
      if (letters.empty()) return flag_without_value(*flag);
      if (letters[0] == '=') letters.remove_prefix(1);
      add(*flag, letters);
      return check_pending();
    }
  }

  void flag_without_value(const FlagInfo& flag) {
    if (flag.is_switch() || flag.has(FlagInfo::kMaybe)) {
      add(flag, {});
      return check_pending();
    }
    check_pending();
    if (!error_.empty()) return;
    bool next_is_flag = !rest_.empty() && rest_.front()[0] == '-' && rest_.front()[1] != 0;
    if (rest_.empty() || next_is_flag) {
      if (next_is_flag && !is_known(rest_.front())) return unexpected_flag(rest_.front());
      error_ = fmt::format("error: a value is required for '{}' but none was supplied\n\n{}",
                           flag.text(), kMore);
      return;
    }
    add(flag, take());
  }

  bool is_known(std::string_view argument) const {
    if (argument == "--") return true;
    if (!argument.starts_with("--")) return find_short(argument[1]).has_value();
    argument.remove_prefix(2);
    return find_long(argument.substr(0, argument.find('='))).has_value();
  }

  /// A value that is an argument of its own is looked at only when what follows it has turned out
  /// to be an argument that exists.
  void add(const FlagInfo& flag, std::string_view value) {
    check_pending();
    if (!error_.empty()) return;
    repeated_ = out_.find(flag.id) != nullptr;
    out_.flags.push_back({flag.id, value});
    pending_ = true;
    // These answer at once: what follows is not looked at.
    stop_ = flag.id == FlagId::kHelp || flag.id == FlagId::kVersion ||
            (flag.id <= FlagId::kRecord && (value == "help" || value == "help-long"));
  }

  void check_pending() {
    if (!pending_) return;
    pending_ = false;
    const FlagInfo flag = flag_info(out_.flags.back().id);
    const std::string_view value = out_.flags.back().value;
    if (repeated_ && !flag.has(FlagInfo::kMany)) {
      error_ =
          fmt::format("error: the argument '{}' cannot be used multiple times\n\nUsage: {}\n\n{}",
                      flag.text(), command_.usage(), kMore);
    } else if (flag.has(FlagInfo::kMaybe) && !value.empty() && value != "true" &&
               value != "false") {
      // So far every value that may be absent is one of these.
      error_ =
          fmt::format("error: invalid value '{}' for '{}'\n  [possible values: true, false]\n\n{}",
                      value, flag.text(), kMore);
    } else if (!wasi::is_utf8(value)) {
      error_ = fmt::format(
          "error: invalid UTF-8 was detected in one or more arguments\n\nUsage: {}\n\n{}",
          command_.usage(), kMore);
    } else if (!flag.is_switch()) {
      error_ = value_error(flag.id, value);
    }
  }

  void unexpected_flag(std::string_view text) {
    text = text.substr(0, text.find('='));
    const bool is_long = text.starts_with("--");
    if (!is_long) text = text.substr(0, 2);
    error_ = fmt::format("error: unexpected argument '{}' found\n\n", text);
    std::optional<FlagInfo> similar = most_similar(text);
    if (similar) {
      error_ += fmt::format("  tip: a similar argument exists: '--{}'\n", similar->name);
    }
    const bool takes_values = !command_.positional.empty() && !command_.has(CommandInfo::kGroup) &&
                              (!similar || command_.has(CommandInfo::kTrailing));
    if (takes_values) {
      error_ += fmt::format("  tip: to pass '{}' as a value, use '-- {}'\n", text, text);
    }
    const bool smart = is_long && (similar || !out_.flags.empty());
    error_ += fmt::format("{}Usage: {}\n\n{}", similar || takes_values ? "\n" : "",
                          smart ? usage_with_flags(similar) : command_.usage(), kMore);
  }

  /// Names what was given so far, and another flag.
  std::string usage_with_flags(const std::optional<FlagInfo>& another = {}) const {
    std::vector<FlagId> given;
    for (const ParsedFlag& f : out_.flags) {
      if (std::find(given.begin(), given.end(), f.id) == given.end()) given.push_back(f.id);
    }
    if (another && std::find(given.begin(), given.end(), another->id) == given.end()) {
      given.push_back(another->id);
    }
    std::string flags;
    for (FlagId id : given) flags += (flags.empty() ? "" : " ") + flag_info(id).text();
    return flags.empty() ? command_.full_name() + " " + std::string(command_.positional)
                         : usage_with(flags);
  }

  std::string usage_with(const std::string& flags) const {
    std::string usage = command_.full_name() + " " + flags;
    return command_.positional.empty() ? usage : usage + " " + std::string(command_.positional);
  }

  std::optional<FlagInfo> most_similar(std::string_view text) const {
    std::optional<FlagInfo> best;
    if (!text.starts_with("--")) return best;
    double best_score = kSimilar;
    for_each_flag(command_.flags, [&](const FlagInfo& f) {
      double score = similarity(text.substr(2), f.name);
      if (score > best_score) best = f, best_score = score;
    });
    return best;
  }

  const CommandInfo command_;
  std::span<char* const> rest_;
  ParsedArguments out_;
  std::string error_;
  bool stop_ = false;
  bool pending_ = false;   // the last flag's value has not been looked at
  bool repeated_ = false;  // nor whether it may be there once more
};

}  // namespace

std::expected<ParsedArguments, std::string> parse_arguments(CommandId command,
                                                            std::span<char* const> arguments) {
  return Parser(command, arguments).run();
}

std::string invalid_value(FlagId id, std::string_view value, std::string_view why) {
  return fmt::format("error: invalid value '{}' for '{}': {}\n\n{}", value, flag_info(id).text(),
                     why, kMore);
}

std::string unexpected_argument(std::string_view text, const CommandInfo& command) {
  return fmt::format("error: unexpected argument '{}' found\n\nUsage: {}\n\n{}", text,
                     command.usage(), kMore);
}

std::string_view most_similar_word(std::string_view typed, std::string_view list) {
  std::string_view best;
  double best_score = kSimilar;
  while (!list.empty()) {
    size_t end = std::min(list.find(", "), list.size());
    double score = similarity(typed, list.substr(0, end));
    if (score > best_score) best = list.substr(0, end), best_score = score;
    list.remove_prefix(std::min(end + 2, list.size()));
  }
  return best;
}

}  // namespace wazuka::cli

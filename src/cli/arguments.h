// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A small command line parser with the grammar and the messages of clap, which is what users of
// Wasmtime know: long and short flags, attached and separate values, `--`, and positional arguments
// that for `run` swallow everything behind the first one.
#pragma once

#include <expected>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "cli/tables.h"

namespace wazuka::cli {

struct ParsedFlag {
  FlagId id;
  std::string_view value;
};

struct ParsedArguments {
  std::vector<ParsedFlag> flags;
  std::vector<std::string_view> positionals;
  bool long_help = false;  // --help, not -h

  const ParsedFlag* find(FlagId id) const;
};

/// The error is the whole text for standard error; the exit code is then kExitUsage.
std::expected<ParsedArguments, std::string> parse_arguments(CommandId command,
                                                            std::span<char* const> arguments);

/// Text of an error about a flag's value.
std::string invalid_value(FlagId id, std::string_view value, std::string_view why);

/// Of an argument that is none of the command's.
std::string unexpected_argument(std::string_view text, const CommandInfo& command);

/// The word of a list separated by ", " that is most similar to a mistyped one; empty if none is.
std::string_view most_similar_word(std::string_view typed, std::string_view list);

inline constexpr std::string_view kMoreInformation = "For more information, try '--help'.\n";

}  // namespace wazuka::cli

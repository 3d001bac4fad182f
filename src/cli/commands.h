// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The subcommands. Each takes the arguments behind its name and returns the process's exit code.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "cli/arguments.h"

namespace wazuka::cli {

using Arguments = std::span<char* const>;

/// `wazuka …` when no command is named.
int run_by_default(Arguments arguments);
int run_command(Arguments arguments);
int wast_command(Arguments arguments);
int compile_command(Arguments arguments);
int validate_command(Arguments arguments);
int parse_command(Arguments arguments);
int print_command(Arguments arguments);
int objdump_command(Arguments arguments);
int explore_command(Arguments arguments);
int config_command(Arguments arguments);
int config_new_command(Arguments arguments);
int settings_command(Arguments arguments);
int completion_command(Arguments arguments);
int help_command(Arguments arguments);

/// Parses the arguments and answers `-h`, `--help` and `--version`. The result is the exit code if
/// the command is done with that (or with an error, which is printed), else negative.
int start_command(CommandId command, Arguments arguments, ParsedArguments& parsed);

/// What `-h` (or, long, `--help`) prints.
std::string help_text(CommandId command, bool long_form);
/// The manual page of a command, in the format of man(1).
std::string man_page(CommandId command);
/// The completion script for a shell; empty if there is none for that shell.
std::string completion_script(std::string_view shell);

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The texts of `-h`, `--help` and `help`, in clap's layout, from the tables of commands and flags.
#include <algorithm>
#include <fmt/format.h>
#include <iterator>

#include "cli/commands.h"
#include "cli/output.h"

namespace wazuka::cli {
namespace {

constexpr size_t kWidth = 100;

/// Breaks a text into lines of at most kWidth columns, all but the first indented.
std::string wrapped(std::string_view text, size_t indent) {
  std::string out;
  size_t column = indent;
  while (!text.empty()) {
    size_t end = std::min(text.find(' '), text.size());
    if (column + end > kWidth && column > indent) {
      out.back() = '\n';
      out.append(indent, ' ');
      column = indent;
    }
    out += text.substr(0, end);
    out += ' ';
    column += end + 1;
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  while (out.ends_with(' ')) out.pop_back();
  return out;
}

/// "  -O, --optimize <KEY[=VAL[,..]]>"
std::string flag_column(const FlagInfo& flag) {
  std::string letter = flag.letter != 0 ? fmt::format("  -{}, ", flag.letter) : "      ";
  return letter + flag.text();
}

void append_flags(std::string& text, const CommandInfo& command, bool long_form) {
  if (command.flags == 0) return;
  text += "Options:\n";
  size_t width = 0;
  for_each_flag(command.flags,
                [&](const FlagInfo& f) { width = std::max(width, flag_column(f).size()); });
  bool first = true;
  for_each_flag(command.flags, [&](const FlagInfo& f) {
    std::string column = flag_column(f);
    if (!long_form) {
      column.resize(width + 2, ' ');
      text += column + wrapped(f.help, width + 2) + "\n";
      return;
    }
    if (!first) text += "\n";
    first = false;
    text += column + "\n          " + wrapped(f.help, 10) + "\n";
    if (!f.details.empty()) text += "\n          " + wrapped(f.details, 10) + "\n";
  });
}

void append_commands(std::string& text, std::string_view parent) {
  size_t width = 4;  // of "help"
  for_each_command(parent, [&](const CommandInfo& c) { width = std::max(width, c.name.size()); });
  text += "Commands:\n";
  auto line = [&](std::string_view name, std::string_view summary) {
    if (!parent.empty() && name.starts_with(parent)) name.remove_prefix(parent.size() + 1);
    text += fmt::format("  {:<{}}  {}\n", name, parent.empty() ? width : 4, summary);
  };
  for_each_command(parent, [&](const CommandInfo& c) { line(c.name, c.summary); });
  if (!parent.empty()) line("help", command_info(CommandId::kHelp).summary);
  text += "\n";
}

std::string_view positional_help(const CommandInfo& command) {
  switch (command.id) {
    case CommandId::kTop:
    case CommandId::kRun: return "The WebAssembly module to run and arguments to pass to it";
    case CommandId::kWast: return "The scripts to run";
    case CommandId::kValidate: return "Modules in the binary or the text format";
    case CommandId::kParse:
    case CommandId::kPrint:
    case CommandId::kObjdump: return "The module";
    case CommandId::kConfigNew: return "The path of the new configuration file";
    case CommandId::kCompletion:
      return "The shell to generate completions for [possible values: bash, elvish, fish, "
             "powershell, zsh]";
    case CommandId::kHelp: return "Print help for the subcommand(s)";
    case CommandId::kConfig:
    case CommandId::kSettings:
    case CommandId::kCompile:
    case CommandId::kServe:
    case CommandId::kExplore:
    case CommandId::kWizer:
    case CommandId::kHotBlocks: break;
  }
  return {};
}

constexpr std::string_view kExamples = R"(
If no subcommand is given, `run` is meant.

Examples:

  wazuka example.wasm                          run a program
  wazuka example.wasm arg1 arg2 arg3           with arguments
  wazuka --dir data example.wasm               with access to a directory
  wazuka --invoke add example.wasm 1 2         call the exported function `add`
)";

/// The command that words after `help` name; an error text if there is none.
std::expected<CommandId, std::string> command_of_words(std::span<const std::string_view> words) {
  CommandId current = CommandId::kTop;
  std::string name;
  for (std::string_view word : words) {
    name += (name.empty() ? "" : " ") + std::string(word);
    std::optional<CommandId> found = find_command(name);
    if (!found && name == "config help") found = CommandId::kConfig;
    if (!found) {
      return std::unexpected(fmt::format("error: unrecognized subcommand '{}'\n\nUsage: {}\n\n{}",
                                         word, command_info(current).usage(), kMoreInformation));
    }
    current = *found;
  }
  return current;
}

}  // namespace

std::string help_text(CommandId id, bool long_form) {
  CommandInfo command = command_info(id);
  std::string text =
      id == CommandId::kTop ? "Wazuka WebAssembly Runtime" : std::string(command.summary);
  if (command.has(CommandInfo::kLater)) {
    text = "The command `" + std::string(command.name) + "` is not supported yet by this build";
  }
  text += "\n\n";
  if (long_form && !command.details.empty()) text += wrapped(command.details, 0) + "\n\n";
  text += "Usage: " + command.usage() + "\n\n";
  if (id == CommandId::kTop || command.has(CommandInfo::kGroup)) {
    append_commands(text, command.name);
  }
  if (std::string_view help = positional_help(command); !help.empty()) {
    text += fmt::format("Arguments:\n  {}  {}\n\n", command.positional,
                        wrapped(help, command.positional.size() + 4));
  }
  append_flags(text, command, long_form);
  if (id == CommandId::kTop) text += kExamples;
  return text;
}

int help_command(Arguments arguments) {
  std::vector<std::string_view> words(arguments.begin(), arguments.end());
  std::erase_if(words, [](std::string_view w) { return w == "-h" || w == "--help"; });
  bool man = std::erase(words, "--man") != 0;
  auto command = command_of_words(words);
  if (!command) {
    print_usage_error(command.error());
    return kExitUsage;
  }
  print_out(man ? man_page(*command) : help_text(*command, /*long_form=*/true));
  return 0;
}

}  // namespace wazuka::cli

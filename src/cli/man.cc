// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Manual pages, from the same tables as the parser: wazuka(1) with the option groups, and a page
// for each command.
#include <fmt/format.h>

#include "cli/commands.h"
#include "cli/options.h"

namespace wazuka::cli {
namespace {

/// Text of a roff document: hyphens stay hyphens, and no line begins with a request by accident.
std::string escaped(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '\\') {
      out += "\\e";
    } else if (c == '-') {
      out += "\\-";
    } else {
      out += c;
    }
  }
  if (out.starts_with('.') || out.starts_with('\'')) out.insert(0, "\\&");
  return out;
}

void append_flag(std::string& text, const FlagInfo& flag) {
  text += ".TP\n";
  if (flag.letter != 0) text += fmt::format("\\fB\\-{}\\fR, ", flag.letter);
  text += fmt::format("\\fB\\-\\-{}\\fR", escaped(flag.name));
  std::string_view separator = flag.has(FlagInfo::kMaybe) ? "[=" : " ";
  if (!flag.is_switch()) text += fmt::format("{}\\fI{}\\fR", separator, escaped(flag.value));
  if (flag.has(FlagInfo::kMaybe)) text += "]";
  text += fmt::format("\n{}.\n", escaped(flag.help));
  if (!flag.details.empty()) text += escaped(flag.details) + "\n";
}

void append_group(std::string& text, Group group) {
  const GroupInfo info = group_info(group);
  text += fmt::format(".SS \"\\-{}, \\-\\-{}\"\n", info.letter, info.name);
  for (const KeyHelp& key : group_keys(group)) {
    text += fmt::format(".TP\n\\fB{}\\fR\\fI{}\\fR\n{}.\n", escaped(key.name), escaped(key.value),
                        escaped(key.help));
  }
}

constexpr std::string_view kRest = R"(.SH ENVIRONMENT
.TP
\fBWAZUKA_\fIGROUP\fR, \fBWAZUKA_\fIGROUP\fB_\fIKEY\fR
Keys of an option group, or the value of one key, as \fBWAZUKA_WASM=fuel=1000\fR or \fBWAZUKA_WASM_FUEL=1000\fR. The
command line has precedence over both, the second form over the first, and both over the file of \fB\-\-config\fR.
Names that begin with \fBWASMTIME_\fR are read too, with less precedence.
.TP
\fBWAZUKA_LOG\fR, \fBWASMTIME_LOG\fR
What to log on standard error, as \fBwazuka_wasi=trace\fR for each call of WASI.
.TP
\fBWAZUKA_BACKTRACE_DETAILS\fR, \fBWASMTIME_BACKTRACE_DETAILS\fR
With the value 1, backtraces show source positions of the guest's debug information.
.SH "EXIT STATUS"
The guest's, if it ends by itself; 1 after an error, 2 after a mistake on the command line, 134 after a trap.
)";

}  // namespace

std::string man_page(CommandId id) {
  CommandInfo command = command_info(id);
  std::string name = command.full_name();
  for (char& c : name) c = c == ' ' ? '-' : c;
  std::string title = name;
  for (char& c : title) c = c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  std::string text = fmt::format(".TH \"{}\" 1 \"\" \"Wazuka {}\" \"User Commands\"\n",
                                 escaped(title), WAZUKA_VERSION);
  text +=
      fmt::format(".SH NAME\n{} \\- {}\n.SH SYNOPSIS\n", escaped(name), escaped(command.summary));
  text += fmt::format("\\fB{}\\fR", escaped(command.full_name()));
  std::string usage = command.usage();
  usage = usage.substr(0, usage.find('\n'));
  text += escaped(usage.substr(command.full_name().size())) + "\n";
  if (!command.details.empty()) text += ".SH DESCRIPTION\n" + escaped(command.details) + "\n";
  if (id == CommandId::kTop || command.has(CommandInfo::kGroup)) {
    text += ".SH COMMANDS\n";
    for_each_command(command.name, [&](const CommandInfo& c) {
      text += fmt::format(".TP\n\\fB{}\\fR\n{}.\n", escaped(c.name), escaped(c.summary));
    });
  }
  if (command.flags != 0) text += ".SH OPTIONS\n";
  for_each_flag(command.flags, [&](const FlagInfo& f) { append_flag(text, f); });
  if (id == CommandId::kTop) {
    text += ".SH \"KEYS OF THE OPTION GROUPS\"\n";
    for (u32 g = 0; g < kGroupCount; ++g) append_group(text, static_cast<Group>(g));
    text += kRest;
  } else {
    text += ".SH \"SEE ALSO\"\n\\fBwazuka\\fR(1)\n";
  }
  return text;
}

}  // namespace wazuka::cli

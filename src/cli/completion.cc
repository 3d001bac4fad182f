// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `completion`: scripts for shells, from the same tables as the parser. They complete commands,
// flags, the keys of the option groups (also behind a comma), and files.
#include <fmt/format.h>
#include <iterator>

#include "cli/commands.h"
#include "cli/options.h"
#include "cli/output.h"

namespace wazuka::cli {
namespace {

bool is_group(const FlagInfo& flag) {
  return static_cast<u32>(flag.id) < kGroupCount;
}

/// A text in single quotes of a shell in which a quote is written `escape`.
std::string quoted(std::string_view text, std::string_view escape) {
  std::string out = "'";
  for (char c : text) {
    if (c == '\'') {
      out += escape;
    } else {
      out += c;
    }
  }
  return out + "'";
}

/// Calls `visit` with every flag of any command.
template <class Visit>
void for_all_flags(Visit visit) {
  FlagSet all = command_info(CommandId::kTop).flags;
  for_each_command("", [&](const CommandInfo& c) { all |= c.flags; });
  for_each_flag(all, visit);
}

/// The names of a flag, with dashes, separated by spaces.
std::string names_of(const FlagInfo& flag) {
  std::string names = fmt::format("--{}", flag.name);
  if (flag.letter != 0) names += fmt::format(" -{}", flag.letter);
  return names;
}

std::string flag_words(const CommandInfo& command) {
  std::string words;
  for_each_flag(command.flags,
                [&](const FlagInfo& f) { words += (words.empty() ? "" : " ") + names_of(f); });
  return words;
}

/// The keys of a group; those with a value end with `=`.
std::string key_words(Group group) {
  std::string words;
  for (const KeyHelp& key : group_keys(group)) {
    if (key.name.ends_with('>')) continue;
    words += (words.empty() ? "" : " ") + key.name;
    if (key.value.starts_with('=')) words += "=";
  }
  return words;
}

std::string command_words() {
  std::string words;
  for_each_command(
      "", [&](const CommandInfo& c) { words += (words.empty() ? "" : " ") + std::string(c.name); });
  return words;
}

/// All commands: the top level, those in help texts, and those of groups.
template <class Visit>
void for_all_commands(Visit visit) {
  visit(command_info(CommandId::kTop));
  for_each_command("", [&](const CommandInfo& c) {
    visit(c);
    for_each_command(c.name, visit);
  });
}

// --- bash -------------------------------------------------------------------------------------

constexpr std::string_view kBashHead = R"(# bash completion for wazuka
_wazuka() {
  local line=${COMP_LINE:0:COMP_POINT} cur prev word command= seen= keys= flags= i
  local -a words
  read -ra words <<<"$line"
  [[ $line == *[[:space:]] ]] && words+=('')
  cur=${words[-1]} prev=${words[-2]:-}
  COMPREPLY=()
)";

// What bash replaces is only the part behind the last `=` or `:`, which end words for it.
constexpr std::string_view kBashTail = R"(
  for ((i = 1; i < ${#words[@]} - 1; i++)); do
    word=${words[i]}
    if [[ -n $seen ]]; then
      break
    elif [[ $valued == *" $word "* ]]; then
      ((i++))
    elif [[ $word == -* ]]; then
      :
    elif [[ $commands == *" ${command:+$command }$word "* ]]; then
      command=${command:+$command }$word
    else
      seen=1
    fi
  done
  case $command in
%FLAGS%  esac
  if [[ $cur == --*=* ]]; then
    prev=${cur%%=*} cur=${cur#*=}
  fi
  case $prev in
%KEYS%  esac
  if [[ -n $keys && -z $seen ]]; then
    local head=
    [[ $cur == *,* ]] && head=${cur%,*},
    COMPREPLY=($(compgen -P "$head" -W "$keys" -- "${cur##*,}"))
    [[ ${#COMPREPLY[@]} == 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace
  elif [[ $cur == -* && -z $seen ]]; then
    COMPREPLY=($(compgen -W "$flags" -- "$cur"))
  elif [[ $folders == *" $prev "* ]]; then
    compopt -o filenames
    COMPREPLY=($(compgen -d -- "$cur"))
  elif [[ $command == completion ]]; then
    COMPREPLY=($(compgen -W "%SHELLS%" -- "$cur"))
  elif [[ $command == config ]]; then
    COMPREPLY=($(compgen -W "new help" -- "$cur"))
  elif [[ $command == help ]]; then
    COMPREPLY=($(compgen -W "%COMMANDS%" -- "$cur"))
  else
    compopt -o filenames
    COMPREPLY=($(compgen -f -- "$cur"))
    [[ -z $command$seen ]] && COMPREPLY+=($(compgen -W "%COMMANDS%" -- "$cur"))
  fi
}
complete -F _wazuka wazuka
)";

std::string replaced(std::string text, std::string_view what, std::string_view with) {
  for (size_t at = 0; (at = text.find(what, at)) != std::string::npos; at += with.size()) {
    text.replace(at, what.size(), with);
  }
  return text;
}

std::string shell_words() {
  return replaced(std::string(kShellNames), ", ", " ");
}

std::string bash_script() {
  std::string valued, folders, commands, flags, keys;
  for_all_flags([&](const FlagInfo& f) {
    if (f.is_switch() || f.has(FlagInfo::kMaybe)) return;
    valued += names_of(f) + " ";
    if (f.has(FlagInfo::kFolder)) folders += names_of(f) + " ";
    if (!is_group(f)) return;
    keys += fmt::format("    --{} | -{}) keys='{}' ;;\n", f.name, f.letter,
                        key_words(static_cast<Group>(f.id)));
  });
  for_all_commands([&](const CommandInfo& c) {
    if (!c.name.empty()) commands += std::string(c.name) + " ";
    flags += fmt::format("    '{}') flags='{}' ;;\n", c.name, flag_words(c));
  });
  std::string tail = replaced(std::string(kBashTail), "%FLAGS%", flags);
  tail = replaced(std::move(tail), "%KEYS%", keys);
  tail = replaced(std::move(tail), "%SHELLS%", shell_words());
  tail = replaced(std::move(tail), "%COMMANDS%", command_words());
  return fmt::format("{}  local valued=' {}' folders=' {}' commands=' {}'\n", kBashHead, valued,
                     folders, commands) +
         tail;
}

// --- zsh --------------------------------------------------------------------------------------

/// A description inside of the brackets of an _arguments specification.
std::string zsh_text(std::string_view text) {
  std::string out;
  for (char c : text) {
    if (c == '[' || c == ']' || c == ':' || c == '\\' || c == '`') out += '\\';
    out += c == '\'' ? '"' : c;
  }
  return out;
}

std::string zsh_action(const FlagInfo& flag) {
  if (is_group(flag)) return fmt::format(":key:_wazuka_keys_{}", flag.name);
  if (flag.has(FlagInfo::kFolder)) return ":folder:_files -/";
  if (flag.has(FlagInfo::kFile)) return ":file:_files";
  return fmt::format(":{}: ", zsh_text(flag.value));
}

void append_zsh_flags(std::string& text, const CommandInfo& command) {
  auto out = std::back_inserter(text);
  for_each_flag(command.flags, [&](const FlagInfo& f) {
    std::string_view many = f.has(FlagInfo::kMany) ? "*" : "";
    std::string action = f.is_switch() ? "" : zsh_action(f);
    std::string_view joined = f.is_switch() ? "" : "=";
    std::string help = zsh_text(f.help);
    fmt::format_to(out, "    '{}--{}{}[{}]{}' \\\n", many, f.name, joined, help, action);
    if (f.letter == 0) return;
    fmt::format_to(out, "    '{}-{}{}[{}]{}' \\\n", many, f.letter, f.is_switch() ? "" : "+", help,
                   action);
  });
}

std::string zsh_script() {
  std::string text = "#compdef wazuka\n\n";
  auto out = std::back_inserter(text);
  for (u32 g = 0; g < kGroupCount; ++g) {
    fmt::format_to(out, "_wazuka_keys_{}() {{\n  _values -s , key",
                   group_info(static_cast<Group>(g)).name);
    for (const KeyHelp& key : group_keys(static_cast<Group>(g))) {
      if (key.name.ends_with('>')) continue;
      std::string_view value = key.value.starts_with('=')   ? ":value: "
                               : key.value.starts_with('[') ? "::value:(y n)"
                                                            : "";
      fmt::format_to(out, " \\\n    '{}[{}]{}'", key.name, zsh_text(key.help), value);
    }
    text += "\n}\n\n";
  }
  text += "_wazuka_commands() {\n  local -a commands=(\n";
  for_each_command("", [&](const CommandInfo& c) {
    fmt::format_to(out, "    '{}:{}'\n", c.name, zsh_text(c.summary));
  });
  text += "  )\n  _describe -t commands command commands\n  _files\n}\n\n";
  text += "_wazuka() {\n  local curcontext=$curcontext state line\n  typeset -A opt_args\n";
  text += "  _arguments -s -S -C \\\n";
  append_zsh_flags(text, command_info(CommandId::kTop));
  text += "    ':command or module:_wazuka_commands' \\\n    '*:: :->rest' && return\n";
  text += "  case $line[1] in\n";
  for_each_command("", [&](const CommandInfo& c) {
    fmt::format_to(out, "  {})\n    _arguments -s -S \\\n", c.name);
    append_zsh_flags(text, c);
    std::string_view action = ":argument:_files";
    std::string words;
    if (c.has(CommandInfo::kShells)) words = fmt::format(":shell:({})", shell_words());
    if (c.has(CommandInfo::kGroup)) words = ":command:(new help)";
    if (c.has(CommandInfo::kHelp)) words = fmt::format(":command:({})", command_words());
    if (!words.empty()) action = words;
    fmt::format_to(out, "    '*{}'\n    ;;\n", action);
  });
  text += "  *) _files ;;\n  esac\n}\n\n";
  text +=
      "if [ \"$funcstack[1]\" = _wazuka ]; then _wazuka \"$@\"; else compdef _wazuka wazuka; fi\n";
  return text;
}

// --- fish -------------------------------------------------------------------------------------

constexpr std::string_view kFishHead = R"(# fish completion for wazuka
function __wazuka_keys
    set -l last (string split -r -m1 , -- (commandline -ct))
    set -l head ''
    test (count $last) = 2; and set head $last[1],
    for key in $argv
        echo $head$key
    end
end
)";

std::string fish_script() {
  std::string text(kFishHead);
  auto out = std::back_inserter(text);
  auto words = [](std::string_view t) { return quoted(t, "\\'"); };
  for_each_command("", [&](const CommandInfo& c) {
    fmt::format_to(out, "complete -c wazuka -n __fish_use_subcommand -a {} -d {}\n", c.name,
                   words(c.summary));
  });
  auto flags = [&](const CommandInfo& c, std::string_view condition) {
    for_each_flag(c.flags, [&](const FlagInfo& f) {
      fmt::format_to(out, "complete -c wazuka -n '{}' -l {}", condition, f.name);
      if (f.letter != 0) fmt::format_to(out, " -s {}", f.letter);
      if (!f.is_switch() && !f.has(FlagInfo::kMaybe)) text += " -r";
      if (is_group(f)) {
        fmt::format_to(out, " -f -a '(__wazuka_keys {})'", key_words(static_cast<Group>(f.id)));
      } else if (f.has(FlagInfo::kFolder)) {
        text += " -f -a '(__fish_complete_directories)'";
      }
      fmt::format_to(out, " -d {}\n", words(f.help));
    });
  };
  flags(command_info(CommandId::kTop), "__fish_use_subcommand");
  for_each_command("", [&](const CommandInfo& c) {
    std::string seen = fmt::format("__fish_seen_subcommand_from {}", c.name);
    flags(c, seen);
    std::string arguments;
    if (c.has(CommandInfo::kShells)) arguments = shell_words();
    if (c.has(CommandInfo::kGroup)) arguments = "new help";
    if (c.has(CommandInfo::kHelp)) arguments = command_words();
    if (!arguments.empty()) {
      fmt::format_to(out, "complete -c wazuka -n '{}' -f -a '{}'\n", seen, arguments);
    }
  });
  return text;
}

// --- elvish and PowerShell --------------------------------------------------------------------

std::string elvish_script() {
  std::string text =
      "# elvish completion for wazuka\n"
      "set edit:completion:arg-completer[wazuka] = {|@words|\n"
      "  var command = ''\n"
      "  for word $words[1..-1] {\n"
      "    if (and (eq $command '') (has-value [" +
      command_words() +
      "] $word)) { set command = $word }\n  }\n"
      "  var flags = [\n";
  auto out = std::back_inserter(text);
  for_all_commands([&](const CommandInfo& c) {
    if (c.name.find(' ') != std::string_view::npos) return;
    fmt::format_to(out, "    &{}=[{}]\n", quoted(c.name, "''"), flag_words(c));
  });
  text += "  ]\n  all $flags[$command]\n";
  text += "  if (eq $command '') { all [" + command_words() + "] }\n";
  text += "  if (eq $command completion) { all [" + shell_words() + "] }\n";
  text += "  edit:complete-filename $words[-1]\n}\n";
  return text;
}

std::string powershell_script() {
  std::string text =
      "# PowerShell completion for wazuka\n"
      "Register-ArgumentCompleter -Native -CommandName wazuka -ScriptBlock {\n"
      "  param($wordToComplete, $commandAst, $cursorPosition)\n"
      "  $flags = @{\n";
  auto out = std::back_inserter(text);
  for_all_commands([&](const CommandInfo& c) {
    if (c.name.find(' ') != std::string_view::npos) return;
    fmt::format_to(out, "    {} = @(", quoted(c.name, "''"));
    bool first = true;
    for_each_flag(c.flags, [&](const FlagInfo& f) {
      fmt::format_to(out, "{}'--{}'", first ? "" : ", ", f.name);
      first = false;
    });
    text += ")\n";
  });
  text += "  }\n  $commands = -split '" + command_words() + "'\n";
  text +=
      R"(  $words = $commandAst.CommandElements | Select-Object -Skip 1 | ForEach-Object { "$_" }
  $command = $words | Where-Object { $commands -ccontains $_ } | Select-Object -First 1
  $offered = @($flags["$command"])
  if (-not $command) { $offered += $commands }
)";
  text += "  if ($command -eq 'completion') { $offered += -split '" + shell_words() + "' }\n";
  text += R"(  $offered | Where-Object { $_ -like "$wordToComplete*" } | ForEach-Object {
    [System.Management.Automation.CompletionResult]::new($_, $_, 'ParameterValue', $_)
  }
}
)";
  return text;
}

}  // namespace

std::string completion_script(std::string_view shell) {
  if (shell == "bash") return bash_script();
  if (shell == "elvish") return elvish_script();
  if (shell == "fish") return fish_script();
  if (shell == "powershell") return powershell_script();
  if (shell == "zsh") return zsh_script();
  return {};
}

int completion_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kCompletion, arguments, parsed); code >= 0) return code;
  std::string_view shell = parsed.positionals[0];
  std::string script = completion_script(shell);
  if (script.empty()) {
    std::string_view similar = most_similar_word(shell, kShellNames);
    std::string tip =
        similar.empty() ? "" : fmt::format("  tip: a similar value exists: '{}'\n\n", similar);
    print_err(
        fmt::format("error: invalid value '{}' for '<SHELL>'\n  [possible values: {}]\n\n{}{}",
                    shell, kShellNames, tip, kMoreInformation));
    return kExitUsage;
  }
  print_out(script);
  return 0;
}

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The commands and flags of commands.def and flags.def.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "base/ints.h"

namespace wazuka::cli {

enum class FlagId : u8 {
#define FLAG(ident, letter, name, value, properties, help, details) k##ident,
#include "cli/flags.def"
#undef FLAG
};

enum class CommandId : u8 {
#define COMMAND(ident, name, positional, properties, flags, handler, summary, details) k##ident,
#include "cli/commands.def"
#undef COMMAND
};

/// A set of flags.
using FlagSet = u64;
constexpr FlagSet flag_bit(FlagId id) {
  return FlagSet{1} << static_cast<u32>(id);
}

/// One flag. Where it stands in the table is the order in which help texts show it.
struct FlagInfo {
  enum Property : u8 { kMany = 1, kMaybe = 2, kFile = 4, kFolder = 8 };

  FlagId id;
  char letter;             // 0: none
  std::string_view name;   // without the dashes
  std::string_view value;  // name of the value, with its brackets; empty: a switch
  u8 properties;
  std::string_view help, details;

  bool is_switch() const { return value.empty(); }
  bool has(Property p) const { return (properties & p) != 0; }
  /// "--dir <HOST_DIR[::GUEST_DIR]>"
  std::string text() const;
};

struct CommandInfo {
  enum Property : u8 {
    kTrailing = 1,
    kGroup = 2,
    kLater = 4,
    kFiles = 8,
    kShells = 16,
    kHelp = 32,
  };

  CommandId id;
  std::string_view name, positional;
  u8 properties;
  FlagSet flags;
  std::string_view summary, details;

  bool has(Property p) const { return (properties & p) != 0; }
  bool takes(FlagId flag) const { return (flags & flag_bit(flag)) != 0; }
  /// "wazuka run"
  std::string full_name() const;
  /// What stands behind "Usage: "; two lines for the top level.
  std::string usage() const;
};

FlagInfo flag_info(FlagId id);
CommandInfo command_info(CommandId id);
std::optional<CommandId> find_command(std::string_view name);

/// Calls `visit` with each flag of a set, in the table's order.
template <class Visit>
void for_each_flag(FlagSet flags, Visit visit) {
  for (u32 i = 0; flags >> i != 0; ++i) {
    if ((flags >> i & 1) != 0) visit(flag_info(static_cast<FlagId>(i)));
  }
}

/// Calls `visit` with each command that help texts list; `parent`: those of a group ("config"), or
/// empty for the others.
void for_each_command(std::string_view parent, auto visit);

inline constexpr u32 kCommandCount = 0
#define COMMAND(...) +1
#include "cli/commands.def"
#undef COMMAND
    ;

void for_each_command(std::string_view parent, auto visit) {
  for (u32 i = 0; i < kCommandCount; ++i) {
    CommandInfo command = command_info(static_cast<CommandId>(i));
    size_t space = command.name.find(' ');
    std::string_view group = space == std::string_view::npos ? "" : command.name.substr(0, space);
    if (command.name.empty() || group != parent || command.has(CommandInfo::kLater)) continue;
    visit(command);
  }
}

/// Names that `completion` takes.
inline constexpr std::string_view kShellNames = "bash, elvish, fish, powershell, zsh";

}  // namespace wazuka::cli

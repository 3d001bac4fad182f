// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/tables.h"

#include "base/text_table.h"

namespace wazuka::cli {
namespace {

constexpr u8 kMany = FlagInfo::kMany;
constexpr u8 kMaybe = FlagInfo::kMaybe;
constexpr u8 kFile = FlagInfo::kFile;
constexpr u8 kFolder = FlagInfo::kFolder;

struct FlagRow {
  char letter;
  u8 properties;
};
constexpr FlagRow kFlagRows[] = {
#define FLAG(ident, letter, name, value, properties, help, details) {letter, properties},
#include "cli/flags.def"
#undef FLAG
};
constexpr size_t kFlagCount = std::size(kFlagRows);
static_assert(kFlagCount <= 64);

constexpr char kFlagTexts[] =
#define FLAG(ident, letter, name, value, properties, help, details) \
  name "\0" value "\0" help "\0" details "\0"
#include "cli/flags.def"
#undef FLAG
    ;
constexpr auto kFlagOffsets = text_offsets<kFlagCount * 4>(kFlagTexts);

constexpr FlagSet kCommonFlags =
    flag_bit(FlagId::kOptimize) | flag_bit(FlagId::kCodegen) | flag_bit(FlagId::kDebug) |
    flag_bit(FlagId::kWasm) | flag_bit(FlagId::kWasi) | flag_bit(FlagId::kRecord) |
    flag_bit(FlagId::kTarget) | flag_bit(FlagId::kConfig) | flag_bit(FlagId::kHelp);
constexpr FlagSet kRunFlags =
    flag_bit(FlagId::kAllowPrecompiled) | flag_bit(FlagId::kProfile) | flag_bit(FlagId::kDir) |
    flag_bit(FlagId::kEnv) | flag_bit(FlagId::kGdbstub) | flag_bit(FlagId::kDeterministic) |
    flag_bit(FlagId::kInvoke) | flag_bit(FlagId::kPreload) | flag_bit(FlagId::kArgv0);
constexpr FlagSet kPrintFlags = flag_bit(FlagId::kFoldInstructions) | flag_bit(FlagId::kSkeleton) |
                                flag_bit(FlagId::kNameUnnamed) | flag_bit(FlagId::kPrintOffsets) |
                                flag_bit(FlagId::kOutput) | flag_bit(FlagId::kHelp);
constexpr FlagSet kObjdumpFlags =
    flag_bit(FlagId::kHeaders) | flag_bit(FlagId::kDetails) | flag_bit(FlagId::kDisassemble) |
    flag_bit(FlagId::kFullContents) | flag_bit(FlagId::kSection) | flag_bit(FlagId::kCode) |
    flag_bit(FlagId::kFilter) | flag_bit(FlagId::kBytes) | flag_bit(FlagId::kAddrmap) |
    flag_bit(FlagId::kTraps) | flag_bit(FlagId::kStackMaps) | flag_bit(FlagId::kExceptionTables);
constexpr FlagSet kCompileFlags =
    flag_bit(FlagId::kOutput) | flag_bit(FlagId::kEmit) | flag_bit(FlagId::kEmitClif);
constexpr FlagSet kWastFlags =
    flag_bit(FlagId::kGenerateDwarf) | flag_bit(FlagId::kPrecompileSave) |
    flag_bit(FlagId::kPrecompileLoad) | flag_bit(FlagId::kAsync) |
    flag_bit(FlagId::kWasmtimeBuiltins) | flag_bit(FlagId::kIgnoreErrorMessages);

constexpr u8 kTrailing = CommandInfo::kTrailing;
constexpr u8 kGroup = CommandInfo::kGroup;
constexpr u8 kLater = CommandInfo::kLater;
constexpr u8 kFiles = CommandInfo::kFiles;
constexpr u8 kShells = CommandInfo::kShells;
constexpr u8 kHelp = CommandInfo::kHelp;

struct CommandRow {
  FlagSet flags;
  u8 properties;
};
constexpr CommandRow kCommandRows[] = {
#define COMMAND(ident, name, positional, properties, flags, handler, summary, details) \
  {flags, properties},
#include "cli/commands.def"
#undef COMMAND
};

constexpr char kCommandTexts[] =
#define COMMAND(ident, name, positional, properties, flags, handler, summary, details) \
  name "\0" positional "\0" summary "\0" details "\0"
#include "cli/commands.def"
#undef COMMAND
    ;
constexpr auto kCommandOffsets = text_offsets<kCommandCount * 4>(kCommandTexts);

}  // namespace

FlagInfo flag_info(FlagId id) {
  size_t i = static_cast<size_t>(id);
  auto text = [&](size_t column) { return text_at(kFlagTexts, kFlagOffsets, 4 * i + column); };
  return {id, kFlagRows[i].letter, text(0), text(1), kFlagRows[i].properties, text(2), text(3)};
}

CommandInfo command_info(CommandId id) {
  size_t i = static_cast<size_t>(id);
  auto text = [&](size_t column) {
    return text_at(kCommandTexts, kCommandOffsets, 4 * i + column);
  };
  const CommandRow& row = kCommandRows[i];
  return {id, text(0), text(1), row.properties, row.flags, text(2), text(3)};
}

std::optional<CommandId> find_command(std::string_view name) {
  if (name.empty()) return std::nullopt;
  for (size_t i = 0; i < kCommandCount; ++i) {
    if (text_at(kCommandTexts, kCommandOffsets, 4 * i) == name) return static_cast<CommandId>(i);
  }
  return std::nullopt;
}

std::string FlagInfo::text() const {
  std::string out = "--" + std::string(name);
  if (has(kMaybe)) return out + "[=" + std::string(value) + "]";
  if (!is_switch()) out += " " + std::string(value);
  return out;
}

std::string CommandInfo::full_name() const {
  return name.empty() ? "wazuka" : "wazuka " + std::string(name);
}

std::string CommandInfo::usage() const {
  std::string out = full_name();
  if (!name.empty() && (flags & ~flag_bit(FlagId::kHelp)) != 0 && !has(kHelp)) out += " [OPTIONS]";
  if (name.empty()) return out + " [OPTIONS] <WASM>...\n       wazuka <COMMAND>";
  return positional.empty() ? out : out + " " + std::string(positional);
}

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// `parse`: text → binary. `print`: binary → text.
#include <unistd.h>

#include "cli/commands.h"
#include "cli/common.h"
#include "cli/output.h"
#include "cli/output_file.h"
#include "wat/wat_printer.h"

namespace wazuka::cli {
namespace {

int report(const Result<void>& result) {
  if (result) return 0;
  print_error(result.error());
  return kExitFailure;
}

std::string output_path(const ParsedArguments& parsed) {
  const ParsedFlag* output = parsed.find(FlagId::kOutput);
  return std::string(output == nullptr ? "-" : output->value);
}

Result<void> parse_file(const ParsedArguments& parsed) {
  auto bytes = load_binary(std::string(parsed.positionals[0]), false);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  if (parsed.find(FlagId::kOutput) == nullptr && isatty(STDOUT_FILENO) != 0) {
    return fail("cannot print a binary to a terminal; use `-o FILE`");
  }
  auto output = OutputFile::open(output_path(parsed));
  if (!output) return std::unexpected(std::move(output).error());
  output->write((*bytes)->bytes());
  return output->close();
}

Result<void> print_file(const ParsedArguments& parsed) {
  auto bytes = load_binary(std::string(parsed.positionals[0]), false);
  if (!bytes) return std::unexpected(std::move(bytes).error());
  wat::PrintOptions options;
  options.fold = parsed.find(FlagId::kFoldInstructions) != nullptr;
  options.skeleton = parsed.find(FlagId::kSkeleton) != nullptr;
  options.name_unnamed = parsed.find(FlagId::kNameUnnamed) != nullptr;
  options.offsets = parsed.find(FlagId::kPrintOffsets) != nullptr;
  auto output = OutputFile::open(output_path(parsed));
  if (!output) return std::unexpected(std::move(output).error());
  auto printed = wat::print_module(
      *bytes, options, [&output](std::string_view text) { return output->write(text); });
  WAZUKA_TRY(output->close());
  if (printed) return {};
  return std::unexpected(module_error(std::move(printed).error(), (*bytes)->bytes()));
}

}  // namespace

int parse_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kParse, arguments, parsed); code >= 0) return code;
  return report(parse_file(parsed));
}

int print_command(Arguments arguments) {
  ParsedArguments parsed;
  if (int code = start_command(CommandId::kPrint, arguments, parsed); code >= 0) return code;
  return report(print_file(parsed));
}

}  // namespace wazuka::cli

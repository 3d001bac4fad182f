// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/commands.h"
#include "cli/output.h"

namespace wazuka::cli {

int start_command(CommandId command, Arguments arguments, ParsedArguments& parsed) {
  auto outcome = parse_arguments(command, arguments);
  if (!outcome) {
    print_usage_error(outcome.error());
    return kExitUsage;
  }
  parsed = *std::move(outcome);
  if (parsed.find(FlagId::kVersion) != nullptr) {
    print_out("wazuka " WAZUKA_VERSION "\n");
    return 0;
  }
  if (parsed.find(FlagId::kHelp) == nullptr) return -1;
  print_out(help_text(command, parsed.long_help));
  return 0;
}

}  // namespace wazuka::cli

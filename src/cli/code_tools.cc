// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/code_tools.h"

#include <optional>
#include <string>

namespace wazuka::cli {

namespace {
std::optional<CodeTools> known;
}

void set_code_tools(const CodeTools& tools) {
  known = tools;
}

Result<CodeTools> code_tools(const char* what) {
  if (known) return *known;
  return fail(
      std::string(what) +
      " needs a disassembler, which this build does not have (`wazuka-verify`, built beside "
      "it where Zydis is installed, does)");
}

}  // namespace wazuka::cli

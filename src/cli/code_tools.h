// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What reads machine code back. It is there only in commands that are linked with the disassembler
// (src/verify), which main() makes known here; the others say that they have none.
#pragma once

#include <vector>

#include "base/error.h"
#include "tier/compiler.h"
#include "verify/verify.h"

namespace wazuka::cli {

struct CodeTools {
  VerifyFunction verify;
  std::vector<verify::CodeLine> (*disassemble)(const CompileEnv& env, u32 func_index,
                                               const CompiledCode& code);
};

void set_code_tools(const CodeTools& tools);
/// `what` is named in the error: "`-C verify-code`".
Result<CodeTools> code_tools(const char* what);

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The verifier of emitted code: reads the machine code of a function back with an independent
// disassembler and proves, for each instruction that can be reached, that what it accesses is
//
//   - a linear memory or the GC heap, in the reservation and its guards: base + index whose upper
//     half is zero + offset, or an index that has been compared with the memory's size before;
//   - the function's own frame, its parameters or the room for its results;
//   - a field of a structure of abi/vm.h, reached through pointers that came from such fields;
//   - a constant behind the code.
//
// and that control stays in the function or leaves it by its return address, by a function or by a
// stub, with the stack as it must be. It knows docs/abi.md and nothing of any compiler: it is the
// last line between a bug of a compiler and the memory of the host.
//
// What it takes for granted: the tables' sizes and types of the module, that references in cells
// are what their types say, and the contents of the runtime's structures.
#pragma once

#include <string>
#include <vector>

#include "abi/code_object.h"
#include "base/error.h"
#include "tier/compile_env.h"
#include "tier/compiler.h"

namespace wazuka::verify {

/// An error names the function, the offset, the instruction and what could not be proved. `osr`:
/// the code of the rest of a call that is in a loop.
Result<void> verify(const CompileEnv& env, u32 func_index, const CompiledCode& code,
                    const OsrEntry* osr = nullptr);

/// An instruction of the machine code, in Intel's syntax, or some of the constants and tables
/// between and behind instructions. Addresses are offsets in the function.
struct CodeLine {
  u32 offset = 0;
  u32 size = 0;
  bool is_data = false;
  std::string text;
};

/// The whole code of a function, in order. What can be reached is code, and everything else data;
/// of code that is not safe, everything is taken for code.
std::vector<CodeLine> disassemble(const CompileEnv& env, u32 func_index, const CompiledCode& code);

}  // namespace wazuka::verify

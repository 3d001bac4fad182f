// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Validates all function bodies of a module whose other sections are valid, and records FuncInfo.
#pragma once

#include "base/error.h"
#include "wasm/module.h"

namespace wazuka {

/// `threads`: 0 for one per core where the code is large enough to gain from it. Of several errors
/// the one with the lowest offset is returned, however many threads there are.
Result<void> validate_bodies(Module& module, u32 threads);

/// What follows for tables, once func_infos are known: Module::table_facts. One that is neither
/// imported nor exported, and that no instruction writes, has what the active segments put there.
void note_tables(Module& module);

/// Appends the first error of each body that has one. Bodies that were not read are passed over.
void find_body_errors(Module& module, std::vector<Error>& errors);

}  // namespace wazuka

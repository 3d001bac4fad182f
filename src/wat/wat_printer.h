// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The binary format → the text format.
//
// The text is the module: parsing it gives the same binary again where that was written canonically
// (shortest numbers, no empty sections), custom sections and names included. Nothing is validated:
// whatever is well-formed is printed, with numbers for indices that lead nowhere.
#pragma once

#include <memory>

#include "base/error.h"
#include "wasm/module.h"
#include "wat/text_output.h"

namespace wazuka::wat {

struct PrintOptions {
  bool fold = false;          // (i32.add (local.get 0) (i32.const 1))
  bool skeleton = false;      // no bodies, no contents of segments
  bool name_unnamed = false;  // identifiers for what has no name
  bool offsets = false;       // where in the binary things are, as comments
};

/// Prints a binary through `write`, piece by piece. On an error, what came before it was written.
/// When `write` returns false printing ends without an error.
Result<void> print_module(std::shared_ptr<const ModuleBytes> bytes, const PrintOptions& options,
                          WriteText write);

}  // namespace wazuka::wat

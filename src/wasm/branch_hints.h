// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The custom section "metadata.code.branch_hint" (branch hinting proposal): for which `if` and
// `br_if` the condition is expected to hold. As the specification wants of custom sections, errors
// in it do not make the module invalid: the hints are dropped, and the error is kept for who asks.
#pragma once

#include "wasm/module.h"

namespace wazuka {

/// Fills in branch_hints and custom_error of a validated module. Hints in code that nothing reaches
/// are dropped.
void read_branch_hints(Module& module);

}  // namespace wazuka

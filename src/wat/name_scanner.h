// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The first pass: walks over the fields of a module and fills the index spaces.
//
// Only the head of each field is read; bodies are skipped by counting brackets. Nothing is reported
// except duplicate identifiers: at anything unexpected the scan stops, and the second pass, which
// reads everything, finds the error with its proper place and wording.
#pragma once

#include <vector>

#include "wat/context.h"

namespace wazuka::wat {

/// Scans from `offset` (before the first field) to the end of the module. Returns the offsets of
/// the `type` and `rec` keywords, in order.
std::vector<u32> scan_names(ModuleContext& module, u32 offset);

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The collector moves objects at calls. Every traced value that lives across one gets a stack slot:
// it is stored there where it is defined, the calls name the slot among their roots, and uses that
// a call may have come before load it from there.
#pragma once

#include "base/error.h"
#include "opt/ir/graph.h"

namespace wazuka::opt {

/// Of an elaborated graph. An error if there are so many references alive that it would take too
/// long.
Result<void> place_safepoints(Graph& g);

}  // namespace wazuka::opt

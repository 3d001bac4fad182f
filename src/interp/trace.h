// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Counts executed operations and pairs of them, to decide which superinstructions are worth having.
// Only in builds with WAZUKA_INTERP_TRACE (and the portable dispatch, which has a place for it):
// the counts are printed to standard error when the outermost call ends.
//
//   cmake -B build/trace -DWAZUKA_PORTABLE_DISPATCH=ON -DCMAKE_CXX_FLAGS=-DWAZUKA_INTERP_TRACE=1
#pragma once

#include "interp/isa.h"

#ifndef WAZUKA_INTERP_TRACE
#define WAZUKA_INTERP_TRACE 0
#endif

namespace wazuka::interp {

inline constexpr bool kTrace = WAZUKA_INTERP_TRACE != 0;

void trace_instruction(Form form);
void trace_report();

}  // namespace wazuka::interp

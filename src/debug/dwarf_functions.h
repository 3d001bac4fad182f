// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which functions an address is in, from the tree of entries of one unit: the subprogram, and in it
// the chain of calls that the compiler replaced by the callee's body (DW_TAG_inlined_subroutine).
#pragma once

#include <span>
#include <vector>

#include "debug/dwarf_unit.h"

namespace wazuka::debug {

/// Code of a subprogram; one with several ranges has several of these.
struct FunctionRange {
  u64 begin = 0, end = 0;
  u64 die = 0;  // in .debug_info
};

/// A call that has been replaced by the callee's body.
struct InlinedCall {
  u64 die = 0;                         // in .debug_info
  std::optional<u64> call_file;        // in the unit's line program
  u32 call_line = 0, call_column = 0;  // 0: unknown
};

/// All functions with code, sorted by `begin`. What was read before an error is kept.
std::vector<FunctionRange> read_functions(const DwarfUnit& unit, const AbbreviationTable& table,
                                          Budget& budget);

/// The function that `address` is in, or null.
const FunctionRange* find_function(std::span<const FunctionRange> functions, u64 address);

/// The inlined calls around `address` in the subprogram at `die`, outermost first.
std::vector<InlinedCall> find_inlined_calls(const DwarfUnit& unit, const AbbreviationTable& table,
                                            u64 die, u64 address, Budget& budget);

}  // namespace wazuka::debug

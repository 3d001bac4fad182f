// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Programs of any size, each large in a way of its own.
#pragma once

#include "unit/opt/regalloc/program.h"

namespace wazuka::regalloc::test {

/// A row of blocks, with values that live in one or over a few of them.
Program long_chain(u32 blocks);
/// One block; each value is read soon after it is made.
Program long_block(u32 vregs);
/// One block; everything is made, then everything is read.
Program all_live(u32 vregs);
/// A branch to so many blocks, which all jump to one, with arguments.
Program wide_switch(u32 targets);
/// Loops in loops, each with a variable of its own that lives through all inner ones.
Program deep_nest(u32 depth);
/// A row of loops that all read the same values.
Program many_loops(u32 loops);
/// Calls, with some values that are read again and again.
Program many_calls(u32 calls);
/// Decisions with both ways meeting again, with values that live through all of them.
Program many_diamonds(u32 diamonds);
/// Like what compilers for WebAssembly make of C: loops, decisions, calls in some of them.
Program mixed(u32 blocks, u64 seed);

}  // namespace wazuka::regalloc::test

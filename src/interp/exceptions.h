// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exceptions: where each function catches them, and the search for a handler.
//
// Code that might throw costs nothing: a function has a table of the ranges of its bytecode that
// `try_table` and `try` cover (try regions), made while it is lowered. A throw walks the links of
// the VM stack (frame.h), and looks in each function's table for the place of the throw or call.
//
// Inner regions come before those around them. What a clause catches, it puts where the clause's
// label expects it, and execution goes on at the label itself. All other operands and the locals of
// the catching frame are in their cells: the lowering sees to it at the start of every construct.
//
// Where the walk arrives at the beginning of an activation, the exception leaves the interpreter as
// kException with the reference in VMStoreContext::exception. Host functions between two
// activations hand it on (or not), and `host_call` continues the walk in the outer activation.
#pragma once

#include <span>

#include "interp/state.h"

namespace wazuka::interp {

/// A clause of a try region.
struct CatchHandler {
  static constexpr u32 kNone = ~u32{0};
  enum class Kind : u8 { kTag, kAll, kDelegate };

  Kind kind = Kind::kAll;
  u32 tag = 0;           // kTag: VMContext offset of the VMTag*
  u32 args_cell = 0;     // kTag: where the exception's arguments go
  u32 ref_cell = kNone;  // where the reference goes, if the handler wants it
  u32 target = 0;        // word of the function's code; kDelegate: see TryRegion::depth
  u32 next = kNone;      // index of the region's next clause
};

struct TryRegion {
  u32 begin = 0, end = 0;  // words of the function's code
  // How many constructs are around it. Behind a kDelegate clause the search goes on with regions
  // whose depth is at most the clause's target.
  u32 depth = 0;
  u32 first = CatchHandler::kNone;  // index of the first clause
};

struct HandlerTable {
  std::span<const TryRegion> regions;  // inner ones first
  std::span<const CatchHandler> handlers;
};

/// Throws `exception` (not null) from the instruction at s.pc: goes on at the handler, or returns
/// kException with s unchanged.
TrapOr throw_here(State& s, Cell exception);

/// The same in another frame of this activation.
TrapOr throw_at(State& s, const u64* pc, Cell* fp, VMContext* vm, Cell exception);

/// Continues in the caller that `link` describes with the exception in VMStoreContext::exception.
TrapOr throw_at_caller(State& s, const Cell* link);

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the lowering knows about an operand of the wasm stack. Nothing is emitted for constants and
// local.get until a consumer wants the value, and then it mostly becomes an operand of the
// consumer.
//
//   kConst  a known number
//   kLocal  the value that a local has now; must be copied before the local is assigned
//   kSlot   in the operand's own cell
//   kDeferred  not computed yet (Lowering::Deferred): only the topmost operand, only if the next
//           instruction consumes it
//   kAcc    in the accumulator of its class only: the instruction that has produced it can be made
//           to store it, too
//
// Every operand has a cell of its own, one above the other: where it lives if it must live in
// memory, and where arguments and block results are expected.
#pragma once

#include "base/ints.h"
#include "interp/lowering/emitter.h"
#include "wasm/sink.h"

namespace wazuka::interp {

enum class Where : u8 { kSlot, kConst, kLocal, kAcc, kDeferred };

struct Value {
  u64 bits = 0;        // kConst: the number, zero-extended
  u32 cell = 0;        // the operand's own cell
  u32 local = 0;       // kLocal
  i32 next_user = -1;  // kLocal: the next lower operand that is the same local
  Where where = Where::kSlot;
};

/// What the lowering keeps with each construct.
struct ControlData {
  Label end;                   // for loops: the beginning
  Label otherwise;             // if: the else arm
  u32 cell = 0;                // cell of the first result (for loops: parameter)
  u64 end_assigned = ~u64{0};  // locals assigned on all paths to the end (see Lowering)
  u64 else_assigned = 0;
  // try_table and try (Lowering's exceptions.cc).
  u32 region = 0;              // index of its closed try region
  u32 last_handler = ~u32{0};  // index of the region's last clause
  bool region_open = false;
  bool in_clause = false;    // try: in a catch clause; `cell` holds the exception
  Label stub;                // br_table: code that moves values before it branches …
  u32 stub_table = ~u32{0};  // … for the br_table at this position
};

using Sink = SinkBase<Value, ControlData>;
using Slot = Sink::Slot;
using Frame = Sink::Frame;

/// Register classes; v128 has no accumulator.
enum class Class : u8 { kInt, kF32, kF64, kV128 };
constexpr Class class_of(ValType t) {
  switch (t.kind()) {
    case ValKind::kF32: return Class::kF32;
    case ValKind::kF64: return Class::kF64;
    case ValKind::kV128: return Class::kV128;
    case ValKind::kBottom:
    case ValKind::kI32:
    case ValKind::kI64:
    case ValKind::kRef: break;
  }
  return Class::kInt;
}
constexpr u32 cells_of(ValType t) {
  return t.is_v128() ? 2 : 1;
}

/// An accumulator: empty, holding an operand that is nowhere else, or equal to a cell.
struct Accumulator {
  static constexpr u32 kNone = ~u32{0};
  u32 operand = kNone;   // index on the stack of the operand that it holds (kAcc)
  u32 producer = kNone;  // position of the instruction that made it
  Form form;             // of the producer
  u32 cell = kNone;      // the cell that has the same value

  bool pending() const { return operand != kNone; }
};

}  // namespace wazuka::interp

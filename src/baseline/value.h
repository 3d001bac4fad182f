// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the compiler knows about an operand of the wasm stack, and about the registers at a label.
//
//   kHome   in its own cell of the frame
//   kReg    in a register, which several operands and one local may share
//   kConst  a number that no code has been emitted for
//   kFlags  the outcome of a comparison, still in the processor's flags: only the topmost operand,
//           and only if the next instruction consumes it
//
// Every operand has a cell of its own, its home: one above the other, behind those of the locals.
#pragma once

#include "abi/code_object.h"
#include "asm/label.h"
#include "asm/x64/mem.h"
#include "asm/x64/regs.h"
#include "base/ints.h"
#include "baseline/x64/float.h"
#include "wasm/sink.h"

namespace wazuka::baseline {

/// A register of either kind: general ones are 0–15, vector ones 16–31.
using Reg = u8;
inline constexpr Reg kNoReg = 0xff;
inline constexpr u32 kRegs = 32;

constexpr Reg reg_of(x64::Gpr r) {
  return x64::code(r);
}
constexpr Reg reg_of(x64::Xmm r) {
  return static_cast<Reg>(16 + x64::code(r));
}
constexpr x64::Gpr as_gpr(Reg r) {
  return x64::Gpr{r};
}
constexpr x64::Xmm as_xmm(Reg r) {
  return x64::Xmm{static_cast<u8>(r - 16)};
}
constexpr bool is_xmm(Reg r) {
  return r >= 16;
}
constexpr u32 bit(Reg r) {
  return u32{1} << r;
}

constexpr bool in_xmm(ValType t) {
  return t == kF32 || t == kF64 || t.is_v128();
}
constexpr u32 cells_of(ValType t) {
  return t.is_v128() ? 2 : 1;
}
constexpr x64::Size size_of(ValType t) {
  return t == kI32 ? x64::k32 : x64::k64;
}

enum class Where : u8 { kHome, kReg, kConst, kFlags };

struct Value {
  u64 bits = 0;  // kConst: zero-extended
  u32 cell = 0;
  Where where = Where::kHome;
  Reg reg = kNoReg;                // kReg
  FloatCond flags{x64::Cond::kE};  // kFlags
};

/// Which locals are in registers at a label; all others are in their homes.
struct State {
  u32 present = 0;  // registers that hold a local
  u32 stored = 0;   // of these: those whose local is in its home as well
  x64::ZextSet zext;
  bool vmctx = false;   // r14 holds the VMContext
  bool memory = false;  // r15 holds the base of memory 0
  u32 local[kRegs];     // if present
};

struct ControlData {
  assembly::Label end;  // for loops: the beginning
  assembly::Label otherwise;
  bool has_state = false;  // something branches to `end`, and finds this:
  State state;
  Reg result = kNoReg;  // … the label's only value in this register; kNoReg: values are home
  State else_state;
  u32 budget_patch = 0;  // loops that count: where the code says what an iteration costs
  u32 begin = 0;         // … and where in the module the loop begins
  u32 cell = 0;          // home of the first result (for loops: parameter)
  // Exceptions.
  u32 region = CallSite::kNoTry;  // the innermost try region inside
  u32 own_region = CallSite::kNoTry;
  u32 outer_region = CallSite::kNoTry;
  bool in_clause = false;  // legacy try: in a catch clause; `cell` holds the exception
  // The branch table that has made a stub for this label last.
  assembly::Label stub;
  u32 stub_table = ~u32{0};
};

using Sink = SinkBase<Value, ControlData>;
using Slot = Sink::Slot;
using Frame = Sink::Frame;

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions of x86-64 before registers are chosen. Most are rows of asm/x64/insts.def: the row
// says what each argument is, and from that follow the constraints of the register allocator
// (vcode.h). The others (MOp) are sequences that must stay together, or that are known only when
// the frame is: calls, returns, branches, and float operations of several instructions.
#pragma once

#include "abi/trap.h"
#include "asm/x64/inst.h"
#include "asm/x64/regs.h"
#include "base/ints.h"
#include "opt/regalloc/api.h"

namespace wazuka::opt {

enum class MOp : u8 {
#define MOP(name, help) k##name,
#include "opt/x64/mops.def"
#undef MOP
};

/// Registers as the allocator numbers them: general ones from 0, xmm ones from 16.
constexpr regalloc::PReg preg(x64::Gpr r) {
  return x64::code(r);
}
constexpr regalloc::PReg preg(x64::Xmm r) {
  return static_cast<regalloc::PReg>(16 + x64::code(r));
}
constexpr bool is_xmm(regalloc::PReg r) {
  return r >= 16;
}

/// One argument of a row: what stands in the place of an operand of insts.def.
struct Arg {
  enum class Kind : u8 {
    kNone,
    kReg,    // operand `a` of the instruction; in memory if that is where the allocator has put it
    kMem,    // [operand a + operand b << scale + value]
    kFrame,  // [rbp + value]
    kCell,   // home of cell `value`
    kSp,     // [rsp + value]: the arguments of the call that is being prepared
    kConst,  // constant number `value` of the function, after its code
    kImm,
    kCond,
  };
  static constexpr u8 kNoReg = 0xff;

  Kind kind = Kind::kNone;
  u8 a = kNoReg, b = kNoReg;  // operands of the instruction, counted from 0
  u8 scale = 0;
  i32 value = 0;
};
static_assert(sizeof(Arg) == 8);

struct MachInst {
  static constexpr u32 kMaxArgs = 4;
  static constexpr u8 kNoTrap = 0xff;

  MOp op = MOp::kRow;
  x64::Size size = x64::k64;
  u8 arg_count = 0;
  u8 trap = kNoTrap;  // TrapCode of a fault of this instruction, or what it traps with
  x64::Inst row{};    // kRow
  u16 detail = 0;     // other ops: a condition, a wasm opcode (mops.def)
  u32 wasm_offset = ~u32{0};
  u64 imm = 0;  // other ops: an immediate, an index (mops.def)
  Arg args[kMaxArgs];

  bool may_trap() const { return trap != kNoTrap; }
};

}  // namespace wazuka::opt

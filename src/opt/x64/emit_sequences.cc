// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emission of operations that are several instructions.
#include "opt/x64/emitter.h"

namespace wazuka::opt {

using namespace x64;
using assembly::Label;
using assembly::Reach;
using FloatCond = baseline::FloatCond;

bool Emitter::sequence(const MachInst& i) {
  const Op op = static_cast<Op>(i.detail);
  switch (i.op) {
    case MOp::kDivSigned: divide(i); return true;
    case MOp::kSetCond: baseline::emit_set_if(m_, condition(i), gpr(0)); return true;
    case MOp::kSelectInt: select_int(i); return true;
    case MOp::kSelectXmm: select_xmm(i); return true;
    case MOp::kFloatBinary:
      baseline::emit_float_binary(m_, op, xmm(2), xmm(0), xmm(1));
      return true;
    case MOp::kFloatUnary: baseline::emit_float_unary(m_, op, xmm(1), xmm(0)); return true;
    case MOp::kIntToFloat: baseline::emit_float_convert(m_, op, xmm(1), gpr(0)); return true;
    case MOp::kTruncSat: baseline::emit_trunc_sat(m_, op, gpr(1), xmm(0)); return true;
    case MOp::kTruncTrap: trunc_trap(i); return true;
    case MOp::kAtomicLoop: atomic_loop(i); return true;
    case MOp::kAtomicCas: atomic_cas(i); return true;
    default: return simd(i);
  }
}

/// The dividend is in rax; divisors of -1 overflow for the smallest dividend.
void Emitter::divide(const MachInst& i) {
  const Gpr divisor = gpr(1);
  const bool remainder = i.detail != 0;
  Label minus_one, done;
  a_.cmp(i.size, divisor, -1);
  a_.jcc(x64::Cond::kE, minus_one, Reach::kShort);
  i.size == k64 ? a_.cqo() : a_.cdq();
  a_.idiv(i.size, divisor);
  a_.jmp(done, Reach::kShort);
  a_.bind(minus_one);
  if (remainder) {
    a_.xor_(k32, rdx, rdx);
  } else {
    a_.neg(i.size, rax);
    a_.jcc(x64::Cond::kO, trap_label(TrapCode::kIntegerOverflow, i.wasm_offset));
  }
  a_.bind(done);
}

void Emitter::select_int(const MachInst& i) {
  baseline::emit_move_if(m_, condition(i), i.size, gpr(2), gpr(0));
}

void Emitter::select_xmm(const MachInst& i) {
  if (xmm(2) == xmm(0)) return;
  Label skip;
  baseline::emit_jump_if(m_, condition(i).negated(), skip, Reach::kShort);
  m_.move(xmm(2), xmm(0));
  a_.bind(skip);
}

void Emitter::trunc_trap(const MachInst& i) {
  // Both labels at once: the second may not move the first.
  Label& overflow = trap_label(TrapCode::kIntegerOverflow, i.wasm_offset);
  Label& invalid = trap_label(TrapCode::kBadConversionToInteger, i.wasm_offset);
  baseline::emit_trunc_trap(m_, static_cast<Op>(i.detail), gpr(1), xmm(0), overflow, invalid);
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Emission of operations on vectors, and of atomic ones that are several instructions.
#include "baseline/x64/simd.h"
#include "opt/x64/emitter.h"

namespace wazuka::opt {

using namespace x64;
using assembly::Label;
using assembly::Reach;

bool Emitter::simd(const MachInst& i) {
  const Op op = static_cast<Op>(i.detail);
  auto in_xmm = [this](u32 operand) { return is_xmm(at(operand).preg()); };
  const u32 lane = static_cast<u32>(i.imm);
  switch (i.op) {
    case MOp::kSimdUnary: baseline::emit_simd_unary(m_, op, xmm(1), xmm(0)); return true;
    case MOp::kSimdBinary: baseline::emit_simd_binary(m_, op, xmm(2), xmm(0), xmm(1)); return true;
    case MOp::kSimdTernary:
      baseline::emit_simd_ternary(m_, op, xmm(3), xmm(0), xmm(1), xmm(2));
      return true;
    case MOp::kSimdShift: baseline::emit_simd_shift(m_, op, xmm(2), xmm(0), gpr(1)); return true;
    case MOp::kSimdShiftImm: baseline::emit_simd_shift(m_, op, xmm(1), xmm(0), lane); return true;
    case MOp::kSimdSplat:
      in_xmm(0) ? baseline::emit_simd_splat(m_, op, xmm(1), xmm(0))
                : baseline::emit_simd_splat(m_, op, xmm(1), gpr(0));
      return true;
    case MOp::kSimdTest: baseline::emit_simd_test(m_, op, gpr(1), xmm(0)); return true;
    case MOp::kSimdExtract:
      in_xmm(1) ? baseline::emit_simd_extract_lane(m_, op, xmm(1), xmm(0), lane)
                : baseline::emit_simd_extract_lane(m_, op, gpr(1), xmm(0), lane);
      return true;
    case MOp::kSimdReplace:
      in_xmm(1) ? baseline::emit_simd_replace_lane(m_, op, xmm(2), xmm(0), xmm(1), lane)
                : baseline::emit_simd_replace_lane(m_, op, xmm(2), xmm(0), gpr(1), lane);
      return true;
    case MOp::kShuffle:
      baseline::emit_simd_shuffle(m_, xmm(2), xmm(0), xmm(1), f_.constants[i.imm].bytes);
      return true;
    default: return false;
  }
}

// Atomics -----------------------------------------------------------------------------------------

void Emitter::access_site(const MachInst& i) {
  if (i.may_trap()) {
    tables_.traps.push_back({a_.offset(), i.wasm_offset, static_cast<TrapCode>(i.trap)});
  }
}

void Emitter::zero_extend_rax(x64::Size size) {
  if (size == k8) a_.movzx_b(k32, rax, rax);
  if (size == k16) a_.movzx_w(k32, rax, rax);
}

void Emitter::atomic_loop(const MachInst& i) {
  const Mem m = operand(i.args[0], {}).mem();
  const Gpr value = gpr(1);
  Label again;
  access_site(i);
  a_.mov(i.size, rax, m);
  a_.bind(again);
  a_.mov(k64, r11, rax);
  switch (i.detail) {
    case 0: a_.and_(k64, r11, value); break;
    case 1: a_.or_(k64, r11, value); break;
    default: a_.xor_(k64, r11, value); break;
  }
  access_site(i);
  a_.lock_cmpxchg(i.size, m, r11);
  a_.jcc(x64::Cond::kNe, again, Reach::kShort);
  zero_extend_rax(i.size);
}

void Emitter::atomic_cas(const MachInst& i) {
  access_site(i);
  a_.lock_cmpxchg(i.size, operand(i.args[0], {}).mem(), gpr(2));
  zero_extend_rax(i.size);
}

}  // namespace wazuka::opt

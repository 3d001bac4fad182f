// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations of three vectors.
#include <utility>

#include "baseline/x64/simd.h"
#include "baseline/x64/simd_constants.h"

namespace wazuka::baseline {

using namespace x64;

namespace {

// ((a ^ b) & mask) ^ b
void emit_bitselect(Masm& m, Xmm dst, Xmm a, Xmm b, Xmm mask) {
  if (m.has_avx512(CpuFeature::kAvx512F)) {
    constexpr u8 kFirstSelects = 0xca;
    const Xmm r = dst == a || dst == b ? kScratchXmm : dst;
    m.move(r, mask);
    m.a.vpternlogd(r, a, b, kFirstSelects);
    return m.move(dst, r);
  }
  m.pxor(kScratchXmm, a, b);
  m.pand(kScratchXmm, kScratchXmm, mask);
  m.pxor(dst, kScratchXmm, b);
}

// By the highest bit of each lane, where one instruction does it for any registers.
void emit_laneselect(Masm& m, Op op, Xmm dst, Xmm a, Xmm b, Xmm mask) {
  if (!m.mode.relaxed_fast || !m.avx() || op == Op::kI16x8RelaxedLaneselect) {
    return emit_bitselect(m, dst, a, b, mask);
  }
  if (op == Op::kI8x16RelaxedLaneselect) return m.a.vpblendvb(dst, b, a, mask);
  if (op == Op::kI32x4RelaxedLaneselect) return m.a.vblendvps(dst, b, a, mask);
  return m.a.vblendvpd(dst, b, a, mask);
}

/// The forms of an instruction of FMA, by what becomes of its operands x, y, z: 231: x = y * z + x;
/// 213: x = y * x + z.
struct Fused {
  void (*form231)(Masm&, Xmm, Xmm, Xmm);
  void (*form213)(Masm&, Xmm, Xmm, Xmm);
};

// dst = ±(a * b) + c
void emit_fused(Masm& m, Fused inst, Xmm dst, Xmm a, Xmm b, Xmm c) {
  if (dst == c) return inst.form231(m, dst, a, b);
  if (dst == a) return inst.form213(m, dst, b, c);
  if (dst == b) return inst.form213(m, dst, a, c);
  m.move(dst, c);
  inst.form231(m, dst, a, b);
}

#define FUSED(stem, x)                                                        \
  Fused {                                                                     \
    [](Masm& masm, Xmm p, Xmm q, Xmm r) { masm.a.stem##231##x(p, q, r); },    \
        [](Masm& masm, Xmm p, Xmm q, Xmm r) { masm.a.stem##213##x(p, q, r); } \
  }

void emit_madd(Masm& m, Op op, Xmm dst, Xmm a, Xmm b, Xmm c) {
  const bool is_f32 = op == Op::kF32x4RelaxedMadd || op == Op::kF32x4RelaxedNmadd;
  const bool negative = op == Op::kF32x4RelaxedNmadd || op == Op::kF64x2RelaxedNmadd;
  if (m.has(CpuFeature::kFma)) {
    const Fused inst = is_f32 ? (negative ? FUSED(vfnmadd, ps) : FUSED(vfmadd, ps))
                              : (negative ? FUSED(vfnmadd, pd) : FUSED(vfmadd, pd));
    emit_fused(m, inst, dst, a, b, c);
  } else if (is_f32) {
    m.mulps(kScratchXmm, a, b);
    negative ? m.subps(dst, c, kScratchXmm) : m.addps(dst, c, kScratchXmm);
  } else {
    m.mulpd(kScratchXmm, a, b);
    negative ? m.subpd(dst, c, kScratchXmm) : m.addpd(dst, c, kScratchXmm);
  }
  is_f32 ? canonicalize_f32x4(m, dst) : canonicalize_f64x2(m, dst);
}
#undef FUSED

void emit_dot_add(Masm& m, Xmm dst, Xmm a, Xmm b, Xmm c) {
  if (m.mode.relaxed_fast && m.has(CpuFeature::kAvxVnni)) {
    const Xmm r = dst == a || dst == b ? kScratchXmm : dst;
    m.move(r, c);
    m.a.vpdpbusd_vex(r, b, a);
    return m.move(dst, r);
  }
  if (m.mode.relaxed_fast) {
    m.pmaddubsw(kScratchXmm, b, a);
    m.with_const<Inst::pmaddwd, Inst::vpmaddwd>(kScratchXmm, kScratchXmm, kOneInWords);
    return m.paddd(dst, kScratchXmm, c);
  }
  // The products take all vector registers there are: c waits in general ones if dst is c.
  const bool save = dst == c;
  if (save) {
    m.move_64(kScratch, c);
    m.avx() ? m.a.vpextrq(kScratch2, c, 1) : m.a.pextrq(kScratch2, c, 1);
  }
  emit_simd_binary(m, Op::kI16x8RelaxedDotI8x16I7x16S, dst, a, b);
  m.with_const<Inst::pmaddwd, Inst::vpmaddwd>(dst, dst, kOneInWords);
  if (!save) return m.paddd(dst, dst, c);
  m.move_64(kScratchXmm, kScratch);
  if (m.avx()) {
    m.a.vpinsrq(kScratchXmm, kScratchXmm, kScratch2, 1);
  } else {
    m.a.pinsrq(kScratchXmm, kScratch2, 1);
  }
  m.paddd(dst, dst, kScratchXmm);
}

}  // namespace

bool simd_supported(const Masm& m, Op op) {
  const bool multiplies = op >= Op::kF32x4RelaxedMadd && op <= Op::kF64x2RelaxedNmadd;
  return !multiplies || m.mode.relaxed_fast || m.has(CpuFeature::kFma);
}

void emit_simd_ternary(Masm& m, Op op, Xmm dst, Xmm a, Xmm b, Xmm c) {
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kV128Bitselect): return emit_bitselect(m, dst, a, b, c);
    case std::to_underlying(Op::kI8x16RelaxedLaneselect):
    case std::to_underlying(Op::kI16x8RelaxedLaneselect):
    case std::to_underlying(Op::kI32x4RelaxedLaneselect):
    case std::to_underlying(Op::kI64x2RelaxedLaneselect):
      return emit_laneselect(m, op, dst, a, b, c);
    case std::to_underlying(Op::kF32x4RelaxedMadd):
    case std::to_underlying(Op::kF32x4RelaxedNmadd):
    case std::to_underlying(Op::kF64x2RelaxedMadd):
    case std::to_underlying(Op::kF64x2RelaxedNmadd): return emit_madd(m, op, dst, a, b, c);
    case std::to_underlying(Op::kI32x4RelaxedDotI8x16I7x16AddS):
      return emit_dot_add(m, dst, a, b, c);
    default: return unreachable_op(op);
  }
}

}  // namespace wazuka::baseline

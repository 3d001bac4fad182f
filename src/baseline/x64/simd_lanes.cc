// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Between vectors and scalars: splat, extract_lane, replace_lane, tests.
#include <utility>

#include "baseline/x64/simd.h"

namespace wazuka::baseline {

using namespace x64;

void emit_simd_const(Masm& m, Xmm dst, const Bytes16& bytes) {
  m.load_const(dst, bytes);
}

void emit_simd_splat(Masm& m, Op op, Xmm dst, Gpr src) {
  const bool avx2 = m.has(CpuFeature::kAvx2);
  op == Op::kI64x2Splat ? m.move_64(dst, src) : m.move_32(dst, src);
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kI8x16Splat):
      if (avx2) return m.a.vpbroadcastb(dst, dst);
      m.zero(kScratchXmm);
      return m.pshufb(dst, dst, kScratchXmm);
    case std::to_underlying(Op::kI16x8Splat):
      if (avx2) return m.a.vpbroadcastw(dst, dst);
      m.pshuflw(dst, dst, 0);
      return m.pshufd(dst, dst, 0);
    case std::to_underlying(Op::kI32x4Splat): return m.pshufd(dst, dst, 0);
    case std::to_underlying(Op::kI64x2Splat): return m.punpcklqdq(dst, dst, dst);
    default: return unreachable_op(op);
  }
}

void emit_simd_splat(Masm& m, Op op, Xmm dst, Xmm src) {
  if (op == Op::kF64x2Splat) return m.movddup(dst, src);
  assert(op == Op::kF32x4Splat);
  m.shufps(dst, src, src, 0);
}

void emit_simd_extract_lane(Masm& m, Op op, Gpr dst, Xmm src, u32 lane) {
  const u8 n = static_cast<u8>(lane);
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kI8x16ExtractLaneS):
    case std::to_underlying(Op::kI8x16ExtractLaneU):
      m.avx() ? m.a.vpextrb(dst, src, n) : m.a.pextrb(dst, src, n);
      if (op == Op::kI8x16ExtractLaneS) m.a.movsx_b(k32, dst, dst);
      return;
    case std::to_underlying(Op::kI16x8ExtractLaneS):
    case std::to_underlying(Op::kI16x8ExtractLaneU):
      m.avx() ? m.a.vpextrw(dst, src, n) : m.a.pextrw(dst, src, n);
      if (op == Op::kI16x8ExtractLaneS) m.a.movsx_w(k32, dst, dst);
      return;
    case std::to_underlying(Op::kI32x4ExtractLane):
      if (n == 0) return m.move_32(dst, src);
      return m.avx() ? m.a.vpextrd(dst, src, n) : m.a.pextrd(dst, src, n);
    case std::to_underlying(Op::kI64x2ExtractLane):
      if (n == 0) return m.move_64(dst, src);
      return m.avx() ? m.a.vpextrq(dst, src, n) : m.a.pextrq(dst, src, n);
    default: return unreachable_op(op);
  }
}

void emit_simd_extract_lane(Masm& m, Op op, Xmm dst, Xmm src, u32 lane) {
  if (lane == 0) return m.move(dst, src);
  if (op == Op::kF64x2ExtractLane) return m.pshufd(dst, src, 0xee);
  assert(op == Op::kF32x4ExtractLane);
  lane == 1 ? m.movshdup(dst, src) : m.pshufd(dst, src, static_cast<u8>(lane));
}

void emit_simd_replace_lane(Masm& m, Op op, Xmm dst, Xmm src, Gpr value, u32 lane) {
  const u8 n = static_cast<u8>(lane);
  if (!m.avx()) m.move(dst, src);
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kI8x16ReplaceLane):
      return m.avx() ? m.a.vpinsrb(dst, src, value, n) : m.a.pinsrb(dst, value, n);
    case std::to_underlying(Op::kI16x8ReplaceLane):
      return m.avx() ? m.a.vpinsrw(dst, src, value, n) : m.a.pinsrw(dst, value, n);
    case std::to_underlying(Op::kI32x4ReplaceLane):
      return m.avx() ? m.a.vpinsrd(dst, src, value, n) : m.a.pinsrd(dst, value, n);
    case std::to_underlying(Op::kI64x2ReplaceLane):
      return m.avx() ? m.a.vpinsrq(dst, src, value, n) : m.a.pinsrq(dst, value, n);
    default: return unreachable_op(op);
  }
}

void emit_simd_replace_lane(Masm& m, Op op, Xmm dst, Xmm src, Xmm value, u32 lane) {
  if (op == Op::kF64x2ReplaceLane) {
    return lane == 0 ? m.blendpd(dst, src, value, 1) : m.unpcklpd(dst, src, value);
  }
  assert(op == Op::kF32x4ReplaceLane);
  m.insertps(dst, src, value, static_cast<u8>(lane << 4));
}

// ---- Tests --------------------------------------------------------------------------------------

namespace {

void test_all(Masm& m, Xmm x) {
  m.avx() ? m.a.vptest(x, x) : m.a.ptest(x, x);
}

}  // namespace

Cond emit_simd_test_flags(Masm& m, Op op, Xmm src) {
  if (op == Op::kV128AnyTrue) {
    test_all(m, src);
    return Cond::kNe;
  }
  // Compared with zero, no lane may be equal.
  m.zero(kScratchXmm);
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kI8x16AllTrue): m.pcmpeqb(kScratchXmm, kScratchXmm, src); break;
    case std::to_underlying(Op::kI16x8AllTrue): m.pcmpeqw(kScratchXmm, kScratchXmm, src); break;
    case std::to_underlying(Op::kI32x4AllTrue): m.pcmpeqd(kScratchXmm, kScratchXmm, src); break;
    case std::to_underlying(Op::kI64x2AllTrue): m.pcmpeqq(kScratchXmm, kScratchXmm, src); break;
    default: unreachable_op(op);
  }
  test_all(m, kScratchXmm);
  return Cond::kE;
}

void emit_simd_test(Masm& m, Op op, Gpr dst, Xmm src) {
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kI8x16Bitmask):
      return m.avx() ? m.a.vpmovmskb(dst, src) : m.a.pmovmskb(dst, src);
    case std::to_underlying(Op::kI16x8Bitmask):
      m.packsswb(kScratchXmm, src, src);
      m.avx() ? m.a.vpmovmskb(dst, kScratchXmm) : m.a.pmovmskb(dst, kScratchXmm);
      return m.a.movzx_b(k32, dst, dst);
    case std::to_underlying(Op::kI32x4Bitmask):
      return m.avx() ? m.a.vmovmskps(dst, src) : m.a.movmskps(dst, src);
    case std::to_underlying(Op::kI64x2Bitmask):
      return m.avx() ? m.a.vmovmskpd(dst, src) : m.a.movmskpd(dst, src);
    default: break;
  }
  m.a.xor_(k32, dst, dst);
  const Cond c = emit_simd_test_flags(m, op, src);
  m.a.set(c, dst);
}

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shifts of all lanes by one count, which counts modulo the lane's width. There are no instructions
// for bytes, and no arithmetic one for 64 bits before AVX-512.
#include <utility>

#include "baseline/x64/simd.h"
#include "baseline/x64/simd_constants.h"

namespace wazuka::baseline {

using namespace x64;

namespace {

enum class Kind : u8 { kLeft, kRightSigned, kRightUnsigned };
struct Shift {
  u32 lane_bits;
  Kind kind;
};

constexpr Shift shift_of(Op op) {
  switch (static_cast<u32>(op)) {
#define SHIFTS(V, bits)                                                       \
  case std::to_underlying(Op::k##V##Shl): return {bits, Kind::kLeft};         \
  case std::to_underlying(Op::k##V##ShrS): return {bits, Kind::kRightSigned}; \
  case std::to_underlying(Op::k##V##ShrU): return {bits, Kind::kRightUnsigned};
    SHIFTS(I8x16, 8)
    SHIFTS(I16x8, 16)
    SHIFTS(I32x4, 32)
    SHIFTS(I64x2, 64)
#undef SHIFTS
    default: return {0, Kind::kLeft};
  }
}

/// The lanes as wide as an instruction has them, by a count below the width in a register or a
/// constant.
template <class Count>
void emit_plain(Masm& m, Shift s, Xmm dst, Xmm src, Count count) {
  switch (s.kind) {
    case Kind::kLeft:
      if (s.lane_bits == 16) return m.psllw(dst, src, count);
      if (s.lane_bits == 32) return m.pslld(dst, src, count);
      return m.psllq(dst, src, count);
    case Kind::kRightUnsigned:
      if (s.lane_bits == 16) return m.psrlw(dst, src, count);
      if (s.lane_bits == 32) return m.psrld(dst, src, count);
      return m.psrlq(dst, src, count);
    case Kind::kRightSigned:
      if (s.lane_bits == 16) return m.psraw(dst, src, count);
      return m.psrad(dst, src, count);
  }
}

// ---- By a register: kScratch holds the count, below the width -----------------------------------

// Bytes are shifted as halves of words; what crosses from one to the other is masked, before a
// shift to the left and after one to the right. The mask is 0xff >> count in each byte.
void emit_bytes_logical(Masm& m, Kind kind, Xmm dst, Xmm src) {
  m.move_32(kScratchXmm, kScratch);
  m.ones(kScratchXmm2);
  m.psrlw(kScratchXmm2, kScratchXmm2, kScratchXmm);
  m.psrlw(kScratchXmm2, kScratchXmm2, 8);
  m.packuswb(kScratchXmm2, kScratchXmm2, kScratchXmm2);
  if (kind == Kind::kLeft) {
    m.pand(dst, src, kScratchXmm2);
    m.psllw(dst, dst, kScratchXmm);
  } else {
    m.psrlw(dst, src, kScratchXmm);
    m.pand(dst, dst, kScratchXmm2);
  }
}

// Each byte in the upper half of a word, shifted by 8 more, is extended by itself.
void emit_bytes_arithmetic(Masm& m, Xmm dst, Xmm src) {
  m.a.add(k32, kScratch, 8);
  m.move_32(kScratchXmm, kScratch);
  m.punpckhbw(kScratchXmm2, src, src);
  m.punpcklbw(dst, src, src);
  m.psraw(kScratchXmm2, kScratchXmm2, kScratchXmm);
  m.psraw(dst, dst, kScratchXmm);
  m.packsswb(dst, dst, kScratchXmm2);
}

// (x >> n ^ s) - s, where s is the sign bit after the shift.
void emit_quads_arithmetic(Masm& m, Xmm dst, Xmm src) {
  m.move_32(kScratchXmm, kScratch);
  if (m.has_avx512(CpuFeature::kAvx512F)) return m.a.vpsraq(dst, src, kScratchXmm);
  m.load_const(kScratchXmm2, kSignOfF64);
  m.psrlq(kScratchXmm2, kScratchXmm2, kScratchXmm);
  m.psrlq(dst, src, kScratchXmm);
  m.pxor(dst, dst, kScratchXmm2);
  m.psubq(dst, dst, kScratchXmm2);
}

// ---- By a constant ------------------------------------------------------------------------------

void emit_bytes_by(Masm& m, Kind kind, Xmm dst, Xmm src, u8 count) {
  if (kind == Kind::kRightSigned) {
    m.punpckhbw(kScratchXmm2, src, src);
    m.punpcklbw(dst, src, src);
    m.psraw(kScratchXmm2, kScratchXmm2, static_cast<u8>(count + 8));
    m.psraw(dst, dst, static_cast<u8>(count + 8));
    return m.packsswb(dst, dst, kScratchXmm2);
  }
  if (kind == Kind::kLeft && count == 1) return m.paddb(dst, src, src);
  kind == Kind::kLeft ? m.psllw(dst, src, count) : m.psrlw(dst, src, count);
  const u32 kept = kind == Kind::kLeft ? 0xffu << count : 0xffu >> count;
  m.pand(dst, dst, splat16(static_cast<u8>(kept)));
}

void emit_quads_arithmetic_by(Masm& m, Xmm dst, Xmm src, u8 count) {
  if (m.has_avx512(CpuFeature::kAvx512F)) return m.a.vpsraq(dst, src, count);
  if (count == 63) {
    m.zero(kScratchXmm);
    return m.pcmpgtq(dst, kScratchXmm, src);
  }
  m.psrlq(dst, src, count);
  const Bytes16 sign = splat16<u64>(u64{1} << (63 - count));
  m.pxor(dst, dst, sign);
  m.with_const<Inst::psubq, Inst::vpsubq>(dst, dst, sign);
}

}  // namespace

void emit_simd_shift(Masm& m, Op op, Xmm dst, Xmm src, Gpr count) {
  const Shift s = shift_of(op);
  if (s.lane_bits == 0) return unreachable_op(op);
  m.a.mov(k32, kScratch, count);
  m.a.and_(k32, kScratch, static_cast<i64>(s.lane_bits - 1));
  if (s.lane_bits == 8) {
    return s.kind == Kind::kRightSigned ? emit_bytes_arithmetic(m, dst, src)
                                        : emit_bytes_logical(m, s.kind, dst, src);
  }
  if (s.lane_bits == 64 && s.kind == Kind::kRightSigned) return emit_quads_arithmetic(m, dst, src);
  m.move_32(kScratchXmm, kScratch);
  emit_plain(m, s, dst, src, kScratchXmm);
}

void emit_simd_shift(Masm& m, Op op, Xmm dst, Xmm src, u32 count) {
  const Shift s = shift_of(op);
  if (s.lane_bits == 0) return unreachable_op(op);
  const u8 n = static_cast<u8>(count & (s.lane_bits - 1));
  if (n == 0) return m.move(dst, src);
  if (s.lane_bits == 8) return emit_bytes_by(m, s.kind, dst, src, n);
  if (s.lane_bits == 64 && s.kind == Kind::kRightSigned) {
    return emit_quads_arithmetic_by(m, dst, src, n);
  }
  emit_plain(m, s, dst, src, n);
}

}  // namespace wazuka::baseline

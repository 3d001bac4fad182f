// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations of two vectors.
#include <utility>

#include "baseline/x64/simd.h"
#include "baseline/x64/simd_constants.h"

namespace wazuka::baseline {

using namespace x64;

namespace {

using Instruction2 = void (Masm::*)(Xmm, Xmm, Xmm);

void complement(Masm& m, Xmm dst) {
  m.ones(kScratchXmm);
  m.pxor(dst, dst, kScratchXmm);
}

// ---- Comparisons --------------------------------------------------------------------------------

void emit_ne(Masm& m, Instruction2 equal, Xmm dst, Xmm a, Xmm b) {
  (m.*equal)(dst, a, b);
  complement(m, dst);
}
/// a <= b as min(a, b) == a; a >= b as max(a, b) == a.
void emit_ordered(Masm& m, Instruction2 choose, Instruction2 equal, Xmm dst, Xmm a, Xmm b) {
  (m.*choose)(kScratchXmm, a, b);
  (m.*equal)(dst, kScratchXmm, a);
}
void emit_not_ordered(Masm& m, Instruction2 choose, Instruction2 equal, Xmm dst, Xmm a, Xmm b) {
  emit_ordered(m, choose, equal, dst, a, b);
  complement(m, dst);
}

// ---- Multiplications ----------------------------------------------------------------------------

// low * low + (low * high + high * low) << 32
void emit_mul_i64x2(Masm& m, Xmm dst, Xmm a, Xmm b) {
  if (m.has_avx512(CpuFeature::kAvx512Dq)) return m.a.vpmullq(dst, a, b);
  m.psrlq(kScratchXmm, a, 32);
  m.pmuludq(kScratchXmm, kScratchXmm, b);
  m.psrlq(kScratchXmm2, b, 32);
  m.pmuludq(kScratchXmm2, kScratchXmm2, a);
  m.paddq(kScratchXmm, kScratchXmm, kScratchXmm2);
  m.psllq(kScratchXmm, kScratchXmm, 32);
  m.pmuludq(dst, a, b);
  m.paddq(dst, dst, kScratchXmm);
}

// pmulhrsw overflows only for -1 * -1: 0x8000 instead of 0x7fff.
void emit_q15mulr_sat(Masm& m, Xmm dst, Xmm a, Xmm b) {
  m.pmulhrsw(kScratchXmm, a, b);
  m.with_const<Inst::pcmpeqw, Inst::vpcmpeqw>(kScratchXmm2, kScratchXmm, splat16<u16>(0x8000));
  m.pxor(dst, kScratchXmm, kScratchXmm2);
}
void emit_relaxed_q15mulr(Masm& m, Xmm dst, Xmm a, Xmm b) {
  m.mode.relaxed_fast ? m.pmulhrsw(dst, a, b) : emit_q15mulr_sat(m, dst, a, b);
}

void emit_extmul_low_i8(Masm& m, bool is_signed, Xmm dst, Xmm a, Xmm b) {
  const auto extend = is_signed ? &Masm::pmovsxbw : &Masm::pmovzxbw;
  (m.*extend)(kScratchXmm, a);
  (m.*extend)(dst, b);
  m.pmullw(dst, dst, kScratchXmm);
}
void emit_extmul_high_i8_s(Masm& m, Xmm dst, Xmm a, Xmm b) {
  m.pshufd(kScratchXmm, a, 0xee);
  m.pmovsxbw(kScratchXmm, kScratchXmm);
  m.pshufd(dst, b, 0xee);
  m.pmovsxbw(dst, dst);
  m.pmullw(dst, dst, kScratchXmm);
}
void emit_extmul_high_i8_u(Masm& m, Xmm dst, Xmm a, Xmm b) {
  m.zero(kScratchXmm2);
  m.punpckhbw(kScratchXmm, a, kScratchXmm2);
  m.punpckhbw(dst, b, kScratchXmm2);
  m.pmullw(dst, dst, kScratchXmm);
}
/// The lower and upper halves of the products, interleaved.
void emit_extmul_i16(Masm& m, Instruction2 high, Instruction2 interleave, Xmm dst, Xmm a, Xmm b) {
  m.pmullw(kScratchXmm, a, b);
  (m.*high)(kScratchXmm2, a, b);
  (m.*interleave)(dst, kScratchXmm, kScratchXmm2);
}
void emit_extmul_i32(Masm& m, Instruction2 multiply, u8 lanes, Xmm dst, Xmm a, Xmm b) {
  m.pshufd(kScratchXmm, a, lanes);
  m.pshufd(kScratchXmm2, b, lanes);
  (m.*multiply)(dst, kScratchXmm, kScratchXmm2);
}
constexpr u8 kLowInEven = 0x50, kHighInEven = 0xfa;  // 0 0 1 1, 2 2 3 3

// Even bytes in the upper half of words, and odd ones below: pmulhw gives the even products.
void emit_relaxed_dot(Masm& m, Xmm dst, Xmm a, Xmm b) {
  if (m.mode.relaxed_fast) return m.pmaddubsw(dst, b, a);  // b, of 7 bits, as the unsigned one
  m.psllw(kScratchXmm, a, 8);
  m.psllw(kScratchXmm2, b, 8);
  m.pmulhw(kScratchXmm, kScratchXmm, kScratchXmm2);
  m.psraw(kScratchXmm2, a, 8);
  m.psraw(dst, b, 8);
  m.pmullw(dst, dst, kScratchXmm2);
  m.paddw(dst, dst, kScratchXmm);
}

// pshufb makes zero of what has bit 7 set: a saturating addition sets it for 16 and more.
void emit_swizzle(Masm& m, Xmm dst, Xmm a, Xmm lanes) {
  m.with_const<Inst::paddusb, Inst::vpaddusb>(kScratchXmm, lanes, splat16<u8>(0x70));
  m.pshufb(dst, a, kScratchXmm);
}
void emit_relaxed_swizzle(Masm& m, Xmm dst, Xmm a, Xmm lanes) {
  m.mode.relaxed_fast ? m.pshufb(dst, a, lanes) : emit_swizzle(m, dst, a, lanes);
}

// ---- Minimum and maximum of floats --------------------------------------------------------------

// minps and maxps give their second operand for zeros and for NaN: done both ways round, the
// results differ there. NaN are made canonical: quiet, and with nothing of the other operand in
// them.
struct F32x4 {
  static constexpr auto kMin = &Masm::minps, kMax = &Masm::maxps, kSub = &Masm::subps;
  static void unordered(Masm& m, Xmm dst, Xmm a, Xmm b) { m.cmpps(dst, a, b, kUnordered); }
  static void clear_payload(Masm& m, Xmm mask) { m.psrld(mask, mask, 10); }
  static void canonicalize(Masm& m, Xmm dst) { canonicalize_f32x4(m, dst); }
};
struct F64x2 {
  static constexpr auto kMin = &Masm::minpd, kMax = &Masm::maxpd, kSub = &Masm::subpd;
  static void unordered(Masm& m, Xmm dst, Xmm a, Xmm b) { m.cmppd(dst, a, b, kUnordered); }
  static void clear_payload(Masm& m, Xmm mask) { m.psrlq(mask, mask, 13); }
  static void canonicalize(Masm& m, Xmm dst) { canonicalize_f64x2(m, dst); }
};

template <class V>
void emit_min(Masm& m, Xmm dst, Xmm a, Xmm b) {
  (m.*V::kMin)(kScratchXmm, a, b);
  (m.*V::kMin)(kScratchXmm2, b, a);
  m.orps(kScratchXmm, kScratchXmm, kScratchXmm2);  // -0 wins; NaN with any payload
  V::unordered(m, kScratchXmm2, kScratchXmm, kScratchXmm);
  m.orps(kScratchXmm, kScratchXmm, kScratchXmm2);
  V::clear_payload(m, kScratchXmm2);
  m.andnps(dst, kScratchXmm2, kScratchXmm);
  V::canonicalize(m, dst);
}

// The difference of the two results is a sign (zeros) or part of a NaN: with it set, and
// subtracted, -0 - -0 is +0, and a NaN becomes quiet.
template <class V>
void emit_max(Masm& m, Xmm dst, Xmm a, Xmm b) {
  (m.*V::kMax)(kScratchXmm, a, b);
  (m.*V::kMax)(kScratchXmm2, b, a);
  m.xorps(kScratchXmm2, kScratchXmm2, kScratchXmm);
  m.orps(kScratchXmm, kScratchXmm, kScratchXmm2);
  (m.*V::kSub)(kScratchXmm, kScratchXmm, kScratchXmm2);
  V::unordered(m, kScratchXmm2, kScratchXmm, kScratchXmm);
  V::clear_payload(m, kScratchXmm2);
  m.andnps(dst, kScratchXmm2, kScratchXmm);
  V::canonicalize(m, dst);
}

template <class V>
void emit_relaxed_min(Masm& m, Xmm dst, Xmm a, Xmm b) {
  m.mode.relaxed_fast ? (m.*V::kMin)(dst, a, b) : emit_min<V>(m, dst, a, b);
}
template <class V>
void emit_relaxed_max(Masm& m, Xmm dst, Xmm a, Xmm b) {
  m.mode.relaxed_fast ? (m.*V::kMax)(dst, a, b) : emit_max<V>(m, dst, a, b);
}

// ---- Tables -------------------------------------------------------------------------------------
// Each function does the operations of a family and says whether this was one.

#define AS(name, ...) \
  case std::to_underlying(Op::k##name): __VA_ARGS__; return true;
#define INST2(name, inst) AS(name, m.inst(dst, a, b))

bool emit_bits(Masm& m, Op op, Xmm dst, Xmm a, Xmm b) {
  switch (static_cast<u32>(op)) {
    INST2(V128And, pand)
    INST2(V128Or, por)
    INST2(V128Xor, pxor)
    AS(V128Andnot, m.pandn(dst, b, a))
    AS(I8x16Swizzle, emit_swizzle(m, dst, a, b))
    AS(I8x16RelaxedSwizzle, emit_relaxed_swizzle(m, dst, a, b))
    default: return false;
  }
}

bool emit_int_comparison(Masm& m, Op op, Xmm dst, Xmm a, Xmm b) {
#define COMPARISONS(shape, x)                            \
  INST2(shape##Eq, pcmpeq##x)                            \
  AS(shape##Ne, emit_ne(m, &Masm::pcmpeq##x, dst, a, b)) \
  INST2(shape##GtS, pcmpgt##x)                           \
  AS(shape##LtS, m.pcmpgt##x(dst, b, a))
#define ORDERED(shape, x)                                                           \
  AS(shape##LeS, emit_ordered(m, &Masm::pmins##x, &Masm::pcmpeq##x, dst, a, b))     \
  AS(shape##GeS, emit_ordered(m, &Masm::pmaxs##x, &Masm::pcmpeq##x, dst, a, b))     \
  AS(shape##LeU, emit_ordered(m, &Masm::pminu##x, &Masm::pcmpeq##x, dst, a, b))     \
  AS(shape##GeU, emit_ordered(m, &Masm::pmaxu##x, &Masm::pcmpeq##x, dst, a, b))     \
  AS(shape##LtU, emit_not_ordered(m, &Masm::pmaxu##x, &Masm::pcmpeq##x, dst, a, b)) \
  AS(shape##GtU, emit_not_ordered(m, &Masm::pminu##x, &Masm::pcmpeq##x, dst, a, b))
  switch (static_cast<u32>(op)) {
    COMPARISONS(I8x16, b)
    COMPARISONS(I16x8, w)
    COMPARISONS(I32x4, d)
    COMPARISONS(I64x2, q)
    ORDERED(I8x16, b)
    ORDERED(I16x8, w)
    ORDERED(I32x4, d)
    AS(I64x2LeS, m.pcmpgtq(dst, a, b), complement(m, dst))
    AS(I64x2GeS, m.pcmpgtq(dst, b, a), complement(m, dst))
    default: return false;
  }
#undef COMPARISONS
#undef ORDERED
}

bool emit_int_arithmetic(Masm& m, Op op, Xmm dst, Xmm a, Xmm b) {
#define MIN_MAX(shape, x)      \
  INST2(shape##MinS, pmins##x) \
  INST2(shape##MinU, pminu##x) \
  INST2(shape##MaxS, pmaxs##x) \
  INST2(shape##MaxU, pmaxu##x)
#define SATURATING(shape, x)       \
  INST2(shape##AddSatS, padds##x)  \
  INST2(shape##AddSatU, paddus##x) \
  INST2(shape##SubSatS, psubs##x)  \
  INST2(shape##SubSatU, psubus##x) \
  INST2(shape##AvgrU, pavg##x)
#define ADD_SUB(shape, x)    \
  INST2(shape##Add, padd##x) \
  INST2(shape##Sub, psub##x)
  switch (static_cast<u32>(op)) {
    ADD_SUB(I8x16, b)
    ADD_SUB(I16x8, w)
    ADD_SUB(I32x4, d)
    ADD_SUB(I64x2, q)
    SATURATING(I8x16, b)
    SATURATING(I16x8, w)
    MIN_MAX(I8x16, b)
    MIN_MAX(I16x8, w)
    MIN_MAX(I32x4, d)
    INST2(I16x8Mul, pmullw)
    INST2(I32x4Mul, pmulld)
    AS(I64x2Mul, emit_mul_i64x2(m, dst, a, b))
    AS(I16x8Q15mulrSatS, emit_q15mulr_sat(m, dst, a, b))
    AS(I16x8RelaxedQ15mulrS, emit_relaxed_q15mulr(m, dst, a, b))
    AS(I16x8RelaxedDotI8x16I7x16S, emit_relaxed_dot(m, dst, a, b))
    INST2(I32x4DotI16x8S, pmaddwd)
    default: return false;
  }
#undef MIN_MAX
#undef SATURATING
#undef ADD_SUB
}

bool emit_other_width(Masm& m, Op op, Xmm dst, Xmm a, Xmm b) {
  switch (static_cast<u32>(op)) {
    INST2(I8x16NarrowI16x8S, packsswb)
    INST2(I8x16NarrowI16x8U, packuswb)
    INST2(I16x8NarrowI32x4S, packssdw)
    INST2(I16x8NarrowI32x4U, packusdw)
    AS(I16x8ExtmulLowI8x16S, emit_extmul_low_i8(m, /*is_signed=*/true, dst, a, b))
    AS(I16x8ExtmulLowI8x16U, emit_extmul_low_i8(m, /*is_signed=*/false, dst, a, b))
    AS(I16x8ExtmulHighI8x16S, emit_extmul_high_i8_s(m, dst, a, b))
    AS(I16x8ExtmulHighI8x16U, emit_extmul_high_i8_u(m, dst, a, b))
    AS(I32x4ExtmulLowI16x8S, emit_extmul_i16(m, &Masm::pmulhw, &Masm::punpcklwd, dst, a, b))
    AS(I32x4ExtmulHighI16x8S, emit_extmul_i16(m, &Masm::pmulhw, &Masm::punpckhwd, dst, a, b))
    AS(I32x4ExtmulLowI16x8U, emit_extmul_i16(m, &Masm::pmulhuw, &Masm::punpcklwd, dst, a, b))
    AS(I32x4ExtmulHighI16x8U, emit_extmul_i16(m, &Masm::pmulhuw, &Masm::punpckhwd, dst, a, b))
    AS(I64x2ExtmulLowI32x4S, emit_extmul_i32(m, &Masm::pmuldq, kLowInEven, dst, a, b))
    AS(I64x2ExtmulHighI32x4S, emit_extmul_i32(m, &Masm::pmuldq, kHighInEven, dst, a, b))
    AS(I64x2ExtmulLowI32x4U, emit_extmul_i32(m, &Masm::pmuludq, kLowInEven, dst, a, b))
    AS(I64x2ExtmulHighI32x4U, emit_extmul_i32(m, &Masm::pmuludq, kHighInEven, dst, a, b))
    default: return false;
  }
}

// pmin and pmax choose an operand as minps and maxps do, with the operands exchanged.
bool emit_float_lanes(Masm& m, Op op, Xmm dst, Xmm a, Xmm b) {
#define FLOATS(V, x)                                       \
  AS(V##Eq, m.cmp##x(dst, a, b, kEqual))                   \
  AS(V##Ne, m.cmp##x(dst, a, b, kNotEqual))                \
  AS(V##Lt, m.cmp##x(dst, a, b, kLess))                    \
  AS(V##Le, m.cmp##x(dst, a, b, kLessOrEqual))             \
  AS(V##Gt, m.cmp##x(dst, b, a, kLess))                    \
  AS(V##Ge, m.cmp##x(dst, b, a, kLessOrEqual))             \
  AS(V##Add, m.add##x(dst, a, b), V::canonicalize(m, dst)) \
  AS(V##Sub, m.sub##x(dst, a, b), V::canonicalize(m, dst)) \
  AS(V##Mul, m.mul##x(dst, a, b), V::canonicalize(m, dst)) \
  AS(V##Div, m.div##x(dst, a, b), V::canonicalize(m, dst)) \
  AS(V##Min, emit_min<V>(m, dst, a, b))                    \
  AS(V##Max, emit_max<V>(m, dst, a, b))                    \
  AS(V##Pmin, m.min##x(dst, b, a))                         \
  AS(V##Pmax, m.max##x(dst, b, a))                         \
  AS(V##RelaxedMin, emit_relaxed_min<V>(m, dst, a, b))     \
  AS(V##RelaxedMax, emit_relaxed_max<V>(m, dst, a, b))
  switch (static_cast<u32>(op)) {
    FLOATS(F32x4, ps)
    FLOATS(F64x2, pd)
    default: return false;
  }
#undef FLOATS
}

}  // namespace

void emit_simd_binary(Masm& m, Op op, Xmm dst, Xmm a, Xmm b) {
  if (!emit_float_lanes(m, op, dst, a, b) && !emit_int_arithmetic(m, op, dst, a, b) &&
      !emit_bits(m, op, dst, a, b) && !emit_int_comparison(m, op, dst, a, b) &&
      !emit_other_width(m, op, dst, a, b)) {
    unreachable_op(op);
  }
}

}  // namespace wazuka::baseline

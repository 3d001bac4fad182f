// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Operations of one vector.
#include <utility>

#include "baseline/x64/simd.h"
#include "baseline/x64/simd_constants.h"

namespace wazuka::baseline {

using namespace x64;

void canonicalize_f32x4(Masm& m, Xmm dst) {
  if (!m.mode.canonical_nans) return;
  m.cmpps(kScratchXmm2, dst, dst, kUnordered);
  m.andnps(dst, kScratchXmm2, dst);
  m.pand(kScratchXmm2, kScratchXmm2, splat16<u32>(0x7fc0'0000));
  m.orps(dst, dst, kScratchXmm2);
}
void canonicalize_f64x2(Masm& m, Xmm dst) {
  if (!m.mode.canonical_nans) return;
  m.cmppd(kScratchXmm2, dst, dst, kUnordered);
  m.andnps(dst, kScratchXmm2, dst);
  m.pand(kScratchXmm2, kScratchXmm2, splat16<u64>(0x7ff8'0000'0000'0000));
  m.orps(dst, dst, kScratchXmm2);
}

namespace {

using Instruction1 = void (Masm::*)(Xmm, Xmm);
using Instruction2 = void (Masm::*)(Xmm, Xmm, Xmm);

void emit_not(Masm& m, Xmm dst, Xmm src) {
  const Xmm ones = dst == src ? kScratchXmm : dst;
  m.ones(ones);
  m.pxor(dst, src, ones);
}

void emit_neg(Masm& m, Instruction2 subtract, Xmm dst, Xmm src) {
  const Xmm zero = dst == src ? kScratchXmm : dst;
  m.zero(zero);
  (m.*subtract)(dst, zero, src);
}

// (x ^ s) - s, where s is -1 for negative lanes.
void emit_abs_i64x2(Masm& m, Xmm dst, Xmm src) {
  if (m.has_avx512(CpuFeature::kAvx512F)) return m.a.vpabsq(dst, src);
  m.pshufd(kScratchXmm, src, 0xf5);
  m.psrad(kScratchXmm, kScratchXmm, 31);
  m.pxor(dst, src, kScratchXmm);
  m.psubq(dst, dst, kScratchXmm);
}

// By table, for four bits at a time.
void emit_popcnt(Masm& m, Xmm dst, Xmm src) {
  if (m.has_avx512(CpuFeature::kAvx512Bitalg)) return m.a.vpopcntb(dst, src);
  constexpr Bytes16 kCounts = {0, 1, 1, 2, 1, 2, 2, 3, 1, 2, 2, 3, 2, 3, 3, 4};
  constexpr Bytes16 kLow = splat16<u8>(0x0f);
  m.psrlw(kScratchXmm, src, 4);
  m.pand(kScratchXmm, kScratchXmm, kLow);
  m.pand(dst, src, kLow);
  m.load_const(kScratchXmm2, kCounts);
  m.pshufb(kScratchXmm2, kScratchXmm2, dst);
  m.load_const(dst, kCounts);
  m.pshufb(dst, dst, kScratchXmm);
  m.paddb(dst, dst, kScratchXmm2);
}

void emit_extend_high_signed(Masm& m, Instruction1 extend, Xmm dst, Xmm src) {
  m.pshufd(dst, src, 0xee);
  (m.*extend)(dst, dst);
}
void emit_extend_high_unsigned(Masm& m, Instruction2 interleave, Xmm dst, Xmm src) {
  m.zero(kScratchXmm);
  (m.*interleave)(dst, src, kScratchXmm);
}

// pmaddubsw multiplies unsigned bytes of its first with signed ones of its second operand.
void emit_extadd_i8x16_s(Masm& m, Xmm dst, Xmm src) {
  m.load_const(kScratchXmm, kOneInBytes);
  m.pmaddubsw(dst, kScratchXmm, src);
}
void emit_extadd_i8x16_u(Masm& m, Xmm dst, Xmm src) {
  m.with_const<Inst::pmaddubsw, Inst::vpmaddubsw>(dst, src, kOneInBytes);
}
void emit_extadd_i16x8_s(Masm& m, Xmm dst, Xmm src) {
  m.with_const<Inst::pmaddwd, Inst::vpmaddwd>(dst, src, kOneInWords);
}
void emit_extadd_i16x8_u(Masm& m, Xmm dst, Xmm src) {  // as signed, moved down by 2^15 each
  m.pxor(dst, src, splat16<u16>(0x8000));
  m.with_const<Inst::pmaddwd, Inst::vpmaddwd>(dst, dst, kOneInWords);
  m.with_const<Inst::paddd, Inst::vpaddd>(dst, dst, splat16<u32>(0x1'0000));
}

// ---- Floats from integers -----------------------------------------------------------------------

// The halves of each integer become mantissas of floats 2^23 + low and 2^39 + high * 2^16, and the
// excess is subtracted: only the last addition rounds.
void emit_convert_u32_to_f32(Masm& m, Xmm dst, Xmm src) {
  if (m.has_avx512(CpuFeature::kAvx512F)) return m.a.vcvtudq2ps(dst, src);
  m.pand(kScratchXmm, src, splat16<u32>(0xffff));
  m.por(kScratchXmm, kScratchXmm, splat_f32(0x1p23f));
  m.psrld(dst, src, 16);
  m.por(dst, dst, splat_f32(0x1p39f));
  m.with_const<Inst::subps, Inst::vsubps>(dst, dst, splat_f32(0x1p39f + 0x1p23f));
  m.addps(dst, dst, kScratchXmm);
}

void emit_convert_low_u32_to_f64(Masm& m, Xmm dst, Xmm src) {
  if (m.has_avx512(CpuFeature::kAvx512F)) return m.a.vcvtudq2pd(dst, src);
  m.with_const<Inst::punpckldq, Inst::vpunpckldq>(dst, src, splat16<u32>(0x4330'0000));
  m.with_const<Inst::subpd, Inst::vsubpd>(dst, dst, splat_f64(0x1p52));
}

// ---- Integers from floats -----------------------------------------------------------------------

void emit_trunc_sat_f32_s(Masm& m, Xmm dst, Xmm src) {
  m.cmpps(kScratchXmm, src, src, kEqual);
  m.andps(dst, src, kScratchXmm);  // NaN becomes 0
  m.with_const<Inst::cmpps, Inst::vcmpps>(kScratchXmm, dst, splat_f32(0x1p31f), kNotLess);
  m.cvttps2dq(dst, dst);
  m.pxor(dst, dst, kScratchXmm);  // 0x80000000 becomes 0x7fffffff
}

void emit_trunc_sat_f32_u(Masm& m, Xmm dst, Xmm src) {
  m.zero(kScratchXmm);
  m.maxps(dst, src, kScratchXmm);  // NaN becomes 0
  if (m.has_avx512(CpuFeature::kAvx512F)) return m.a.vcvttps2udq(dst, dst);
  // Either the value or its excess over 2^31 fits a signed integer; the other one contributes
  // 0x80000000 or, being negative, nothing. An excess too large for that becomes 0x7fffffff.
  m.with_const<Inst::subps, Inst::vsubps>(kScratchXmm, dst, splat_f32(0x1p31f));
  m.with_const<Inst::cmpps, Inst::vcmpps>(kScratchXmm2, kScratchXmm, splat_f32(0x1p31f), kNotLess);
  m.cvttps2dq(kScratchXmm, kScratchXmm);
  m.pxor(kScratchXmm, kScratchXmm, kScratchXmm2);
  m.zero(kScratchXmm2);
  m.pmaxsd(kScratchXmm, kScratchXmm, kScratchXmm2);
  m.cvttps2dq(dst, dst);
  m.paddd(dst, dst, kScratchXmm);
}

// minpd gives its second operand for NaN: 0.
void emit_trunc_sat_f64_s_zero(Masm& m, Xmm dst, Xmm src) {
  m.cmppd(kScratchXmm, src, src, kEqual);
  m.pand(kScratchXmm, kScratchXmm, splat_f64(0x7fff'ffff));
  m.minpd(dst, src, kScratchXmm);
  m.cvttpd2dq(dst, dst);
}

// Added to 2^52, the integer is the lower half of the float.
void emit_trunc_sat_f64_u_zero(Masm& m, Xmm dst, Xmm src) {
  m.zero(kScratchXmm);
  m.maxpd(dst, src, kScratchXmm);
  if (m.has_avx512(CpuFeature::kAvx512F)) return m.a.vcvttpd2udq(dst, dst);
  m.with_const<Inst::minpd, Inst::vminpd>(dst, dst, splat_f64(4294967295.0));
  m.roundpd(dst, dst, 11);
  m.with_const<Inst::addpd, Inst::vaddpd>(dst, dst, splat_f64(0x1p52));
  m.shufps(dst, dst, kScratchXmm, 0x88);
}

/// Relaxed truncations may give 0x80000000 (signed) or 0xffffffff (unsigned) for what does not fit.
bool emit_relaxed_trunc(Masm& m, Op op, Xmm dst, Xmm src) {
  if (!m.mode.relaxed_fast) return false;
  if (op == Op::kI32x4RelaxedTruncF32x4S) {
    m.cvttps2dq(dst, src);
    return true;
  }
  if (op == Op::kI32x4RelaxedTruncF64x2SZero) {
    m.cvttpd2dq(dst, src);
    return true;
  }
  if (!m.has_avx512(CpuFeature::kAvx512F)) return false;
  op == Op::kI32x4RelaxedTruncF32x4U ? m.a.vcvttps2udq(dst, src) : m.a.vcvttpd2udq(dst, src);
  return true;
}

/// Unary operations of floats, without what becomes of NaN. Says whether it is one.
bool emit_float_lanes(Masm& m, Op op, Xmm dst, Xmm src) {
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kF32x4Ceil): m.roundps(dst, src, 10); break;
    case std::to_underlying(Op::kF32x4Floor): m.roundps(dst, src, 9); break;
    case std::to_underlying(Op::kF32x4Trunc): m.roundps(dst, src, 11); break;
    case std::to_underlying(Op::kF32x4Nearest): m.roundps(dst, src, 8); break;
    case std::to_underlying(Op::kF32x4Sqrt): m.sqrtps(dst, src); break;
    case std::to_underlying(Op::kF32x4DemoteF64x2Zero): m.cvtpd2ps(dst, src); break;
    case std::to_underlying(Op::kF64x2Ceil): m.roundpd(dst, src, 10); break;
    case std::to_underlying(Op::kF64x2Floor): m.roundpd(dst, src, 9); break;
    case std::to_underlying(Op::kF64x2Trunc): m.roundpd(dst, src, 11); break;
    case std::to_underlying(Op::kF64x2Nearest): m.roundpd(dst, src, 8); break;
    case std::to_underlying(Op::kF64x2Sqrt): m.sqrtpd(dst, src); break;
    case std::to_underlying(Op::kF64x2PromoteLowF32x4): m.cvtps2pd(dst, src); break;
    default: return false;
  }
  op_info(op).text.view().starts_with("f32") ? canonicalize_f32x4(m, dst)
                                             : canonicalize_f64x2(m, dst);
  return true;
}

}  // namespace

void emit_simd_unary(Masm& m, Op op, Xmm dst, Xmm src) {
  switch (static_cast<u32>(op)) {
#define AS(name, ...) \
  case std::to_underlying(Op::k##name): return __VA_ARGS__;
    AS(V128Not, emit_not(m, dst, src))
    AS(I8x16Abs, m.pabsb(dst, src))
    AS(I16x8Abs, m.pabsw(dst, src))
    AS(I32x4Abs, m.pabsd(dst, src))
    AS(I64x2Abs, emit_abs_i64x2(m, dst, src))
    AS(I8x16Neg, emit_neg(m, &Masm::psubb, dst, src))
    AS(I16x8Neg, emit_neg(m, &Masm::psubw, dst, src))
    AS(I32x4Neg, emit_neg(m, &Masm::psubd, dst, src))
    AS(I64x2Neg, emit_neg(m, &Masm::psubq, dst, src))
    AS(I8x16Popcnt, emit_popcnt(m, dst, src))
    AS(I16x8ExtendLowI8x16S, m.pmovsxbw(dst, src))
    AS(I16x8ExtendLowI8x16U, m.pmovzxbw(dst, src))
    AS(I32x4ExtendLowI16x8S, m.pmovsxwd(dst, src))
    AS(I32x4ExtendLowI16x8U, m.pmovzxwd(dst, src))
    AS(I64x2ExtendLowI32x4S, m.pmovsxdq(dst, src))
    AS(I64x2ExtendLowI32x4U, m.pmovzxdq(dst, src))
    AS(I16x8ExtendHighI8x16S, emit_extend_high_signed(m, &Masm::pmovsxbw, dst, src))
    AS(I32x4ExtendHighI16x8S, emit_extend_high_signed(m, &Masm::pmovsxwd, dst, src))
    AS(I64x2ExtendHighI32x4S, emit_extend_high_signed(m, &Masm::pmovsxdq, dst, src))
    AS(I16x8ExtendHighI8x16U, emit_extend_high_unsigned(m, &Masm::punpckhbw, dst, src))
    AS(I32x4ExtendHighI16x8U, emit_extend_high_unsigned(m, &Masm::punpckhwd, dst, src))
    AS(I64x2ExtendHighI32x4U, emit_extend_high_unsigned(m, &Masm::punpckhdq, dst, src))
    AS(I16x8ExtaddPairwiseI8x16S, emit_extadd_i8x16_s(m, dst, src))
    AS(I16x8ExtaddPairwiseI8x16U, emit_extadd_i8x16_u(m, dst, src))
    AS(I32x4ExtaddPairwiseI16x8S, emit_extadd_i16x8_s(m, dst, src))
    AS(I32x4ExtaddPairwiseI16x8U, emit_extadd_i16x8_u(m, dst, src))
    AS(F32x4Abs, m.with_const<Inst::andps, Inst::vandps>(dst, src, kMagnitudeOfF32))
    AS(F64x2Abs, m.with_const<Inst::andps, Inst::vandps>(dst, src, kMagnitudeOfF64))
    AS(F32x4Neg, m.with_const<Inst::xorps, Inst::vxorps>(dst, src, kSignOfF32))
    AS(F64x2Neg, m.with_const<Inst::xorps, Inst::vxorps>(dst, src, kSignOfF64))
    AS(F32x4ConvertI32x4S, m.cvtdq2ps(dst, src))
    AS(F32x4ConvertI32x4U, emit_convert_u32_to_f32(m, dst, src))
    AS(F64x2ConvertLowI32x4S, m.cvtdq2pd(dst, src))
    AS(F64x2ConvertLowI32x4U, emit_convert_low_u32_to_f64(m, dst, src))
    AS(I32x4TruncSatF32x4S, emit_trunc_sat_f32_s(m, dst, src))
    AS(I32x4TruncSatF32x4U, emit_trunc_sat_f32_u(m, dst, src))
    AS(I32x4TruncSatF64x2SZero, emit_trunc_sat_f64_s_zero(m, dst, src))
    AS(I32x4TruncSatF64x2UZero, emit_trunc_sat_f64_u_zero(m, dst, src))
#undef AS
#define RELAXED(name, strict)                                      \
  case std::to_underlying(Op::k##name):                            \
    if (!emit_relaxed_trunc(m, op, dst, src)) strict(m, dst, src); \
    return;
    RELAXED(I32x4RelaxedTruncF32x4S, emit_trunc_sat_f32_s)
    RELAXED(I32x4RelaxedTruncF32x4U, emit_trunc_sat_f32_u)
    RELAXED(I32x4RelaxedTruncF64x2SZero, emit_trunc_sat_f64_s_zero)
    RELAXED(I32x4RelaxedTruncF64x2UZero, emit_trunc_sat_f64_u_zero)
#undef RELAXED
    default:
      if (!emit_float_lanes(m, op, dst, src)) unreachable_op(op);
  }
}

}  // namespace wazuka::baseline

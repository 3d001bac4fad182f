// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Conversions between integers and floats. The instructions of x86-64 convert signed integers, and
// give the smallest integer for whatever does not fit; everything else is made around them, with
// the common case straight.
#include <bit>
#include <utility>

#include "baseline/x64/float_width.h"

namespace wazuka::baseline {

using namespace x64;

namespace {

template <class W>
typename W::Bits bits_of(f64 value) {
  if constexpr (sizeof(typename W::Bits) == 4) {
    return std::bit_cast<u32>(static_cast<f32>(value));
  } else {
    return std::bit_cast<u64>(value);
  }
}

// A value of 63 bits or more is halved first; the bit that is lost goes into the lowest one, so
// that rounding sees it.
template <class W>
void emit_from_u64(Masm& m, Xmm dst, Gpr src) {
  if (m.has(CpuFeature::kAvx512F)) return W::from_unsigned(m, k64, dst, src);
  Label large, done;
  m.a.test(k64, src, src);
  m.a.jcc(Cond::kS, large, Reach::kShort);
  W::from_int(m, k64, dst, src);
  m.a.jmp(done, Reach::kShort);
  m.a.bind(large);
  m.a.mov(k64, kScratch, src);
  m.a.mov(k32, kScratch2, src);
  m.a.shr(k64, kScratch, 1);
  m.a.and_(k32, kScratch2, 1);
  m.a.or_(k64, kScratch, kScratch2);
  W::from_int(m, k64, dst, kScratch);
  W::add(m, dst, dst, dst);
  m.a.bind(done);
}

template <class W>
void emit_from_u32(Masm& m, Xmm dst, Gpr src) {
  m.a.mov(k32, kScratch, src);
  W::from_int(m, k64, dst, kScratch);
}

// ---- Saturating ---------------------------------------------------------------------------------

template <class W>
void emit_sat_signed(Masm& m, Size size, Gpr dst, Xmm src) {
  Label done;
  W::to_int(m, size, dst, src);
  m.a.cmp(size, dst, 1);  // overflows for the smallest integer only
  m.a.jcc(Cond::kNo, done, Reach::kShort);
  m.zero(kScratchXmm);
  W::compare(m, kScratchXmm, src);
  m.a.jcc(Cond::kAe, done, Reach::kShort);  // below zero: it is the right one
  m.a.not_(size, dst);
  m.a.jcc(Cond::kNp, done, Reach::kShort);
  m.a.xor_(k32, dst, dst);
  m.a.bind(done);
}

/// kScratchXmm = src, or 0 if it is negative or a NaN: maxss gives its second operand for NaN.
template <class W>
void emit_not_negative(Masm& m, Xmm src) {
  m.zero(kScratchXmm2);
  W::max(m, kScratchXmm, src, kScratchXmm2);
}

template <class W>
void emit_sat_u32(Masm& m, Gpr dst, Xmm src) {
  emit_not_negative<W>(m, src);
  // What is too large becomes the largest integer by itself.
  if (m.has(CpuFeature::kAvx512F)) return W::to_unsigned(m, k32, dst, kScratchXmm);
  if constexpr (std::is_same_v<W, F32>) W::to_other_width(m, kScratchXmm, kScratchXmm);
  const u64 largest = std::bit_cast<u64>(4294967295.0);
  if (m.avx()) {
    m.a.vminsd(kScratchXmm, kScratchXmm, m.a.constant(largest));
  } else {
    m.a.minsd(kScratchXmm, m.a.constant(largest));
  }
  F64::to_int(m, k64, dst, kScratchXmm);
}

template <class W>
void emit_sat_u64(Masm& m, Gpr dst, Xmm src) {
  emit_not_negative<W>(m, src);
  if (m.has(CpuFeature::kAvx512F)) return W::to_unsigned(m, k64, dst, kScratchXmm);
  Label done;
  W::to_int(m, k64, dst, kScratchXmm);
  m.a.test(k64, dst, dst);
  m.a.jcc(Cond::kNs, done, Reach::kShort);
  W::sub_const(m, kScratchXmm, kScratchXmm, bits_of<W>(0x1p63));
  W::to_int(m, k64, dst, kScratchXmm);
  m.a.mov(k64, kScratch, dst);
  m.a.sar(k64, kScratch, 63);  // all ones if that does not fit either
  m.a.or_(k64, dst, kScratch);
  m.a.bts(k64, dst, 63);
  m.a.bind(done);
}

// ---- Trapping -----------------------------------------------------------------------------------

template <class W>
void emit_trap_signed(Masm& m, Size size, Gpr dst, Xmm src, Label& overflow, Label& invalid) {
  Label done;
  W::to_int(m, size, dst, src);
  m.a.cmp(size, dst, 1);
  m.a.jcc(Cond::kNo, done, Reach::kShort);
  // The smallest integer: by right only from a value between the limit and zero. The limit is
  // excluded where a float has it (-2^31 - 1 is an f64), and the smallest integer itself elsewhere.
  const bool excluded = size == k32 && std::is_same_v<W, F64>;
  const f64 limit = excluded ? -0x1p31 - 1 : size == k32 ? -0x1p31 : -0x1p63;
  W::compare_const(m, src, bits_of<W>(limit));
  m.a.jcc(Cond::kP, invalid);
  m.a.jcc(excluded ? Cond::kBe : Cond::kB, overflow);
  m.zero(kScratchXmm);
  W::compare(m, src, kScratchXmm);
  m.a.jcc(Cond::kAe, overflow);
  m.a.bind(done);
}

// Converted as a signed integer of 64 bits, every u32 is right; all else has something above
// bit 31.
template <class W>
void emit_trap_u32(Masm& m, Gpr dst, Xmm src, Label& overflow, Label& invalid) {
  Label done;
  W::to_int(m, k64, kScratch, src);
  m.a.mov(k32, dst, kScratch);
  m.a.cmp(k64, dst, kScratch);
  m.a.jcc(Cond::kE, done, Reach::kShort);
  W::compare(m, src, src);
  m.a.jcc(Cond::kP, invalid);
  m.a.jmp(overflow);
  m.a.bind(done);
}

template <class W>
void emit_trap_u64(Masm& m, Gpr dst, Xmm src, Label& overflow, Label& invalid) {
  Label done;
  W::to_int(m, k64, dst, src);
  m.a.test(k64, dst, dst);
  m.a.jcc(Cond::kNs, done, Reach::kShort);
  const auto half = bits_of<W>(0x1p63);
  W::compare_const(m, src, half);
  m.a.jcc(Cond::kP, invalid);
  m.a.jcc(Cond::kB, overflow);  // negative
  W::sub_const(m, kScratchXmm, src, half);
  W::to_int(m, k64, dst, kScratchXmm);
  m.a.test(k64, dst, dst);
  m.a.jcc(Cond::kS, overflow);
  m.a.bts(k64, dst, 63);
  m.a.bind(done);
}

}  // namespace

void emit_float_convert(Masm& m, Op op, Xmm dst, Gpr src) {
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kF32ConvertI32S): return F32::from_int(m, k32, dst, src);
    case std::to_underlying(Op::kF32ConvertI32U): return emit_from_u32<F32>(m, dst, src);
    case std::to_underlying(Op::kF32ConvertI64S): return F32::from_int(m, k64, dst, src);
    case std::to_underlying(Op::kF32ConvertI64U): return emit_from_u64<F32>(m, dst, src);
    case std::to_underlying(Op::kF64ConvertI32S): return F64::from_int(m, k32, dst, src);
    case std::to_underlying(Op::kF64ConvertI32U): return emit_from_u32<F64>(m, dst, src);
    case std::to_underlying(Op::kF64ConvertI64S): return F64::from_int(m, k64, dst, src);
    case std::to_underlying(Op::kF64ConvertI64U): return emit_from_u64<F64>(m, dst, src);
    default: return unreachable_op(op);
  }
}

void emit_trunc_sat(Masm& m, Op op, Gpr dst, Xmm src) {
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kI32TruncSatF32S): return emit_sat_signed<F32>(m, k32, dst, src);
    case std::to_underlying(Op::kI32TruncSatF32U): return emit_sat_u32<F32>(m, dst, src);
    case std::to_underlying(Op::kI32TruncSatF64S): return emit_sat_signed<F64>(m, k32, dst, src);
    case std::to_underlying(Op::kI32TruncSatF64U): return emit_sat_u32<F64>(m, dst, src);
    case std::to_underlying(Op::kI64TruncSatF32S): return emit_sat_signed<F32>(m, k64, dst, src);
    case std::to_underlying(Op::kI64TruncSatF32U): return emit_sat_u64<F32>(m, dst, src);
    case std::to_underlying(Op::kI64TruncSatF64S): return emit_sat_signed<F64>(m, k64, dst, src);
    case std::to_underlying(Op::kI64TruncSatF64U): return emit_sat_u64<F64>(m, dst, src);
    default: return unreachable_op(op);
  }
}

void emit_trunc_trap(Masm& m, Op op, Gpr dst, Xmm src, Label& overflow, Label& invalid) {
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kI32TruncF32S):
      return emit_trap_signed<F32>(m, k32, dst, src, overflow, invalid);
    case std::to_underlying(Op::kI32TruncF32U):
      return emit_trap_u32<F32>(m, dst, src, overflow, invalid);
    case std::to_underlying(Op::kI32TruncF64S):
      return emit_trap_signed<F64>(m, k32, dst, src, overflow, invalid);
    case std::to_underlying(Op::kI32TruncF64U):
      return emit_trap_u32<F64>(m, dst, src, overflow, invalid);
    case std::to_underlying(Op::kI64TruncF32S):
      return emit_trap_signed<F32>(m, k64, dst, src, overflow, invalid);
    case std::to_underlying(Op::kI64TruncF32U):
      return emit_trap_u64<F32>(m, dst, src, overflow, invalid);
    case std::to_underlying(Op::kI64TruncF64S):
      return emit_trap_signed<F64>(m, k64, dst, src, overflow, invalid);
    case std::to_underlying(Op::kI64TruncF64U):
      return emit_trap_u64<F64>(m, dst, src, overflow, invalid);
    default: return unreachable_op(op);
  }
}

void emit_reinterpret(Masm& m, Op op, Gpr dst, Xmm src) {
  op == Op::kI32ReinterpretF32 ? m.move_32(dst, src) : m.move_64(dst, src);
}
void emit_reinterpret(Masm& m, Op op, Xmm dst, Gpr src) {
  op == Op::kF32ReinterpretI32 ? m.move_32(dst, src) : m.move_64(dst, src);
}

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "baseline/x64/float.h"

#include <bit>
#include <utility>

#include "baseline/x64/float_width.h"

namespace wazuka::baseline {

using namespace x64;

namespace {

// minss and maxss give their second operand when the operands are equal (so zeros of either sign)
// or unordered: those cases are apart.
template <class W>
void emit_min_max(Masm& m, bool is_min, Xmm dst, Xmm a, Xmm b) {
  Label differ, unordered, done;
  W::compare(m, a, b);
  m.a.jcc(Cond::kNe, differ, Reach::kShort);
  m.a.jcc(Cond::kP, unordered, Reach::kShort);
  is_min ? m.orps(dst, a, b) : m.andps(dst, a, b);
  m.a.jmp(done, Reach::kShort);
  m.a.bind(unordered);
  W::add(m, dst, a, b);
  W::canonicalize(m, dst);
  m.a.jmp(done, Reach::kShort);
  m.a.bind(differ);
  is_min ? W::min(m, dst, a, b) : W::max(m, dst, a, b);
  m.a.bind(done);
}

template <class W>
void emit_copysign(Masm& m, Xmm dst, Xmm a, Xmm b) {
  m.with_const<Inst::andps, Inst::vandps>(kScratchXmm, b, W::kSign);
  m.with_const<Inst::andps, Inst::vandps>(dst, a, W::kMagnitude);
  m.orps(dst, dst, kScratchXmm);
}

/// roundss and sqrtss keep lanes of their first operand: it is the source, so that the result does
/// not wait for whatever dst was.
template <class W>
void emit_round(Masm& m, Xmm dst, Xmm src, u8 mode) {
  constexpr u8 kNoInexact = 8;
  W::round(m, dst, src, mode | kNoInexact);
  W::canonicalize(m, dst);
}

template <class W>
void emit_arith(Masm& m, Xmm dst, Xmm a, Xmm b, void (*op)(Masm&, Xmm, Xmm, Xmm)) {
  op(m, dst, a, b);
  W::canonicalize(m, dst);
}

}  // namespace

void emit_canonical_f32(Masm& m, Xmm dst) {
  Label done;
  F32::compare(m, dst, dst);
  m.a.jcc(Cond::kNp, done, Reach::kShort);
  m.load_f32_const(dst, F32::kCanonicalNan);
  m.a.bind(done);
}
void emit_canonical_f64(Masm& m, Xmm dst) {
  Label done;
  F64::compare(m, dst, dst);
  m.a.jcc(Cond::kNp, done, Reach::kShort);
  m.load_f64_const(dst, F64::kCanonicalNan);
  m.a.bind(done);
}

void emit_float_binary(Masm& m, Op op, Xmm dst, Xmm a, Xmm b) {
  switch (static_cast<u32>(op)) {
#define BOTH(name, ...)                      \
  case std::to_underlying(Op::kF32##name): { \
    using W = F32;                           \
    return __VA_ARGS__;                      \
  }                                          \
  case std::to_underlying(Op::kF64##name): { \
    using W = F64;                           \
    return __VA_ARGS__;                      \
  }
    BOTH(Add, emit_arith<W>(m, dst, a, b, W::add))
    BOTH(Sub, emit_arith<W>(m, dst, a, b, W::sub))
    BOTH(Mul, emit_arith<W>(m, dst, a, b, W::mul))
    BOTH(Div, emit_arith<W>(m, dst, a, b, W::div))
    BOTH(Min, emit_min_max<W>(m, /*is_min=*/true, dst, a, b))
    BOTH(Max, emit_min_max<W>(m, /*is_min=*/false, dst, a, b))
    BOTH(Copysign, emit_copysign<W>(m, dst, a, b))
    default: return unreachable_op(op);
  }
}

bool float_binary_takes_memory(Op op) {
  const u32 n = static_cast<u32>(op);
  return (n >= static_cast<u32>(Op::kF32Add) && n <= static_cast<u32>(Op::kF32Div)) ||
         (n >= static_cast<u32>(Op::kF64Add) && n <= static_cast<u32>(Op::kF64Div));
}

void emit_float_binary(Masm& m, Op op, Xmm dst, Xmm a, const Mem& b) {
  switch (static_cast<u32>(op)) {
#define MEMORY(Op_, W, inst)              \
  case std::to_underlying(Op::k##W##Op_): \
    if (m.avx()) {                        \
      m.a.v##inst(dst, a, b);             \
    } else {                              \
      m.move(dst, a);                     \
      m.a.inst(dst, b);                   \
    }                                     \
    return W::canonicalize(m, dst);
    MEMORY(Add, F32, addss)
    MEMORY(Sub, F32, subss)
    MEMORY(Mul, F32, mulss)
    MEMORY(Div, F32, divss)
    MEMORY(Add, F64, addsd)
    MEMORY(Sub, F64, subsd)
    MEMORY(Mul, F64, mulsd)
    MEMORY(Div, F64, divsd)
#undef MEMORY
    default: return unreachable_op(op);
  }
}

void emit_float_unary(Masm& m, Op op, Xmm dst, Xmm src) {
  switch (static_cast<u32>(op)) {
    BOTH(Abs, m.with_const<Inst::andps, Inst::vandps>(dst, src, W::kMagnitude))
    BOTH(Neg, m.with_const<Inst::xorps, Inst::vxorps>(dst, src, W::kSign))
    BOTH(Ceil, emit_round<W>(m, dst, src, 2))
    BOTH(Floor, emit_round<W>(m, dst, src, 1))
    BOTH(Trunc, emit_round<W>(m, dst, src, 3))
    BOTH(Nearest, emit_round<W>(m, dst, src, 0))
    BOTH(Sqrt, W::sqrt(m, dst, src), W::canonicalize(m, dst))
#undef BOTH
    case std::to_underlying(Op::kF32DemoteF64):
      F64::to_other_width(m, dst, src);
      return F32::canonicalize(m, dst);
    case std::to_underlying(Op::kF64PromoteF32):
      F32::to_other_width(m, dst, src);
      return F64::canonicalize(m, dst);
    default: return unreachable_op(op);
  }
}

// ---- Comparison ---------------------------------------------------------------------------------

// ucomiss a, b sets ZF PF CF to 000 for a > b, 001 for a < b, 100 for a = b, 111 for unordered:
// with the smaller operand second, "above" and "above or equal" are false for NaN by themselves.
FloatCond emit_float_compare_flags(Masm& m, Op op, Xmm a, Xmm b) {
  using enum FloatCond::Parity;
  const bool wide = op >= Op::kF64Eq && op <= Op::kF64Ge;
  const auto compare = wide ? F64::compare : F32::compare;
  const u32 first = static_cast<u32>(wide ? Op::kF64Eq : Op::kF32Eq);
  switch (static_cast<u32>(op) - first) {  // in the order of opcodes.def
    case 0: compare(m, a, b); return {Cond::kE, kAndNotP};
    case 1: compare(m, a, b); return {Cond::kNe, kOrP};
    case 2: compare(m, b, a); return {Cond::kA};   // lt
    case 3: compare(m, a, b); return {Cond::kA};   // gt
    case 4: compare(m, b, a); return {Cond::kAe};  // le
    case 5: compare(m, a, b); return {Cond::kAe};  // ge
    default: unreachable_op(op); return {Cond::kE};
  }
}

void emit_float_compare(Masm& m, Op op, Gpr dst, Xmm a, Xmm b) {
  m.a.xor_(k32, dst, dst);
  const FloatCond c = emit_float_compare_flags(m, op, a, b);
  m.a.set(c.cond, dst);
  if (c.parity == FloatCond::Parity::kIgnored) return;
  const bool either = c.parity == FloatCond::Parity::kOrP;
  m.a.set(either ? Cond::kP : Cond::kNp, kScratch);
  either ? m.a.or_(k8, dst, kScratch) : m.a.and_(k8, dst, kScratch);
}

void emit_jump_if(Masm& m, FloatCond c, Label& target, Reach reach) {
  switch (c.parity) {
    case FloatCond::Parity::kIgnored: return m.a.jcc(c.cond, target, reach);
    case FloatCond::Parity::kOrP:
      m.a.jcc(Cond::kP, target, reach);
      return m.a.jcc(c.cond, target, reach);
    case FloatCond::Parity::kAndNotP: {
      Label no;
      m.a.jcc(Cond::kP, no, Reach::kShort);
      m.a.jcc(c.cond, target, reach);
      m.a.bind(no);
    }
  }
}

void emit_set_if(Masm& m, FloatCond c, Gpr dst) {
  m.a.set(c.cond, dst);
  if (c.parity != FloatCond::Parity::kIgnored) {
    const bool either = c.parity == FloatCond::Parity::kOrP;
    m.a.set(either ? Cond::kP : Cond::kNp, kScratch);
    either ? m.a.or_(k8, dst, kScratch) : m.a.and_(k8, dst, kScratch);
  }
  m.a.movzx_b(k32, dst, dst);
}

void emit_move_if(Masm& m, FloatCond c, Size size, Gpr dst, Gpr src) {
  switch (c.parity) {
    case FloatCond::Parity::kIgnored: return m.a.cmov(size, c.cond, dst, src);
    case FloatCond::Parity::kOrP:
      m.a.cmov(size, c.cond, dst, src);
      return m.a.cmov(size, Cond::kP, dst, src);
    case FloatCond::Parity::kAndNotP:
      m.a.mov(size, kScratch, src);
      m.a.cmov(size, x64::negate(c.cond), kScratch, dst);
      m.a.cmov(size, Cond::kP, kScratch, dst);
      return m.a.mov(size, dst, kScratch);
  }
}

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar floating-point operations of WebAssembly as x86-64 code (spec 4.3.3, 4.3.4). Scalars are
// in the lowest lane; what is in the other lanes has no meaning. See masm.h for the rules.
#pragma once

#include "baseline/x64/masm.h"
#include "wasm/opcode.h"

namespace wazuka::baseline {

// ---- Arithmetic ---------------------------------------------------------------------------------

/// add, sub, mul, div, min, max, copysign of f32 and f64.
void emit_float_binary(Masm& m, Op op, Xmm dst, Xmm a, Xmm b);
/// The same with the second operand in memory of the engine; only those that
/// float_binary_takes_memory() names.
bool float_binary_takes_memory(Op op);
void emit_float_binary(Masm& m, Op op, Xmm dst, Xmm a, const Mem& b);
/// abs, neg, ceil, floor, trunc, nearest, sqrt of f32 and f64; demote, promote.
void emit_float_unary(Masm& m, Op op, Xmm dst, Xmm src);

// ---- Comparison ---------------------------------------------------------------------------------

/// A condition on flags after a comparison: `cond`, and not P, or P.
struct FloatCond {
  enum class Parity : u8 { kIgnored, kAndNotP, kOrP };
  Cond cond;
  Parity parity = Parity::kIgnored;

  constexpr FloatCond negated() const {
    Parity p = parity == Parity::kAndNotP ? Parity::kOrP
               : parity == Parity::kOrP   ? Parity::kAndNotP
                                          : Parity::kIgnored;
    return {x64::negate(cond), p};
  }
};

/// Compares (eq, ne, lt, gt, le, ge of f32 and f64) into the flags.
FloatCond emit_float_compare_flags(Masm& m, Op op, Xmm a, Xmm b);
/// Whether the comparison is true, as 0 or 1. Does not need the old value of dst.
void emit_float_compare(Masm& m, Op op, Gpr dst, Xmm a, Xmm b);
/// Jumps if the condition holds. Leaves the flags.
void emit_jump_if(Masm& m, FloatCond cond, Label& target, Reach reach = Reach::kAny);
/// dst = condition (0 or 1). Leaves the flags.
void emit_set_if(Masm& m, FloatCond cond, Gpr dst);
/// if (condition) dst = src. Leaves the flags; size is k32 or k64.
void emit_move_if(Masm& m, FloatCond cond, x64::Size size, Gpr dst, Gpr src);

// ---- Conversion ---------------------------------------------------------------------------------

/// convert of i32 and i64, signed and unsigned, to f32 and f64. The upper half of an i32 is
/// ignored.
void emit_float_convert(Masm& m, Op op, Xmm dst, Gpr src);
/// Saturating truncation. The upper half of an i32 result is zero.
void emit_trunc_sat(Masm& m, Op op, Gpr dst, Xmm src);
/// Trapping truncation: goes to `overflow` if the value is out of range (kIntegerOverflow), to
/// `invalid` if it is a NaN (kBadConversionToInteger). The labels are the caller's to bind.
void emit_trunc_trap(Masm& m, Op op, Gpr dst, Xmm src, Label& overflow, Label& invalid);
/// reinterpret: the bits.
void emit_reinterpret(Masm& m, Op op, Gpr dst, Xmm src);
void emit_reinterpret(Masm& m, Op op, Xmm dst, Gpr src);

// ---- NaN canonicalisation -----------------------------------------------------------------------

/// A NaN in dst becomes the canonical one. The functions above do it where the mode wants it.
void emit_canonical_f32(Masm& m, Xmm dst);
void emit_canonical_f64(Masm& m, Xmm dst);

}  // namespace wazuka::baseline

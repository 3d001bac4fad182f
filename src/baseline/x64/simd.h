// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The operations of opcodes.def with prefix 0xfd as x86-64 code, by operand kinds. See masm.h for
// the rules. Counts, lanes and addresses are registers or constants as the names say.
#pragma once

#include <span>

#include "baseline/x64/masm.h"
#include "wasm/opcode.h"

namespace wazuka::baseline {

/// False for what this processor has no reasonable code for: multiply-add with one rounding without
/// FMA. The compiler leaves functions with such an operation to the interpreter.
bool simd_supported(const Masm& m, Op op);

// ---- Vectors to vectors -------------------------------------------------------------------------

/// "v:v": not, abs, neg, popcnt, extend, extadd, sqrt, rounding, conversions, truncations.
void emit_simd_unary(Masm& m, Op op, Xmm dst, Xmm src);
/// "vv:v", relaxed ones included; not shuffle.
void emit_simd_binary(Masm& m, Op op, Xmm dst, Xmm a, Xmm b);
/// "vvv:v": bitselect, laneselect, madd and nmadd, dot_add.
void emit_simd_ternary(Masm& m, Op op, Xmm dst, Xmm a, Xmm b, Xmm c);
/// "vi:v": shl, shr_s, shr_u. Counts are taken modulo the width of the lane.
void emit_simd_shift(Masm& m, Op op, Xmm dst, Xmm src, Gpr count);
void emit_simd_shift(Masm& m, Op op, Xmm dst, Xmm src, u32 count);
/// i8x16.shuffle: lanes 0–15 of a, 16–31 of b.
void emit_simd_shuffle(Masm& m, Xmm dst, Xmm a, Xmm b, std::span<const u8, 16> lanes);

// ---- Vectors and scalars ------------------------------------------------------------------------

/// i8x16, i16x8, i32x4, i64x2 splat.
void emit_simd_splat(Masm& m, Op op, Xmm dst, Gpr src);
/// f32x4, f64x2 splat.
void emit_simd_splat(Masm& m, Op op, Xmm dst, Xmm src);
void emit_simd_extract_lane(Masm& m, Op op, Gpr dst, Xmm src, u32 lane);
void emit_simd_extract_lane(Masm& m, Op op, Xmm dst, Xmm src, u32 lane);
void emit_simd_replace_lane(Masm& m, Op op, Xmm dst, Xmm src, Gpr value, u32 lane);
void emit_simd_replace_lane(Masm& m, Op op, Xmm dst, Xmm src, Xmm value, u32 lane);
/// "v:i": any_true, all_true, bitmask.
void emit_simd_test(Masm& m, Op op, Gpr dst, Xmm src);
/// any_true and all_true as a condition.
Cond emit_simd_test_flags(Masm& m, Op op, Xmm src);
void emit_simd_const(Masm& m, Xmm dst, const Bytes16& bytes);

// ---- Memory -------------------------------------------------------------------------------------

/// v128.load, the extending, splatting and zeroing loads.
void emit_simd_load(Masm& m, Op op, Xmm dst, const HeapMem& at);
void emit_simd_store(Masm& m, const HeapMem& at, Xmm src);
/// v128.loadN_lane: dst = src with a lane from memory.
void emit_simd_load_lane(Masm& m, Op op, Xmm dst, Xmm src, const HeapMem& at, u32 lane);
void emit_simd_store_lane(Masm& m, Op op, const HeapMem& at, Xmm src, u32 lane);

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the baseline compiler emits code with, above the assembler: instructions on xmm registers
// that look the same with SSE and AVX, moves, constants. Operations of WebAssembly are made of them
// in float_*.cc and simd_*.cc, for the compiler to call with registers that it has chosen:
//
//   Masm m(assembler, {.canonical_nans = false});
//   m.paddb(dst, a, b);                            // vpaddb, or movaps and paddb
//   emit_simd_binary(m, Op::kI8x16MinS, dst, a, b);
//
// Rules for all of these functions:
// - dst may be any of the operands; no operand but dst changes.
// - Nothing is clobbered but kScratchXmm, kScratchXmm2, kScratch, kScratch2 and the flags; operands
//   and results are none of these. (Functions of Masm itself may use kScratchXmm only, and only if
//   dst is the second operand of an instruction that does not commute; operands may be scratch
//   registers then.)
// - SSE4.2 and popcnt (x86-64-v2) are assumed. Code with AVX never mixes with SSE encodings.
// - An operation on memory has its access in the first instruction that it emits: note it before.
#pragma once

#include <array>
#include <cassert>

#include "asm/x64/assembler.h"
#include "base/ints.h"
#include "wasm/opcode.h"

namespace wazuka::baseline {

using assembly::CpuFeature;
using assembly::Label;
using assembly::Reach;
using x64::Assembler;
using x64::Cond;
using x64::Gpr;
using x64::HeapMem;
using x64::Inst;
using x64::Mem;
using x64::RipMem;
using x64::Xmm;

inline constexpr Xmm kScratchXmm = x64::xmm15, kScratchXmm2 = x64::xmm14;
inline constexpr Gpr kScratch = x64::r11, kScratch2 = x64::r10;

/// What float operations leave open (spec 4.3.3, relaxed operations), decided. Tiers that run the
/// same store must decide alike.
struct FloatMode {
  bool canonical_nans = false;  // every NaN that arithmetic makes is the positive canonical one
  bool relaxed_fast = false;  // relaxed operations do what the processor does best; otherwise what
                              // the interpreter does
};

/// The caller has passed an operation that the function is not for.
inline void unreachable_op([[maybe_unused]] Op op) {
  assert(false && "not an operation of this function");
}

/// The bytes of a vector, lane 0 first.
using Bytes16 = std::array<u8, 16>;

/// A vector with the value in each lane.
template <class T>
constexpr Bytes16 splat16(T lane) {
  Bytes16 r{};
  for (u32 i = 0; i < 16; ++i) r[i] = static_cast<u8>(u64{lane} >> (i % sizeof(T) * 8));
  return r;
}

class Masm {
 public:
  explicit Masm(Assembler& assembler, FloatMode float_mode = {})
      : a(assembler), mode(float_mode), avx_(assembler.has(CpuFeature::kAvx)) {}

  Assembler& a;
  const FloatMode mode;

  bool has(CpuFeature f) const { return a.has(f); }
  bool avx() const { return avx_; }
  /// Features of AVX-512 are used on 128 bits.
  bool has_avx512(CpuFeature f) const { return a.has(f) && a.has(CpuFeature::kAvx512Vl); }

  // ---- instructions of vector_insts.def ----

#define VEC2(name, commutes) void name(Xmm dst, Xmm a, Xmm b);
#define VEC2I(name) void name(Xmm dst, Xmm a, Xmm b, u8 imm);
#define VEC1(name) void name(Xmm dst, Xmm src);
#define VEC1I(name) void name(Xmm dst, Xmm src, u8 imm);
#define VECSHIFT(name)                    \
  void name(Xmm dst, Xmm src, Xmm count); \
  void name(Xmm dst, Xmm src, u8 count);
#define VECBYTES(name) void name(Xmm dst, Xmm src, u8 count);
#include "baseline/x64/vector_insts.def"

  /// dst = op(a, constant), for the instructions kSse and kAvx of two sources.
  template <Inst kSse, Inst kAvx>
  void with_const(Xmm dst, Xmm src, const Bytes16& bytes) {
    if (avx_) {
      a.emit<kAvx>(dst, src, a.constant(bytes));
    } else {
      move(dst, src);
      a.emit<kSse>(dst, a.constant(bytes));
    }
  }
  template <Inst kSse, Inst kAvx>
  void with_const(Xmm dst, Xmm src, const Bytes16& bytes, u8 imm) {
    if (avx_) {
      a.emit<kAvx>(dst, src, a.constant(bytes), imm);
    } else {
      move(dst, src);
      a.emit<kSse>(dst, a.constant(bytes), imm);
    }
  }
  void pand(Xmm dst, Xmm src, const Bytes16& bytes);
  void por(Xmm dst, Xmm src, const Bytes16& bytes);
  void pxor(Xmm dst, Xmm src, const Bytes16& bytes);

  // ---- moves and constants ----

  /// All 128 bits; nothing if dst is src.
  void move(Xmm dst, Xmm src);
  void zero(Xmm dst);
  void ones(Xmm dst);
  void load_const(Xmm dst, const Bytes16& bytes);
  void load_f32_const(Xmm dst, u32 bits);
  void load_f64_const(Xmm dst, u64 bits);
  /// The upper lanes of dst become zero.
  void move_32(Xmm dst, Gpr src);
  void move_64(Xmm dst, Gpr src);
  void move_32(Gpr dst, Xmm src);
  void move_64(Gpr dst, Xmm src);

  // Loads zero the rest of the register.
  void load_32(Xmm dst, const Mem& m);
  void load_64(Xmm dst, const Mem& m);
  void load_128(Xmm dst, const Mem& m);
  void load_32(Xmm dst, const HeapMem& m);
  void load_64(Xmm dst, const HeapMem& m);
  void load_128(Xmm dst, const HeapMem& m);
  void store_32(const Mem& m, Xmm src);
  void store_64(const Mem& m, Xmm src);
  void store_128(const Mem& m, Xmm src);
  void store_32(const HeapMem& m, Xmm src);
  void store_64(const HeapMem& m, Xmm src);
  void store_128(const HeapMem& m, Xmm src);

 private:
  /// An instruction of SSE changes its first operand: where dst = a op b is made.
  struct InPlace {
    Xmm first, second;
  };
  InPlace in_place(Xmm dst, Xmm a, Xmm b, bool commutes);

  const bool avx_;
};

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "baseline/x64/masm.h"

#include <algorithm>

namespace wazuka::baseline {

// Only dst = y is a problem: where the operation does not commute, the
// result is made in the scratch register, which may be x.
Masm::InPlace Masm::in_place(Xmm dst, Xmm x, Xmm y, bool commutes) {
  if (dst == x) return {dst, y};
  if (dst != y) {
    move(dst, x);
    return {dst, y};
  }
  if (commutes) return {dst, x};
  assert(y != kScratchXmm);
  move(kScratchXmm, x);
  return {kScratchXmm, y};
}

#define VEC2(name, commutes)                         \
  void Masm::name(Xmm dst, Xmm x, Xmm y) {           \
    if (avx_) return a.v##name(dst, x, y);           \
    const InPlace p = in_place(dst, x, y, commutes); \
    a.name(p.first, p.second);                       \
    move(dst, p.first);                              \
  }
#define VEC2I(name)                                \
  void Masm::name(Xmm dst, Xmm x, Xmm y, u8 imm) { \
    if (avx_) return a.v##name(dst, x, y, imm);    \
    const InPlace p = in_place(dst, x, y, false);  \
    a.name(p.first, p.second, imm);                \
    move(dst, p.first);                            \
  }
#define VEC1(name)                        \
  void Masm::name(Xmm dst, Xmm src) {     \
    if (avx_) return a.v##name(dst, src); \
    a.name(dst, src);                     \
  }
#define VEC1I(name)                            \
  void Masm::name(Xmm dst, Xmm src, u8 imm) {  \
    if (avx_) return a.v##name(dst, src, imm); \
    a.name(dst, src, imm);                     \
  }
#define VECSHIFT(name)                                  \
  void Masm::name(Xmm dst, Xmm src, Xmm count) {        \
    if (avx_) return a.v##name(dst, src, count);        \
    const InPlace p = in_place(dst, src, count, false); \
    a.name(p.first, p.second);                          \
    move(dst, p.first);                                 \
  }                                                     \
  VECBYTES(name)
#define VECBYTES(name)                           \
  void Masm::name(Xmm dst, Xmm src, u8 count) {  \
    if (avx_) return a.v##name(dst, src, count); \
    move(dst, src);                              \
    a.name(dst, count);                          \
  }
#include "baseline/x64/vector_insts.def"

void Masm::pand(Xmm dst, Xmm src, const Bytes16& bytes) {
  with_const<Inst::pand, Inst::vpand>(dst, src, bytes);
}
void Masm::por(Xmm dst, Xmm src, const Bytes16& bytes) {
  with_const<Inst::por, Inst::vpor>(dst, src, bytes);
}
void Masm::pxor(Xmm dst, Xmm src, const Bytes16& bytes) {
  with_const<Inst::pxor, Inst::vpxor>(dst, src, bytes);
}

// ---- Moves and constants ------------------------------------------------------------------------

void Masm::move(Xmm dst, Xmm src) {
  if (dst == src) return;
  if (avx_) return a.vmovaps(dst, src);
  a.movaps(dst, src);
}

void Masm::zero(Xmm dst) {
  if (avx_) return a.vpxor(dst, dst, dst);
  a.pxor(dst, dst);
}

void Masm::ones(Xmm dst) {
  if (avx_) return a.vpcmpeqd(dst, dst, dst);
  a.pcmpeqd(dst, dst);
}

void Masm::load_const(Xmm dst, const Bytes16& bytes) {
  const bool same = std::ranges::all_of(bytes, [&](u8 b) { return b == bytes[0]; });
  if (same && bytes[0] == 0) return zero(dst);
  if (same && bytes[0] == 0xff) return ones(dst);
  if (avx_) return a.vmovaps(dst, a.constant(bytes));
  a.movaps(dst, a.constant(bytes));
}

void Masm::load_f32_const(Xmm dst, u32 bits) {
  if (bits == 0) return zero(dst);
  if (avx_) return a.vmovss(dst, a.constant(bits));
  a.movss(dst, a.constant(bits));
}

void Masm::load_f64_const(Xmm dst, u64 bits) {
  if (bits == 0) return zero(dst);
  if (avx_) return a.vmovsd(dst, a.constant(bits));
  a.movsd(dst, a.constant(bits));
}

void Masm::move_32(Xmm dst, Gpr src) {
  if (avx_) return a.vmovd(dst, src);
  a.movd(dst, src);
}
void Masm::move_64(Xmm dst, Gpr src) {
  if (avx_) return a.vmovq(dst, src);
  a.movq(dst, src);
}
void Masm::move_32(Gpr dst, Xmm src) {
  if (avx_) return a.vmovd(dst, src);
  a.movd(dst, src);
}
void Masm::move_64(Gpr dst, Xmm src) {
  if (avx_) return a.vmovq(dst, src);
  a.movq(dst, src);
}

#define LOAD_STORE(suffix, inst, Memory)                \
  void Masm::load_##suffix(Xmm dst, const Memory& m) {  \
    if (avx_) return a.v##inst(dst, m);                 \
    a.inst(dst, m);                                     \
  }                                                     \
  void Masm::store_##suffix(const Memory& m, Xmm src) { \
    if (avx_) return a.v##inst(m, src);                 \
    a.inst(m, src);                                     \
  }
LOAD_STORE(32, movss, Mem)
LOAD_STORE(64, movsd, Mem)
LOAD_STORE(128, movups, Mem)
LOAD_STORE(32, movss, HeapMem)
LOAD_STORE(64, movsd, HeapMem)
LOAD_STORE(128, movups, HeapMem)
#undef LOAD_STORE

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Accesses to memories. The access is always in the first instruction: that is the one that the
// caller has noted as one that may trap.
#include <utility>

#include "baseline/x64/simd.h"

namespace wazuka::baseline {

using namespace x64;

namespace {

void emit_load8_splat(Masm& m, Xmm dst, const HeapMem& at) {
  if (m.has(CpuFeature::kAvx2)) return m.a.vpbroadcastb(dst, at);
  m.a.movzx_b(k32, kScratch, at);
  emit_simd_splat(m, Op::kI8x16Splat, dst, kScratch);
}

void emit_load16_splat(Masm& m, Xmm dst, const HeapMem& at) {
  if (m.has(CpuFeature::kAvx2)) return m.a.vpbroadcastw(dst, at);
  m.a.movzx_w(k32, kScratch, at);
  emit_simd_splat(m, Op::kI16x8Splat, dst, kScratch);
}

void emit_load32_splat(Masm& m, Xmm dst, const HeapMem& at) {
  if (m.avx()) return m.a.vbroadcastss(dst, at);
  m.load_32(dst, at);
  m.shufps(dst, dst, dst, 0);
}

}  // namespace

void emit_simd_load(Masm& m, Op op, Xmm dst, const HeapMem& at) {
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kV128Load): return m.load_128(dst, at);
    case std::to_underlying(Op::kV128Load32Zero): return m.load_32(dst, at);
    case std::to_underlying(Op::kV128Load64Zero): return m.load_64(dst, at);
    case std::to_underlying(Op::kV128Load8Splat): return emit_load8_splat(m, dst, at);
    case std::to_underlying(Op::kV128Load16Splat): return emit_load16_splat(m, dst, at);
    case std::to_underlying(Op::kV128Load32Splat): return emit_load32_splat(m, dst, at);
    case std::to_underlying(Op::kV128Load64Splat):
      return m.avx() ? m.a.vmovddup(dst, at) : m.a.movddup(dst, at);
#define EXTENDING(name, inst) \
  case std::to_underlying(Op::k##name): return m.avx() ? m.a.v##inst(dst, at) : m.a.inst(dst, at);
      EXTENDING(V128Load8x8S, pmovsxbw)
      EXTENDING(V128Load8x8U, pmovzxbw)
      EXTENDING(V128Load16x4S, pmovsxwd)
      EXTENDING(V128Load16x4U, pmovzxwd)
      EXTENDING(V128Load32x2S, pmovsxdq)
      EXTENDING(V128Load32x2U, pmovzxdq)
#undef EXTENDING
    default: return unreachable_op(op);
  }
}

void emit_simd_store(Masm& m, const HeapMem& at, Xmm src) {
  m.store_128(at, src);
}

// With SSE, the lane goes into a copy of src: if that is another register, by way of a general one,
// so that the access comes first.
void emit_simd_load_lane(Masm& m, Op op, Xmm dst, Xmm src, const HeapMem& at, u32 lane) {
  const u8 n = static_cast<u8>(lane);
  const bool direct = dst == src;
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kV128Load8Lane):
      if (m.avx()) return m.a.vpinsrb(dst, src, at, n);
      if (direct) return m.a.pinsrb(dst, at, n);
      m.a.movzx_b(k32, kScratch, at);
      return emit_simd_replace_lane(m, Op::kI8x16ReplaceLane, dst, src, kScratch, lane);
    case std::to_underlying(Op::kV128Load16Lane):
      if (m.avx()) return m.a.vpinsrw(dst, src, at, n);
      if (direct) return m.a.pinsrw(dst, at, n);
      m.a.movzx_w(k32, kScratch, at);
      return emit_simd_replace_lane(m, Op::kI16x8ReplaceLane, dst, src, kScratch, lane);
    case std::to_underlying(Op::kV128Load32Lane):
      if (m.avx()) return m.a.vpinsrd(dst, src, at, n);
      if (direct) return m.a.pinsrd(dst, at, n);
      m.a.mov(k32, kScratch, at);
      return emit_simd_replace_lane(m, Op::kI32x4ReplaceLane, dst, src, kScratch, lane);
    case std::to_underlying(Op::kV128Load64Lane):
      if (m.avx()) return m.a.vpinsrq(dst, src, at, n);
      if (direct) return m.a.pinsrq(dst, at, n);
      m.a.mov(k64, kScratch, at);
      return emit_simd_replace_lane(m, Op::kI64x2ReplaceLane, dst, src, kScratch, lane);
    default: return unreachable_op(op);
  }
}

void emit_simd_store_lane(Masm& m, Op op, const HeapMem& at, Xmm src, u32 lane) {
  const u8 n = static_cast<u8>(lane);
  switch (static_cast<u32>(op)) {
    case std::to_underlying(Op::kV128Store8Lane):
      return m.avx() ? m.a.vpextrb(at, src, n) : m.a.pextrb(at, src, n);
    case std::to_underlying(Op::kV128Store16Lane):
      return m.avx() ? m.a.vpextrw(at, src, n) : m.a.pextrw(at, src, n);
    case std::to_underlying(Op::kV128Store32Lane):
      if (n == 0) return m.store_32(at, src);
      return m.avx() ? m.a.vpextrd(at, src, n) : m.a.pextrd(at, src, n);
    case std::to_underlying(Op::kV128Store64Lane):
      if (n == 0) return m.store_64(at, src);
      return m.avx() ? m.a.vmovhps(at, src) : m.a.movhps(at, src);
    default: return unreachable_op(op);
  }
}

}  // namespace wazuka::baseline

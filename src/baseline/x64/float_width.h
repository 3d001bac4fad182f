// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The instructions on scalars of each width under common names, for code that is the same for both.
#pragma once

#include "baseline/x64/float.h"

namespace wazuka::baseline {

#define SCALAR_WIDTH(Name, s, bits, sign, canonical, other, canonical_fn)             \
  struct Name {                                                                       \
    using Bits = bits;                                                                \
    static constexpr Bits kSignBit = sign;                                            \
    static constexpr Bits kCanonicalNan = canonical;                                  \
    static constexpr Bytes16 kSign = splat16<Bits>(kSignBit);                         \
    static constexpr Bytes16 kMagnitude = splat16<Bits>(kSignBit - 1);                \
    static void add(Masm& m, Xmm dst, Xmm x, Xmm y) { m.add##s(dst, x, y); }          \
    static void sub(Masm& m, Xmm dst, Xmm x, Xmm y) { m.sub##s(dst, x, y); }          \
    static void mul(Masm& m, Xmm dst, Xmm x, Xmm y) { m.mul##s(dst, x, y); }          \
    static void div(Masm& m, Xmm dst, Xmm x, Xmm y) { m.div##s(dst, x, y); }          \
    static void min(Masm& m, Xmm dst, Xmm x, Xmm y) { m.min##s(dst, x, y); }          \
    static void max(Masm& m, Xmm dst, Xmm x, Xmm y) { m.max##s(dst, x, y); }          \
    static void compare(Masm& m, Xmm x, Xmm y) {                                      \
      m.avx() ? m.a.vucomi##s(x, y) : m.a.ucomi##s(x, y);                             \
    }                                                                                 \
    static void compare_const(Masm& m, Xmm x, Bits y) {                               \
      m.avx() ? m.a.vucomi##s(x, m.a.constant(y)) : m.a.ucomi##s(x, m.a.constant(y)); \
    }                                                                                 \
    static void sub_const(Masm& m, Xmm dst, Xmm x, Bits y) {                          \
      if (m.avx()) return m.a.vsub##s(dst, x, m.a.constant(y));                       \
      m.move(dst, x);                                                                 \
      m.a.sub##s(dst, m.a.constant(y));                                               \
    }                                                                                 \
    static void sqrt(Masm& m, Xmm dst, Xmm src) {                                     \
      if (m.avx()) return m.a.vsqrt##s(dst, src, src);                                \
      m.move(dst, src);                                                               \
      m.a.sqrt##s(dst, dst);                                                          \
    }                                                                                 \
    static void round(Masm& m, Xmm dst, Xmm src, u8 mode) {                           \
      if (m.avx()) return m.a.vround##s(dst, src, src, mode);                         \
      m.move(dst, src);                                                               \
      m.a.round##s(dst, dst, mode);                                                   \
    }                                                                                 \
    static void to_other_width(Masm& m, Xmm dst, Xmm src) {                           \
      if (m.avx()) return m.a.vcvt##s##2##other(dst, src, src);                       \
      m.move(dst, src);                                                               \
      m.a.cvt##s##2##other(dst, dst);                                                 \
    }                                                                                 \
    static void from_int(Masm& m, x64::Size size, Xmm dst, Gpr src) {                 \
      m.zero(dst); /* it would wait for dst otherwise */                              \
      m.avx() ? m.a.vcvtsi2##s(size, dst, dst, src) : m.a.cvtsi2##s(size, dst, src);  \
    }                                                                                 \
    static void from_unsigned(Masm& m, x64::Size size, Xmm dst, Gpr src) {            \
      m.zero(dst);                                                                    \
      m.a.vcvtusi2##s(size, dst, dst, src);                                           \
    }                                                                                 \
    static void to_int(Masm& m, x64::Size size, Gpr dst, Xmm src) {                   \
      m.avx() ? m.a.vcvtt##s##2si(size, dst, src) : m.a.cvtt##s##2si(size, dst, src); \
    }                                                                                 \
    static void to_unsigned(Masm& m, x64::Size size, Gpr dst, Xmm src) {              \
      m.a.vcvtt##s##2usi(size, dst, src);                                             \
    }                                                                                 \
    /* If the mode wants it. */                                                       \
    static void canonicalize(Masm& m, Xmm dst) {                                      \
      if (m.mode.canonical_nans) canonical_fn(m, dst);                                \
    }                                                                                 \
  };
SCALAR_WIDTH(F32, ss, u32, 0x8000'0000, 0x7fc0'0000, sd, emit_canonical_f32)
SCALAR_WIDTH(F64, sd, u64, 0x8000'0000'0000'0000, 0x7ff8'0000'0000'0000, ss, emit_canonical_f64)
#undef SCALAR_WIDTH

}  // namespace wazuka::baseline

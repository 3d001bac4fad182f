// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Vectors that several sequences for lanes need.
#pragma once

#include <bit>

#include "baseline/x64/masm.h"

namespace wazuka::baseline {

inline constexpr Bytes16 kOneInBytes = splat16<u8>(1);
inline constexpr Bytes16 kOneInWords = splat16<u16>(1);
inline constexpr Bytes16 kSignOfF32 = splat16<u32>(0x8000'0000);
inline constexpr Bytes16 kSignOfF64 = splat16<u64>(u64{1} << 63);
inline constexpr Bytes16 kMagnitudeOfF32 = splat16<u32>(0x7fff'ffff);
inline constexpr Bytes16 kMagnitudeOfF64 = splat16<u64>(~(u64{1} << 63));

constexpr Bytes16 splat_f32(f32 value) {
  return splat16(std::bit_cast<u32>(value));
}
constexpr Bytes16 splat_f64(f64 value) {
  return splat16(std::bit_cast<u64>(value));
}

/// Predicates of cmpps and cmppd.
inline constexpr u8 kEqual = 0, kLess = 1, kLessOrEqual = 2, kUnordered = 3, kNotEqual = 4,
                    kNotLess = 5;

/// Every NaN lane of dst becomes the canonical NaN, if the mode wants it. Both scratch registers
/// are free.
void canonicalize_f32x4(Masm& m, Xmm dst);
void canonicalize_f64x2(Masm& m, Xmm dst);

}  // namespace wazuka::baseline

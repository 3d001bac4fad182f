// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Scalar operations whose WebAssembly meaning C++ does not have: trapping and saturating integer
// operations, min and max, rounding (spec 4.3). A trap is reported by setting `trap`; the result is
// then unused.
#pragma once

#include <bit>
#include <cmath>
#include <limits>
#include <type_traits>

#include "abi/trap.h"
#include "base/ints.h"

namespace wazuka::interp {

template <class T>
[[gnu::always_inline]] inline std::make_unsigned_t<T> div_s(T a, T b, TrapOr& trap) {
  if (b == 0) [[unlikely]] {
    trap = trap_or(TrapCode::kIntegerDivisionByZero);
    return 0;
  }
  if (b == -1 && a == std::numeric_limits<T>::min()) [[unlikely]] {
    trap = trap_or(TrapCode::kIntegerOverflow);
    return 0;
  }
  return static_cast<std::make_unsigned_t<T>>(a / b);
}

template <class T>
[[gnu::always_inline]] inline T div_u(T a, T b, TrapOr& trap) {
  if (b == 0) [[unlikely]] {
    trap = trap_or(TrapCode::kIntegerDivisionByZero);
    return 0;
  }
  return a / b;
}

template <class T>
[[gnu::always_inline]] inline std::make_unsigned_t<T> rem_s(T a, T b, TrapOr& trap) {
  if (b == 0) [[unlikely]] {
    trap = trap_or(TrapCode::kIntegerDivisionByZero);
    return 0;
  }
  if (b == -1) [[unlikely]]
    return 0;
  return static_cast<std::make_unsigned_t<T>>(a % b);
}

template <class T>
[[gnu::always_inline]] inline T rem_u(T a, T b, TrapOr& trap) {
  if (b == 0) [[unlikely]] {
    trap = trap_or(TrapCode::kIntegerDivisionByZero);
    return 0;
  }
  return a % b;
}

template <class F>
using BitsOf = std::conditional_t<sizeof(F) == 4, u32, u64>;
template <class F>
inline constexpr BitsOf<F> kSignBit = BitsOf<F>{1} << (sizeof(F) * 8 - 1);

// Sign manipulation keeps NaN payloads: on the bits.
template <class F>
[[gnu::always_inline]] inline F float_abs(F a) {
  return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(a) & ~kSignBit<F>);
}
template <class F>
[[gnu::always_inline]] inline F float_neg(F a) {
  return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(a) ^ kSignBit<F>);
}
template <class F>
[[gnu::always_inline]] inline F float_copysign(F a, F b) {
  return std::bit_cast<F>((std::bit_cast<BitsOf<F>>(a) & ~kSignBit<F>) |
                          (std::bit_cast<BitsOf<F>>(b) & kSignBit<F>));
}

// NaN wins (quietened by the addition); −0 is less than +0.
template <class F>
[[gnu::always_inline]] inline F float_min(F a, F b) {
  if (a < b) return a;
  if (b < a) return b;
  if (a == b) {
    return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(a) | std::bit_cast<BitsOf<F>>(b));
  }
  return a + b;
}
template <class F>
[[gnu::always_inline]] inline F float_max(F a, F b) {
  if (a > b) return a;
  if (b > a) return b;
  if (a == b) {
    return std::bit_cast<F>(std::bit_cast<BitsOf<F>>(a) & std::bit_cast<BitsOf<F>>(b));
  }
  return a + b;
}

template <class F>
[[gnu::always_inline]] inline F float_ceil(F a) {
  return std::ceil(a);
}
template <class F>
[[gnu::always_inline]] inline F float_floor(F a) {
  return std::floor(a);
}
template <class F>
[[gnu::always_inline]] inline F float_trunc(F a) {
  return std::trunc(a);
}
/// Ties to even, whatever the rounding mode is.
[[gnu::always_inline]] inline f32 float_nearest(f32 a) {
  return __builtin_roundevenf(a);
}
[[gnu::always_inline]] inline f64 float_nearest(f64 a) {
  return __builtin_roundeven(a);
}
template <class F>
[[gnu::always_inline]] inline F canonical_nan(F a) {
  return a == a ? a : std::numeric_limits<F>::quiet_NaN();
}

template <class F>
[[gnu::always_inline]] inline F float_sqrt(F a) {
  return std::sqrt(a);
}

/// The exclusive bounds between which truncation to I is defined. Where the lower one is not
/// representable in F, the next smaller F takes its place, which truncates out of range as well.
template <class I, class F>
struct TruncRange {
  static constexpr int kBits = std::numeric_limits<I>::digits;
  static constexpr F upper() {
    F v = 1;
    for (int i = 0; i < kBits; ++i) v *= 2;
    return v;
  }
  static constexpr F lower() {  // exclusive
    if constexpr (std::is_unsigned_v<I>) {
      return -1;
    } else if constexpr (std::numeric_limits<F>::digits > kBits) {
      return -upper() - 1;
    } else {
      F below = -upper();
      BitsOf<F> bits = std::bit_cast<BitsOf<F>>(below) + 1;
      return std::bit_cast<F>(bits);
    }
  }
};

template <class I, class F>
[[gnu::always_inline]] inline I trunc_trap(F a, TrapOr& trap) {
  if (a > TruncRange<I, F>::lower() && a < TruncRange<I, F>::upper()) [[likely]] {
    return static_cast<I>(a);
  }
  trap = trap_or(a != a ? TrapCode::kBadConversionToInteger : TrapCode::kIntegerOverflow);
  return 0;
}

template <class I, class F>
[[gnu::always_inline]] inline I trunc_sat(F a) {
  if (a > TruncRange<I, F>::lower() && a < TruncRange<I, F>::upper()) [[likely]] {
    return static_cast<I>(a);
  }
  if (a != a) return 0;
  return a < 0 ? std::numeric_limits<I>::min() : std::numeric_limits<I>::max();
}

}  // namespace wazuka::interp

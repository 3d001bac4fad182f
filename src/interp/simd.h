// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// 128-bit vectors as the compilers' vector extensions, and the operations on them that are not
// plain C++ operators (spec 4.3.5). Loops over lanes are unrolled and vectorised by the compiler;
// where that gives poor x86 code, SSE instructions stand beside the loop.
#pragma once

#include <bit>
#include <cstring>

#include "interp/semantics.h"

#if defined(__SSE4_1__)
#include <smmintrin.h>
#endif

namespace wazuka::interp {

using i8x16 [[gnu::vector_size(16)]] = signed char;
using u8x16 [[gnu::vector_size(16)]] = u8;
using i16x8 [[gnu::vector_size(16)]] = i16;
using u16x8 [[gnu::vector_size(16)]] = u16;
using i32x4 [[gnu::vector_size(16)]] = i32;
using u32x4 [[gnu::vector_size(16)]] = u32;
using i64x2 [[gnu::vector_size(16)]] = i64;
using u64x2 [[gnu::vector_size(16)]] = u64;
using f32x4 [[gnu::vector_size(16)]] = f32;
using f64x2 [[gnu::vector_size(16)]] = f64;

template <class V>
using LaneOf = std::remove_cvref_t<decltype(std::declval<V&>()[0])>;
template <class V>
inline constexpr int kLanes = static_cast<int>(16 / sizeof(LaneOf<V>));

template <class V>
using UnsignedOf = std::conditional_t<
    sizeof(LaneOf<V>) == 1, u8x16,
    std::conditional_t<sizeof(LaneOf<V>) == 2, u16x8,
                       std::conditional_t<sizeof(LaneOf<V>) == 4, u32x4, u64x2>>>;

template <class To, class From>
[[gnu::always_inline]] inline To as(From v) {
  static_assert(sizeof(To) == sizeof(From));
  To r;
  std::memcpy(&r, &v, sizeof r);
  return r;
}

template <class V, class T>
[[gnu::always_inline]] inline V splat(T x) {
  V r;
  for (int i = 0; i < kLanes<V>; ++i) r[i] = static_cast<LaneOf<V>>(x);
  return r;
}

template <class V, class F>
[[gnu::always_inline]] inline V map(V a, F f) {
  V r;
  for (int i = 0; i < kLanes<V>; ++i) r[i] = static_cast<LaneOf<V>>(f(a[i]));
  return r;
}
template <class V, class F>
[[gnu::always_inline]] inline V map(V a, V b, F f) {
  V r;
  for (int i = 0; i < kLanes<V>; ++i) r[i] = static_cast<LaneOf<V>>(f(a[i], b[i]));
  return r;
}

/// x where the mask is set, else y.
template <class M, class V>
[[gnu::always_inline]] inline V choose_lanes(M mask, V x, V y) {
  const u64x2 m = as<u64x2>(mask);
  return as<V>((as<u64x2>(x) & m) | (as<u64x2>(y) & ~m));
}

// Integers ---------------------------------------------------------------------------------------

template <class V>
[[gnu::always_inline]] inline V vector_abs(V a) {
  using U = UnsignedOf<V>;
  const U negative = as<U>(a < 0);
  return as<V>((as<U>(a) ^ negative) - negative);
}

template <class V>
[[gnu::always_inline]] inline u32 all_true(V a) {
  const u64x2 zero = as<u64x2>(a == 0);
  return (zero[0] | zero[1]) == 0;
}

template <class V>
[[gnu::always_inline]] inline u32 bitmask(V a) {
#if defined(__SSE4_1__)
  if constexpr (sizeof(LaneOf<V>) == 1) {
    return static_cast<u32>(_mm_movemask_epi8(as<__m128i>(a)));
  } else if constexpr (sizeof(LaneOf<V>) == 4) {
    return static_cast<u32>(_mm_movemask_ps(as<__m128>(a)));
  } else if constexpr (sizeof(LaneOf<V>) == 8) {
    return static_cast<u32>(_mm_movemask_pd(as<__m128d>(a)));
  }
#endif
  u32 bits = 0;
  for (int i = 0; i < kLanes<V>; ++i) bits |= u32{a[i] < 0} << i;
  return bits;
}

template <class V>
[[gnu::always_inline]] inline V shift_left(V a, u32 count) {
  return a << splat<V>(count & (sizeof(LaneOf<V>) * 8 - 1));
}
template <class V>
[[gnu::always_inline]] inline V shift_right(V a, u32 count) {
  return a >> splat<V>(count & (sizeof(LaneOf<V>) * 8 - 1));
}

template <class T>
[[gnu::always_inline]] inline T clamp_to(i32 v) {
  constexpr i32 low = std::numeric_limits<T>::min(), high = std::numeric_limits<T>::max();
  return static_cast<T>(v < low ? low : v > high ? high : v);
}

template <class V>
[[gnu::always_inline]] inline V add_sat(V a, V b) {
#if defined(__clang__)
  return __builtin_elementwise_add_sat(a, b);
#else
  return map(a, b, [](i32 x, i32 y) { return clamp_to<LaneOf<V>>(x + y); });
#endif
}
template <class V>
[[gnu::always_inline]] inline V sub_sat(V a, V b) {
#if defined(__clang__)
  return __builtin_elementwise_sub_sat(a, b);
#else
  return map(a, b, [](i32 x, i32 y) { return clamp_to<LaneOf<V>>(x - y); });
#endif
}

template <class V>
[[gnu::always_inline]] inline V average(V a, V b) {
  return map(a, b, [](u32 x, u32 y) { return (x + y + 1) >> 1; });
}
template <class V>
[[gnu::always_inline]] inline V vector_min(V a, V b) {
  return choose_lanes(a < b, a, b);
}
template <class V>
[[gnu::always_inline]] inline V vector_max(V a, V b) {
  return choose_lanes(a > b, a, b);
}

/// Products modulo the lane's width.
template <class V>
[[gnu::always_inline]] inline V vector_mul(V a, V b) {
  using U = UnsignedOf<V>;
  return as<V>(as<U>(a) * as<U>(b));
}

[[gnu::always_inline]] inline u8x16 vector_popcnt(u8x16 a) {
  u8x16 v = a - ((a >> splat<u8x16>(1)) & splat<u8x16>(0x55));
  v = (v & splat<u8x16>(0x33)) + ((v >> splat<u8x16>(2)) & splat<u8x16>(0x33));
  return (v + (v >> splat<u8x16>(4))) & splat<u8x16>(0x0f);
}

[[gnu::always_inline]] inline i16x8 q15mulr(i16x8 a, i16x8 b) {
  return map(a, b, [](i32 x, i32 y) { return clamp_to<i16>((x * y + 0x4000) >> 15); });
}

[[gnu::always_inline]] inline i32x4 dot(i16x8 a, i16x8 b) {
#if defined(__SSE4_1__)
  return as<i32x4>(_mm_madd_epi16(as<__m128i>(a), as<__m128i>(b)));
#else
  u32x4 r;
  for (int i = 0; i < 4; ++i) {
    r[i] = static_cast<u32>(i32{a[2 * i]} * b[2 * i]) +
           static_cast<u32>(i32{a[2 * i + 1]} * b[2 * i + 1]);
  }
  return as<i32x4>(r);
#endif
}

[[gnu::always_inline]] inline i16x8 relaxed_dot(i8x16 a, i8x16 b) {
  i16x8 r;
  for (int i = 0; i < 8; ++i) {
    r[i] = static_cast<i16>(a[2 * i] * b[2 * i] + a[2 * i + 1] * b[2 * i + 1]);
  }
  return r;
}

[[gnu::always_inline]] inline u8x16 swizzle(u8x16 a, u8x16 lanes) {
#if defined(__SSE4_1__)
  // pshufb gives zero where bit 7 is set: a saturating addition sets it for 16 and more.
  const u8x16 index = add_sat(lanes, splat<u8x16>(0x70));
  return as<u8x16>(_mm_shuffle_epi8(as<__m128i>(a), as<__m128i>(index)));
#else
  u8x16 r;
  for (int i = 0; i < 16; ++i) r[i] = lanes[i] < 16 ? a[lanes[i]] : u8{0};
  return r;
#endif
}

/// The low or high lanes of a, widened.
template <class W, bool kHigh, class V>
[[gnu::always_inline]] inline W extend(V a) {
  W r;
  for (int i = 0; i < kLanes<W>; ++i) {
    r[i] = static_cast<LaneOf<W>>(a[i + (kHigh ? kLanes<W> : 0)]);
  }
  return r;
}
/// Sums of adjacent lanes, widened.
template <class W, class V>
[[gnu::always_inline]] inline W extadd(V a) {
  W r;
  for (int i = 0; i < kLanes<W>; ++i) {
    r[i] = static_cast<LaneOf<W>>(LaneOf<W>{a[2 * i]} + LaneOf<W>{a[2 * i + 1]});
  }
  return r;
}
/// The lanes of a and b, saturated to half their width.
template <class N, class V>
[[gnu::always_inline]] inline N narrow(V a, V b) {
#if defined(__SSE4_1__)
  const __m128i x = as<__m128i>(a), y = as<__m128i>(b);
  constexpr bool is_signed = std::is_signed_v<LaneOf<N>>;
  if constexpr (sizeof(LaneOf<N>) == 1) {
    return as<N>(is_signed ? _mm_packs_epi16(x, y) : _mm_packus_epi16(x, y));
  } else {
    return as<N>(is_signed ? _mm_packs_epi32(x, y) : _mm_packus_epi32(x, y));
  }
#else
  N r;
  for (int i = 0; i < kLanes<V>; ++i) {
    r[i] = clamp_to<LaneOf<N>>(a[i]);
    r[i + kLanes<V>] = clamp_to<LaneOf<N>>(b[i]);
  }
  return r;
#endif
}

// Floats -----------------------------------------------------------------------------------------

template <class V>
[[gnu::always_inline]] inline V float_min_lanes(V a, V b) {
  const V equal = as<V>(as<u64x2>(a) | as<u64x2>(b));
  const V r = choose_lanes(a == b, equal, a + b);
  return choose_lanes(a < b, a, choose_lanes(b < a, b, r));
}
template <class V>
[[gnu::always_inline]] inline V float_max_lanes(V a, V b) {
  const V equal = as<V>(as<u64x2>(a) & as<u64x2>(b));
  const V r = choose_lanes(a == b, equal, a + b);
  return choose_lanes(a > b, a, choose_lanes(b > a, b, r));
}

template <class R, class V>
[[gnu::always_inline]] inline R trunc_lanes(V a) {
  R r;
  for (int i = 0; i < kLanes<R>; ++i) r[i] = trunc_sat<LaneOf<R>>(LaneOf<V>{a[i]});
  return r;
}

template <class V>
[[gnu::always_inline]] inline V canonical_nans(V a) {
  for (size_t i = 0; i < sizeof(V) / sizeof(a[0]); ++i) a[i] = canonical_nan(a[i]);
  return a;
}

inline f32x4 fused(f32x4 a, f32x4 b, f32x4 c) {
  f32x4 r;
  for (int i = 0; i < 4; ++i) r[i] = std::fma(a[i], b[i], c[i]);
  return r;
}
inline f64x2 fused(f64x2 a, f64x2 b, f64x2 c) {
  f64x2 r;
  for (int i = 0; i < 2; ++i) r[i] = std::fma(a[i], b[i], c[i]);
  return r;
}

// Memory -----------------------------------------------------------------------------------------

template <class T>
[[gnu::always_inline]] inline T load_as(const u8* at) {
  T v;
  std::memcpy(&v, at, sizeof v);
  return v;
}
template <class W, class T>
[[gnu::always_inline]] inline W load_extend(const u8* at) {
  W r;
  for (int i = 0; i < kLanes<W>; ++i) {
    r[i] = static_cast<LaneOf<W>>(load_as<T>(at + static_cast<size_t>(i) * sizeof(T)));
  }
  return r;
}

}  // namespace wazuka::interp

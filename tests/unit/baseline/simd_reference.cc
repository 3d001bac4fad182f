// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/baseline/simd_reference.h"

#include <bit>

#include "interp/simd.h"

namespace wazuka::interp {
namespace {

using baseline::LaneKind;
using baseline::SimdReference;

struct None {};

template <class T>
T operand(const u8* at) {
  T v{};
  if constexpr (!std::is_same_v<T, None>) std::memcpy(&v, at, sizeof v);
  return v;
}

template <class R>
constexpr LaneKind lane_kind() {
  if constexpr (std::is_same_v<R, f32x4>) return LaneKind::kF32;
  if constexpr (std::is_same_v<R, f64x2>) return LaneKind::kF64;
  return LaneKind::kBits;
}

/// Vectors of the same bits; GCC has no cast for that.
template <class R, class V>
R as(V v) {
  if constexpr (sizeof(R) == 16 && sizeof(V) == 16) {
    return std::bit_cast<R>(v);
  } else {
    return static_cast<R>(v);
  }
}

constexpr SimdReference kRows[] = {
#define OP(name, shape, words, text, R, TA, TB, TC, ...)      \
  {text, lane_kind<R>(), sizeof(R) != 16,                     \
   [](const u8* pa, const u8* pb, const u8* pc, u8* result) { \
     [[maybe_unused]] const TA a = operand<TA>(pa);           \
     [[maybe_unused]] const TB b = operand<TB>(pb);           \
     [[maybe_unused]] const TC c = operand<TC>(pc);           \
     const auto r = as<R>(__VA_ARGS__);                       \
     std::memcpy(result, &r, sizeof r);                       \
   }},
#include "interp/ops/simd.def"
#undef OP
};

constexpr std::pair<std::string_view, std::string_view> kStrict[] = {
    {"i8x16.relaxed_swizzle", "i8x16.swizzle"},
    {"i32x4.relaxed_trunc_f32x4_s", "i32x4.trunc_sat_f32x4_s"},
    {"i32x4.relaxed_trunc_f32x4_u", "i32x4.trunc_sat_f32x4_u"},
    {"i32x4.relaxed_trunc_f64x2_s_zero", "i32x4.trunc_sat_f64x2_s_zero"},
    {"i32x4.relaxed_trunc_f64x2_u_zero", "i32x4.trunc_sat_f64x2_u_zero"},
    {"i8x16.relaxed_laneselect", "v128.bitselect"},
    {"i16x8.relaxed_laneselect", "v128.bitselect"},
    {"i32x4.relaxed_laneselect", "v128.bitselect"},
    {"i64x2.relaxed_laneselect", "v128.bitselect"},
    {"f32x4.relaxed_min", "f32x4.min"},
    {"f32x4.relaxed_max", "f32x4.max"},
    {"f64x2.relaxed_min", "f64x2.min"},
    {"f64x2.relaxed_max", "f64x2.max"},
    {"i16x8.relaxed_q15mulr_s", "i16x8.q15mulr_sat_s"},
};

}  // namespace
}  // namespace wazuka::interp

namespace wazuka::baseline {

const SimdReference* simd_reference(Op op) {
  std::string_view text = op_info(op).text.view();
  for (const auto& [relaxed, strict] : interp::kStrict) {
    if (text == relaxed) text = strict;
  }
  for (const SimdReference& row : interp::kRows) {
    if (row.text == text) return &row;
  }
  return nullptr;
}

}  // namespace wazuka::baseline

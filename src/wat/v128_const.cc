// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/v128_const.h"

namespace wazuka::wat {
namespace {

struct Shape {
  Keyword keyword;
  LaneShape shape;
  u32 lanes;
  bool is_float;
};

constexpr Shape kShapes[] = {
    {Keyword::kI8x16, LaneShape::kI8x16, 16, false}, {Keyword::kI16x8, LaneShape::kI16x8, 8, false},
    {Keyword::kI32x4, LaneShape::kI32x4, 4, false},  {Keyword::kI64x2, LaneShape::kI64x2, 2, false},
    {Keyword::kF32x4, LaneShape::kF32x4, 4, true},   {Keyword::kF64x2, LaneShape::kF64x2, 2, true},
};

bool parse_lane(Cursor& c, const Shape& shape, u64& bits) {
  if (!shape.is_float) return c.expect_integer(128 / shape.lanes, bits);
  if (shape.lanes == 2) return c.expect_f64(bits);
  u32 narrow = 0;
  if (!c.expect_f32(narrow)) return false;
  bits = narrow;
  return true;
}

}  // namespace

NanPattern take_nan_pattern(Cursor& c) {
  if (c.take(Keyword::kNanCanonical)) return NanPattern::kCanonical;
  if (c.take(Keyword::kNanArithmetic)) return NanPattern::kArithmetic;
  return NanPattern::kNone;
}

bool parse_v128(Cursor& c, bool allow_patterns, V128Text& out) {
  const Shape* shape = nullptr;
  for (const Shape& s : kShapes) {
    if (c.take(s.keyword)) shape = &s;
    if (shape != nullptr) break;
  }
  if (shape == nullptr) {
    return c.fail(
        "unexpected token, expected one of: `i8x16`, `i16x8`, `i32x4`, `i64x2`, `f32x4`, `f64x2`");
  }
  out.shape = shape->shape;
  u32 lane_bytes = 16 / shape->lanes;
  for (u32 lane = 0; lane < shape->lanes; ++lane) {
    u64 bits = 0;
    NanPattern nan = allow_patterns && shape->is_float ? take_nan_pattern(c) : NanPattern::kNone;
    if (shape->is_float) out.nans[lane] = nan;
    if (nan == NanPattern::kNone && !parse_lane(c, *shape, bits)) return false;
    for (u32 i = 0; i < lane_bytes; ++i) {
      out.bytes[lane * lane_bytes + i] = static_cast<u8>(bits >> (8 * i));
    }
  }
  return true;
}

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// v128 constants: a shape and its lanes (spec 6.5.4). Scripts also allow NaN patterns as lanes.
#pragma once

#include "wat/cursor.h"
#include "wat/wast.h"

namespace wazuka::wat {

struct V128Text {
  LaneShape shape = LaneShape::kI8x16;
  std::array<u8, 16> bytes = {};  // little endian; lanes with a NaN pattern are zero
  std::array<NanPattern, 4> nans = {};
};

[[nodiscard]] bool parse_v128(Cursor& c, bool allow_patterns, V128Text& out);

/// `nan:canonical` or `nan:arithmetic`, if it comes.
NanPattern take_nan_pattern(Cursor& c);

}  // namespace wazuka::wat

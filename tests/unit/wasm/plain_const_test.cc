// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constant expressions that are one constant are read without a decoder; all others must be left
// to it.
#include <gtest/gtest.h>
#include <vector>

#include "wasm/const_expr.h"

namespace wazuka {
namespace {

using Code = std::vector<u8>;

TEST(PlainConst, ReadsConstants) {
  PlainConst c = read_plain_const(Code{0x41, 0x05, 0x0b, 0x77}, kI32);
  EXPECT_EQ(c.bits, 5u);
  EXPECT_EQ(c.bytes, 3u);
  c = read_plain_const(Code{0x41, 0x7f, 0x0b}, kI32);
  EXPECT_EQ(c.bits, 0xffff'ffffu);
  c = read_plain_const(Code{0x42, 0x7f, 0x0b}, kI64);
  EXPECT_EQ(c.bits, ~u64{0});
  c = read_plain_const(Code{0x41, 0x80, 0x80, 0x80, 0x01, 0x0b}, kI32);
  EXPECT_EQ(c.bits, u32{1} << 21);
  EXPECT_EQ(c.bytes, 6u);
  c = read_plain_const(Code{0x42, 0x80, 0x7f, 0x0b}, kI64);
  EXPECT_EQ(c.bits, static_cast<u64>(-128));
}

TEST(PlainConst, LeavesTheRest) {
  const Code kOthers[] = {
      {},
      {0x41},
      {0x41, 0x05},                                // no end
      {0x41, 0x80, 0x0b},                          // `end` ends the immediate instead
      {0x41, 0x80, 0x80, 0x80, 0x80, 0x00, 0x0b},  // a long immediate
      {0x41, 0x05, 0x41, 0x06, 0x6a, 0x0b},        // a sum
      {0x42, 0x05, 0x0b},                          // another type
      {0x23, 0x05, 0x0b},                          // global.get
  };
  for (const Code& code : kOthers) {
    EXPECT_EQ(read_plain_const(code, kI32).bytes, 0u) << code.size();
  }
  EXPECT_EQ(read_plain_const(Code{0x41, 0x05, 0x0b}, kF32).bytes, 0u);
  EXPECT_EQ(read_plain_const(Code{0x42, 0x05, 0x0b}, kFuncRef).bytes, 0u);
}

}  // namespace
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/number.h"

#include <bit>
#include <cmath>
#include <gtest/gtest.h>

namespace wazuka::wat {
namespace {

std::optional<u64> f64_of(std::string_view word) {
  auto c = classify_number(word);
  if (!c) return std::nullopt;
  return parse_f64(word, c->flags);
}

std::optional<u32> f32_of(std::string_view word) {
  auto c = classify_number(word);
  if (!c) return std::nullopt;
  return parse_f32(word, c->flags);
}

std::optional<u64> integer_of(std::string_view word, u32 bits) {
  auto c = classify_number(word);
  if (!c || c->kind != TokenKind::kInteger) return std::nullopt;
  return parse_integer(word, c->flags, bits);
}

TEST(Number, Classification) {
  for (std::string_view word : {"0", "1_000", "0x1F", "-0xa_b", "+7"}) {
    auto c = classify_number(word);
    ASSERT_TRUE(c) << word;
    EXPECT_EQ(c->kind, TokenKind::kInteger) << word;
  }
  EXPECT_FALSE(classify_number("0x.8"));  // a digit must come before the point
  for (std::string_view word :
       {"1.", "1e5", "0x1p-3", "inf", "-inf", "nan", "+nan:0x7f", "1.5E+3", "0xA.bp1"}) {
    auto c = classify_number(word);
    ASSERT_TRUE(c) << word;
    EXPECT_EQ(c->kind, TokenKind::kFloat) << word;
  }
  for (std::string_view word :
       {"_1", "1_", "1__0", "0x", "0x_1", "1e", "1e+", "nan:0x", "nan:1", "1.2.3", "0xg", "+", "-",
        "1x", "infx", "1_.0", "1._0", "0x1p0x1"}) {
    EXPECT_FALSE(classify_number(word)) << word;
  }
}

TEST(Number, IntegersUseTheSignedAndTheUnsignedRange) {
  EXPECT_EQ(integer_of("255", 8), 255u);
  EXPECT_EQ(integer_of("-128", 8), 128u);
  EXPECT_EQ(integer_of("256", 8), std::nullopt);
  EXPECT_EQ(integer_of("-129", 8), std::nullopt);
  EXPECT_EQ(integer_of("0xffff_ffff", 32), 0xffffffffu);
  EXPECT_EQ(integer_of("-0x80000000", 32), 0x80000000u);
  EXPECT_EQ(integer_of("-0x80000001", 32), std::nullopt);
  EXPECT_EQ(integer_of("18446744073709551615", 64), ~u64{0});
  EXPECT_EQ(integer_of("18446744073709551616", 64), std::nullopt);
  EXPECT_EQ(integer_of("-9223372036854775808", 64), u64{1} << 63);
}

TEST(Number, DecimalFloats) {
  EXPECT_EQ(f64_of("0.1"), std::bit_cast<u64>(0.1));
  EXPECT_EQ(f64_of("-1_0.5e1_0"), std::bit_cast<u64>(-10.5e10));
  EXPECT_EQ(f64_of("1.7976931348623157e308"), 0x7fefffffffffffffu);
  EXPECT_EQ(f64_of("1e309"), std::nullopt);
  EXPECT_EQ(f64_of("1e-400"), 0u);
  EXPECT_EQ(f64_of("-1e-400"), u64{1} << 63);
  EXPECT_EQ(f64_of("4.9e-324"), 1u);
  EXPECT_EQ(f64_of("0.000000000000000000000000000000000000000000000001e-300"), 0u);
  EXPECT_EQ(f64_of("0e99999999999999999999"), 0u);
  EXPECT_EQ(f64_of("1e99999999999999999999"), std::nullopt);
  EXPECT_EQ(f64_of("1e-99999999999999999999"), 0u);
  // Halfway between two floats: rounded once, not through f64.
  EXPECT_EQ(f32_of("1.00000017881393432617187499"), 0x3f800001u);
  EXPECT_EQ(f32_of("1.00000017881393432617187501"), 0x3f800002u);
  EXPECT_EQ(f32_of("340282356779733642748073463979561713663"), 0x7f7fffffu);
  EXPECT_EQ(f32_of("340282356779733661637539395458142568448"), std::nullopt);
}

TEST(Number, HexFloatsRoundToNearestEven) {
  EXPECT_EQ(f64_of("0x1p0"), std::bit_cast<u64>(1.0));
  EXPECT_EQ(f64_of("0x1.8p1"), std::bit_cast<u64>(3.0));
  EXPECT_EQ(f64_of("-0x0.0p9"), u64{1} << 63);
  EXPECT_EQ(f32_of("0x1.000001p0"), 0x3f800000u);         // a tie goes to even
  EXPECT_EQ(f32_of("0x1.0000010000001p0"), 0x3f800001u);  // above the tie
  EXPECT_EQ(f32_of("0x1.000003p0"), 0x3f800002u);
  EXPECT_EQ(f32_of("0x1.fffffep127"), 0x7f7fffffu);
  EXPECT_EQ(f32_of("0x1.fffffep128"), std::nullopt);
  EXPECT_EQ(f32_of("0x1.ffffffp127"), std::nullopt);  // rounds up to infinity
  EXPECT_EQ(f32_of("0x1p-149"), 1u);
  EXPECT_EQ(f32_of("0x1p-150"), 0u);  // a tie with zero
  EXPECT_EQ(f32_of("0x1.000002p-150"), 1u);
  EXPECT_EQ(f32_of("0x1p-151"), 0u);
  EXPECT_EQ(f32_of("0x0.ffffffp-126"), 0x00800000u);  // rounds up into the normal numbers
  EXPECT_EQ(f64_of("0x1p-1074"), 1u);
  EXPECT_EQ(f64_of("0x1p99999999999999999999"), std::nullopt);
  EXPECT_EQ(f64_of("0x1p-99999999999999999999"), 0u);
  // Digits far below the precision still break a tie.
  EXPECT_EQ(f32_of("0x1.000001" + std::string(300, '0') + "1p0"), 0x3f800001u);
  EXPECT_EQ(f64_of("0x1" + std::string(400, '0') + "p-1600"), std::bit_cast<u64>(1.0));
}

TEST(Number, NanPayloads) {
  EXPECT_EQ(f32_of("nan"), 0x7fc00000u);
  EXPECT_EQ(f32_of("-nan:0x1"), 0xff800001u);
  EXPECT_EQ(f32_of("nan:0x7f_ffff"), 0x7fffffffu);
  EXPECT_EQ(f32_of("nan:0x0"), std::nullopt);
  EXPECT_EQ(f32_of("nan:0x800000"), std::nullopt);
  EXPECT_EQ(f64_of("nan:0xf_ffff_ffff_ffff"), 0x7fffffffffffffffu);
  EXPECT_EQ(f64_of("nan:0x10_0000_0000_0000"), std::nullopt);
  EXPECT_EQ(f64_of("+inf"), 0x7ff0000000000000u);
}

}  // namespace
}  // namespace wazuka::wat

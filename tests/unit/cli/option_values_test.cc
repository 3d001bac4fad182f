// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/option_values.h"

#include <bit>
#include <gtest/gtest.h>

namespace wazuka::cli {
namespace {

std::string error_of(const auto& result) {
  return result ? "no error" : result.error().message;
}

TEST(OptionValues, SignedNumbers) {
  EXPECT_EQ(parse_signed("-2147483648", 10, INT32_MIN, INT32_MAX).value_or(0), INT32_MIN);
  EXPECT_EQ(parse_signed("+5", 10, INT32_MIN, INT32_MAX).value_or(0), 5);
  EXPECT_EQ(parse_signed("7fffffff", 16, INT32_MIN, INT32_MAX).value_or(0), INT32_MAX);
  EXPECT_EQ(parse_signed("-9223372036854775808", 10, INT64_MIN, INT64_MAX).value_or(0), INT64_MIN);
  EXPECT_EQ(error_of(parse_signed("", 10, INT32_MIN, INT32_MAX)),
            "cannot parse integer from empty string");
  EXPECT_EQ(error_of(parse_signed("-", 10, INT32_MIN, INT32_MAX)), "invalid digit found in string");
  EXPECT_EQ(error_of(parse_signed("1x", 10, INT32_MIN, INT32_MAX)),
            "invalid digit found in string");
  EXPECT_EQ(error_of(parse_signed("2147483648", 10, INT32_MIN, INT32_MAX)),
            "number too large to fit in target type");
  EXPECT_EQ(error_of(parse_signed("-2147483649", 10, INT32_MIN, INT32_MAX)),
            "number too small to fit in target type");
}

TEST(OptionValues, Counts) {
  EXPECT_EQ(parse_count("1_000", ~u64{0}).value_or(0), 1000u);
  EXPECT_EQ(parse_count("0x10", ~u64{0}).value_or(0), 16u);
  EXPECT_EQ(parse_count("18446744073709551615", ~u64{0}).value_or(0), ~u64{0});
  EXPECT_EQ(error_of(parse_count("18446744073709551616", ~u64{0})),
            "number too large to fit in target type");
  EXPECT_EQ(error_of(parse_count("-1", ~u64{0})), "invalid digit found in string");
}

TEST(OptionValues, Durations) {
  EXPECT_EQ(parse_duration("2").value_or(0), 2'000'000'000u);
  EXPECT_EQ(parse_duration("2s").value_or(0), 2'000'000'000u);
  EXPECT_EQ(parse_duration("15ms").value_or(0), 15'000'000u);
  EXPECT_EQ(parse_duration("15us").value_or(0), 15'000u);
  EXPECT_EQ(parse_duration("15ns").value_or(0), 15u);
  EXPECT_EQ(error_of(parse_duration("5x")), "failed to parse duration: 5x");
  EXPECT_EQ(error_of(parse_duration("")), "failed to parse duration: ");
}

TEST(OptionValues, FloatsAreParsedAsRustDoes) {
  auto f64_of = [](const char* text) { return std::bit_cast<f64>(parse_f64(text).value_or(1)); };
  EXPECT_EQ(f64_of("1e3"), 1000);
  EXPECT_EQ(f64_of(".5"), 0.5);
  EXPECT_EQ(f64_of("5."), 5);
  EXPECT_EQ(f64_of("-Infinity"), -std::numeric_limits<f64>::infinity());
  EXPECT_TRUE(parse_f32("nan").has_value());
  for (const char* bad : {"abc", "0x10", "1e", ".", "1 ", "--1", "nanx"}) {
    EXPECT_EQ(error_of(parse_f64(bad)), "invalid float literal") << bad;
  }
  EXPECT_EQ(error_of(parse_f32("")), "cannot parse float from empty string");
}

TEST(OptionValues, FloatsAreShownAsRustDoes) {
  auto show = [](f64 v) { return display_f64(std::bit_cast<u64>(v)); };
  EXPECT_EQ(show(1.5), "1.5");
  EXPECT_EQ(show(1), "1");
  EXPECT_EQ(show(-0.0), "-0");
  EXPECT_EQ(show(0.1), "0.1");
  EXPECT_EQ(show(1e21), "1000000000000000000000");
  EXPECT_EQ(show(1.25e-7), "0.000000125");
  EXPECT_EQ(show(123456.789), "123456.789");
  EXPECT_EQ(show(std::numeric_limits<f64>::infinity()), "inf");
  EXPECT_EQ(show(-std::numeric_limits<f64>::quiet_NaN()), "NaN");
  EXPECT_EQ(display_f32(std::bit_cast<u32>(16777216.0f)), "16777216");
  EXPECT_EQ(display_f32(std::bit_cast<u32>(3.4028235e38f)),
            "340282350000000000000000000000000000000");
}

TEST(OptionValues, Strings) {
  EXPECT_EQ(debug_string("a\"b\\c\n\x01"), "\"a\\\"b\\\\c\\n\\u{1}\"");
  EXPECT_EQ(debug_string("\xff\xc3\xa9"), "\"\\xFF\xc3\xa9\"");
  EXPECT_EQ(display_u128(1, 0), "1");
  EXPECT_EQ(display_u128(~u64{0}, ~u64{0}), "340282366920938463463374607431768211455");
}

}  // namespace
}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "base/text.h"

#include <atomic>
#include <gtest/gtest.h>

#include "base/parallel.h"
#include "base/utf8.h"

namespace wazuka {
namespace {

TEST(Text, JoinsTextAndNumbers) {
  std::string s = "b";
  EXPECT_EQ(join({"a", s, u32{42}, " 0x", Hex{255}, ~u64{0}}), "ab42 0xff18446744073709551615");
  EXPECT_EQ(join({}), "");
}

bool valid(std::string_view text) {
  return is_valid_utf8({reinterpret_cast<const u8*>(text.data()), text.size()});
}

TEST(Utf8, AcceptsWellFormedText) {
  EXPECT_TRUE(valid(""));
  EXPECT_TRUE(valid("plain ASCII text that is longer than a word"));
  EXPECT_TRUE(valid("\xc2\x80 \xdf\xbf \xe0\xa0\x80 \xed\x9f\xbf \xee\x80\x80 \xef\xbf\xbf"));
  EXPECT_TRUE(valid("\xf0\x90\x80\x80 \xf4\x8f\xbf\xbf"));
}

TEST(Utf8, RejectsIllFormedText) {
  for (std::string_view bad :
       {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xc2", "\xc2 ", "\xe0\x9f\xbf", "\xed\xa0\x80",
        "\xed\xbf\xbf", "\xe1\x80", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
        "\xff", "12345678\x80", "1234567\xc2"}) {
    EXPECT_FALSE(valid(bad)) << testing::PrintToString(bad);
  }
}

TEST(Parallel, RunsOnTheCallerAndOthers) {
  std::atomic<u32> next = 0, sum = 0;
  run_parallel(4, [&] {
    for (u32 i; (i = next.fetch_add(1)) < 1000;) sum += i;
  });
  EXPECT_EQ(sum.load(), 499'500u);
  EXPECT_GE(usable_cores(), 1u);
}

}  // namespace
}  // namespace wazuka

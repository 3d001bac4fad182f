// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/frame_text.h"

#include <gtest/gtest.h>

#include "debug/text.h"

namespace wazuka::debug {
namespace {

TEST(FrameText, IsAsWasmtimeWrites) {
  const std::vector<SourceFrame> frames = {{"_ZZN2ns1AIiE3runEiENKUliE_clEi", "/tmp/x.cc", 1, 116},
                                           {"_ZN2ns1AIiE3runEi", "/tmp/x.cc", 1, 0},
                                           {"main", "/tmp/x.cc", 3, {}},
                                           {"start", "/tmp/x.cc", {}, {}},
                                           {"", "", {}, {}}};
  EXPECT_EQ(frame_text(frames, "f"),
            "ns::A<int>::run(int)::{lambda(int)#1}::operator()(int) const\n"
            "                    at /tmp/x.cc:1:116\n"
            "                - ns::A<int>::run(int)\n"
            "                    at /tmp/x.cc:1:0\n"
            "                - main\n"
            "                    at /tmp/x.cc:3\n"
            "                - start\n"
            "                    at /tmp/x.cc\n"
            "                - <inlined function>");
}

TEST(FrameText, TheInnermostFrameHasTheNameOfTheFunction) {
  const std::vector<SourceFrame> frames = {{"", "a.c", 5, 1}};
  EXPECT_EQ(frame_text(frames, "<wasm function 3>"),
            "<wasm function 3>\n                    at a.c:5:1");
}

TEST(Printable, ReplacesWhatIsNotUtf8) {
  EXPECT_EQ(printable("a\xc3\xa4\xe2\x82\xac\xf0\x9f\x98\x80"), "a\u00e4\u20ac\U0001f600");
  EXPECT_EQ(printable("a\xff"
                      "b"),
            "a\ufffdb");
  EXPECT_EQ(printable("\xc0\x80"), "\ufffd\ufffd");            // overlong
  EXPECT_EQ(printable("\xed\xa0\x80"), "\ufffd\ufffd\ufffd");  // a surrogate
  EXPECT_EQ(printable("\xf4\x90\x80\x80").size(), 12u);        // beyond Unicode
  EXPECT_EQ(printable("\xe2\x82"), "\ufffd\ufffd");            // cut off
  EXPECT_EQ(printable(std::string(1 << 20, 'x')), "");
}

TEST(Utf8, DecodesWhatItEncodes) {
  for (const char32_t c : {U'\0', U'a', U'\u007f', U'\u0080', U'\u07ff', U'\u0800', U'\uffff',
                           U'\U00010000', U'\U0010ffff'}) {
    std::string text;
    append_utf8(text, c);
    EXPECT_EQ(decode_utf8(text), std::u32string(1, c));
  }
  EXPECT_EQ(decode_utf8("\x80"), std::nullopt);
}

}  // namespace
}  // namespace wazuka::debug

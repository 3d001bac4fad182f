// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which modules have an image, and what is in it. That instances see no difference is for
// tests/wast/memory-images.wast.
#include "runtime/memory_image.h"

#include "os/virtual_memory.h"
#include "runtime_fixture.h"

namespace wazuka {
namespace {

EngineConfig with_all_features() {
  EngineConfig config;
  for (const FeatureInfo& info : kFeatures) config.features.set(info.feature, true);
  return config;
}

struct MemoryImageTest : RuntimeTest {
  MemoryImageTest() : RuntimeTest(with_all_features()) {}

  bool has_image(std::string_view fields) {
    auto code = compile("(module " + std::string(fields) + ")");
    return MemoryImage::create(code->module()) != nullptr;
  }
};

TEST_F(MemoryImageTest, OnlyWhereItMakesNoDifference) {
  EXPECT_TRUE(has_image(R"((memory 1) (data (i32.const 0) "x"))"));
  EXPECT_TRUE(has_image(R"((memory 1) (data "x") (data (i32.const 65535) "x"))"));
  EXPECT_TRUE(has_image(R"((memory i64 1) (data (i64.const 9) "x"))"));
  EXPECT_TRUE(has_image(R"((import "" "" (memory 1)) (memory 1) (data 1 (i32.const 0) "x"))"));
  // No data, or out of bounds, which must trap.
  EXPECT_FALSE(has_image("(memory 1)"));
  EXPECT_FALSE(has_image(R"((memory 1) (data "x"))"));
  EXPECT_FALSE(has_image(R"((memory 1) (data (i32.const 0) ""))"));
  EXPECT_FALSE(has_image(R"((memory 1) (data (i32.const 65536) "x"))"));
  EXPECT_FALSE(has_image(R"((memory 1) (data (i32.const 0) "x") (data (i32.const 65537) ""))"));
  EXPECT_FALSE(has_image(R"((memory 1) (data (i32.const -1) "x"))"));
  EXPECT_FALSE(has_image(R"((memory 0) (data (i32.const 0) "x"))"));
  // Seen by others, or not known.
  EXPECT_FALSE(has_image(R"((import "" "" (memory 1)) (data (i32.const 0) "x"))"));
  EXPECT_FALSE(has_image(R"((memory 1 1 shared) (data (i32.const 0) "x"))"));
  EXPECT_FALSE(has_image(R"((import "" "" (global i32)) (memory 1) (data (global.get 0) "x"))"));
  EXPECT_FALSE(has_image(R"((memory 1) (data (i32.add (i32.const 1) (i32.const 2)) "x"))"));
  EXPECT_FALSE(has_image(R"((memory 100000 (pagesize 1)) (data (i32.const 0) "x"))"));
}

TEST_F(MemoryImageTest, MergesWhatIsNear) {
  auto code = compile(R"((module (memory 64)
    (data (i32.const 3000000) "far") (data (i32.const 5) "a") (data (i32.const 20000) "b")))");
  auto image = MemoryImage::create(code->module());
  ASSERT_NE(image, nullptr);
  ASSERT_EQ(image->runs().size(), 2u);
  const u64 page = os::page_size();
  EXPECT_EQ(image->runs()[0].begin, 0u);
  EXPECT_EQ(image->runs()[0].end, os::round_up_to_pages(20001));
  EXPECT_EQ(image->runs()[1].begin, 3000000 & ~(page - 1));
  EXPECT_EQ(image->runs()[1].file_offset, image->runs()[0].end);
}

TEST_F(MemoryImageTest, NotOfSparseMemories) {
  std::string fields = "(memory 1000)";
  for (u32 i = 0; i < 20; ++i) {
    fields += "(data (i32.const " + std::to_string(i * 1000000) + ") \"x\")";
  }
  EXPECT_FALSE(has_image(fields));  // too many runs
  fields = "(memory 1000)";
  for (u32 i = 0; i < 100; ++i) {
    fields += "(data (i32.const " + std::to_string(i * 60000) + ") \"x\")";
  }
  EXPECT_FALSE(has_image(fields));  // one run of gaps
}

TEST_F(MemoryImageTest, SecondInstanceHasIt) {
  auto code = compile(R"((module (memory (export "memory") 1) (data (i32.const 1) "x")))");
  EXPECT_EQ(code->memory_image(), nullptr);
  const MemoryImage* image = code->memory_image();
  ASSERT_NE(image, nullptr);
  EXPECT_EQ(code->memory_image(), image);
  for (u32 i = 0; i < 3; ++i) {
    auto instance = linker.instantiate(code);
    ASSERT_TRUE(instance.has_value());
    u8* const base = (*instance)->memory(0)->vm.base;
    EXPECT_EQ(base[1], 'x');
    base[1] = 'y';
    EXPECT_EQ(base[4096], 0);
  }
}

struct WithoutImages : RuntimeTest {
  WithoutImages()
      : RuntimeTest([] {
          EngineConfig config;
          config.memory_images = false;
          return config;
        }()) {}
};

TEST_F(WithoutImages, SegmentsAreCopied) {
  auto code = compile(R"((module (memory 1) (data (i32.const 1) "x")))");
  EXPECT_EQ(code->memory_image(), nullptr);
  EXPECT_EQ(code->memory_image(), nullptr);
  for (u32 i = 0; i < 2; ++i) {
    auto instance = linker.instantiate(code);
    ASSERT_TRUE(instance.has_value());
    EXPECT_EQ((*instance)->memory(0)->vm.base[1], 'x');
  }
}

}  // namespace
}  // namespace wazuka

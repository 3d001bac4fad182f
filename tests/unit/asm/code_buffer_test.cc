// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "asm/code_buffer.h"

#include <cstring>
#include <gtest/gtest.h>
#include <numeric>

#include "asm/const_pool.h"
#include "asm/x64/assembler.h"

namespace wazuka::assembly {
namespace {

using Failure = CodeBuffer::Failure;

i32 word_at(const CodeBuffer& code, u32 at) {
  i32 word;
  std::memcpy(&word, code.bytes().data() + at, 4);
  return word;
}

TEST(CodeBuffer, KeepsBytesWhileGrowing) {
  CodeBuffer code;
  for (u32 i = 0; i < 100'000; ++i) {
    u8* p = code.begin();
    *p = static_cast<u8>(i * 7);
    code.end(p + 1);
  }
  ASSERT_EQ(code.bytes().size(), 100'000u);
  for (u32 i = 0; i < 100'000; ++i) ASSERT_EQ(code.bytes()[i], static_cast<u8>(i * 7));
  EXPECT_EQ(code.failure(), Failure::kNone);
}

TEST(CodeBuffer, AppendsMoreThanItHolds) {
  std::vector<u8> data(50'000);
  std::iota(data.begin(), data.end(), u8{0});
  CodeBuffer code;
  code.append_u8(0xaa);
  code.append(data);
  ASSERT_EQ(code.bytes().size(), 50'001u);
  EXPECT_TRUE(std::equal(data.begin(), data.end(), code.bytes().begin() + 1));
}

TEST(CodeBuffer, RefusesCodeAboveTheLimit) {
  CodeBuffer code(10'000);
  Label label;
  code.append_u8(0);
  code.append_u32(0);
  code.refer_far(label, 1);
  for (u32 i = 0; i < 100'000; ++i) {
    u8* p = code.begin();
    std::memset(p, 0x90, CodeBuffer::kSlack);
    code.end(p + 15);
  }
  EXPECT_EQ(code.failure(), Failure::kTooLarge);
  EXPECT_LT(code.bytes().size(), 11'000u);
  code.bind(label);  // its list has been overwritten, and must not be followed
  code.append(std::vector<u8>(20'000));
  EXPECT_EQ(code.failure(), Failure::kTooLarge);
  code.reset();
  EXPECT_EQ(code.failure(), Failure::kNone);
  EXPECT_EQ(code.offset(), 0u);
}

TEST(CodeBuffer, FarReferencesForwardAndBackward) {
  CodeBuffer code;
  Label label;
  std::vector<u32> fields;
  for (u32 i = 0; i < 300; ++i) {
    code.append_u8(0xe9);
    fields.push_back(code.offset());
    code.append_u32(0);
    code.refer_far(label, fields.back(), i % 8);
    code.append(std::vector<u8>(i % 8));
    if (i == 150) {
      EXPECT_EQ(code.open_labels(), 1u);
      code.bind(label);
      EXPECT_EQ(code.open_labels(), 0u);
    }
  }
  for (u32 i = 0; i < 300; ++i) {
    i64 end = fields[i] + 4 + i % 8;
    EXPECT_EQ(word_at(code, fields[i]), i64{label.position()} - end) << i;
  }
}

TEST(CodeBuffer, NearReferences) {
  CodeBuffer code;
  Label label;
  for (u32 i = 0; i < 60; ++i) {
    code.append_u8(0xeb);
    code.append_u8(0);
    code.refer_near(label, code.offset() - 1);
  }
  code.bind(label);
  for (u32 i = 0; i < 60; ++i) EXPECT_EQ(code.bytes()[2 * i + 1], 120 - (2 * i + 2));
  code.append_u8(0xeb);
  code.append_u8(0);
  code.refer_near(label, code.offset() - 1);
  EXPECT_EQ(code.bytes()[121], 0xfe);
  EXPECT_EQ(code.failure(), Failure::kNone);
}

TEST(CodeBuffer, NearReferenceThatIsTooFarIsAFailure) {
  for (u32 distance : {127u, 128u}) {
    CodeBuffer code;
    Label label;
    code.append_u8(0xeb);
    code.append_u8(0);
    code.refer_near(label, 1);
    code.append(std::vector<u8>(distance));
    code.bind(label);
    EXPECT_EQ(code.failure(), distance > 127 ? Failure::kShortJumpTooFar : Failure::kNone);
  }
  CodeBuffer code;
  Label label;
  code.append(std::vector<u8>(2));
  code.refer_near(label, 1);
  code.append(std::vector<u8>(200));
  code.refer_near(label, 200);
  EXPECT_EQ(code.failure(), Failure::kShortJumpTooFar);
}

TEST(CodeBuffer, LabelsMoveWithTheirReferences) {
  CodeBuffer code;
  Label first;
  code.append_u8(0xe8);
  code.append_u32(0);
  code.refer_far(first, 1);
  Label second = std::move(first);
  EXPECT_FALSE(first.is_linked());
  EXPECT_TRUE(second.is_linked());
  code.bind(second);
  EXPECT_EQ(word_at(code, 1), 0);
  EXPECT_EQ(code.open_labels(), 0u);
}

TEST(CodeBuffer, NotesPlaces) {
  CodeBuffer code;
  code.note(1, 10);
  code.append_u32(0);
  code.note(2, u64{1} << 40);
  ASSERT_EQ(code.sites().size(), 2u);
  EXPECT_EQ(code.sites()[0], (Site{0, 1, 10}));
  EXPECT_EQ(code.sites()[1], (Site{4, 2, u64{1} << 40}));
  code.reset();
  EXPECT_TRUE(code.sites().empty());
}

std::vector<u8> constant(u32 size, u32 seed) {
  std::vector<u8> bytes(size);
  for (u32 i = 0; i < size; ++i) bytes[i] = static_cast<u8>(seed + i * 3 + seed / 251);
  return bytes;
}

TEST(ConstPool, KeepsEachConstantOnce) {
  ConstPool pool;
  const Label* a = &pool.add(constant(16, 1));
  EXPECT_EQ(&pool.add(constant(16, 1)), a);
  pool.add(constant(8, 1));  // the first half of it is another constant
  EXPECT_EQ(pool.size(), 2u);
  EXPECT_EQ(pool.alignment(), 16u);
  pool.reset();
  EXPECT_TRUE(pool.empty());
  pool.add(constant(4, 1));
  EXPECT_EQ(pool.alignment(), 4u);
}

TEST(ConstPool, PlacesConstantsAligned) {
  CodeBuffer code;
  ConstPool pool;
  struct Use {
    u32 field;
    std::vector<u8> bytes;
  };
  std::vector<Use> uses;
  for (u32 i = 0; i < 2'000; ++i) {
    std::vector<u8> bytes = constant(4u << (i % 4), i % 700);
    code.append_u8(0x90);
    code.append_u32(0);
    uses.push_back({code.offset() - 4, bytes});
    code.refer_far(pool.add(bytes), uses.back().field);
  }
  code.append_u8(0xc3);
  pool.place(code, 0xcc);
  EXPECT_EQ(code.open_labels(), 0u);
  for (const Use& use : uses) {
    u32 at = use.field + 4 + static_cast<u32>(word_at(code, use.field));
    ASSERT_LE(at + use.bytes.size(), code.bytes().size());
    EXPECT_EQ(at % use.bytes.size(), 0u);
    EXPECT_TRUE(std::ranges::equal(code.bytes().subspan(at, use.bytes.size()), use.bytes));
  }
}

}  // namespace
}  // namespace wazuka::assembly

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/binary_reader.h"

#include <gtest/gtest.h>

#include "wasm/encoder.h"

namespace wazuka {
namespace {

BinaryReader reader(const std::vector<u8>& bytes) {
  return BinaryReader(bytes, {0, static_cast<u32>(bytes.size())});
}

TEST(BinaryReader, ReadsWhatTheWriterWrites) {
  for (u64 n : {u64{0}, u64{63}, u64{64}, u64{127}, u64{128}, u64{0x3fff}, u64{0x4000},
                u64{0xffff'ffff}, u64{1} << 35, u64{1} << 63, ~u64{0}}) {
    BinaryWriter w;
    w.u64v(n), w.s64v(static_cast<i64>(n)), w.u32v(static_cast<u32>(n));
    w.s32v(static_cast<i32>(n)), w.s33v(static_cast<i64>(n & 0xffff'ffff));
    std::vector<u8> bytes(w.bytes().begin(), w.bytes().end());
    BinaryReader r = reader(bytes);
    EXPECT_EQ(r.read_u64(), n);
    EXPECT_EQ(r.read_s64(), static_cast<i64>(n));
    EXPECT_EQ(r.read_u32(), static_cast<u32>(n));
    EXPECT_EQ(r.read_s32(), static_cast<i32>(n));
    EXPECT_EQ(r.read_s33(), static_cast<i64>(n & 0xffff'ffff));
    EXPECT_TRUE(r.at_end());
    EXPECT_FALSE(r.failed()) << n;
  }
}

TEST(BinaryReader, AcceptsPaddedIntegers) {
  std::vector<u8> bytes{0x83, 0x80, 0x80, 0x80, 0x00, 0xff, 0xff, 0xff, 0xff, 0x7f};
  BinaryReader r = reader(bytes);
  EXPECT_EQ(r.read_u32(), 3u);
  EXPECT_EQ(r.read_s32(), -1);
  EXPECT_FALSE(r.failed());
}

struct BadInteger {
  const char* read;
  std::vector<u8> bytes;
  const char* message;
  u32 offset;
};

TEST(BinaryReader, RejectsIntegersThatDoNotFit) {
  const BadInteger kBad[] = {
      {"u32",
       {0x80, 0x80, 0x80, 0x80, 0x80, 0x00},
       "invalid var_u32: integer representation too long",
       4},
      {"u32", {0x80, 0x80, 0x80, 0x80, 0x10}, "invalid var_u32: integer too large", 4},
      {"s32", {0x80, 0x80, 0x80, 0x80, 0x08}, "invalid var_i32: integer too large", 4},
      {"s32",
       {0xff, 0xff, 0xff, 0xff, 0xff, 0x7f},
       "invalid var_i32: integer representation too long",
       4},
      {"u64",
       {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x02},
       "invalid var_u64: integer too large",
       9},
      {"s64",
       {0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01},
       "invalid var_i64: integer too large",
       9},
      {"u32", {0x80}, "unexpected end-of-file", 1},
      {"u32", {}, "unexpected end-of-file", 0},
  };
  for (const BadInteger& bad : kBad) {
    BinaryReader r = reader(bad.bytes);
    std::string_view read = bad.read;
    if (read == "u32") EXPECT_EQ(r.read_u32(), 0u);
    if (read == "s32") EXPECT_EQ(r.read_s32(), 0);
    if (read == "u64") EXPECT_EQ(r.read_u64(), 0u);
    if (read == "s64") EXPECT_EQ(r.read_s64(), 0);
    EXPECT_TRUE(r.failed());
    EXPECT_TRUE(r.at_end());
    EXPECT_EQ(r.error().message, bad.message);
    EXPECT_EQ(r.error().offset, bad.offset);
  }
}

TEST(BinaryReader, KeepsTheFirstError) {
  std::vector<u8> bytes{1, 2, 3};
  BinaryReader r = reader(bytes);
  r.fail_at(1, "first");
  r.fail_at(2, "second");
  EXPECT_EQ(r.read_u8(), 0);
  EXPECT_EQ(r.error().message, "first");
  EXPECT_EQ(r.error().offset, 1u);
}

TEST(BinaryReader, ReadsNames) {
  std::vector<u8> good{4, 'n', 0xc3, 0xa4, '!'}, bad{2, 0xc3, 'x'}, cut{9, 'a'};
  EXPECT_EQ(reader(good).read_name(), "nä!");
  BinaryReader r = reader(bad);
  EXPECT_EQ(r.read_name(), "");
  EXPECT_EQ(r.error().message, "malformed UTF-8 encoding");
  r = reader(cut);
  r.read_name();
  EXPECT_EQ(r.error().message, "unexpected end-of-file");
}

TEST(BinaryReader, ReadsTypes) {
  std::vector<u8> bytes{0x7f, 0x70, 0x63, 0x05, 0x64, 0x6e, 0x64, 0x62, 0x03, 0x78};
  BinaryReader r = reader(bytes);
  EXPECT_EQ(r.read_val_type(), kI32);
  EXPECT_EQ(r.read_val_type(), kFuncRef);
  EXPECT_EQ(r.read_val_type(), ValType::ref(HeapType::index(5), true));
  EXPECT_EQ(r.read_ref_type(), ValType::ref(HeapType::kAny, false));
  EXPECT_EQ(r.read_ref_type(), ValType::ref(HeapType::index(3), false, true));
  EXPECT_EQ(r.read_storage_type().packed, StorageType::kI8);
  EXPECT_FALSE(r.failed());
}

TEST(BinaryReader, RejectsUnknownTypes) {
  std::vector<u8> bytes{0x00};
  BinaryReader r = reader(bytes);
  r.read_val_type();
  EXPECT_EQ(r.error().message, "invalid value type");
  r = reader(bytes);
  r.read_ref_type();
  EXPECT_EQ(r.error().message, "malformed reference type");
}

}  // namespace
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/encoder.h"

#include <gtest/gtest.h>
#include <limits>

namespace wazuka {
namespace {

using Bytes = std::vector<u8>;

/// What a function writes.
template <class F>
Bytes written(F write) {
  BinaryWriter w;
  write(w);
  return std::move(w).take();
}

TEST(Encoder, Leb128) {
  EXPECT_EQ(written([](auto& w) { w.u32v(0), w.u32v(127), w.u32v(128); }),
            (Bytes{0, 0x7f, 0x80, 1}));
  EXPECT_EQ(written([](auto& w) { w.u32v(~u32{0}); }), (Bytes{0xff, 0xff, 0xff, 0xff, 0x0f}));
  EXPECT_EQ(written([](auto& w) { w.u64v(~u64{0}); }),
            (Bytes{0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01}));
  EXPECT_EQ(written([](auto& w) { w.s32v(63), w.s32v(64), w.s32v(-64), w.s32v(-65); }),
            (Bytes{0x3f, 0xc0, 0x00, 0x40, 0xbf, 0x7f}));
  EXPECT_EQ(written([](auto& w) { w.s32v(std::numeric_limits<i32>::min()); }),
            (Bytes{0x80, 0x80, 0x80, 0x80, 0x78}));
  EXPECT_EQ(written([](auto& w) { w.s64v(std::numeric_limits<i64>::min()); }),
            (Bytes{0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x80, 0x7f}));
  EXPECT_EQ(written([](auto& w) { w.u32le(0x01020304); }), (Bytes{4, 3, 2, 1}));
}

TEST(Encoder, ReferenceTypes) {
  EXPECT_EQ(written([](auto& w) { w.val_type(kFuncRef), w.val_type(kExternRef); }),
            (Bytes{0x70, 0x6f}));
  EXPECT_EQ(written([](auto& w) { w.val_type(ValType::ref(HeapType::kAny, false)); }),
            (Bytes{0x64, 0x6e}));
  // A type index is signed: 64 takes two bytes.
  EXPECT_EQ(written([](auto& w) { w.val_type(ValType::ref(HeapType::index(64), true)); }),
            (Bytes{0x63, 0xc0, 0x00}));
  EXPECT_EQ(written([](auto& w) { w.val_type(ValType::ref(HeapType::index(64), false, true)); }),
            (Bytes{0x64, 0x62, 0x40}));
}

TEST(Encoder, DefinedTypes) {
  const FieldType fields[] = {{{kI32, StorageType::kI8}, true}, {{kV128}, false}};
  SubType type;
  type.kind = CompositeKind::kStruct;
  type.fields = fields;
  EXPECT_EQ(written([&](auto& w) { w.sub_type(type); }), (Bytes{0x5f, 2, 0x78, 1, 0x7b, 0}));
  type.final = false;
  type.descriptor = 5;
  type.describes = 3;
  EXPECT_EQ(written([&](auto& w) { w.sub_type(type); }),
            (Bytes{0x50, 0, 0x4c, 3, 0x4d, 5, 0x5f, 2, 0x78, 1, 0x7b, 0}));
  type = {};
  type.kind = CompositeKind::kCont;
  type.cont_func = 70;
  type.supertype = 1;
  type.shared = true;
  EXPECT_EQ(written([&](auto& w) { w.sub_type(type); }),
            (Bytes{0x4f, 1, 1, 0x65, 0x5d, 0xc6, 0x00}));
}

TEST(Encoder, EntityTypes) {
  MemoryType memory{{1, 2}, AddressType::kI64, true, 0};
  EXPECT_EQ(written([&](auto& w) { w.memory_type(memory); }), (Bytes{0x0f, 1, 2, 0}));
  EXPECT_EQ(written([&](auto& w) { w.memory_type({}); }), (Bytes{0, 0}));
  TableType table{kFuncRef, {3, {}}, AddressType::kI32, false};
  EXPECT_EQ(written([&](auto& w) { w.table_type(table); }), (Bytes{0x70, 0, 3}));
  EXPECT_EQ(written([&](auto& w) { w.global_type({kF64, true, false}); }), (Bytes{0x7c, 1}));
  EXPECT_EQ(written([&](auto& w) { w.tag_type({9}); }), (Bytes{0, 9}));
}

TEST(Encoder, Instructions) {
  EXPECT_EQ(written([](auto& w) { w.op(Op::kI32Add), w.op(Op::kMemoryCopy); }),
            (Bytes{0x6a, 0xfc, 0x0a}));
  EXPECT_EQ(written([](auto& w) { w.op(Op::kI8x16RelaxedSwizzle); }), (Bytes{0xfd, 0x80, 0x02}));
  EXPECT_EQ(written([](auto& w) { w.mem_arg(2, 0, 300), w.mem_arg(2, 1, 0); }),
            (Bytes{2, 0xac, 2, 0x42, 1, 0}));
  EXPECT_EQ(written([](auto& w) { w.empty_block_type(), w.block_type(64); }),
            (Bytes{0x40, 0xc0, 0}));
}

TEST(Encoder, EveryOpcodeIsFoundAgain) {
  for (u32 i = 0; i < kOpCount; ++i) {
    Bytes bytes = written([&](auto& w) { w.op(static_cast<Op>(i)); });
    u8 prefix = bytes.size() > 1 ? bytes[0] : 0;
    u32 code = bytes.size() == 1 ? bytes[0] : bytes[1] & 0x7fu;
    if (bytes.size() == 3) code |= static_cast<u32>(bytes[2]) << 7;
    EXPECT_EQ(find_op(prefix, code), i) << op_info(static_cast<Op>(i)).text.view();
  }
}

TEST(Encoder, Sections) {
  BinaryWriter entries;
  entries.byte(7);
  EXPECT_EQ(written([&](auto& w) { write_vector_section(w, SectionId::kMemory, 1, entries); }),
            (Bytes{5, 2, 1, 7}));
  EXPECT_EQ(written([&](auto& w) { write_vector_section(w, SectionId::kMemory, 0, {}); }), Bytes{});
  EXPECT_EQ(written([&](auto& w) { write_custom_section(w, "ab", entries.bytes()); }),
            (Bytes{0, 4, 2, 'a', 'b', 7}));
  EXPECT_EQ(written([](auto& w) { write_module_header(w); }),
            (Bytes{0, 'a', 's', 'm', 1, 0, 0, 0}));
}

TEST(Encoder, InsertAndPatch) {
  BinaryWriter w;
  w.byte(1), w.byte(2), w.byte(3);
  w.insert_u32v(1, 300);
  w.patch(0, 9);
  EXPECT_EQ(std::move(w).take(), (Bytes{9, 0xac, 2, 2, 3}));
}

}  // namespace
}  // namespace wazuka

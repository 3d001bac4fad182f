// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fixture.h"

namespace wazuka::gc_test {
namespace {

constexpr TrapOr kNull = trap_or(TrapCode::kNullReference);
constexpr TrapOr kArrayBounds = trap_or(TrapCode::kArrayOutOfBounds);
constexpr TrapOr kDataBounds = trap_or(TrapCode::kMemoryOutOfBounds);
constexpr TrapOr kElemBounds = trap_or(TrapCode::kTableOutOfBounds);
constexpr TrapOr kTooLarge = trap_or(TrapCode::kAllocationTooLarge);

class GcArrayTest : public GcTest {
 protected:
  void SetUp() override { make_heap(); }

  std::vector<Cell> contents(u32 index, Cell ref) {
    u32 length = 0;
    EXPECT_EQ(gc_array_len(heap(), ref, &length), kNoTrap);
    std::vector<Cell> out;
    for (u32 i = 0; i < length; ++i) out.push_back(at(index, ref, i));
    return out;
  }
  Cell bytes(std::vector<u8> data) {
    Cell ref = 0;
    EXPECT_EQ(gc_array_new_data(heap(), type(i8_), data, 0, static_cast<u32>(data.size()), &ref),
              kNoTrap);
    return ref;
  }

  u32 i8_ = add_array(packed(StorageType::kI8));
  u32 i16_ = add_array(packed(StorageType::kI16));
  u32 i64_ = add_array(field(kI64));
  u32 v128_ = add_array(field(kV128));
  u32 refs_ = add_array(field(kAnyRef));
  u32 funcs_ = add_array(field(kFuncRef));
};

TEST_F(GcArrayTest, GetAndSet) {
  Cell a = new_array(i16_, 0x18001, 3);
  EXPECT_EQ(at(i16_, a, 2, true), 0xffff8001u);
  EXPECT_EQ(at(i16_, a, 2, false), 0x8001u);
  put(i16_, a, 1, 7);
  EXPECT_EQ(contents(i16_, a), (std::vector<Cell>{0x8001, 7, 0x8001}));
  Cell v = 0;
  EXPECT_EQ(gc_array_get(heap(), type(i16_), a, 3, false, &v), kArrayBounds);
  EXPECT_EQ(gc_array_set(heap(), type(i16_), a, ~0u, &v), kArrayBounds);
  EXPECT_EQ(gc_array_get(heap(), type(i16_), 0, 0, false, &v), kNull);
  EXPECT_EQ(gc_array_set(heap(), type(i16_), 0, 0, &v), kNull);
  u32 length = 0;
  EXPECT_EQ(gc_array_len(heap(), 0, &length), kNull);
}

TEST_F(GcArrayTest, NewFixedTakesTwoCellsPerVector) {
  Cell values[] = {1, 2, 3, 4}, ref = 0, out[2] = {};
  ASSERT_EQ(gc_array_new_fixed(heap(), type(v128_), values, 2, &ref), kNoTrap);
  ASSERT_EQ(gc_array_get(heap(), type(v128_), ref, 1, false, out), kNoTrap);
  EXPECT_EQ(out[0], 3u);
  EXPECT_EQ(out[1], 4u);
  ASSERT_EQ(gc_array_new_fixed(heap(), type(refs_), nullptr, 0, &ref), kNoTrap);
  EXPECT_EQ(contents(refs_, ref), std::vector<Cell>{});
}

TEST_F(GcArrayTest, SizesThatOverflowAreTooLarge) {
  Cell ref = 5, value[2] = {};
  for (u32 t : {i8_, i16_, i64_, v128_, refs_}) {
    EXPECT_EQ(gc_array_new(heap(), type(t), value, ~0u, &ref), kTooLarge);
    EXPECT_EQ(gc_array_new_default(heap(), type(t), ~0u, &ref), kTooLarge);
  }
  // Lengths whose sizes are just below and above a multiple of 2³².
  EXPECT_EQ(gc_array_new_default(heap(), type(v128_), 1u << 28, &ref), kTooLarge);
  EXPECT_EQ(gc_array_new_default(heap(), type(v128_), (1u << 28) - 1, &ref), kTooLarge);
  EXPECT_EQ(gc_array_new_default(heap(), type(i64_), 1u << 29, &ref), kTooLarge);
  EXPECT_EQ(gc_array_new_default(heap(), type(i8_), ~0u - 20, &ref), kTooLarge);
  EXPECT_EQ(gc_array_new_default(heap(), type(refs_), 1'073'741'817, &ref), kTooLarge);
  EXPECT_EQ(gc_array_new_fixed(heap(), type(i64_), value, ~0u, &ref), kTooLarge);
  // Less than that is a matter of room.
  EXPECT_EQ(gc_array_new_default(heap(), type(i8_), 3u << 30, &ref), kHostError);
  EXPECT_EQ(ref, 5u);
}

TEST_F(GcArrayTest, FillChecksBoundsFirst) {
  Cell a = new_array(i64_, 1, 5), v = 9;
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), a, 3, &v, 3), kArrayBounds);
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), a, 6, &v, 0), kArrayBounds);
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), a, ~0u, &v, 2), kArrayBounds);
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), a, 2, &v, ~0u), kArrayBounds);
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), 0, 0, &v, 0), kNull);
  EXPECT_EQ(contents(i64_, a), (std::vector<Cell>{1, 1, 1, 1, 1}));
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), a, 5, &v, 0), kNoTrap);
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), a, 2, &v, 3), kNoTrap);
  EXPECT_EQ(contents(i64_, a), (std::vector<Cell>{1, 1, 9, 9, 9}));
}

TEST_F(GcArrayTest, CopyOverlapsInBothDirections) {
  Cell a = bytes({0, 1, 2, 3, 4, 5});
  const GcType& t = type(i8_);
  ASSERT_EQ(gc_array_copy(heap(), t, a, 1, a, 0, 4), kNoTrap);
  EXPECT_EQ(contents(i8_, a), (std::vector<Cell>{0, 0, 1, 2, 3, 5}));
  ASSERT_EQ(gc_array_copy(heap(), t, a, 0, a, 2, 4), kNoTrap);
  EXPECT_EQ(contents(i8_, a), (std::vector<Cell>{1, 2, 3, 5, 3, 5}));
  Cell b = bytes({9});
  EXPECT_EQ(gc_array_copy(heap(), t, b, 0, a, 0, 2), kArrayBounds);
  EXPECT_EQ(gc_array_copy(heap(), t, a, 0, b, 0, 2), kArrayBounds);
  EXPECT_EQ(gc_array_copy(heap(), t, a, 6, b, 1, 0), kNoTrap);
  EXPECT_EQ(gc_array_copy(heap(), t, a, 7, b, 1, 0), kArrayBounds);
  EXPECT_EQ(gc_array_copy(heap(), t, 0, 0, a, 0, 0), kNull);
  EXPECT_EQ(gc_array_copy(heap(), t, a, 0, 0, 0, 0), kNull);
}

TEST_F(GcArrayTest, DataSegmentsAreBytes) {
  std::vector<u8> data = {1, 2, 3, 4, 5};
  Cell a = 0;
  const GcType& t = type(i16_);
  ASSERT_EQ(gc_array_new_data(heap(), t, data, 1, 2, &a), kNoTrap);
  EXPECT_EQ(contents(i16_, a), (std::vector<Cell>{0x302, 0x504}));
  EXPECT_EQ(gc_array_new_data(heap(), t, data, 2, 2, &a), kDataBounds);
  EXPECT_EQ(gc_array_new_data(heap(), t, data, 6, 0, &a), kDataBounds);
  EXPECT_EQ(gc_array_new_data(heap(), t, data, ~0u, ~0u, &a), kDataBounds);
  EXPECT_EQ(gc_array_new_data(heap(), type(v128_), data, 0, 1u << 28, &a), kDataBounds);
  EXPECT_EQ(gc_array_init_data(heap(), t, a, 0, data, 0, 1), kNoTrap);
  EXPECT_EQ(contents(i16_, a), (std::vector<Cell>{0x201, 0x504}));
  EXPECT_EQ(gc_array_init_data(heap(), t, a, 1, data, 0, 2), kArrayBounds);
  EXPECT_EQ(gc_array_init_data(heap(), t, a, 0, data, 4, 1), kDataBounds);
  EXPECT_EQ(gc_array_init_data(heap(), t, 0, 0, data, 0, 0), kNull);
  EXPECT_EQ(gc_array_init_data(heap(), t, a, 2, {}, 0, 0), kNoTrap) << "a dropped segment";
  EXPECT_EQ(gc_array_init_data(heap(), t, a, 0, {}, 0, 1), kDataBounds);
  EXPECT_EQ(contents(i16_, a), (std::vector<Cell>{0x201, 0x504}));
}

GcElements view(std::vector<Cell>& cells) {
  auto element = [](void* env, u32 i) { return (*static_cast<std::vector<Cell>*>(env))[i]; };
  return {static_cast<u32>(cells.size()), element, &cells};
}

TEST_F(GcArrayTest, ElementSegments) {
  make_heap({.stress_interval = 1});
  Cells segment;  // a root, as the segments of instances are
  heap().add_root_source(&segment);
  segment.cells = {gc_i31(1), new_array(i8_, 7, 4), 0};
  const GcType& t = type(refs_);
  Cell a = 0;
  ASSERT_EQ(gc_array_new_elem(heap(), t, view(segment.cells), 0, 3, &a), kNoTrap);
  EXPECT_EQ(contents(refs_, a), segment.cells);
  EXPECT_EQ(at(i8_, at(refs_, a, 1), 3), 7u);
  EXPECT_EQ(gc_array_new_elem(heap(), t, view(segment.cells), 2, 2, &a), kElemBounds);
  EXPECT_EQ(gc_array_init_elem(heap(), t, a, 2, view(segment.cells), 0, 1), kNoTrap);
  EXPECT_EQ(at(refs_, a, 2), gc_i31(1));
  EXPECT_EQ(gc_array_init_elem(heap(), t, a, 2, view(segment.cells), 0, 2), kArrayBounds);
  EXPECT_EQ(gc_array_init_elem(heap(), t, a, 0, view(segment.cells), 3, 1), kElemBounds);
  EXPECT_EQ(gc_array_init_elem(heap(), t, a, 3, {}, 0, 0), kNoTrap);
  EXPECT_EQ(gc_array_init_elem(heap(), t, a, 0, {}, 0, 1), kElemBounds);
  EXPECT_EQ(gc_array_init_elem(heap(), t, 0, 0, {}, 0, 0), kNull);
  heap().remove_root_source(&segment);
}

TEST_F(GcArrayTest, FunctionsInArrays) {
  VMFuncRef f, g;
  std::vector<Cell> segment = {reinterpret_cast<Cell>(&f), reinterpret_cast<Cell>(&g)};
  Cell a = 0;
  ASSERT_EQ(gc_array_new_elem(heap(), type(funcs_), view(segment), 0, 2, &a), kNoTrap);
  EXPECT_EQ(contents(funcs_, a), segment);
  ASSERT_EQ(gc_array_fill(heap(), type(funcs_), a, 0, &segment[1], 2), kNoTrap);
  EXPECT_EQ(contents(funcs_, a), (std::vector<Cell>{segment[1], segment[1]}));
}

TEST_F(GcArrayTest, ACorruptLengthIsNotFollowed) {
  Cell a = new_array(i64_, 1, 5), b = new_array(i64_, 2, 5), v = 9;
  gc_store_u32(vm, static_cast<u32>(a), kGcArrayLength, ~0u);
  EXPECT_EQ(gc_array_fill(heap(), type(i64_), a, 1u << 30, &v, 1u << 30), kHostError);
  EXPECT_EQ(contents(i64_, b), (std::vector<Cell>{2, 2, 2, 2, 2}));
}

}  // namespace
}  // namespace wazuka::gc_test

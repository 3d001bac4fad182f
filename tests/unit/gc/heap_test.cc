// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cstring>

#include "fixture.h"

namespace wazuka::gc_test {
namespace {

class GcHeapTest : public GcTest {
 protected:
  u32 pair_ = add_struct({field(kAnyRef), field(kI64)});
  u32 refs_ = add_array(field(kAnyRef));
  u32 bytes_ = add_array(packed(StorageType::kI8));
};

TEST_F(GcHeapTest, AllocatesOneObjectBehindTheOther) {
  make_heap();
  Cell a = new_struct(pair_, {0, 1}), b = new_struct(pair_, {a, 2});
  EXPECT_EQ(b, a + 24);
  EXPECT_EQ(a % kGcAlign, 0u);
  EXPECT_GE(a, kGcNullGuard);
  EXPECT_EQ(get(pair_, 0, b), a);
  EXPECT_EQ(heap().stats().collections, 0u);
}

TEST_F(GcHeapTest, CollectionMovesWhatIsReachableAndNothingElse) {
  make_heap();
  Cell kept = new_struct(pair_, {0, 7});
  for (u64 i = 0; i < 100; ++i) new_struct(pair_, {0, i});
  roots.cells = {new_struct(pair_, {kept, 8}), 0, gc_i31(5), kept};
  ASSERT_TRUE(heap().collect());
  EXPECT_NE(roots.cells[3], kept);
  EXPECT_EQ(roots.cells[1], 0u);
  EXPECT_EQ(roots.cells[2], gc_i31(5));
  EXPECT_EQ(get(pair_, 0, roots.cells[0]), roots.cells[3]) << "one object stays one object";
  EXPECT_EQ(get(pair_, 1, roots.cells[0]), 8u);
  EXPECT_EQ(get(pair_, 1, roots.cells[3]), 7u);
  EXPECT_EQ(heap().used_bytes(), 2 * 24u);
}

TEST_F(GcHeapTest, RootsMayBeShownTwice) {
  make_heap();
  Cells again;
  roots.cells = again.cells = {new_struct(pair_, {0, 7})};
  heap().add_root_source(&again);
  heap().add_root_source(&roots);  // a second time: its cells are forwarded already
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(roots.cells[0], again.cells[0]);
  EXPECT_EQ(heap().used_bytes(), 24u);
  heap().remove_root_source(&again);
}

TEST_F(GcHeapTest, CyclesLiveAndDie) {
  make_heap();
  roots.cells = {new_struct(pair_, {0, 1})};
  Cell b = new_struct(pair_, {roots.cells[0], 2});
  set(pair_, 0, roots.cells[0], b);
  set(pair_, 0, b, roots.cells[0]);
  ASSERT_TRUE(heap().collect());
  b = get(pair_, 0, roots.cells[0]);
  EXPECT_EQ(get(pair_, 0, b), roots.cells[0]);
  EXPECT_EQ(heap().used_bytes(), 48u);
  roots.cells.clear();
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(heap().used_bytes(), 0u);
}

TEST_F(GcHeapTest, LongListsNeedNoStack) {
  make_heap();
  roots.cells = {0};
  constexpr u64 kCount = 300'000;
  for (u64 i = 0; i < kCount; ++i) roots.cells[0] = new_struct(pair_, {roots.cells[0], i});
  ASSERT_TRUE(heap().collect());
  u64 n = 0;
  for (Cell c = roots.cells[0]; c != 0; c = get(pair_, 0, c)) {
    ASSERT_EQ(get(pair_, 1, c), kCount - 1 - n);
    ++n;
  }
  EXPECT_EQ(n, kCount);
}

TEST_F(GcHeapTest, OperandsOfAnAllocationMove) {
  make_heap({.stress_interval = 1});
  // Nothing but the operands themselves keeps the fields of the new object alive.
  Cell inner = new_struct(pair_, {0, 41});
  Cell outer = new_struct(pair_, {inner, 42});
  EXPECT_EQ(get(pair_, 1, get(pair_, 0, outer)), 41u);
  Cell array = new_array(refs_, outer, 3);
  for (u32 i = 0; i < 3; ++i) EXPECT_EQ(get(pair_, 1, at(refs_, array, i)), 42u);
  Cell values[] = {array, gc_i31(3), array};
  Cell fixed = 0;
  ASSERT_EQ(gc_array_new_fixed(heap(), type(refs_), values, 3, &fixed), kNoTrap);
  EXPECT_EQ(at(refs_, fixed, 0), at(refs_, fixed, 2));
  EXPECT_EQ(get(pair_, 1, at(refs_, at(refs_, fixed, 0), 1)), 42u);
}

TEST_F(GcHeapTest, TheResultMayReplaceAnOperand) {
  make_heap({.stress_interval = 1});
  Cell frame[2] = {gc_i31(1), 5};
  ASSERT_EQ(gc_struct_new(heap(), type(pair_), frame, &frame[0]), kNoTrap);
  EXPECT_EQ(get(pair_, 0, frame[0]), gc_i31(1));
  ASSERT_EQ(gc_array_new(heap(), type(refs_), &frame[0], 2, &frame[0]), kNoTrap);
  EXPECT_EQ(get(pair_, 1, at(refs_, frame[0], 1)), 5u);
  ASSERT_EQ(gc_array_new_fixed(heap(), type(refs_), frame, 1, &frame[0]), kNoTrap);
  EXPECT_EQ(get(pair_, 1, at(refs_, at(refs_, frame[0], 0), 1)), 5u);
}

TEST_F(GcHeapTest, GrowsWithWhatLivesAndShrinksAgain) {
  make_heap({.initial_bytes = 256 << 10});
  EXPECT_EQ(heap().space_bytes(), 0u) << "nothing is taken before it is needed";
  roots.cells = {new_array(refs_, 0, 1000)};
  u64 small = heap().space_bytes();
  for (u32 i = 0; i < 1000; ++i) put(refs_, roots.cells[0], i, new_array(bytes_, i, 10'000));
  EXPECT_GE(heap().space_bytes(), u64{10'000'000});
  EXPECT_EQ(at(bytes_, at(refs_, roots.cells[0], 999), 9999), 999u & 0xff);
  EXPECT_LT(heap().stats().copied_bytes, 4 * u64{10'000'000}) << "growth is geometric";
  roots.cells[0] = 0;
  for (u32 i = 0; i < 10'000; ++i) new_array(bytes_, 1, 10'000);
  EXPECT_EQ(heap().space_bytes(), small);
}

TEST_F(GcHeapTest, ALargeArrayFitsAtOnce) {
  make_heap();
  roots.cells = {new_array(bytes_, 0xab, 100'000'000)};
  u32 length = 0;
  ASSERT_EQ(gc_array_len(heap(), roots.cells[0], &length), kNoTrap);
  EXPECT_EQ(length, 100'000'000u);
  EXPECT_EQ(at(bytes_, roots.cells[0], length - 1), 0xabu);
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(at(bytes_, roots.cells[0], length - 1), 0xabu);
}

TEST_F(GcHeapTest, TheLimitIsAnErrorThatNamesTheBytes) {
  make_heap({.max_bytes = 4 << 20});
  Cell ref = 77, value = 0;
  EXPECT_EQ(gc_array_new(heap(), type(bytes_), &value, 3 << 20, &ref), kHostError);
  EXPECT_EQ(ref, 77u);
  EXPECT_EQ(heap().error().message,
            "GC heap out of memory: no capacity for allocation of 3145744 bytes");
  // What fits after a collection is no failure, and after a failure smaller objects fit.
  for (int i = 0; i < 100; ++i) new_array(bytes_, 1, 1 << 20);
  roots.cells = {0};
  TrapOr trap = kNoTrap;
  u64 count = 0;
  for (; trap == kNoTrap; ++count) {
    Cell fields[2] = {roots.cells[0], count};
    trap = gc_struct_new(heap(), type(pair_), fields, &roots.cells[0]);
  }
  EXPECT_EQ(trap, kHostError);
  EXPECT_NEAR(static_cast<double>(count), (2 << 20) / 24.0, 100);
  roots.cells = {0};
  new_struct(pair_, {0, 1});
}

TEST_F(GcHeapTest, TheNullCollectorNeverMoves) {
  make_heap({.collector = GcCollector::kNull, .initial_bytes = 64 << 10, .max_bytes = 8 << 20});
  Cell first = new_struct(pair_, {0, 5});
  roots.cells = {first};
  ASSERT_TRUE(heap().collect());
  u64 count = 1;
  Cell fields[2] = {0, 0}, ref = 0;
  while (gc_struct_new(heap(), type(pair_), fields, &ref) == kNoTrap) ++count;
  EXPECT_EQ(roots.cells[0], first);
  EXPECT_EQ(get(pair_, 1, first), 5u);
  EXPECT_NEAR(static_cast<double>(count), (8 << 20) / 24.0, 10);
  EXPECT_EQ(heap().error().message,
            "GC heap out of memory: no capacity for allocation of 24 bytes");
}

TEST_F(GcHeapTest, AHeapMayStartEmpty) {
  make_heap({.initial_bytes = 0});
  EXPECT_EQ(heap().space_bytes(), 0u);
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(get(pair_, 1, new_struct(pair_, {0, 5})), 5u);
}

TEST_F(GcHeapTest, StressCollectsAtEveryNthAllocation) {
  make_heap({.stress_interval = 3});
  for (int i = 0; i < 9; ++i) new_struct(pair_, {0, 1});
  EXPECT_EQ(heap().stats().collections, 3u);
}

TEST_F(GcHeapTest, HostRootsFollowTheirObjectsUntilReleased) {
  make_heap({.stress_interval = 1});
  HostRoots& host = heap().roots();
  GcRoot owned = host.add(new_struct(pair_, {0, 1}));
  GcRoot scoped;
  {
    GcRootScope outer(host);
    scoped = host.add_scoped(new_struct(pair_, {0, 2}));
    {
      GcRootScope inner(host);
      host.add_scoped(new_struct(pair_, {0, 3}));
      EXPECT_EQ(host.count(), 3u);
    }
    EXPECT_EQ(host.count(), 2u);
    EXPECT_EQ(get(pair_, 1, host.get(scoped).value()), 2u);
  }
  EXPECT_FALSE(host.get(scoped));
  GcRoot reused = host.add(0);
  EXPECT_FALSE(host.get(scoped)) << "another root has its place now";
  EXPECT_EQ(get(pair_, 1, host.get(owned).value()), 1u);
  host.remove(owned);
  host.remove(owned);
  host.remove(reused);
  EXPECT_FALSE(host.get(GcRoot{}));
  EXPECT_EQ(host.count(), 0u);
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(heap().used_bytes(), 0u);
}

TEST_F(GcHeapTest, TypesStayAliveWithTheHeap) {
  make_heap();
  u32 id = type(pair_).id;
  registry.release(id);  // the declaration's reference
  EXPECT_EQ(registry.get(id).kind, CompositeKind::kStruct);
  registry.retain(id);
}

}  // namespace
}  // namespace wazuka::gc_test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <map>

#include "fixture.h"

namespace wazuka::gc_test {
namespace {

class GcHostValueTest : public GcTest {
 protected:
  Cell add(u64 value) {
    auto count = [](void* env, u64 v) { ++static_cast<GcHostValueTest*>(env)->finalized_[v]; };
    return heap().host_values().add(value, {count, this});
  }
  std::optional<u64> value(Cell ref) { return heap().host_values().get(ref); }

  u32 box_ = add_struct({field(kExternRef)});
  u32 array_ = add_array(field(kAnyRef));
  std::map<u64, int> finalized_;
};

TEST_F(GcHostValueTest, LivesWhileReferredTo) {
  make_heap();
  roots.cells = {add(1), new_struct(box_, {add(2)}), new_array(array_, add(3), 2)};
  GcRoot root = heap().roots().add(add(4));
  add(5);
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(finalized_, (std::map<u64, int>{{5, 1}}));
  EXPECT_EQ(value(roots.cells[0]), 1u);
  EXPECT_EQ(value(get(box_, 0, roots.cells[1])), 2u);
  EXPECT_EQ(value(at(array_, roots.cells[2], 1)), 3u);
  EXPECT_EQ(value(heap().roots().get(root).value()), 4u);
  heap().roots().remove(root);
  roots.cells.resize(2);
  ASSERT_TRUE(heap().collect());
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(finalized_, (std::map<u64, int>{{3, 1}, {4, 1}, {5, 1}}));
  EXPECT_EQ(heap().host_values().count(), 2u);
}

TEST_F(GcHostValueTest, EachIsFinalisedOnce) {
  make_heap({.stress_interval = 1});
  roots.cells.assign(50, 0);
  for (u64 i = 0; i < 2'000; ++i) {
    Cell& slot = roots.cells[i * 7 % 50];
    slot = add(i);
    if (i % 3 == 0) slot = new_struct(box_, {slot});
  }
  EXPECT_LT(heap().host_values().count(), 60u);
  EXPECT_GT(finalized_.size(), 1'900u);
  make_heap();  // the first heap dies
  EXPECT_EQ(finalized_.size(), 2'000u);
  for (auto [v, times] : finalized_) EXPECT_EQ(times, 1) << v;
}

TEST_F(GcHostValueTest, ReferencesAreDistinctAndChecked) {
  make_heap();
  Cell a = add(7), b = add(7);
  EXPECT_NE(a, b);
  EXPECT_FALSE(value(0));
  EXPECT_FALSE(value(gc_i31(1)));
  EXPECT_FALSE(value(new_struct(box_, {a})));
  EXPECT_FALSE(value(a + 400));
  EXPECT_FALSE(value(a | u64{1} << 32));
}

TEST_F(GcHostValueTest, AsksForACollectionWhenThereAreMany) {
  make_heap();
  u32 n = 0;
  while (!heap().host_values().wants_collection()) add(n++);
  EXPECT_GE(n, 1000u);
  ASSERT_TRUE(heap().collect());
  EXPECT_FALSE(heap().host_values().wants_collection());
  EXPECT_EQ(heap().host_values().count(), 0u);
}

TEST_F(GcHostValueTest, ConversionsKeepTheReference) {
  make_heap();
  // any.convert_extern and extern.convert_any are no operations: what is stored in a field of one
  // family is what comes out as the other.
  Cell host = add(1), object = new_array(array_, gc_i31(1), 1);
  roots.cells = {new_struct(box_, {object}), new_array(array_, host, 1)};
  ASSERT_TRUE(heap().collect());
  EXPECT_TRUE(gc_is_instance(heap(), get(box_, 0, roots.cells[0]), ref(array_)));
  EXPECT_EQ(value(at(array_, roots.cells[1], 0)), 1u);
  EXPECT_EQ(value(get(box_, 0, new_struct(box_, {0}))), std::nullopt) << "null stays null";
}

}  // namespace
}  // namespace wazuka::gc_test

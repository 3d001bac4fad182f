// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whatever the heap holds, a collection ends, stays inside the region, and says that it is corrupt.
#include "fixture.h"

namespace wazuka::gc_test {
namespace {

class GcCorruptionTest : public GcTest {
 protected:
  void expect_corrupt() {
    EXPECT_FALSE(heap().collect());
    EXPECT_EQ(heap().error().message, "GC heap corruption detected");
    Cell fields[2] = {}, ref = 0;
    EXPECT_EQ(gc_struct_new(heap(), type(pair_), fields, &ref), kHostError) << "no more allocation";
  }
  void poke(Cell ref, u32 offset, u32 value) {
    gc_store_u32(vm, static_cast<u32>(ref), offset, value);
  }

  u32 pair_ = add_struct({field(kAnyRef), field(kI64)});
  u32 bytes_ = add_array(packed(StorageType::kI8));
};

TEST_F(GcCorruptionTest, UnknownType) {
  make_heap();
  roots.cells = {new_struct(pair_, {0, 1})};
  poke(roots.cells[0], 0, 0xdeadbeef);
  EXPECT_FALSE(gc_is_instance(heap(), roots.cells[0], ref(pair_)));
  expect_corrupt();
  EXPECT_EQ(roots.cells[0], 0u);
}

TEST_F(GcCorruptionTest, TypeThatTheHeapNeverAllocated) {
  u32 other = add_struct({});
  make_heap();
  roots.cells = {new_struct(pair_, {0, 1})};
  poke(roots.cells[0], 0, id(other));
  expect_corrupt();
}

TEST_F(GcCorruptionTest, KindThatIsNotTheTypes) {
  make_heap();
  roots.cells = {new_struct(pair_, {0, 1})};
  poke(roots.cells[0], 4, gc_meta(GcKind::kArray));
  expect_corrupt();
}

TEST_F(GcCorruptionTest, LengthBeyondTheSpace) {
  make_heap();
  roots.cells = {new_array(bytes_, 1, 100)};
  poke(roots.cells[0], kGcArrayLength, ~0u);
  expect_corrupt();
}

TEST_F(GcCorruptionTest, ReferencesThatLeadNowhere) {
  for (u64 bad : {u64{8}, u64{0xfffffff8}, u64{1} << 32, u64{0x7fff12345678}, u64{20}, u64{2}}) {
    make_heap();
    roots.cells = {new_struct(pair_, {0, 1}), bad};
    expect_corrupt();
    EXPECT_EQ(roots.cells[1], 0u);
    EXPECT_NE(roots.cells[0], 0u) << "the rest stays as it was";
  }
}

TEST_F(GcCorruptionTest, ReferenceBehindTheLastObject) {
  make_heap();
  roots.cells = {new_struct(pair_, {0, 1})};
  roots.cells.push_back(roots.cells[0] + 24);
  expect_corrupt();
}

TEST_F(GcCorruptionTest, ObjectThatSaysItHasMoved) {
  make_heap();
  roots.cells = {new_struct(pair_, {0, 1})};
  poke(roots.cells[0], 4, 0x7ffffff8 | gc_meta(GcKind::kForwarded));
  expect_corrupt();
}

TEST_F(GcCorruptionTest, OverlappingObjectsDoNotOverflowTheOtherHalf) {
  make_heap({.initial_bytes = 128 << 10, .max_bytes = 128 << 10});
  roots.cells = {new_array(bytes_, 0, 60'000)};
  // Fake arrays inside the array, each reaching to its end.
  u32 base = static_cast<u32>(roots.cells[0]) + 16;
  for (u32 at = 0; at < 50'000; at += 16) {
    u32 fake = base + at;
    gc_set_header(vm, fake, {id(bytes_), gc_meta(GcKind::kArray)});
    poke(fake, kGcArrayLength, 60'000 - at - 64);
    roots.cells.push_back(fake);
  }
  expect_corrupt();
}

TEST_F(GcCorruptionTest, RandomDamage) {
  Random random(7);
  u32 refs = add_array(field(kAnyRef));
  for (int round = 0; round < 300; ++round) {
    make_heap({.initial_bytes = 128 << 10});
    roots.cells.assign(8, 0);
    for (u32 i = 0; i < 500; ++i) {
      Cell& slot = roots.cells[random() % 8];
      slot = random() % 2 ? new_struct(pair_, {slot, i}) : new_array(refs, slot, random() % 30);
    }
    u32 used = static_cast<u32>(heap().used_bytes());
    for (int i = 0; i < 20; ++i) {
      u32 at = vm.bump - used + (random() % used & ~3u);
      u32 junk = random();
      gc_store_u32(vm, at, 0, random() % 2 ? junk : junk % 4096);
    }
    heap().collect();  // damage may have hit nothing that lives
    EXPECT_LE(heap().used_bytes(), heap().space_bytes());
    heap().collect();
  }
}

}  // namespace
}  // namespace wazuka::gc_test

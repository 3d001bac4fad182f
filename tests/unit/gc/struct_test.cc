// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fixture.h"

namespace wazuka::gc_test {
namespace {

class GcStructTest : public GcTest {
 protected:
  u32 func_ = add_func({kI32});
  u32 other_func_ = add_func({kI64});
  VMFuncRef f_{nullptr, nullptr, id(func_)}, g_{nullptr, nullptr, id(func_)};
  static Cell cell(VMFuncRef* f) { return reinterpret_cast<Cell>(f); }
};

TEST_F(GcStructTest, PackedFieldsAreWrappedAndExtended) {
  u32 s = add_struct({packed(StorageType::kI8), packed(StorageType::kI16)});
  make_heap();
  Cell ref = new_struct(s, {0xfffff180, 0xffff8001});
  EXPECT_EQ(get(s, 0, ref, true), 0xffffff80u);
  EXPECT_EQ(get(s, 0, ref, false), 0x80u);
  EXPECT_EQ(get(s, 1, ref, true), 0xffff8001u);
  EXPECT_EQ(get(s, 1, ref, false), 0x8001u);
  set(s, 0, ref, 0x17f);
  EXPECT_EQ(get(s, 0, ref, true), 0x7fu);
  EXPECT_EQ(get(s, 1, ref, false), 0x8001u) << "its neighbour is untouched";
}

TEST_F(GcStructTest, AllNumericKindsRoundTrip) {
  u32 s = add_struct({field(kI32), field(kI64), field(kF32), field(kF64), field(kV128)});
  make_heap();
  Cell ref = new_struct(s, {0xdead00000001, ~u64{1}, 0x7fc00001, 0x7ff8000000000001, 3, 4});
  EXPECT_EQ(get(s, 0, ref), 1u) << "the upper half of an i32 cell is not part of it";
  EXPECT_EQ(get(s, 1, ref), ~u64{1});
  EXPECT_EQ(get(s, 2, ref), 0x7fc00001u);
  EXPECT_EQ(get(s, 3, ref), 0x7ff8000000000001u);
  Cell v[2] = {};
  ASSERT_EQ(gc_struct_get(heap(), type(s), 4, ref, false, v), kNoTrap);
  EXPECT_EQ(v[0], 3u);
  EXPECT_EQ(v[1], 4u);
}

TEST_F(GcStructTest, DefaultsAreZeroEvenWhereOtherObjectsWere) {
  u32 s = add_struct({field(kI64), field(kAnyRef), field(kFuncRef), field(kV128)});
  u32 junk = add_array(packed(StorageType::kI8));
  make_heap();
  new_array(junk, 0xff, 10'000);
  ASSERT_TRUE(heap().collect());
  ASSERT_TRUE(heap().collect());  // back in the half with the junk
  Cell ref = 0;
  ASSERT_EQ(gc_struct_new_default(heap(), type(s), nullptr, &ref), kNoTrap);
  for (u32 i = 0; i < 4; ++i) EXPECT_EQ(get(s, i, ref), 0u);
}

TEST_F(GcStructTest, NullTraps) {
  u32 s = add_struct({field(kI32)});
  make_heap();
  Cell v = 9;
  EXPECT_EQ(gc_struct_get(heap(), type(s), 0, 0, false, &v), trap_or(TrapCode::kNullReference));
  EXPECT_EQ(gc_struct_set(heap(), type(s), 0, 0, &v), trap_or(TrapCode::kNullReference));
}

TEST_F(GcStructTest, FunctionReferencesAreStoredAsIds) {
  u32 s = add_struct({field(ref(func_)), field(kFuncRef)});
  make_heap();
  roots.cells = {new_struct(s, {cell(&f_), cell(&g_)})};
  ASSERT_TRUE(heap().collect());
  EXPECT_EQ(get(s, 0, roots.cells[0]), cell(&f_));
  EXPECT_EQ(get(s, 1, roots.cells[0]), cell(&g_));
  EXPECT_EQ(gc_load_u32(vm, static_cast<u32>(roots.cells[0]), 8), 1u);
  set(s, 0, roots.cells[0], 0);
  set(s, 1, roots.cells[0], cell(&f_));
  EXPECT_EQ(get(s, 0, roots.cells[0]), 0u);
  EXPECT_EQ(get(s, 1, roots.cells[0]), cell(&f_));
  EXPECT_EQ(gc_load_u32(vm, static_cast<u32>(roots.cells[0]), 12), 1u) << "one id each";
}

TEST_F(GcStructTest, ACorruptFunctionIdGivesNoPointer) {
  u32 s = add_struct({field(ref(func_))});
  make_heap();
  Cell ref = new_struct(s, {cell(&f_)}), out = 0;
  gc_store_u32(vm, static_cast<u32>(ref), 8, 2);
  EXPECT_EQ(gc_struct_get(heap(), type(s), 0, ref, false, &out), kHostError);
  EXPECT_EQ(heap().error().message, "GC heap corruption detected");
}

TEST_F(GcStructTest, AFunctionIdOfAnotherTypeGivesNoPointer) {
  u32 s = add_struct({field(ref(func_)), field(kFuncRef)});
  make_heap();
  VMFuncRef wrong{nullptr, nullptr, id(other_func_)};
  Cell ref = new_struct(s, {cell(&f_), cell(&wrong)}), out = 0;
  EXPECT_EQ(get(s, 1, ref), cell(&wrong));
  gc_store_u32(vm, static_cast<u32>(ref), 8, 2);
  EXPECT_EQ(gc_struct_get(heap(), type(s), 0, ref, false, &out), kHostError);
}

TEST_F(GcStructTest, ExceptionsKeepTagAndArguments) {
  u32 thrown = add_func({kI64, kAnyRef, ref(func_), kV128, kExnRef});
  u32 box = add_struct({field(kI32)});
  make_heap({.stress_interval = 1});
  VMTag tag{id(thrown)}, other{id(thrown)};
  Cell args[6] = {1, new_struct(box, {33}), cell(&f_), 5, 6, 0};
  Cell e = 0;
  ASSERT_EQ(gc_exn_new(heap(), &tag, args, &e), kNoTrap);
  args[5] = e;
  args[0] = 2;
  Cell outer = 0;
  ASSERT_EQ(gc_exn_new(heap(), &other, args, &outer), kNoTrap);
  roots.cells = {outer};
  ASSERT_TRUE(heap().collect());
  VMTag* found = nullptr;
  ASSERT_EQ(gc_exn_tag(heap(), roots.cells[0], &found), kNoTrap);
  EXPECT_EQ(found, &other);
  Cell got[6] = {};
  ASSERT_EQ(gc_exn_args(heap(), other, roots.cells[0], got), kNoTrap);
  EXPECT_EQ(got[0], 2u);
  EXPECT_EQ(get(box, 0, got[1]), 33u);
  EXPECT_EQ(got[2], cell(&f_));
  EXPECT_EQ(got[3], 5u);
  EXPECT_EQ(got[4], 6u);
  ASSERT_EQ(gc_exn_tag(heap(), got[5], &found), kNoTrap);
  EXPECT_EQ(found, &tag);
  EXPECT_EQ(gc_exn_tag(heap(), 0, &found), trap_or(TrapCode::kNullReference));
}

}  // namespace
}  // namespace wazuka::gc_test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>

#include "fixture.h"
#include "wasm/limits.h"

namespace wazuka::gc_test {
namespace {

class GcCastTest : public GcTest {
 protected:
  bool is(Cell ref, HeapType target) {
    return gc_is_instance(heap(), ref, ValType::ref(target, false));
  }
};

TEST_F(GcCastTest, AbstractTypes) {
  u32 s = add_struct({}), a = add_array(field(kI32)), f = add_func({});
  make_heap();
  VMFuncRef func{nullptr, nullptr, id(f)};
  VMTag tag{id(f)};
  Cell exn = 0;
  ASSERT_EQ(gc_exn_new(heap(), &tag, nullptr, &exn), kNoTrap);
  struct {
    Cell ref;
    std::vector<HeapType::Abstract> instance_of;
  } cases[] = {
      {new_struct(s, {}), {HeapType::kAny, HeapType::kEq, HeapType::kStruct}},
      {new_array(a, 1, 1), {HeapType::kAny, HeapType::kEq, HeapType::kArray}},
      {gc_i31(0), {HeapType::kAny, HeapType::kEq, HeapType::kI31}},
      {gc_i31(~0u), {HeapType::kAny, HeapType::kEq, HeapType::kI31}},
      {heap().host_values().add(1, {}), {HeapType::kAny}},
  };
  for (const auto& c : cases) {
    for (HeapType::Abstract t : {HeapType::kAny, HeapType::kEq, HeapType::kI31, HeapType::kStruct,
                                 HeapType::kArray, HeapType::kNone}) {
      bool expected = std::ranges::find(c.instance_of, t) != c.instance_of.end();
      EXPECT_EQ(is(c.ref, t), expected) << c.ref << " " << t;
    }
    // Converted to the extern family, every one is an extern reference.
    EXPECT_TRUE(is(c.ref, HeapType::kExtern));
    EXPECT_FALSE(is(c.ref, HeapType::kNoExtern));
  }
  EXPECT_TRUE(is(exn, HeapType::kExn));
  EXPECT_FALSE(is(exn, HeapType::kNoExn));
  EXPECT_TRUE(is(reinterpret_cast<Cell>(&func), HeapType::kFunc));
  EXPECT_FALSE(is(reinterpret_cast<Cell>(&func), HeapType::kNoFunc));
}

TEST_F(GcCastTest, NullIsAnInstanceOfNullableTypesOnly) {
  u32 s = add_struct({}), f = add_func({});
  make_heap();
  for (HeapType t : {HeapType(HeapType::kAny), HeapType(HeapType::kNone),
                     HeapType(HeapType::kNoFunc), HeapType::index(id(s)), HeapType::index(id(f))}) {
    EXPECT_TRUE(gc_is_instance(heap(), 0, ValType::ref(t, true)));
    EXPECT_FALSE(gc_is_instance(heap(), 0, ValType::ref(t, false)));
  }
  EXPECT_EQ(gc_ref_cast(heap(), 0, kEqRef), kNoTrap);
  EXPECT_EQ(gc_ref_cast(heap(), 0, ref(s, false)), trap_or(TrapCode::kCastFailure));
}

TEST_F(GcCastTest, DeepHierarchies) {
  std::vector<u32> chain = {add_struct({})};
  std::vector<FieldType> fields;
  while (chain.size() <= limits::kMaxSubtypingDepth) {
    fields.push_back(field(kI32));
    chain.push_back(add_struct(fields, chain.back()));
  }
  u32 branch = add_struct(fields, chain[chain.size() - 2]);
  fields.push_back(field(kI64));
  make_heap();
  for (size_t i = 0; i < chain.size(); ++i) {
    Cell object = new_struct(chain[i], std::vector<Cell>(i));
    for (size_t j = 0; j < chain.size(); ++j) {
      EXPECT_EQ(is(object, HeapType::index(id(chain[j]))), j <= i);
      ValType exact = ValType::ref(HeapType::index(id(chain[j])), false, true);
      EXPECT_EQ(gc_is_instance(heap(), object, exact), j == i);
    }
  }
  // Equal structure and supertype is the same type; anything else is not related.
  EXPECT_EQ(id(branch), id(chain.back()));
  u32 other = add_struct({});
  u32 sibling = add_struct({field(kF32)}, chain[0]);
  EXPECT_EQ(id(other), id(chain[0]));
  Cell object = new_struct(sibling, {0});
  EXPECT_TRUE(is(object, HeapType::index(id(chain[0]))));
  EXPECT_FALSE(is(object, HeapType::index(id(chain[1]))));
  EXPECT_FALSE(is(gc_i31(3), HeapType::index(id(chain[0]))));
  EXPECT_FALSE(is(heap().host_values().add(1, {}), HeapType::index(id(chain[0]))));
}

TEST_F(GcCastTest, Functions) {
  u32 super = add_func({kI32}), sub = add_func({kI32}, super);
  make_heap();
  VMFuncRef f{nullptr, nullptr, id(super)}, g{nullptr, nullptr, id(sub)};
  EXPECT_TRUE(is(reinterpret_cast<Cell>(&g), HeapType::index(id(super))));
  EXPECT_TRUE(is(reinterpret_cast<Cell>(&g), HeapType::index(id(sub))));
  EXPECT_FALSE(is(reinterpret_cast<Cell>(&f), HeapType::index(id(sub))));
}

TEST_F(GcCastTest, Equality) {
  u32 s = add_struct({});
  make_heap();
  Cell a = new_struct(s, {}), b = new_struct(s, {});
  EXPECT_TRUE(gc_ref_eq(a, a));
  EXPECT_FALSE(gc_ref_eq(a, b));
  EXPECT_TRUE(gc_ref_eq(0, 0));
  EXPECT_FALSE(gc_ref_eq(a, 0));
  EXPECT_TRUE(gc_ref_eq(gc_i31(7), gc_i31(7 | 1u << 31))) << "31 bits count";
  EXPECT_FALSE(gc_ref_eq(gc_i31(7), gc_i31(8)));
}

TEST(GcI31, KeepsThirtyOneBits) {
  EXPECT_EQ(gc_i31_get_s(gc_i31(~0u)), ~0u);
  EXPECT_EQ(gc_i31_get_u(gc_i31(~0u)), 0x7fffffffu);
  EXPECT_EQ(gc_i31_get_s(gc_i31(0x40000000)), 0xc0000000u);
  EXPECT_EQ(gc_i31_get_u(gc_i31(0x40000000)), 0x40000000u);
  EXPECT_NE(gc_i31(0), 0u) << "zero is not null";
}

}  // namespace
}  // namespace wazuka::gc_test

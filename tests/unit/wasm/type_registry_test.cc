// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/type_registry.h"

#include <atomic>
#include <gtest/gtest.h>

#include "base/parallel.h"
#include "wasm/module.h"

namespace wazuka {
namespace {

SubType func_type(std::span<const ValType> params) {
  SubType type;
  type.func.params = params;
  return type;
}

SubType struct_type(std::span<const FieldType> fields, u32 super = SubType::kNone) {
  SubType type;
  type.kind = CompositeKind::kStruct;
  type.final = false;
  type.supertype = super;
  type.fields = fields;
  return type;
}

TEST(TypeRegistry, EqualTypesGetOneId) {
  TypeRegistry registry;
  const ValType i32s[] = {kI32, kI32}, i64s[] = {kI64};
  std::vector<SubType> types{func_type(i32s), func_type(i64s), func_type(i32s)};
  std::vector<u32> ids;
  for (u32 i = 0; i < 3; ++i) ASSERT_TRUE(registry.intern(types, {i, 1, false}, ids));
  EXPECT_EQ(ids[0], ids[2]);
  EXPECT_NE(ids[0], ids[1]);
  EXPECT_EQ(registry.intern_func({i64s, {}}), ids[1]);
  EXPECT_EQ(registry.get(ids[1]).func.params[0], kI64);
}

TEST(TypeRegistry, GroupsAreIsoRecursive) {
  TypeRegistry registry;
  // (rec (struct (ref 0))) twice, and once with a companion: the first two are equal.
  FieldType self0{{ValType::ref(HeapType::index(0), true)}, true};
  FieldType self1{{ValType::ref(HeapType::index(1), true)}, true};
  FieldType self2{{ValType::ref(HeapType::index(2), true)}, true};
  std::vector<SubType> types{struct_type({&self0, 1}), struct_type({&self1, 1}),
                             struct_type({&self2, 1}), struct_type({&self2, 1})};
  std::vector<u32> ids;
  ASSERT_TRUE(registry.intern(types, {0, 1, false}, ids));
  ASSERT_TRUE(registry.intern(types, {1, 1, false}, ids));
  ASSERT_TRUE(registry.intern(types, {2, 2, true}, ids));
  EXPECT_EQ(ids[0], ids[1]);
  EXPECT_NE(ids[0], ids[2]);
  EXPECT_EQ(registry.get(ids[1]).fields[0].storage.val,
            ValType::ref(HeapType::index(ids[1]), true));
}

TEST(TypeRegistry, DisplayAnswersSubtyping) {
  TypeRegistry registry;
  std::vector<SubType> types{struct_type({})};
  for (u32 i = 1; i < 20; ++i) types.push_back(struct_type({}, i - 1));
  types.push_back(struct_type({}, 3));  // equal to type 4
  std::vector<u32> ids;
  for (u32 i = 0; i < types.size(); ++i) ASSERT_TRUE(registry.intern(types, {i, 1, false}, ids));
  for (u32 a = 0; a < 20; ++a) {
    for (u32 b = 0; b < 20; ++b) EXPECT_EQ(registry.is_subtype(ids[a], ids[b]), b <= a);
  }
  EXPECT_EQ(ids[20], ids[4]);
}

TEST(TypeRegistry, ReusesIdsOnlyAfterTheLastRelease) {
  TypeRegistry registry;
  const ValType i32s[] = {kI32};
  u32 first = registry.intern_func({i32s, {}});
  EXPECT_EQ(registry.intern_func({i32s, {}}), first);
  registry.release(first);
  const ValType f32s[] = {kF32};
  u32 other = registry.intern_func({f32s, {}});
  EXPECT_NE(other, first);
  EXPECT_EQ(registry.get(first).func.params[0], kI32);
  registry.release(first);
  const ValType f64s[] = {kF64};
  EXPECT_EQ(registry.intern_func({f64s, {}}), first);
}

TEST(TypeRegistry, MentionedGroupsStayAlive) {
  TypeRegistry registry;
  std::vector<SubType> types{struct_type({}), struct_type({}, 0)};
  std::vector<u32> ids;
  ASSERT_TRUE(registry.intern(types, {0, 1, false}, ids));
  ASSERT_TRUE(registry.intern(types, {1, 1, false}, ids));
  registry.release(ids[0]);
  EXPECT_TRUE(registry.is_subtype(ids[1], ids[0]));
  u32 fresh = registry.intern_func({{}, {}});
  EXPECT_NE(fresh, ids[0]);
  registry.release(ids[1]);
}

TEST(TypeRegistry, ReleasesLongChainsWithoutRecursion) {
  TypeRegistry registry;
  constexpr u32 kLength = 200'000;
  std::vector<ValType> params(kLength);
  std::vector<SubType> types{func_type({})};
  for (u32 i = 1; i < kLength; ++i) {
    params[i] = ValType::ref(HeapType::index(i - 1), true);
    types.push_back(func_type({&params[i], 1}));
  }
  std::vector<u32> ids;
  for (u32 i = 0; i < kLength; ++i) ASSERT_TRUE(registry.intern(types, {i, 1, false}, ids));
  for (u32 id : ids) registry.release(id);
  EXPECT_LT(registry.intern_func({{}, {}}), kLength);  // all ids are free again
}

TEST(TypeRegistry, ReadsWhileOthersIntern) {
  TypeRegistry registry;
  std::vector<SubType> types{struct_type({}), struct_type({}, 0)};
  std::vector<u32> ids;
  ASSERT_TRUE(registry.intern(types, {0, 1, false}, ids));
  ASSERT_TRUE(registry.intern(types, {1, 1, false}, ids));
  std::atomic<u32> next = 0, wrong = 0;
  run_parallel(4, [&] {
    u32 me = next.fetch_add(1);
    std::vector<ValType> params(me + 1, kI32);
    for (u32 i = 0; i < 2000; ++i) {
      if (!registry.is_subtype(ids[1], ids[0]) || registry.is_subtype(ids[0], ids[1])) ++wrong;
      params[0] = ValType::ref(HeapType::index(ids[i % 2]), (i & 2) != 0);
      u32 id = registry.intern_func({params, {}});
      if (registry.get(id).func.params.size() != params.size()) ++wrong;
      registry.release(id);
    }
  });
  EXPECT_EQ(wrong.load(), 0u);
}

TEST(TypeRegistry, PlainTypesOfAnyKindAreThoseOfModules) {
  auto registry = std::make_shared<TypeRegistry>();
  const FieldType fields[] = {{{kI32, StorageType::kI8}, true}, {{kI64}, false}};
  SubType type;
  type.kind = CompositeKind::kStruct;
  type.fields = fields;
  const u32 id = registry->intern_type(type);
  std::vector<u32> ids;
  ASSERT_TRUE(registry->intern({&type, 1}, {0, 1, false}, ids));
  EXPECT_EQ(ids[0], id);
  type.kind = CompositeKind::kArray;
  type.fields = std::span(fields).first(1);
  const u32 array = registry->intern_type(type);
  EXPECT_NE(array, id);
  EXPECT_EQ(registry->get(array).element(), fields[0]);
  for (u32 taken : {id, id, array}) registry->release(taken);
}

TEST(TypeRegistry, ModulesGiveTheirTypesBack) {
  auto registry = std::make_shared<TypeRegistry>();
  const ValType i32s[] = {kI32};
  {
    Module module;
    module.registry = registry;
    module.types.push_back(func_type(i32s));
    ASSERT_TRUE(registry->intern(module.types, {0, 1, false}, module.type_ids));
    module.rec_groups.push_back({0, 1, false});
  }
  EXPECT_EQ(registry->intern_func({{}, {}}), 0u);
}

}  // namespace
}  // namespace wazuka

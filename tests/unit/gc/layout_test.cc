// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "fixture.h"

namespace wazuka::gc_test {
namespace {

std::vector<u32> offsets(const GcLayout& layout) {
  std::vector<u32> out;
  for (const GcField& f : layout.fields) out.push_back(f.offset);
  return out;
}

TEST(GcLayout, EmptyStructIsAHeader) {
  Types t;
  u32 s = t.add_struct({});
  GcLayout layout = gc_layout(t.types[s], t.types);
  EXPECT_EQ(layout.kind, GcKind::kStruct);
  EXPECT_EQ(layout.size, 8u);
  EXPECT_EQ(layout.cells, 0u);
}

TEST(GcLayout, FieldsFillTheHolesBeforeThem) {
  Types t;
  u32 s = t.add_struct({packed(StorageType::kI8), field(kI64), packed(StorageType::kI8),
                        field(kAnyRef), packed(StorageType::kI16), field(kV128), field(kFuncRef)});
  GcLayout layout = gc_layout(t.types[s], t.types);
  EXPECT_EQ(offsets(layout), (std::vector<u32>{8, 16, 9, 12, 10, 24, 40}));
  EXPECT_EQ(layout.size, 48u);
  EXPECT_EQ(layout.cells, 8u);
  EXPECT_EQ(layout.fields[6].cell, 7u);
  EXPECT_EQ(layout.fields[6].storage, GcStorage::kFunc);
  EXPECT_EQ(layout.ref_offsets, std::vector<u32>{12});
  EXPECT_EQ(layout.ref_cells, std::vector<u32>{3});
}

TEST(GcLayout, ConcreteReferencesAreOfTheFamilyOfTheirType) {
  Types t;
  u32 f = t.add_func({});
  u32 s = t.add_struct({});
  u32 both = t.add_struct({field(ValType::ref(HeapType::index(f), true)),
                           field(ValType::ref(HeapType::index(s), true)), field(kExternRef)});
  for (const GcLayout& layout :
       {gc_layout(t.types[both], t.types), gc_layout(t.registry.get(t.id(both)), t.registry)}) {
    EXPECT_EQ(layout.fields[0].storage, GcStorage::kFunc);
    EXPECT_EQ(layout.fields[1].storage, GcStorage::kRef);
    EXPECT_EQ(layout.fields[2].storage, GcStorage::kRef);
  }
}

TEST(GcLayout, ArraysAlignWideElements) {
  Types t;
  struct {
    FieldType element;
    u32 first;
    u64 bytes_of_3;
  } cases[] = {{packed(StorageType::kI8), 12, 16},
               {packed(StorageType::kI16), 12, 24},
               {field(kF32), 12, 24},
               {field(kAnyRef), 12, 24},
               {field(kF64), 16, 40},
               {field(kV128), 16, 64}};
  for (const auto& c : cases) {
    GcLayout layout = gc_layout(t.types[t.add_array(c.element)], t.types);
    EXPECT_EQ(layout.kind, GcKind::kArray);
    EXPECT_EQ(layout.element().offset, c.first);
    EXPECT_EQ(layout.size, 16u);
    EXPECT_EQ(layout.array_bytes(3), c.bytes_of_3);
  }
  GcLayout wide = gc_layout(t.types[t.add_array(field(kV128))], t.types);
  EXPECT_EQ(wide.array_bytes(~0u), (u64{1} << 36));
}

TEST(GcLayout, ExceptionsHoldTheirTagFirst) {
  Types t;
  u32 f = t.add_func({kI64, kExternRef, kI32});
  GcLayout layout = gc_layout(t.types[f], t.types);
  EXPECT_EQ(layout.kind, GcKind::kExn);
  EXPECT_EQ(offsets(layout), (std::vector<u32>{16, 12, 24}));
  EXPECT_EQ(layout.size, 32u);
}

FieldType random_field(Random& random) {
  switch (random() % 7) {
    case 0: return packed(StorageType::kI8);
    case 1: return packed(StorageType::kI16);
    case 2: return field(kI32);
    case 3: return field(kF64);
    case 4: return field(kV128);
    case 5: return field(kAnyRef);
    default: return field(kFuncRef);
  }
}

TEST(GcLayout, SubtypesExtendTheirSupertypesAndFieldsDoNotOverlap) {
  Random random(1);
  for (int round = 0; round < 200; ++round) {
    Types t;
    std::vector<FieldType> fields;
    for (u32 i = random() % 12; i > 0; --i) fields.push_back(random_field(random));
    u32 super = t.add_struct(fields);
    for (u32 i = random() % 12; i > 0; --i) fields.push_back(random_field(random));
    u32 sub = t.add_struct(fields, super);
    GcLayout a = gc_layout(t.types[super], t.types), b = gc_layout(t.types[sub], t.types);
    for (size_t i = 0; i < a.fields.size(); ++i) {
      EXPECT_EQ(a.fields[i].offset, b.fields[i].offset);
    }
    std::vector<bool> taken(b.size);
    for (const GcField& f : b.fields) {
      u32 bytes = gc_storage_bytes(f.storage);
      EXPECT_EQ(f.offset % std::min(bytes, kGcAlign), 0u);
      ASSERT_LE(f.offset + bytes, b.size);
      EXPECT_GE(f.offset, sizeof(GcHeader));
      for (u32 i = 0; i < bytes; ++i) {
        EXPECT_FALSE(taken[f.offset + i]);
        taken[f.offset + i] = true;
      }
    }
  }
}

}  // namespace
}  // namespace wazuka::gc_test

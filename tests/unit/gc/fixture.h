// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A heap with hand-made types for tests of the collector: types are declared one by one, each its
// own recursion group (or several as one), and addressed by canonical id.
#pragma once

#include <deque>
#include <gtest/gtest.h>
#include <memory>
#include <random>
#include <string>
#include <vector>

#include "runtime/gc/arrays.h"
#include "runtime/gc/casts.h"
#include "runtime/gc/heap.h"
#include "runtime/gc/objects.h"

namespace wazuka::gc_test {

inline FieldType field(ValType type) {
  return {{type, StorageType::kNotPacked}, true};
}
inline FieldType packed(StorageType::Packed p) {
  return {{kI32, p}, true};
}
inline constexpr ValType kAnyRef = ValType::ref(HeapType::kAny, true);
inline constexpr ValType kEqRef = ValType::ref(HeapType::kEq, true);
inline constexpr ValType kExnRef = ValType::ref(HeapType::kExn, true);

/// Declares types; type indices given and returned are indices of `types`.
class Types {
 public:
  u32 add_struct(std::vector<FieldType> fields, u32 super = SubType::kNone) {
    SubType t;
    t.kind = CompositeKind::kStruct;
    t.final = false;
    t.supertype = super;
    return add(t, std::move(fields));
  }
  u32 add_array(FieldType element) {
    SubType t;
    t.kind = CompositeKind::kArray;
    t.final = false;
    return add(t, {element});
  }
  u32 add_func(std::vector<ValType> params, u32 super = SubType::kNone) {
    SubType t;
    t.final = false;
    t.supertype = super;
    t.func.params = params_.emplace_back(std::move(params));
    return add(t, {});
  }

  u32 id(u32 index) const { return ids[index]; }
  ValType ref(u32 index, bool nullable = true) const {
    return ValType::ref(HeapType::index(ids[index]), nullable);
  }

  TypeRegistry registry;
  std::vector<SubType> types;
  std::vector<u32> ids;

 private:
  u32 add(SubType t, std::vector<FieldType> fields) {
    t.fields = fields_.emplace_back(std::move(fields));
    types.push_back(t);
    u32 index = static_cast<u32>(types.size() - 1);
    EXPECT_TRUE(registry.intern(types, {index, 1, false}, ids));
    return index;
  }

  std::deque<std::vector<FieldType>> fields_;
  std::deque<std::vector<ValType>> params_;
};

/// Pseudo-random numbers, the same in every run.
class Random {
 public:
  explicit Random(u32 seed) : engine_(seed) {}
  u32 operator()() { return static_cast<u32>(engine_()); }

 private:
  std::mt19937 engine_;
};

/// A frame: cells that hold references.
struct Cells final : RootSource {
  std::vector<Cell> cells;
  void visit_roots(RootVisitor& visitor) override { visitor.visit(cells); }
};

class GcTest : public testing::Test, public Types {
 protected:
  void TearDown() override { heap_.reset(); }
  void make_heap(GcOptions options = {}) {
    heap_.reset();
    auto made = GcHeap::create(vm, registry, options);
    ASSERT_TRUE(made) << made.error().message;
    heap_ = *std::move(made);
    heap_->add_root_source(&roots);
  }
  GcHeap& heap() { return *heap_; }
  const GcType& type(u32 index) { return heap_->type(ids[index]); }

  Cell new_struct(u32 index, std::vector<Cell> fields) {
    Cell ref = 0;
    EXPECT_EQ(gc_struct_new(heap(), type(index), fields.data(), &ref), kNoTrap);
    return ref;
  }
  Cell get(u32 index, u32 at, Cell ref, bool sign_extend = false) {
    Cell out[2] = {};
    EXPECT_EQ(gc_struct_get(heap(), type(index), at, ref, sign_extend, out), kNoTrap);
    return out[0];
  }
  void set(u32 index, u32 at, Cell ref, Cell value) {
    EXPECT_EQ(gc_struct_set(heap(), type(index), at, ref, &value), kNoTrap);
  }
  Cell new_array(u32 index, Cell value, u32 length) {
    Cell ref = 0;
    EXPECT_EQ(gc_array_new(heap(), type(index), &value, length, &ref), kNoTrap);
    return ref;
  }
  Cell at(u32 index, Cell ref, u32 i, bool sign_extend = false) {
    Cell out[2] = {};
    EXPECT_EQ(gc_array_get(heap(), type(index), ref, i, sign_extend, out), kNoTrap);
    return out[0];
  }
  void put(u32 index, Cell ref, u32 i, Cell value) {
    EXPECT_EQ(gc_array_set(heap(), type(index), ref, i, &value), kNoTrap);
  }

  VMGcHeap vm;
  Cells roots;

 private:
  std::unique_ptr<GcHeap> heap_;
};

}  // namespace wazuka::gc_test

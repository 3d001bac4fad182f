// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory.h"

#include <cstring>
#include <gtest/gtest.h>
#include <unistd.h>

#include "runtime/table.h"

namespace wazuka {
namespace {

MemoryType pages(u64 min, std::optional<u64> max = {}) {
  MemoryType type;
  type.limits = {min, max};
  return type;
}

std::shared_ptr<Memory> make(const MemoryType& type, u64 max_bytes = ~u64{0}) {
  auto memory = Memory::create(type, Engine(EngineConfig{}), max_bytes);
  EXPECT_TRUE(memory.has_value());
  return *memory;
}

TEST(Memory, GrowsInPlaceAndIsZero) {
  auto memory = make(pages(1));
  u8* base = memory->vm.base;
  base[65535] = 7;
  EXPECT_EQ(memory->grow(3, ~u64{0}), 1u);
  EXPECT_EQ(memory->vm.base, base);
  EXPECT_EQ(memory->vm.size.load(), 4u * 65536);
  EXPECT_EQ(base[65535], 7);
  EXPECT_EQ(base[4 * 65536 - 1], 0);
}

TEST(Memory, GrowStopsAtTheDeclaredMaximum) {
  auto memory = make(pages(1, 2));
  EXPECT_EQ(memory->grow(2, ~u64{0}), Memory::kGrowFailed);
  EXPECT_EQ(memory->grow(1, ~u64{0}), 1u);
  EXPECT_EQ(memory->grow(1, ~u64{0}), Memory::kGrowFailed);
  EXPECT_EQ(memory->grow(0, ~u64{0}), 2u);
}

TEST(Memory, GrowStopsAtTheAddressSpace) {
  auto memory = make(pages(1));
  EXPECT_EQ(memory->grow(65536, ~u64{0}), Memory::kGrowFailed);
  EXPECT_EQ(memory->grow(~u64{0}, ~u64{0}), Memory::kGrowFailed);
  EXPECT_EQ(memory->grow(65535, ~u64{0}), 1u);
  EXPECT_EQ(memory->vm.size.load(), u64{1} << 32);
}

TEST(Memory, TheEmbeddersLimitHolds) {
  auto memory = make(pages(1), 2 * 65536);
  EXPECT_EQ(memory->grow(1, 2 * 65536), 1u);
  EXPECT_EQ(memory->grow(1, 2 * 65536), Memory::kGrowFailed);
  auto refused = Memory::create(pages(3), Engine(EngineConfig{}), 2 * 65536);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "memory minimum size of 3 pages exceeds memory limits");
}

TEST(Memory, HugeMinimumOfA64BitMemoryIsAnError) {
  MemoryType type = pages(u64{1} << 48);
  type.address = AddressType::kI64;
  auto refused = Memory::create(type, Engine(EngineConfig{}), ~u64{0});
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message,
            "memory minimum size of 281474976710656 pages exceeds memory limits");
}

/// Whether the host may read a byte there: a system call says so without a fault.
bool is_readable(const u8* at) {
  int ends[2];
  if (::pipe(ends) != 0) return false;
  const bool readable = ::write(ends[1], at, 1) == 1;
  ::close(ends[0]);
  ::close(ends[1]);
  return readable;
}

// A memory that follows another one finds nothing of it: neither its bytes nor its size.
TEST(Memory, SpacesAreUsedAgainAndEmpty) {
  const Engine engine{EngineConfig{}};
  if (!engine.guards_memories()) GTEST_SKIP() << "no guards on this host";
  u8* base = nullptr;
  {
    auto memory = Memory::create(pages(1, 10), engine, ~u64{0});
    ASSERT_TRUE(memory.has_value());
    base = (*memory)->vm.base;
    ASSERT_EQ((*memory)->grow(4, ~u64{0}), 1u);
    std::memset(base, 0x5a, 5 * 65536);
  }
  auto memory = Memory::create(pages(2, 10), engine, ~u64{0});
  ASSERT_TRUE(memory.has_value());
  EXPECT_EQ((*memory)->vm.base, base);
  EXPECT_EQ((*memory)->size_in_pages(), 2u);
  EXPECT_EQ(base[0], 0);
  EXPECT_EQ(base[2 * 65536 - 1], 0);
  EXPECT_TRUE(is_readable(base + 2 * 65536 - 1));
  EXPECT_FALSE(is_readable(base + 2 * 65536));
  EXPECT_EQ((*memory)->grow(3, ~u64{0}), 2u);
  EXPECT_EQ(base[5 * 65536 - 1], 0);
  EXPECT_FALSE(is_readable(base + 5 * 65536));
  // Two at a time have two spaces; one of no pages has nothing accessible.
  auto other = Memory::create(pages(1, 1), engine, ~u64{0});
  EXPECT_NE((*other)->vm.base, base);
  memory->reset();
  auto empty = Memory::create(pages(0, 1), engine, ~u64{0});
  EXPECT_EQ((*empty)->vm.base, base);
  EXPECT_FALSE(is_readable(base));
}

TEST(Memory, PagesOfOneByte) {
  MemoryType type = pages(10, 20);
  type.page_size_log2 = 0;
  auto memory = make(type);
  EXPECT_EQ(memory->vm.size.load(), 10u);
  EXPECT_EQ(memory->grow(10, ~u64{0}), 10u);
  EXPECT_EQ(memory->grow(1, ~u64{0}), Memory::kGrowFailed);
}

TEST(Table, GrowsAndKeepsItsElements) {
  TableType type;
  type.element = kFuncRef;
  type.limits = {2, 5};
  auto table = Table::create(type, ~u64{0});
  ASSERT_TRUE(table.has_value());
  Table& t = **table;
  EXPECT_EQ(t.vm.elements[1], 0u);
  t.vm.elements[1] = 42;
  EXPECT_EQ(t.grow(3, 7, ~u64{0}), 2u);
  EXPECT_EQ(t.vm.elements[1], 42u);
  EXPECT_EQ(t.vm.elements[4], 7u);
  EXPECT_EQ(t.grow(1, 7, ~u64{0}), Table::kGrowFailed);
  EXPECT_EQ(t.grow(0, 7, ~u64{0}), 5u);
}

TEST(Table, SizesThatCannotBeAreErrors) {
  TableType type;
  type.element = kFuncRef;
  type.address = AddressType::kI64;
  type.limits = {~u64{0}, {}};
  EXPECT_FALSE(Table::create(type, ~u64{0}).has_value());
  type.limits = {100, {}};
  auto refused = Table::create(type, 99);
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().message, "table minimum size of 100 elements exceeds table limits");
}

}  // namespace
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/regalloc/interval_map.h"

#include <gtest/gtest.h>
#include <map>

#include "unit/opt/regalloc/program.h"

namespace wazuka::regalloc {
namespace {

using Model = std::map<u32, IntervalMap::Entry>;

std::vector<u32> owners(const IntervalMap& map, u32 from) {
  std::vector<u32> all;
  IntervalMap::Cursor cursor = map.cursor();
  for (cursor.seek(from); cursor.get() != nullptr; cursor.next()) {
    all.push_back(cursor.get()->owner);
  }
  return all;
}

std::vector<u32> owners(const Model& model, u32 from) {
  std::vector<u32> all;
  for (const auto& [first, entry] : model) {
    if (entry.to > from) all.push_back(entry.owner);
  }
  return all;
}

bool overlaps(const Model& model, u32 from, u32 to) {
  auto after = model.lower_bound(to);
  return after != model.begin() && std::prev(after)->second.to > from;
}

// In ascending order, as reservations are made, and at random, as bundles are placed.
TEST(RegallocIntervalMap, IsLikeAnOrderedMap) {
  test::Choices choices(1);
  IntervalMap map;
  Model model;
  u32 owner = 0;
  for (u32 n = 0; n < 1000; ++n) {
    u32 from = n * 20 + choices.below(5);
    map.insert(from, from + 3, owner);
    model[from] = {from, from + 3, owner++};
  }
  for (u32 n = 0; n < 20'000; ++n) {
    u32 from = choices.below(20'000);
    if (choices.one_in(3)) {
      auto found = model.lower_bound(from);
      if (found == model.end()) continue;
      map.erase(found->first);
      model.erase(found);
    } else {
      u32 to = from + 1 + choices.below(8);
      if (overlaps(model, from, to)) continue;
      map.insert(from, to, owner);
      model[from] = {from, to, owner++};
    }
    if (n % 500 == 0) {
      u32 point = choices.below(20'000);
      ASSERT_EQ(owners(map, point), owners(model, point));
    }
  }
  EXPECT_EQ(owners(map, 0), owners(model, 0));
  while (!model.empty()) {
    map.erase(model.begin()->first);
    model.erase(model.begin());
  }
  EXPECT_TRUE(map.empty());
}

TEST(RegallocIntervalMap, CursorsOnlyGoForward) {
  IntervalMap map;
  for (u32 n = 0; n < 300; ++n) map.insert(10 * n, 10 * n + 5, n);
  IntervalMap::Cursor cursor = map.cursor();
  for (u32 n = 0; n < 300; n += 7) {
    cursor.seek(10 * n + 4);
    ASSERT_NE(cursor.get(), nullptr);
    EXPECT_EQ(cursor.get()->owner, n);
    cursor.seek(10 * n + 5);
    if (n == 299) break;
    EXPECT_EQ(cursor.get()->owner, n + 1);
  }
  cursor.seek(3000);
  EXPECT_EQ(cursor.get(), nullptr);
}

}  // namespace
}  // namespace wazuka::regalloc

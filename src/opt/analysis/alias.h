// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What instructions read and write, in terms of regions (ir/regions.def).
#pragma once

#include "opt/ir/graph.h"

namespace wazuka::opt {

/// A set of regions, whatever their index.
using RegionSet = u32;
constexpr RegionSet region_bit(Region r) {
  return RegionSet{1} << static_cast<u32>(r);
}
inline constexpr RegionSet kNoRegions = 0;
/// All that anything writes while functions run.
inline constexpr RegionSet kMutableRegions =
    ~(region_bit(Region::kReadonly) | region_bit(Region::kHeader) | region_bit(Region::kFuncRef) |
      region_bit(Region::kHeapBase));

/// One place, or many.
struct Effects {
  RegionSet reads = kNoRegions, writes = kNoRegions;
  bool exact = false;  // one access: of its region, with this index only
  u32 index = 0;
  bool traps = false;  // may end the function
};

Effects effects_of(const Graph& g, Value v);

/// Whether a builtin may move objects.
bool may_collect(Builtin b);

/// Whether the two may be executed in the opposite order: they touch no common place that one of
/// them writes, and not both trap, and none traps that the other's writes could be seen after.
bool commute(const Effects& a, const Effects& b);

/// Whether a load can be executed at its user instead: the user is in the same block, and nothing
/// between prevents it. The caller sees to it that there is no other user.
bool can_sink_load(const Graph& g, Value load, Value user);

}  // namespace wazuka::opt

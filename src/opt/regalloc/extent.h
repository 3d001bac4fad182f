// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// How far a hole reaches: from a conflict outwards to where it costs least to leave and to enter a
// register. The cost is that of all edges that lead into the hole or out of it, not only of its two
// ends in layout order: a hole that begins in front of a loop and ends in an unlikely block of it
// would be left on the likely path, each time.
#pragma once

#include "opt/regalloc/state.h"

namespace wazuka::regalloc {

inline constexpr float kLeaveCost =
    0.5f;  // for each execution; stores are mostly made once for all
inline constexpr float kEnterCost = 1.0f;

/// The points [from, to).
struct Span {
  Point from, to;
  bool none() const { return from >= to; }
};

class HoleExtender {
 public:
  HoleExtender(const State& s, const Bundle& bundle) : s_(s), bundle_(bundle) {}

  /// The range is one of the bundle's; low and high are what the hole must not go beyond, conflict
  /// is what it must have in it, all within the range.
  Span extend(const LiveRange& range, Point low, Span conflict, Point high);
  /// Whether two conflicts between which nothing is used are better in one hole.
  bool better_together(const LiveRange& range, Span first, Span second);
  /// What is saved if a hole reaches on to a point and is not left in front of it.
  float saved_by_growing(const LiveRange& range, Span hole, Point to);

  u64 steps() const { return steps_; }

 private:
  // Blocks, with the start of the first one and the end of the last one or without.
  struct Extent {
    Block first, last;
    bool from_start = false, to_end = false;
    bool has_start(Block b) const { return first <= b && b <= last && (b > first || from_start); }
    bool has_end(Block b) const { return first <= b && b <= last && (b < last || to_end); }
  };
  static constexpr u32 kMostBlocks = 32;  // to look at in each direction
  // Growing ends when it costs so many times more than the conflict alone.
  static constexpr float kHopeless = 6;

  float frequency(Block b) const { return s_.block_info(b).frequency; }
  bool live_at_start(Block b) const;
  // What the cost changes by when the start (end) of a block comes to the extent, whose other ends
  // are as given.
  float add_start(const Extent& e, Block b);
  float add_end(const Extent& e, Block b);
  float grow_left(Extent& e);
  float grow_right(Extent& e);
  void grow_to_loops(Extent& e, Point low, Point high) const;
  void grow_left_to_best(Extent& e, Block limit, bool to_start);
  void grow_right_to_best(Extent& e, Block limit, bool to_end);

  const State& s_;
  const Bundle& bundle_;
  const LiveRange* range_ = nullptr;  // that is asked about
  float hopeless_ = 0;
  u64 steps_ = 0;
};

}  // namespace wazuka::regalloc

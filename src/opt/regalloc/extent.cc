// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/regalloc/extent.h"

#include <algorithm>

namespace wazuka::regalloc {

bool HoleExtender::live_at_start(Block b) const {
  Point p = s_.block_from(b);
  // Mostly blocks of the same range.
  if (range_->from <= p && p < range_->to) return true;
  if (bundle_.ranges.count == 1) return false;
  auto begin = s_.ranges.begin() + bundle_.ranges.first;
  auto end = s_.ranges.begin() + bundle_.ranges.end();
  auto range = std::partition_point(begin, end, [&](const LiveRange& r) { return r.to <= p; });
  return range != end && range->from <= p && range->vreg == range_->vreg;
}

float HoleExtender::add_start(const Extent& e, Block b) {
  float change = 0;
  Range preds = s_.block_info(b).preds;
  steps_ += preds.count;
  for (Block p : s_.f.preds.subspan(preds.first, preds.count)) {
    float f = std::min(frequency(p), frequency(b));
    change += e.has_end(p) ? -kEnterCost * f : kLeaveCost * f;
  }
  return change;
}

float HoleExtender::add_end(const Extent& e, Block b) {
  float change = 0;
  Range succs = s_.block_info(b).succs;
  steps_ += succs.count;
  for (const Edge& edge : s_.f.edges.subspan(succs.first, succs.count)) {
    float f = std::min(frequency(b), frequency(edge.to));
    if (e.has_start(edge.to)) {
      change -= kLeaveCost * f;
    } else if (live_at_start(edge.to)) {
      change += kEnterCost * f;
    }
  }
  return change;
}

// The block before is cut instead of the first one.
float HoleExtender::grow_left(Extent& e) {
  float change = 0;
  if (!e.from_start) {
    change += add_start(e, e.first) - kLeaveCost * frequency(e.first);
    e.from_start = true;
  }
  Extent grown = e;
  --grown.first;
  grown.from_start = false;
  change += add_end(e, grown.first) + kLeaveCost * frequency(grown.first);
  e = grown;
  return change;
}

float HoleExtender::grow_right(Extent& e) {
  float change = 0;
  if (!e.to_end) {
    change += add_end(e, e.last) - kEnterCost * frequency(e.last);
    e.to_end = true;
  }
  Extent grown = e;
  ++grown.last;
  grown.to_end = false;
  change += add_start(e, grown.last) + kEnterCost * frequency(grown.last);
  e = grown;
  return change;
}

// Loops in which nothing is used are left to the hole as a whole: its ends cannot get out of them
// one by one.
void HoleExtender::grow_to_loops(Extent& e, Point low, Point high) const {
  Block at =
      s_.block_info(e.first).loop_depth < s_.block_info(e.last).loop_depth ? e.first : e.last;
  while (s_.block_info(at).loop_depth > 0) {
    Block begin = s_.loop_begin[at];
    Block end = s_.loop_end[at];
    if (s_.block_from(begin) < low || s_.block_to(end - 1) > high) return;
    if (begin <= e.first && e.last < end) e = {begin, end - 1, true, true};
    if (begin == 0 || end == s_.f.blocks.size()) return;
    bool left = s_.block_info(begin - 1).loop_depth > s_.block_info(end).loop_depth;
    at = left ? begin - 1 : end;
  }
}

void HoleExtender::grow_left_to_best(Extent& e, Block limit, bool to_start) {
  float change = 0;
  float best = 0;
  Extent at = e;
  for (u32 n = 0; n < kMostBlocks && at.first > limit && change <= hopeless_; ++n) {
    change += grow_left(at);
    if (change > best) continue;
    best = change;
    e = at;
  }
  if (at.first != limit || at.from_start || !to_start) return;
  change += add_start(at, at.first) - kLeaveCost * frequency(at.first);
  at.from_start = true;
  if (change <= best) e = at;
}

void HoleExtender::grow_right_to_best(Extent& e, Block limit, bool to_end) {
  float change = 0;
  float best = 0;
  Extent at = e;
  for (u32 n = 0; n < kMostBlocks && at.last < limit && change <= hopeless_; ++n) {
    change += grow_right(at);
    if (change > best) continue;
    best = change;
    e = at;
  }
  if (at.last != limit || at.to_end || !to_end) return;
  change += add_end(at, at.last) - kEnterCost * frequency(at.last);
  at.to_end = true;
  if (change <= best) e = at;
}

Span HoleExtender::extend(const LiveRange& range, Point low, Span conflict, Point high) {
  range_ = &range;
  if (conflict.none()) return conflict;
  Extent e{s_.block_at(conflict.from), s_.block_at(conflict.to - 1)};
  Block first = s_.block_at(low);
  Block last = s_.block_at(high - 1);
  // Where the range begins or ends with a block, the hole may, too.
  bool to_start = low == s_.block_from(first);
  bool to_end = high == s_.block_to(last);
  if (conflict.from == s_.block_from(e.first)) e.from_start = true;
  if (conflict.to == s_.block_to(e.last)) e.to_end = true;
  hopeless_ = kHopeless * std::max(frequency(e.first), frequency(e.last));
  grow_to_loops(e, low, high);
  grow_left_to_best(e, first, to_start);
  grow_right_to_best(e, last, to_end);
  Span hole{s_.block_from(e.first), s_.block_to(e.last)};
  if (!e.from_start) {
    hole.from = e.first == first ? low : early(s_.block_info(e.first).insts.first);
  }
  if (!e.to_end) hole.to = e.last == last ? high : early(s_.terminator(e.last));
  return {std::max(low, std::min(hole.from, conflict.from)),
          std::min(high, std::max(hole.to, conflict.to))};
}

bool HoleExtender::better_together(const LiveRange& range, Span first, Span second) {
  range_ = &range;
  Extent e{s_.block_at(first.from), s_.block_at(first.to - 1)};
  Block next = s_.block_at(second.from);
  if (next <= e.last || next - e.last > kMostBlocks) return true;
  float change = 0;
  while (e.last < next) change += grow_right(e);
  return change <= (kLeaveCost + kEnterCost) * frequency(next);
}

float HoleExtender::saved_by_growing(const LiveRange& range, Span hole, Point to) {
  range_ = &range;
  Extent e{s_.block_at(hole.from), s_.block_at(hole.to - 1)};
  e.from_start = hole.from == s_.block_from(e.first);
  Block target = s_.block_at(to - 1);
  if (target > e.last + kMostBlocks) return 0;
  float change = 0;
  while (e.last < target) change += grow_right(e);
  return kEnterCost * frequency(e.last) - change;
}

}  // namespace wazuka::regalloc

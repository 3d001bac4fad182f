// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/regalloc/places.h"

#include <algorithm>
#include <cassert>
#include <queue>

namespace wazuka::regalloc {

Places::Places(const State& s) {
  size_t vregs = s.vregs.size();
  first_.assign(vregs + 1, 0);
  count_.assign(vregs, 0);
  auto for_each = [&](auto&& visit) {
    for (const Bundle& bundle : s.bundles) {
      if (bundle.split) continue;
      assert(bundle.spilled || bundle.reg != kNoReg);
      for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r)
        visit(s.ranges[r], bundle.reg);
    }
  };
  for_each([&](const LiveRange& range, PReg) { ++first_[range.vreg + 1]; });
  for (size_t v = 0; v < vregs; ++v) first_[v + 1] += first_[v];
  pieces_.resize(first_[vregs]);
  for_each([&](const LiveRange& range, PReg reg) {
    u32 at = first_[range.vreg] + count_[range.vreg]++;
    pieces_[at] = {range.from, range.to, reg};
  });
  for (VReg v = 0; v < vregs; ++v) {
    if (count_[v] > 1) join(v);
  }
}

// Sorts; what follows without a gap in the same place is one piece.
void Places::join(VReg v) {
  auto begin = pieces_.begin() + first_[v];
  auto end = begin + count_[v];
  std::sort(begin, end, [](const Piece& a, const Piece& b) { return a.from < b.from; });
  auto out = begin;
  for (auto in = begin + 1; in != end; ++in) {
    if (in->from == out->to && in->reg == out->reg) {
      out->to = in->to;
    } else {
      *++out = *in;
    }
  }
  count_[v] = static_cast<u32>(out + 1 - begin);
}

const Piece* Places::find(VReg v, Point p) const {
  std::span<const Piece> pieces = of(v);
  if (pieces.size() <= 1) {
    return !pieces.empty() && pieces[0].from <= p && p < pieces[0].to ? &pieces[0] : nullptr;
  }
  auto after = std::partition_point(pieces.begin(), pieces.end(),
                                    [&](const Piece& piece) { return piece.from <= p; });
  bool inside = after != pieces.begin() && p < after[-1].to;
  return inside ? &after[-1] : nullptr;
}

u32 SlotColouring::add(Point from, Point to, RegClass reg_class) {
  slots_.push_back({from, to, reg_class == RegClass::kVector});
  return static_cast<u32>(slots_.size() - 1);
}

void SlotColouring::run() {
  run(/*wide=*/true);
  run(/*wide=*/false);
}

// In the order of beginnings, each takes the slot that has been free for the shortest time.
void SlotColouring::run(bool wide) {
  std::vector<u32> order;
  for (u32 n = 0; n < slots_.size(); ++n) {
    if (slots_[n].wide == wide) order.push_back(n);
  }
  std::sort(order.begin(), order.end(), [&](u32 a, u32 b) {
    return slots_[a].from != slots_[b].from ? slots_[a].from < slots_[b].from : a < b;
  });
  using Active = std::pair<Point, u32>;  // the end, the unit
  std::priority_queue<Active, std::vector<Active>, std::greater<>> active;
  std::vector<u32> free;
  u32& units = wide ? wide_units_ : narrow_units_;
  for (u32 n : order) {
    for (; !active.empty() && active.top().first <= slots_[n].from; active.pop()) {
      free.push_back(active.top().second);
    }
    if (free.empty()) {
      free.push_back(units);
      units += wide ? 2 : 1;
    }
    slots_[n].unit = free.back();
    free.pop_back();
    active.emplace(slots_[n].to, slots_[n].unit);
  }
}

}  // namespace wazuka::regalloc

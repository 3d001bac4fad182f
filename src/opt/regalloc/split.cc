// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Splitting. A bundle that gets no register as a whole loses parts ("holes"): those where it
// conflicts with something, extended to the cheapest places to leave and to enter a register. Cheap
// is what is executed rarely; among equals, holes are as large as they can be without reaching an
// occurrence. What is left goes on as one bundle, so that it is in one register before and after a
// hole: a path around a call in an unlikely block has no moves.
//
//   - Around instructions that clobber all registers: they are the conflicts.
//   - Around loops: occurrences in the deepest loops are parted from the rest.
//   - For a register: what is in it already are the conflicts; the register is chosen where most is
//     gained.
//   - If nothing is gained, each occurrence that needs a register becomes a bundle, all else is in
//   a
//     slot.
//
// Each split makes bundles with fewer occurrences, or ends with minimal ones, so that it comes to
// an end.
#include <algorithm>

#include "opt/regalloc/assigner.h"

namespace wazuka::regalloc {
namespace {

constexpr u32 kMostConflicts = 64;  // with what is in a register
constexpr u32 kMostSpans = 16;      // of conflicts between two occurrences; more are taken together
// Of sums of weights: smaller differences are none.
constexpr float kRounding = 1e-4f;
// How much more the parts in loops must weigh than the whole.
constexpr float kLoopGain = 1.2f;

// Instructions that clobber all registers.
class Clobbers {
 public:
  Clobbers(const State& s, Bank bank)
      : s_(s),
        insts_(s.full_clobbers[static_cast<u32>(bank)]),
        next_(s.next_full_clobber[static_cast<u32>(bank)]) {}

  void set_vreg(VReg) {}
  // Visits those that intersect [from, to). Of many in a row, the last ones as one.
  template <class Visit>
  bool find(Point from, Point to, Visit visit) {
    u32 first = next_[inst_of(from)];
    if (first < insts_.size() && end(insts_[first]) <= from) ++first;
    if (first >= insts_.size() || late(insts_[first]) >= to) return false;
    // The first after; an instruction that is cut by `to` is one of those before.
    u32 last = next_[inst_of(to)];
    if (last < insts_.size() && late(insts_[last]) < to) ++last;
    auto at = insts_.begin() + first;
    auto after = insts_.begin() + last;
    for (u32 n = 1; n < kMostSpans && at != after; ++n, ++at) visit(late(*at), end(*at));
    if (at != after) visit(late(*at), end(after[-1]));
    return true;
  }
  bool too_many() const { return false; }

 private:
  Point end(Inst i) const { return s_.is_terminator(i) ? pre(i + 1) : post(i); }
  const State& s_;
  const std::vector<Inst>& insts_;
  const std::vector<u32>& next_;
};

// What is in a register.
class Occupants {
 public:
  explicit Occupants(const IntervalMap& map) : cursor_(map.cursor()) {}

  void set_vreg(VReg v) { own_ = kReserved | v; }
  template <class Visit>
  bool find(Point from, Point to, Visit visit) {
    cursor_.seek(from);  // it is asked in ascending order
    IntervalMap::Cursor at = cursor_;
    bool found = false;
    for (; at.get() != nullptr && at.get()->from < to; at.next()) {
      if (++steps_ > kMostConflicts) return found;
      const IntervalMap::Entry& entry = *at.get();
      if (entry.owner == own_) continue;
      found = true;
      visit(entry.from, entry.to);
    }
    return found;
  }
  bool too_many() const { return steps_ > kMostConflicts; }

 private:
  IntervalMap::Cursor cursor_;
  u32 own_ = kNone;
  u32 steps_ = 0;
};

}  // namespace

// ---- where to cut ----

Point Assigner::cut_from(Point p) const {
  Inst i = inst_of(p);
  switch (p & 3) {
    case 0: return s_.block_from(s_.block_at(p)) == p ? p : p - 1;
    case 1: return p;
    case 2: return early(i);
    default: return s_.is_terminator(i) ? early(i) : p;
  }
}

Point Assigner::cut_to(Point p) const {
  Inst i = inst_of(p);
  switch (p & 3) {
    case 0: {
      bool border = i == s_.f.insts.size() || s_.block_from(s_.block_at(p)) == p;
      return border ? p : early(i);
    }
    case 1: return p;
    default: return s_.is_terminator(i) ? pre(i + 1) : post(i);
  }
}

// ---- holes ----

// Conflicts come in ascending order, but what is between two occurrences may be looked at twice.
void Assigner::add_span(Point from, Point to) {
  Span span{cut_from(from), cut_to(to)};
  if (spans_.empty() || spans_.back().to < span.from) {
    spans_.push_back(span);
  } else {
    spans_.back().to = std::max(spans_.back().to, span.to);
  }
}

void Assigner::add_holes(u32 index, Point low, Point high, HoleExtender& extender,
                         std::vector<Hole>& holes) {
  const LiveRange range = s_.ranges[index];
  size_t count = 0;
  for (Span span : spans_) {
    span = {std::max(span.from, range.from), std::min(span.to, range.to)};
    if (count > 0 && extender.better_together(range, spans_[count - 1], span)) {
      spans_[count - 1].to = span.to;
    } else {
      spans_[count++] = span;
    }
  }
  for (size_t n = 0; n < count; ++n) {
    Point end = n + 1 < count ? spans_[n + 1].from : high;
    low = std::min(low, spans_[n].from);
    Span hole = extender.extend(range, low, spans_[n], std::max(end, spans_[n].to));
    low = hole.to;
    if (!holes.empty() && holes.back().range == index && holes.back().to >= hole.from) {
      holes.back().to = hole.to;
    } else {
      holes.push_back({index, hole.from, hole.to});
    }
  }
  spans_.clear();
}

template <class Conflicts>
void Assigner::find_range_holes(u32 index, Conflicts& conflicts, HoleExtender& extender,
                                std::vector<Hole>& holes) {
  const LiveRange range = s_.ranges[index];
  conflicts.set_vreg(range.vreg);
  spans_.clear();
  Point low = range.from;  // the end of the last occurrence that stays
  Point at = range.from;   // looked at up to here
  auto look = [&](Point from, Point to) {
    if (from >= to) return false;
    return conflicts.find(from, to, [&](Point first, Point last) { add_span(first, last); });
  };
  for (u32 n = range.uses.first; n < range.uses.end(); ++n) {
    const Use& use = s_.uses[n];
    Point from = std::max(cut_from(use.from), range.from);
    Point to = std::min(cut_to(use.to), range.to);
    look(at, from);
    at = std::max(at, to);
    if (look(from, to)) continue;
    // It stays, unless one of the same instruction does not.
    if (!spans_.empty() && from < std::min(spans_.back().to, range.to)) continue;
    if (!spans_.empty()) add_holes(index, low, from, extender, holes);
    low = std::max(low, to);
  }
  look(at, range.to);
  if (!spans_.empty()) add_holes(index, low, range.to, extender, holes);
}

template <class Conflicts>
void Assigner::find_holes(const Bundle& bundle, Conflicts conflicts, std::vector<Hole>& holes) {
  holes.clear();
  HoleExtender extender(s_, bundle);
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end() && !conflicts.too_many(); ++r) {
    charge_split(1 + s_.ranges[r].uses.count);
    find_range_holes(r, conflicts, extender, holes);
  }
  charge_split(extender.steps());
  if (conflicts.too_many()) holes.clear();
}

LiveRange Assigner::slice(const LiveRange& range, Point from, Point to) const {
  auto begin = s_.uses.begin() + range.uses.first;
  auto end = s_.uses.begin() + range.uses.end();
  auto first = std::partition_point(begin, end, [&](const Use& u) { return u.from < from; });
  auto last = std::partition_point(first, end, [&](const Use& u) { return u.from < to; });
  return {from,
          to,
          range.vreg,
          {static_cast<u32>(first - s_.uses.begin()), static_cast<u32>(last - first)}};
}

float Assigner::saved_by(const LiveRange& part) const {
  float saved = 0;
  for (u32 n = part.uses.first; n < part.uses.end(); ++n) saved += s_.uses[n].weight;
  return saved;
}

// Parts after a hole whose occurrences save no more than it costs to enter a register become part
// of the hole.
void Assigner::drop_useless_parts(HoleExtender& extender, std::vector<Hole>& holes) {
  auto useless = [&](const Hole& hole, Point end) {
    if (hole.to >= end) return true;
    const LiveRange& range = s_.ranges[hole.range];
    float saved = saved_by(slice(range, hole.to, end));
    return saved <= extender.saved_by_growing(range, {hole.from, hole.to}, end);
  };
  size_t kept = 0;
  for (size_t n = 0; n < holes.size(); ++n) {
    Hole hole = holes[n];
    bool last = n + 1 == holes.size() || holes[n + 1].range != hole.range;
    Point end = s_.ranges[hole.range].to;
    // Where a range ends with a block, it mostly goes on elsewhere.
    if (last && (end & 3) != 0 && useless(hole, end)) hole.to = end;
    bool joins = kept > 0 && holes[kept - 1].range == hole.range;
    if (joins && useless(holes[kept - 1], hole.from)) {
      holes[kept - 1].to = hole.to;
    } else {
      holes[kept++] = hole;
    }
  }
  holes.resize(kept);
}

// ---- making bundles ----

u32 Assigner::make_bundle(u32 web, std::vector<LiveRange>& ranges) {
  if (ranges.empty()) return kNone;
  Bundle bundle;
  bundle.web = web;
  bundle.ranges = {static_cast<u32>(s_.ranges.size()), static_cast<u32>(ranges.size())};
  s_.ranges.insert(s_.ranges.end(), ranges.begin(), ranges.end());
  ranges.clear();
  weigh(s_, bundle);
  u32 number = static_cast<u32>(s_.bundles.size());
  s_.bundles.push_back(bundle);
  if (bundle.total == 0 && !bundle.needs_register) {
    spill(number);
  } else {
    enqueue(number);
  }
  return number;
}

// Replaces a bundle by what is left without the holes, which is returned (or kNone), and bundles of
// the holes. Holes are in order; those with nothing of the rest between them go together.
u32 Assigner::carve(u32 b, const std::vector<Hole>& holes, HoleUses hole_uses) {
  Range ranges = s_.bundles[b].ranges;
  web_ = s_.bundles[b].web;
  s_.bundles[b].split = true;
  ++s_.stats.splits;
  kept_.clear();
  part_.clear();
  size_t next = 0;
  for (u32 r = ranges.first; r < ranges.end(); ++r) {
    const LiveRange range = s_.ranges[r];
    charge_split(1 + range.uses.count);
    Point at = range.from;
    auto keep = [&](Point to) {
      if (at >= to) return;
      make_bundle(web_, part_);
      kept_.push_back(slice(range, at, to));
    };
    for (; next < holes.size() && holes[next].range == r; ++next) {
      const Hole& hole = holes[next];
      keep(hole.from);
      if (hole.from < hole.to) carve_hole(slice(range, hole.from, hole.to), hole_uses);
      at = hole.to;
    }
    keep(range.to);
  }
  make_bundle(web_, part_);
  return make_bundle(web_, kept_);
}

void Assigner::carve_hole(const LiveRange& part, HoleUses hole_uses) {
  if (hole_uses == HoleUses::kMinimal) return add_minimal_parts(part);
  part_.push_back(part);
}

// A bundle for each instruction that needs a register, and one, in a slot, of the rest.
void Assigner::add_minimal_parts(const LiveRange& range) {
  Point at = range.from;
  for (u32 n = range.uses.first; n < range.uses.end();) {
    const Use& first = s_.uses[n];
    Point from = kNone;
    Point to = 0;
    for (; n < range.uses.end() && inst_of(s_.uses[n].from) == inst_of(first.from); ++n) {
      if (!s_.uses[n].needs_register) continue;
      from = std::min(from, s_.uses[n].from);
      to = std::max(to, s_.uses[n].to);
    }
    if (from == kNone) continue;
    if (at < from) part_.push_back(slice(range, at, from));
    piece_.assign(1, slice(range, from, to));
    make_bundle(web_, piece_);
    at = to;
  }
  if (at < range.to) part_.push_back(slice(range, at, range.to));
  if (part_.empty()) return;
  u32 rest = static_cast<u32>(s_.bundles.size());
  Bundle bundle;
  bundle.web = web_;
  bundle.ranges = {static_cast<u32>(s_.ranges.size()), static_cast<u32>(part_.size())};
  s_.ranges.insert(s_.ranges.end(), part_.begin(), part_.end());
  part_.clear();
  s_.bundles.push_back(bundle);
  spill(rest);
}

// ---- the kinds of splits ----

void Assigner::split(u32 b) {
  u32 uses = 0;
  const Range ranges = s_.bundles[b].ranges;
  for (u32 r = ranges.first; r < ranges.end(); ++r) uses += s_.ranges[r].uses.count;
  if (fast_ || uses < 2) return split_minimal(b);
  if (split_at_loops(b) || split_for_register(b)) return;
  split_minimal(b);
}

void Assigner::split_at_clobbers(u32 b) {
  const Bundle& bundle = s_.bundles[b];
  find_holes(bundle, Clobbers(s_, bank(bundle)), holes_);
  HoleExtender extender(s_, bundle);
  drop_useless_parts(extender, holes_);
  charge_split(extender.steps());
  ++s_.stats.call_splits;
  carve(b, holes_, HoleUses::kMinimal);
}

bool Assigner::split_at_loops(u32 b) {
  const Bundle& bundle = s_.bundles[b];
  u32 deepest = 0;
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r) {
    const LiveRange& range = s_.ranges[r];
    charge_split(1 + range.uses.count);
    for (u32 n = range.uses.first; n < range.uses.end(); ++n) {
      deepest = std::max(deepest, s_.block_info(s_.block_at(s_.uses[n].from)).loop_depth);
    }
  }
  if (deepest == 0) return false;
  holes_.clear();
  float inside = 0;
  u32 length = 0;
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r) {
    const LiveRange& range = s_.ranges[r];
    for (u32 n = range.uses.first; n < range.uses.end(); ++n) {
      const Use& use = s_.uses[n];
      Block block = s_.block_at(use.from);
      if (s_.block_info(block).loop_depth < deepest) continue;
      inside += use.weight;
      Point from = std::max(range.from, s_.block_from(s_.loop_begin[block]));
      Point to = std::min(range.to, s_.block_to(s_.loop_end[block] - 1));
      if (!holes_.empty() && holes_.back().range == r && holes_.back().from == from) continue;
      holes_.push_back({r, from, to});
      length += to - from;
    }
  }
  if (length == bundle.length) return false;
  float density = inside / (static_cast<float>(length) / 4 + 6);
  if (density < bundle.weight * kLoopGain) return false;
  ++s_.stats.loop_splits;
  carve(b, holes_, HoleUses::kTogether);
  return true;
}

float Assigner::benefit(const Bundle& bundle, const std::vector<Hole>& holes) const {
  float gain = bundle.total;
  for (const Hole& hole : holes) {
    const LiveRange& range = s_.ranges[hole.range];
    gain -= saved_by(slice(range, hole.from, hole.to));
    if (hole.from > range.from) gain -= s_.frequency_at(hole.from - 1) * kLeaveCost;
    if (hole.to < range.to) gain -= s_.frequency_at(hole.to) * kEnterCost;
  }
  return gain;
}

// Gives the part of the bundle for which a register is free that register.
bool Assigner::split_for_register(u32 b) {
  const Bundle& bundle = s_.bundles[b];
  PReg best = kNoReg;
  float best_gain = bundle.total * kRounding;
  for (PReg reg : s_.machine.allocatable[static_cast<u32>(bank(bundle))]) {
    find_holes(bundle, Occupants(s_.taken[reg]), holes_);
    if (holes_.empty()) continue;
    float gain = benefit(bundle, holes_);
    if (gain <= best_gain) continue;
    best_gain = gain;
    best = reg;
    best_holes_.swap(holes_);
  }
  if (best == kNoReg) return false;
  u32 rest = carve(b, best_holes_, HoleUses::kTogether);
  if (rest == kNone || s_.bundles[rest].spilled) return true;
  if (probe(rest, best, 0).free) assign(rest, best);
  return true;
}

void Assigner::split_minimal(u32 b) {
  const Bundle& bundle = s_.bundles[b];
  if (!bundle.needs_register) return spill(b);
  holes_.clear();
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r) {
    holes_.push_back({r, s_.ranges[r].from, s_.ranges[r].to});
  }
  carve(b, holes_, HoleUses::kMinimal);
}

}  // namespace wazuka::regalloc

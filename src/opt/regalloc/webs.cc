// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Coalescing: virtual registers between which values move (arguments and parameters, inputs that
// are overwritten, copies) are joined where their live ranges do not overlap, the moves that are
// executed most first. A web has a limited number of live ranges, so that each step has a limited
// cost; what turns out to have been joined unwisely is split again.
#include <algorithm>
#include <bit>

#include "opt/regalloc/state.h"

namespace wazuka::regalloc {
namespace {

constexpr u32 kMostRanges = 256;

// Arrays of live ranges that grow: rooms of powers of two, used again by others.
class RangePool {
 public:
  struct Room {
    u32 first = 0;
    u32 capacity = 0;
    u32 count = 0;
  };

  explicit RangePool(size_t expected) { storage_.reserve(expected * 2); }

  Room take(u32 count) {
    u32 size_class = static_cast<u32>(std::bit_width(count - 1));
    u32 capacity = 1u << size_class;
    std::vector<u32>& free = free_[size_class];
    if (!free.empty()) {
      u32 first = free.back();
      free.pop_back();
      return {first, capacity, count};
    }
    u32 first = static_cast<u32>(storage_.size());
    storage_.resize(first + capacity);
    return {first, capacity, count};
  }
  void give_back(const Room& room) {
    free_[std::bit_width(room.capacity - 1)].push_back(room.first);
  }
  LiveRange* at(const Room& room) { return &storage_[room.first]; }

 private:
  std::vector<LiveRange> storage_;
  std::vector<u32> free_[32];
};

class WebMaker {
 public:
  explicit WebMaker(State& s) : s_(s), pool_(s.ranges.size()) {}

  void run() {
    begin_webs();
    collect();
    auto heavier = [](const Affinity& a, const Affinity& b) {
      return a.weight != b.weight ? a.weight > b.weight
             : a.from != b.from   ? a.from < b.from
                                  : a.to < b.to;
    };
    std::sort(affinities_.begin(), affinities_.end(), heavier);
    for (const Affinity& a : affinities_) join(find(a.from), find(a.to));
    make_bundles();
    find_partners();
  }

 private:
  struct Affinity {
    float weight;
    VReg from, to;
  };

  void begin_webs();
  void collect();
  void collect_operands(Inst i, float frequency);
  void add(VReg from, VReg to, float weight) {
    if (from != to) affinities_.push_back({weight, from, to});
  }
  u32 find(VReg v);
  bool overlap(u32 small, u32 large);
  void join(u32 a, u32 b);
  void make_bundles();
  void find_partners();

  State& s_;
  RangePool pool_;
  std::vector<RangePool::Room> rooms_;  // of each web, which is named after one of its vregs
  std::vector<u32> parent_;
  std::vector<Affinity> affinities_;
};

void WebMaker::begin_webs() {
  rooms_.resize(s_.vregs.size());
  parent_.resize(s_.vregs.size());
  for (VReg v = 0; v < s_.vregs.size(); ++v) {
    parent_[v] = v;
    Range ranges = s_.vregs[v].ranges;
    if (ranges.count == 0) continue;
    rooms_[v] = pool_.take(ranges.count);
    std::copy_n(s_.ranges.begin() + ranges.first, ranges.count, pool_.at(rooms_[v]));
  }
}

void WebMaker::collect() {
  const Function& f = s_.f;
  for (const BlockInfo& block : f.blocks) {
    for (const Edge& edge : f.edges.subspan(block.succs.first, block.succs.count)) {
      const BlockInfo& to = f.blocks[edge.to];
      float frequency = std::min(block.frequency, to.frequency);
      for (u32 n = 0; n < edge.args.count; ++n) {
        add(f.args[edge.args.first + n], f.params[to.params.first + n], frequency);
      }
    }
    for (Inst i = block.insts.first; i < block.insts.end(); ++i) {
      collect_operands(i, block.frequency);
    }
  }
}

void WebMaker::collect_operands(Inst i, float frequency) {
  const InstInfo& inst = s_.f.insts[i];
  auto operands = s_.f.operands.subspan(inst.operands.first, inst.operands.count);
  if (inst.is_move) return add(operands[0].vreg, operands[1].vreg, frequency);
  for (const Operand& o : operands) {
    if (o.constraint == Constraint::kReuse) add(operands[o.data].vreg, o.vreg, frequency);
  }
}

u32 WebMaker::find(VReg v) {
  while (parent_[v] != v) v = parent_[v] = parent_[parent_[v]];
  return v;
}

bool WebMaker::overlap(u32 small, u32 large) {
  const LiveRange* at = pool_.at(rooms_[large]);
  const LiveRange* end = at + rooms_[large].count;
  const LiveRange* mine = pool_.at(rooms_[small]);
  for (u32 n = 0; n < rooms_[small].count; ++n) {
    at = std::partition_point(at, end, [&](const LiveRange& r) { return r.to <= mine[n].from; });
    ++s_.stats.interval_steps;
    if (at == end) return false;
    if (at->from < mine[n].to) return true;
  }
  return false;
}

void WebMaker::join(u32 a, u32 b) {
  if (a == b || s_.class_of(a) != s_.class_of(b)) return;
  if (rooms_[a].count < rooms_[b].count) std::swap(a, b);
  u32 count = rooms_[a].count + rooms_[b].count;
  if (rooms_[b].count == 0 || count > kMostRanges || overlap(b, a)) return;
  ++s_.stats.merges;
  s_.stats.interval_steps += count;
  RangePool::Room to = count <= rooms_[a].capacity ? rooms_[a] : pool_.take(count);
  LiveRange* out = pool_.at(to) + count;
  const LiveRange* mine = pool_.at(rooms_[a]);
  const LiveRange* theirs = pool_.at(rooms_[b]);
  u32 left = rooms_[a].count;
  for (u32 other = rooms_[b].count; other > 0;) {
    if (left > 0 && mine[left - 1].from > theirs[other - 1].from) {
      *--out = mine[--left];
    } else {
      *--out = theirs[--other];
    }
  }
  while (left > 0 && out != mine + left) *--out = mine[--left];
  if (to.first != rooms_[a].first) pool_.give_back(rooms_[a]);
  pool_.give_back(rooms_[b]);
  rooms_[a] = to;
  rooms_[a].count = count;
  rooms_[b] = {};
  parent_[b] = a;
}

void WebMaker::make_bundles() {
  std::vector<LiveRange> ranges;
  ranges.reserve(s_.ranges.size() * 2);
  for (VReg v = 0; v < s_.vregs.size(); ++v) {
    if (s_.vregs[v].ranges.count == 0) continue;
    u32 root = find(v);
    u32& web = s_.vregs[root].web;
    if (web == kNone) {
      web = static_cast<u32>(s_.webs.size());
      s_.webs.push_back({s_.class_of(v)});
      Bundle bundle;
      bundle.web = web;
      bundle.ranges = {static_cast<u32>(ranges.size()), rooms_[root].count};
      const LiveRange* from = pool_.at(rooms_[root]);
      ranges.insert(ranges.end(), from, from + rooms_[root].count);
      s_.bundles.push_back(bundle);
    }
    s_.vregs[v].web = web;
  }
  s_.ranges = std::move(ranges);
  for (Bundle& bundle : s_.bundles) weigh(s_, bundle);
}

// Webs that could not be joined: where one is, the other may be for a part of its life.
void WebMaker::find_partners() {
  auto add_partner = [&](u32 web, u32 other) {
    for (u32& partner : s_.webs[web].partners) {
      if (partner == other) return;
      if (partner != kNone) continue;
      partner = other;
      return;
    }
  };
  for (const Affinity& a : affinities_) {
    u32 from = s_.vregs[a.from].web;
    u32 to = s_.vregs[a.to].web;
    if (from == to || from == kNone || to == kNone) continue;
    add_partner(from, to);
    add_partner(to, from);
  }
}

}  // namespace

void make_webs(State& s) {
  WebMaker(s).run();
}

}  // namespace wazuka::regalloc

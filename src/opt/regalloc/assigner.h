// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The greedy allocation itself: a queue of bundles, the largest first. Each gets a register that is
// free for it; or one from which lighter bundles are thrown out (into the queue); or else it is
// split into smaller bundles, which weigh more for their length. What needs no register goes into a
// slot. assign.cc has the queue, split.cc the splitting.
#pragma once

#include "opt/regalloc/extent.h"
#include "opt/regalloc/state.h"

namespace wazuka::regalloc {

class Assigner {
 public:
  explicit Assigner(State& state);
  void run();

 private:
  // ---- assign.cc ----

  struct Probe {
    bool reserved = false;  // by an instruction, or by a bundle at least as heavy as the limit
    bool free = true;
    float heaviest = 0;  // of the bundles in the way, which are in conflicts_
  };

  void enqueue(u32 bundle);
  void process(u32 bundle);
  bool find_register(u32 bundle);
  Probe probe(u32 bundle, PReg reg, float limit);
  void assign(u32 bundle, PReg reg);
  void release(u32 bundle);
  void evict(u32 for_bundle, PReg reg);
  void spill(u32 bundle);
  bool crosses_full_clobber(const Bundle& bundle) const;
  void charge(u64 steps);
  void charge_split(u64 steps) {
    s_.stats.split_steps += steps;
    charge(steps);
  }
  Bank bank(const Bundle& bundle) const { return bank_of(s_.webs[bundle.web].reg_class); }

  // ---- split.cc ----

  // A part [from, to) of one live range of a bundle that is to leave it.
  struct Hole {
    u32 range;
    Point from, to;
  };
  enum class HoleUses : u8 { kTogether, kMinimal };

  // Cuts are the points where a bundle may be cut: the gaps, and the borders of blocks.
  Point cut_from(Point p) const;  // the last cut at or before
  Point cut_to(Point p) const;    // the first cut at or after

  template <class Conflicts>
  void find_holes(const Bundle& bundle, Conflicts conflicts, std::vector<Hole>& holes);
  template <class Conflicts>
  void find_range_holes(u32 range, Conflicts& conflicts, HoleExtender& extender,
                        std::vector<Hole>& holes);
  void add_span(Point from, Point to);
  void add_holes(u32 range, Point low, Point high, HoleExtender& extender,
                 std::vector<Hole>& holes);
  void drop_useless_parts(HoleExtender& extender, std::vector<Hole>& holes);
  float saved_by(const LiveRange& part) const;

  void split(u32 bundle);
  void split_at_clobbers(u32 bundle);
  bool split_at_loops(u32 bundle);
  bool split_for_register(u32 bundle);
  float benefit(const Bundle& bundle, const std::vector<Hole>& holes) const;
  void split_minimal(u32 bundle);
  void add_minimal_parts(const LiveRange& range);
  u32 carve(u32 bundle, const std::vector<Hole>& holes, HoleUses hole_uses);
  void carve_hole(const LiveRange& part, HoleUses hole_uses);
  LiveRange slice(const LiveRange& range, Point from, Point to) const;
  u32 make_bundle(u32 web, std::vector<LiveRange>& ranges);

  State& s_;
  // The heap: longest first, then in the order in which bundles were made.
  std::priority_queue<u64> queue_;
  std::vector<u32> conflicts_, best_conflicts_;
  std::vector<u32> probed_;  // of each bundle: the last probe that met it
  u32 probe_number_ = 0;
  u64 work_ = 0, most_work_ = 0;
  bool fast_ = false;
  u32 web_ = 0;  // that is being split
  std::vector<Hole> holes_, best_holes_;
  std::vector<Span> spans_;  // conflicts between two occurrences, as cuts
  std::vector<LiveRange> kept_, part_, piece_;
};

}  // namespace wazuka::regalloc

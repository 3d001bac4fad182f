// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Blocks. An instruction can stand in any block from the lowest one that defines an operand
// ("early") down to the nearest common dominator of its uses ("late"). It stands where the source
// has it (its origin), unless late is executed less often; from there it leaves all loops that its
// operands allow. Click, "Global Code Motion" (1995), with the source as the tie-break: bodies come
// scheduled from compilers that knew the program.
//
// Positions in a block are numbers of skeleton instructions: behind which one. Again the source
// decides, as far as operands and uses leave the choice.
//
// All is linear but for the nearest common dominators and a sort. Instructions are visited operands
// first (for early, and the earliest position) and users first (for late, and the latest).
#include "opt/pass/elaborate.h"

#include <algorithm>
#include <cstring>
#include <unordered_map>
#include <vector>

#include "opt/analysis/cfg.h"
#include "opt/pass/replace.h"

namespace wazuka::opt {

namespace {

// Shape -------------------------------------------------------------------------------------------

/// Drops unreachable blocks, gives each critical edge a block, and numbers blocks in order.
class Shaper {
 public:
  explicit Shaper(Graph& g) : g_(g) {}

  void run() {
    cfg_.compute(g_);
    for (Block b : cfg_.order()) {
      order_.push_back(b);
      split(b);
    }
    g_.renumber_blocks(order_);
  }

 private:
  void split(Block from) {
    const Value t = g_.terminator(from);
    const Graph::EdgeRange edges = g_.edges(t);
    if (edges.count < 2) return;
    shared_.clear();
    for (u32 i = 0; i < edges.count; ++i) {
      const Block to = g_[edges[i]].target;
      if (cfg_.preds(to).size() == 1) continue;
      if (g_[t].op == Opcode::kSwitch && g_.edge_args(edges[i]).empty()) {
        share(from, edges[i]);
      } else {
        redirect(edges[i], block_to(from, to, g_[edges[i]]));
      }
    }
  }

  /// Edges of a switch with the same target share a block, or need none.
  void share(Block from, EdgeId e) {
    const Block to = g_[e].target;
    auto it =
        std::find_if(shared_.begin(), shared_.end(), [to](const Shared& s) { return s.to == to; });
    if (it == shared_.end()) {
      bool only = true;
      for (const Pred& p : cfg_.preds(to)) only = only && p.from == from;
      if (shared_.size() == kMaxShared && !only) {
        return redirect(e, block_to(from, to, g_[e]));
      }
      it = shared_.insert(shared_.end(), {to, only ? to : block_to(from, to, g_[e])});
    }
    redirect(e, it->block);
  }

  Block block_to(Block from, Block to, Edge edge) {
    const Block b = g_.add_block();
    g_[b].cold = g_[to].cold || g_[from].cold;
    const EdgeId e = g_.copy_edge(edge);
    const Value jump = g_.add({.op = Opcode::kJump, .args = {index_of(e)}});
    g_.append(b, jump);
    order_.push_back(b);
    return b;
  }

  void redirect(EdgeId e, Block to) {
    if (g_[e].target == to) return;
    g_[e].target = to;
    g_[e].args_count = 0;
  }

  struct Shared {
    Block to, block;
  };
  static constexpr size_t kMaxShared = 64;  // then duplicates get blocks of their own

  Graph& g_;
  Cfg cfg_;
  std::vector<Block> order_;
  std::vector<Shared> shared_;
};

// Places ------------------------------------------------------------------------------------------

class Placer {
 public:
  explicit Placer(Graph& g) : g_(g) {}

  void run() {
    cfg_.compute(g_);
    mark_cold();
    for (Block b : cfg_.order())
      g_[b].loop_depth = static_cast<u16>(std::min(cfg_.loop_depth(b), 0xffffu));
    number_skeleton();
    collect();
    find_places();
    share_moved();
    find_positions();
    link();
  }

 private:
  bool floats(Value v) const { return is_pure(g_[v].op) && !is_leaf(g_[v].op); }

  void mark_cold();
  void number_skeleton();
  void collect();
  void visit(Value root);
  void find_places();
  void use_in(Value v, Block b);
  Block best_place(Value v);
  bool is_better(Block a, Block b) const;
  bool steps_loop(Value v, Block late) const;
  void share_moved();
  void find_positions();
  u32 desired_position(Value v) const;
  void link();

  Graph& g_;
  Cfg cfg_;
  std::vector<Value> order_;  // floating ones, operands first
  std::vector<u8> seen_;
  std::vector<Block> place_;   // of every instruction that has one
  std::vector<Block> late_;    // of floating ones
  std::vector<u32> position_;  // of skeleton instructions: from 1; of floating ones: behind that
  std::vector<u32> latest_;    // of floating ones
  std::vector<u32> rank_;      // order of those at the same position
  std::vector<u32> skeleton_begin_;  // by block: its skeleton instructions in skeleton_
  std::vector<Value> skeleton_;
};

/// A block that ends in a trap is cold, and so is one all of whose successors are.
void Placer::mark_cold() {
  const std::span<const Block> order = cfg_.order();
  for (size_t i = order.size(); i-- > 0;) {
    const Block b = order[i];
    const Value t = g_.terminator(b);
    if (g_[t].op == Opcode::kTrap || g_[t].op == Opcode::kRaise) g_[b].cold = true;
    const Graph::EdgeRange edges = g_.edges(t);
    bool all = edges.count != 0;
    for (u32 e = 0; e < edges.count; ++e) {
      const Block to = g_[edges[e]].target;
      all = all && to > b && g_[to].cold;
    }
    if (all) g_[b].cold = true;
  }
}

void Placer::number_skeleton() {
  const u32 n = g_.num_values();
  place_.assign(n, kNoBlock);
  position_.assign(n, 0);
  skeleton_begin_.assign(g_.num_blocks() + 1, 0);
  for (u32 i = 0; i < g_.num_blocks(); ++i) {
    const Block b{i};
    skeleton_begin_[i] = static_cast<u32>(skeleton_.size());
    for (u32 p : g_.raw_params(b)) place_[p] = b;
    for (Value v : g_.insts(b)) {
      skeleton_.push_back(v);
      place_[index_of(v)] = b;
      position_[index_of(v)] = static_cast<u32>(skeleton_.size()) - skeleton_begin_[i];
    }
  }
  skeleton_begin_[g_.num_blocks()] = static_cast<u32>(skeleton_.size());
}

void Placer::collect() {
  seen_.assign(g_.num_values(), 0);
  for (Value v : skeleton_) {
    g_.all_operands(v, [&](u32& x) { visit(Value{x}); });
  }
}

/// Operands first, without recursion: seen 1 while the operands are visited, 2 afterwards.
void Placer::visit(Value root) {
  if (seen_[index_of(root)] != 0 || !floats(root)) return;
  std::vector<Value>& stack = order_;  // its end
  static thread_local std::vector<Value> work;
  work.assign(1, root);
  while (!work.empty()) {
    const Value v = work.back();
    u8& seen = seen_[index_of(v)];
    if (seen != 0) {
      work.pop_back();
      if (seen == 1) stack.push_back(v);
      seen = 2;
      continue;
    }
    seen = 1;
    static_cast<const Graph&>(g_).operands(v, [&](Value x) {
      if (floats(x) && seen_[index_of(x)] == 0) work.push_back(x);
    });
  }
}

bool Placer::is_better(Block a, Block b) const {
  if (cfg_.loop_depth(a) != cfg_.loop_depth(b)) return cfg_.loop_depth(a) < cfg_.loop_depth(b);
  return g_[a].cold && !g_[b].cold;
}

/// Whether it is x + c for a parameter x of a loop, of use only on this way back to the head, where
/// it is the next x: there, both have one register, even if the loop's condition looks at x.
bool Placer::steps_loop(Value v, Block late) const {
  const Inst& inst = g_[v];
  if (inst.op != Opcode::kIAdd || g_[inst.arg(1)].op != Opcode::kIConst) return false;
  const Value jump = g_[late].last;
  if (g_[jump].op != Opcode::kJump || cfg_.preds(late).size() != 1) return false;
  const EdgeId edge = g_.edges(jump)[0];
  const Block head = g_[edge].target;
  if (!cfg_.is_back_edge(late, head) || g_[late].cold) return false;
  const std::span<const u32> params = g_.raw_params(head);
  const std::span<const u32> args = static_cast<const Graph&>(g_).edge_args(edge);
  u32 places = 0;
  bool own = false;
  for (size_t i = 0; i < params.size(); ++i) {
    if (args[i] != index_of(v)) continue;
    ++places;
    own = params[i] == inst.args[0];
  }
  return places == 1 && own;
}

Block Placer::best_place(Value v) {
  const DomTree& dominators = cfg_.dominators();
  const Block late = late_[index_of(v)];
  Block early = Graph::kEntry;
  static_cast<const Graph&>(g_).operands(v, [&](Value x) {
    const Block b = place_[index_of(x)];  // of a floating operand: its own early
    if (b != kNoBlock && dominators.depth(b) > dominators.depth(early)) early = b;
  });
  const Block origin = g_.origin(v);
  const bool known = origin != kNoBlock && cfg_.reachable(origin) &&
                     dominators.dominates(origin, late) && dominators.dominates(early, origin);
  Block b = known && !is_better(late, origin) ? origin : late;
  if (steps_loop(v, late)) return late;
  // A comparison costs nothing where its user is, and much in a register.
  if (g_[v].op == Opcode::kICmp || g_[v].op == Opcode::kFCmp || g_[b].cold) return b;
  for (Block head = cfg_.head(b); head != kNoBlock; head = cfg_.head(b)) {
    const Block outside = head == Graph::kEntry ? kNoBlock : cfg_.idom(head);
    if (outside == kNoBlock || !dominators.dominates(early, outside)) break;
    b = outside;
  }
  return b;
}

void Placer::use_in(Value v, Block b) {
  if (!floats(v)) return;
  Block& late = late_[index_of(v)];
  late = late == kNoBlock ? b : cfg_.dominators().common(late, b);
}

void Placer::find_places() {
  late_.assign(g_.num_values(), kNoBlock);
  const DomTree& dominators = cfg_.dominators();
  // Early, kept in place_ until the instruction itself is placed, which is after its users.
  for (Value v : order_) {
    Block early = Graph::kEntry;
    static_cast<const Graph&>(g_).operands(v, [&](Value x) {
      const Block b = place_[index_of(x)];
      if (b != kNoBlock && dominators.depth(b) > dominators.depth(early)) early = b;
    });
    place_[index_of(v)] = early;
  }
  for (Value v : skeleton_) {
    g_.all_operands(v, [&](u32& x) { use_in(Value{x}, g_.block_of(v)); });
  }
  for (size_t i = order_.size(); i-- > 0;) {
    const Value v = order_[i];
    const Block b = best_place(v);
    place_[index_of(v)] = b;
    static_cast<const Graph&>(g_).operands(v, [&](Value x) { use_in(x, b); });
  }
}

/// Branches that do not dominate each other have their own copies of a value; once these have left
/// a loop for the same block, one is enough.
void Placer::share_moved() {
  auto moved = [&](Value v) { return g_.origin(v) != place_[index_of(v)]; };
  std::vector<u8> receives(g_.num_blocks(), 0);
  u32 moves = 0;
  for (Value v : order_) {
    if (!moved(v)) continue;
    u8& count = receives[index_of(place_[index_of(v)])];
    if (count < 2) ++count;
    if (count == 2) ++moves;
  }
  if (moves == 0) return;
  struct Key {
    Inst inst;
    Block place;
    bool operator==(const Key& o) const {
      return place == o.place && std::memcmp(&inst, &o.inst, sizeof(Inst)) == 0;
    }
  };
  struct Hash {
    size_t operator()(const Key& k) const {
      u64 words[2];
      std::memcpy(words, &k.inst, sizeof words);
      constexpr u64 kFactor = 0x9e3779b97f4a7c15;
      u64 h = (words[0] ^ words[1] * kFactor ^ index_of(k.place)) * kFactor;
      return h ^ h >> 32;
    }
  };
  std::unordered_map<Key, Value, Hash> known;
  Replacements replacements(g_.num_values());
  bool changed = false;
  size_t kept = 0;
  // Each scope of the source has leaves of its own.
  auto same = [&](u32 x) {
    const Value v{x};
    if (!is_leaf(g_[v].op)) return index_of(replacements.find(v));
    return index_of(known.try_emplace({g_[v], kNoBlock}, v).first->second);
  };
  for (Value v : order_) {
    const Block place = place_[index_of(v)];
    const bool shares = receives[index_of(place)] == 2;
    if (changed || shares) g_.operands(v, [&](u32& x) { x = same(x); });
    if (shares) {
      const auto [it, added] = known.try_emplace({g_[v], place}, v);
      if (!added) {
        replacements.replace(v, it->second);
        changed = true;
        continue;
      }
    }
    order_[kept++] = v;
  }
  if (!changed) return;
  order_.resize(kept);
  for (Value v : skeleton_) {
    g_.all_operands(v, [&](u32& x) { x = index_of(replacements.find(Value{x})); });
  }
}

/// Behind the last skeleton instruction that comes before it in the source.
u32 Placer::desired_position(Value v) const {
  const Block b = place_[index_of(v)];
  const u32 begin = skeleton_begin_[index_of(b)], end = skeleton_begin_[index_of(b) + 1];
  if (g_.origin(v) != b) return end - begin - 1;  // before the terminator
  // Numbers of skeleton instructions ascend, but for what passes have made.
  auto it = std::partition_point(skeleton_.begin() + begin, skeleton_.begin() + end,
                                 [v](Value s) { return s < v; });
  // What passes have made has a number behind the terminator's.
  return std::min(static_cast<u32>(it - (skeleton_.begin() + begin)), end - begin - 1);
}

void Placer::find_positions() {
  rank_.assign(g_.num_values(), 0);
  latest_.assign(g_.num_values(), ~u32{0});
  // Earliest, in position_, and ranks.
  for (Value v : order_) {
    const Block b = place_[index_of(v)];
    u32 earliest = 0, rank = index_of(v);
    static_cast<const Graph&>(g_).operands(v, [&](Value x) {
      if (floats(x)) rank = std::max(rank, rank_[index_of(x)] + 1);
      if (place_[index_of(x)] == b) earliest = std::max(earliest, position_[index_of(x)]);
    });
    rank_[index_of(v)] = rank;
    position_[index_of(v)] = earliest;
  }
  auto use_at = [&](Value x, Block b, u32 position) {
    if (floats(x) && place_[index_of(x)] == b) {
      latest_[index_of(x)] = std::min(latest_[index_of(x)], position);
    }
  };
  for (Value v : skeleton_) {
    g_.all_operands(v,
                    [&](u32& x) { use_at(Value{x}, g_.block_of(v), position_[index_of(v)] - 1); });
  }
  for (size_t i = order_.size(); i-- > 0;) {
    const Value v = order_[i];
    u32& position = position_[index_of(v)];
    position = std::min(std::max(position, desired_position(v)), latest_[index_of(v)]);
    const Block b = place_[index_of(v)];
    static_cast<const Graph&>(g_).operands(v, [&](Value x) { use_at(x, b, position); });
  }
}

void Placer::link() {
  std::sort(order_.begin(), order_.end(), [&](Value a, Value b) {
    const u32 x = index_of(a), y = index_of(b);
    if (place_[x] != place_[y]) return place_[x] < place_[y];
    if (position_[x] != position_[y]) return position_[x] < position_[y];
    return rank_[x] != rank_[y] ? rank_[x] < rank_[y] : x < y;
  });
  for (Value v : order_) {
    const Block b = place_[index_of(v)];
    const u32 next = skeleton_begin_[index_of(b)] + position_[index_of(v)];
    // In front of the skeleton instruction behind its position.
    const Value before = skeleton_[next];
    g_.insert_after(b, g_.prev(before), v);
  }
}

}  // namespace

void elaborate(Graph& g) {
  Shaper(g).run();
  Placer(g).run();
}

}  // namespace wazuka::opt

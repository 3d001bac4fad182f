// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// For each traced value by itself, over the blocks in which it lives (its region): first backwards
// from its uses, which calls it lives across; then forwards from these, in which blocks it is stale
// at the beginning. Terms:
//
//   safepoint   a call at which objects may move
//   crossed     a safepoint between the definition and a use
//   stale       behind a crossed safepoint: the register's copy may be wrong, the slot's is right
//
// The cost is the number of blocks in regions and of safepoints crossed, which is limited.
#include "opt/pass/safepoints.h"

#include <algorithm>
#include <vector>

#include "opt/analysis/alias.h"
#include "opt/analysis/cfg.h"

namespace wazuka::opt {

namespace {

constexpr u64 kMaxWork = u64{1} << 24;

class Safepoints {
 public:
  explicit Safepoints(Graph& g) : g_(g) {}

  Result<void> run() {
    if (!collect_uses()) return {};
    cfg_.compute(g_);
    find_safepoints();
    if (safepoints_.empty()) return {};
    stamp_.assign(g_.num_blocks(), 0);
    end_.assign(g_.num_blocks(), 0);
    stale_.assign(g_.num_blocks(), 0);
    for (size_t i = 0; i < uses_.size();) {
      size_t end = i;
      while (end < uses_.size() && uses_[end].value == uses_[i].value) ++end;
      handle(uses_[i].value, i, end);
      if (work_ > kMaxWork) return fail("unsupported: so many live references");
      i = end;
    }
    insert_loads();
    set_roots();
    return {};
  }

 private:
  struct Use {
    Value value, user;
    Block block;
    u32 position;  // of the user in its block; behind it for what an invoke's edge carries
  };
  struct Safepoint {
    u32 position;
    Value call;
  };
  struct Load {
    Use use;
    SlotId slot;
    u32 segment;  // number of safepoints of the block before the use
  };

  bool is_safepoint(Value v) const;
  bool collect_uses();
  void find_safepoints();
  std::span<const Safepoint> safepoints_of(Block b) const {
    const u32 i = index_of(b);
    return {safepoints_.data() + begin_[i], begin_[i + 1] - begin_[i]};
  }
  /// Safepoints of a block before a position.
  u32 before(Block b, u32 position) const {
    const std::span<const Safepoint> all = safepoints_of(b);
    auto it = std::partition_point(
        all.begin(), all.end(), [position](const Safepoint& s) { return s.position < position; });
    return static_cast<u32>(it - all.begin());
  }
  void handle(Value v, size_t first, size_t last);
  void live_until(Block b, u32 position);
  bool cross(Block b, u32 from, u32 to, SlotId slot);
  void store_at_definition(Value v, SlotId slot);
  void insert_loads();
  void set_roots();

  Graph& g_;
  Cfg cfg_;
  std::vector<Use> uses_;
  std::vector<u32> position_;  // of instructions in their blocks, from 1
  std::vector<u32> begin_;
  std::vector<Safepoint> safepoints_;
  std::vector<Load> loads_;
  struct Root {
    Value call;
    SlotId slot;
  };
  std::vector<Root> roots_;
  // Of the value in work, by block: in its region if stamped; alive from the beginning up to `end`.
  std::vector<u32> stamp_, end_;
  std::vector<u8> stale_;
  std::vector<Block> region_;
  u32 current_ = 0;
  u64 work_ = 0;
};

constexpr u32 kBlockEnd = ~u32{0};

bool Safepoints::is_safepoint(Value v) const {
  const Inst& inst = g_[v];
  if (inst.op != Opcode::kCall && inst.op != Opcode::kInvoke && inst.op != Opcode::kRaise) {
    return false;
  }
  const CallInfo& c = g_[inst.call()];
  return inst.op == Opcode::kRaise || c.kind != CallInfo::Kind::kBuiltin || may_collect(c.builtin);
}

bool Safepoints::collect_uses() {
  position_.assign(g_.num_values(), 0);
  for (u32 i = 0; i < g_.num_blocks(); ++i) {
    const Block b{i};
    u32 position = 0;
    for (Value v : g_.insts(b)) {
      position_[index_of(v)] = ++position;
      static_cast<const Graph&>(g_).operands(v, [&](Value x) {
        if (g_[x].traced) uses_.push_back({x, v, b, position});
      });
      if (!is_terminator(g_[v].op)) continue;
      const Graph::EdgeRange edges = g_.edges(v);
      for (u32 e = 0; e < edges.count; ++e) {
        for (u32 x : g_.edge_args(edges[e])) {
          if (g_[Value{x}].traced) uses_.push_back({Value{x}, v, b, position + 1});
        }
      }
    }
  }
  std::sort(uses_.begin(), uses_.end(), [](const Use& a, const Use& b) {
    if (a.value != b.value) return a.value < b.value;
    return a.block != b.block ? a.block < b.block : a.position < b.position;
  });
  return !uses_.empty();
}

void Safepoints::find_safepoints() {
  for (u32 i = 0; i < g_.num_blocks(); ++i) {
    begin_.push_back(static_cast<u32>(safepoints_.size()));
    for (Value v : g_.insts(Block{i})) {
      if (is_safepoint(v)) safepoints_.push_back({position_[index_of(v)], v});
    }
  }
  begin_.push_back(static_cast<u32>(safepoints_.size()));
}

/// The current value lives at least up to here.
void Safepoints::live_until(Block b, u32 position) {
  const u32 i = index_of(b);
  if (stamp_[i] != current_) {
    stamp_[i] = current_;
    end_[i] = 0;
    stale_[i] = 0;
    region_.push_back(b);
  }
  end_[i] = std::max(end_[i], position);
}

/// Notes the safepoints between two positions.
bool Safepoints::cross(Block b, u32 from, u32 to, SlotId slot) {
  const u32 first = before(b, from + 1), last = before(b, to);
  if (first >= last) return false;
  if (slot == kNoSlot) return true;
  for (const Safepoint& s : safepoints_of(b).subspan(first, last - first)) {
    roots_.push_back({s.call, slot});
  }
  work_ += last - first;
  return true;
}

void Safepoints::handle(Value v, size_t first, size_t last) {
  const Block home = g_.block_of(v);
  const u32 defined = position_[index_of(v)];
  ++current_;
  region_.clear();
  for (size_t i = first; i < last; ++i) live_until(uses_[i].block, uses_[i].position);
  for (size_t i = 0; i < region_.size(); ++i) {
    if (region_[i] == home) continue;
    for (const Pred& p : cfg_.preds(region_[i])) live_until(p.from, kBlockEnd);
  }
  work_ += region_.size();
  auto from = [&](Block b) { return b == home ? defined : 0; };
  // A value that is alive at its own definition again, in a loop, is another one there: only
  // parameters are, and their definition is the block's beginning.
  bool crossed = false;
  for (Block b : region_) crossed = cross(b, from(b), end_[index_of(b)], kNoSlot) || crossed;
  if (!crossed) return;
  const SlotId slot = g_.add_slot(1, /*traced=*/true);
  std::vector<Block> work;
  for (Block b : region_) {
    if (cross(b, from(b), end_[index_of(b)], slot)) work.push_back(b);
  }
  while (!work.empty()) {
    const Block b = work.back();
    work.pop_back();
    const Graph::EdgeRange edges = g_.edges(g_.terminator(b));
    for (u32 e = 0; e < edges.count; ++e) {
      const Block to = g_[edges[e]].target;
      if (to == home || stamp_[index_of(to)] != current_ || stale_[index_of(to)] != 0) continue;
      stale_[index_of(to)] = 1;
      work.push_back(to);
    }
  }
  for (size_t i = first; i < last; ++i) {
    const Use& u = uses_[i];
    const u32 segment = before(u.block, u.position);
    const u32 own = u.block == home ? before(home, defined + 1) : 0;
    if (segment > own || (u.block != home && stale_[index_of(u.block)] != 0)) {
      loads_.push_back({u, slot, segment});
    }
  }
  store_at_definition(v, slot);
}

void Safepoints::store_at_definition(Value v, SlotId slot) {
  const Value store = g_.add({.op = Opcode::kSlotStore, .args = {index_of(v), 0, index_of(slot)}});
  const Opcode op = g_[v].op;
  if (op == Opcode::kParam) return g_.insert_after(g_.block_of(v), kNoValue, store);
  if (op == Opcode::kInvoke) {
    // On its normal way, whose block has no other predecessor.
    const Block b = g_[g_.edges(v)[0]].target;
    return g_.insert_after(b, kNoValue, store);
  }
  Value after = v;
  if (op == Opcode::kResult) {
    while (g_.next(after) != kNoValue && g_[g_.next(after)].op == Opcode::kResult) {
      after = g_.next(after);
    }
  }
  g_.insert_after(g_.block_of(v), after, store);
}

/// One load for all uses of a value between two safepoints of a block.
void Safepoints::insert_loads() {
  std::sort(loads_.begin(), loads_.end(), [](const Load& a, const Load& b) {
    if (a.use.value != b.use.value) return a.use.value < b.use.value;
    if (a.use.block != b.use.block) return a.use.block < b.use.block;
    return a.use.position < b.use.position;
  });
  const Load* last = nullptr;
  Value value = kNoValue;
  for (const Load& l : loads_) {
    const bool same = last != nullptr && last->use.value == l.use.value &&
                      last->use.block == l.use.block && last->segment == l.segment;
    last = &l;
    const Value user = l.use.user;
    if (!same) {
      value = g_.add({.op = Opcode::kSlotLoad,
                      .type = Type::kI64,
                      .traced = 1,
                      .args = {0, 0, index_of(l.slot)}});
      g_.insert_before(user, value);
    }
    // What an invoke's edge carries would have to be loaded behind it: builders give these edges
    // blocks of their own.
    g_.all_operands(user, [&](u32& x) {
      if (Value{x} == l.use.value) x = index_of(value);
    });
  }
}

void Safepoints::set_roots() {
  std::sort(roots_.begin(), roots_.end(), [](const Root& a, const Root& b) {
    return a.call != b.call ? a.call < b.call : a.slot < b.slot;
  });
  std::vector<u32> list;
  for (size_t i = 0; i < roots_.size();) {
    const Value call = roots_[i].call;
    list.clear();
    for (; i < roots_.size() && roots_[i].call == call; ++i) {
      list.push_back(index_of(roots_[i].slot));
    }
    CallInfo& c = g_[g_[call].call()];
    c.roots_begin = g_.add_list(list);
    c.roots_count = static_cast<u32>(list.size());
  }
}

}  // namespace

Result<void> place_safepoints(Graph& g) {
  return Safepoints(g).run();
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/pass/branches.h"

#include <algorithm>
#include <vector>

#include "opt/analysis/cfg.h"
#include "opt/pass/params.h"
#include "opt/pass/replace.h"

namespace wazuka::opt {

namespace {

void make_jump(Graph& g, Value terminator, EdgeId e) {
  Inst& inst = g[terminator];
  inst.op = Opcode::kJump;
  inst.args[0] = index_of(e);
  inst.args[1] = inst.args[2] = 0;
}

bool same_way(const Graph& g, EdgeId a, EdgeId b) {
  return g[a].target == g[b].target && std::ranges::equal(g.edge_args(a), g.edge_args(b));
}

/// Whether there was something to do.
bool fold_constant(Graph& g, Value terminator) {
  const Inst& inst = g[terminator];
  const Graph::EdgeRange edges = g.edges(terminator);
  if (inst.op == Opcode::kBranch) {
    const Inst& c = g[inst.arg(0)];
    if (c.op == Opcode::kIConst) {
      make_jump(g, terminator, edges[c.bits() != 0 ? 0 : 1]);
    } else if (same_way(g, edges[0], edges[1])) {
      make_jump(g, terminator, edges[0]);
    } else {
      return false;
    }
    return true;
  }
  if (inst.op != Opcode::kSwitch) return false;
  const Inst& c = g[inst.arg(0)];
  if (edges.count != 1 && c.op != Opcode::kIConst) return false;
  const u64 which = edges.count == 1 ? 0 : std::min<u64>(c.bits(), edges.count - 1);
  make_jump(g, terminator, edges[static_cast<u32>(which)]);
  return true;
}

/// Where an edge leads to behind blocks that do nothing but jump and carry nothing.
Block behind_empty(const Graph& g, Block b) {
  constexpr u32 kMaxChain = 16;
  for (u32 i = 0; i < kMaxChain; ++i) {
    const Value t = g[b].first;
    if (t == kNoValue || g[t].op != Opcode::kJump || g[b].params_count != 0) return b;
    const EdgeId e{g[t].args[0]};
    if (!g.edge_args(e).empty() || g[e].target == b) return b;
    b = g[e].target;
  }
  return b;
}

bool skip_empty(Graph& g, Value terminator) {
  bool changed = false;
  const Graph::EdgeRange edges = g.edges(terminator);
  // Handlers are entered by the runtime and keep their blocks.
  if (g[terminator].op == Opcode::kInvoke || g[terminator].op == Opcode::kRaise) return false;
  for (u32 i = 0; i < edges.count; ++i) {
    Edge& e = g[edges[i]];
    if (e.args_count != 0) continue;
    const Block to = behind_empty(g, e.target);
    changed = changed || to != e.target;
    e.target = to;
  }
  return changed;
}

/// Takes in the blocks that only this one leads to, one after the other.
void take_in(Graph& g, const Cfg& cfg, Block b, Replacements& replacements,
             std::vector<Block>& taken_by) {
  for (;;) {
    const Value jump = g.terminator(b);
    if (g[jump].op != Opcode::kJump) return;
    const EdgeId e{g[jump].args[0]};
    const Block to = g[e].target;
    if (to == b || to == Graph::kEntry || cfg.preds(to).size() != 1) return;
    const std::span<const u32> args = g.edge_args(e), params = g.raw_params(to);
    for (size_t i = 0; i < params.size(); ++i) {
      replacements.replace(Value{params[i]}, replacements.find(Value{args[i]}));
    }
    g.unlink(jump);
    for (Value v : g.insts(to)) {
      g.unlink(v);
      g.append(b, v);
    }
    g.clear_block(to);
    g[b].cold = g[b].cold || g[to].cold;
    taken_by[index_of(to)] = b;
  }
}

}  // namespace

void simplify_branches(Graph& g) {
  constexpr u32 kMaxRounds = 4;
  Cfg cfg;
  bool any = false;
  for (u32 round = 0; round < kMaxRounds; ++round) {
    bool changed = false;
    for (u32 i = 0; i < g.num_blocks(); ++i) {
      if (g[Block{i}].first == kNoValue) continue;
      const Value t = g.terminator(Block{i});
      changed = fold_constant(g, t) || changed;
      changed = skip_empty(g, t) || changed;
    }
    if (!changed) break;
    any = true;
  }
  cfg.compute(g);
  Replacements replacements(g.num_values());
  std::vector<Block> taken_by(g.num_blocks(), kNoBlock);
  for (u32 i = 0; i < g.num_blocks(); ++i) {
    if (!cfg.reachable(Block{i})) g.clear_block(Block{i});
  }
  for (Block b : cfg.order()) {
    if (g[b].first != kNoValue) take_in(g, cfg, b, replacements, taken_by);
  }
  replacements.apply(g);
  for (u32 i = 0; i < g.num_values(); ++i) {
    const Block origin = g.origin(Value{i});
    if (origin != kNoBlock && taken_by[index_of(origin)] != kNoBlock) {
      g.set_origin(Value{i}, taken_by[index_of(origin)]);
    }
  }
  if (any) remove_trivial_params(g);
}

}  // namespace wazuka::opt

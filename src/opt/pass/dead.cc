// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/pass/dead.h"

#include <vector>

#include "opt/analysis/cfg.h"

namespace wazuka::opt {

namespace {

/// Has to be done even if nobody uses its result.
bool has_effect(const Graph& g, const Inst& inst) {
  switch (info_of(inst.op).effect) {
    case Effect::kPure:
    case Effect::kPinned: return false;
    case Effect::kRead:
      if (inst.op == Opcode::kSlotLoad) return false;
      return g.access(inst).traps || g.access(inst).atomic;
    case Effect::kCheck:
    case Effect::kWrite:
    case Effect::kReadWrite:
    case Effect::kCall:
    case Effect::kEnd: return true;
  }
  return true;
}

}  // namespace

void remove_dead(Graph& g) {
  Cfg cfg;
  cfg.compute(g);
  std::vector<u8> live(g.num_values(), 0);
  std::vector<Value> work;
  auto use = [&](Value v) {
    if (live[index_of(v)] != 0) return;
    live[index_of(v)] = 1;
    work.push_back(v);
  };
  for (Block b : cfg.order()) {
    for (Value v : g.insts(b)) {
      if (has_effect(g, g[v])) use(v);
    }
  }
  for (u32 p : g.raw_params(Graph::kEntry)) live[p] = 1;
  while (!work.empty()) {
    const Value v = work.back();
    work.pop_back();
    if (g[v].op != Opcode::kParam) {
      static_cast<const Graph&>(g).operands(v, use);
      continue;
    }
    const Block b = g.block_of(v);
    for (const Pred& p : cfg.preds(b)) use(Value{g.edge_args(p.edge)[g[v].args[1]]});
  }
  std::vector<u8> keep;
  for (Block b : cfg.order()) {
    for (Value v : g.insts(b)) {
      if (live[index_of(v)] == 0) g.unlink(v);
    }
    const std::span<const u32> params = g.raw_params(b);
    bool all = true;
    keep.assign(params.size(), 1);
    for (u32 i = 0; i < params.size(); ++i) {
      if (live[params[i]] == 0) keep[i] = 0, all = false;
    }
    if (all) continue;
    for (const Pred& p : cfg.preds(b)) g.filter_edge(p.edge, keep);
    g.filter_params(b, keep);
  }
}

}  // namespace wazuka::opt

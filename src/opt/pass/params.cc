// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A pass over the blocks in order finds almost all; those that wait for a parameter of an outer
// loop's head need one more for each loop between, so there is a limit, which costs nothing but a
// move.
#include "opt/pass/params.h"

#include <vector>

#include "opt/analysis/cfg.h"
#include "opt/pass/replace.h"

namespace wazuka::opt {

void Replacements::apply(Graph& g) {
  for (u32 i = 0; i < g.num_values(); ++i) {
    const Value v{i};
    if (g.block_of(v) == kNoBlock && !is_pure(g[v].op)) continue;
    auto rename = [&](u32& x) { x = index_of(find(Value{x})); };
    if (g.block_of(v) != kNoBlock && g[v].op != Opcode::kParam) {
      g.all_operands(v, rename);
    } else {
      g.operands(v, rename);
    }
  }
}

void remove_trivial_params(Graph& g) {
  constexpr u32 kMaxRounds = 8;
  Cfg cfg;
  cfg.compute(g);
  Replacements replacements(g.num_values());
  bool changed = true, any = false;
  for (u32 round = 0; changed && round < kMaxRounds; ++round) {
    changed = false;
    for (Block b : cfg.order()) {
      const std::span<const u32> params = g.raw_params(b);
      for (u32 i = 0; i < params.size(); ++i) {
        const Value p{params[i]};
        if (b == Graph::kEntry || replacements.replaced(p)) continue;
        Value only = kNoValue;
        bool trivial = true;
        for (const Pred& pred : cfg.preds(b)) {
          const Value x = replacements.find(Value{g.edge_args(pred.edge)[i]});
          if (x == p || x == only) continue;
          trivial = only == kNoValue;
          if (!trivial) break;
          only = x;
        }
        if (!trivial || only == kNoValue) continue;
        replacements.replace(p, only);
        changed = any = true;
      }
    }
  }
  if (!any) return;
  replacements.apply(g);
  std::vector<u8> keep;
  for (Block b : cfg.order()) {
    const std::span<const u32> params = g.raw_params(b);
    keep.assign(params.size(), 1);
    bool all = true;
    for (u32 i = 0; i < params.size(); ++i) {
      if (replacements.replaced(Value{params[i]})) keep[i] = 0, all = false;
    }
    if (all) continue;
    for (const Pred& pred : cfg.preds(b)) g.filter_edge(pred.edge, keep);
    g.filter_params(b, keep);
  }
}

}  // namespace wazuka::opt

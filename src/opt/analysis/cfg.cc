// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Dominators without iteration: in a reducible graph the immediate dominator of a block is the
// nearest common dominator of its predecessors but those of back edges, and in reverse post-order
// these are known before it. Loops by union-find, from the innermost heads outwards.
#include "opt/analysis/cfg.h"

#include <algorithm>

namespace wazuka::opt {

void Cfg::compute(const Graph& g) {
  compute_post_order(g);
  const std::vector<Block> reverse_post_order = order_;
  std::sort(order_.begin(), order_.end());
  set_order();
  compute_preds(g);
  reducible_ = compute_dominators();
  if (!reducible_) {
    order_ = reverse_post_order;
    set_order();
    compute_preds(g);
    reducible_ = compute_dominators();
  }
  if (reducible_) compute_loops();
}

void Cfg::set_order() {
  for (u32 i = 0; i < order_.size(); ++i) number_[index_of(order_[i])] = i;
}

void Cfg::compute_post_order(const Graph& g) {
  struct Visit {
    Block block;
    u32 edges_left;
  };
  number_.assign(g.num_blocks(), kUnreachable);
  order_.clear();
  std::vector<Visit> stack;
  auto visit = [&](Block b) {
    if (number_[index_of(b)] != kUnreachable) return;
    number_[index_of(b)] = 0;
    const Value t = g.terminator(b);
    stack.push_back({b, t == kNoValue ? 0 : g.edges(t).count});
  };
  visit(Graph::kEntry);
  while (!stack.empty()) {
    Visit& top = stack.back();
    if (top.edges_left == 0) {
      order_.push_back(top.block);
      stack.pop_back();
      continue;
    }
    // The last edge first: what it leads to comes last in the reversed order.
    const EdgeId e = g.edges(g.terminator(top.block))[--top.edges_left];
    visit(g[e].target);
  }
  std::reverse(order_.begin(), order_.end());
}

void Cfg::compute_preds(const Graph& g) {
  pred_begin_.assign(g.num_blocks() + 1, 0);
  for (Block b : order_) {
    const Graph::EdgeRange edges = g.edges(g.terminator(b));
    for (u32 i = 0; i < edges.count; ++i) ++pred_begin_[index_of(g[edges[i]].target) + 1];
  }
  for (u32 i = 0; i < g.num_blocks(); ++i) pred_begin_[i + 1] += pred_begin_[i];
  preds_.resize(pred_begin_.back());
  std::vector<u32> at(pred_begin_.begin(), pred_begin_.end() - 1);
  for (Block b : order_) {
    const Graph::EdgeRange edges = g.edges(g.terminator(b));
    for (u32 i = 0; i < edges.count; ++i) {
      preds_[at[index_of(g[edges[i]].target)]++] = {b, edges[i]};
    }
  }
}

/// False if the order is not one in which this works: then the graph is not reducible, or the order
/// is not a reverse post-order.
bool Cfg::compute_dominators() {
  dominators_.clear();
  dominators_.resize(static_cast<u32>(number_.size()));
  dominators_.add_root(Graph::kEntry);
  for (Block b : order_) {
    if (b == Graph::kEntry) continue;
    Block idom = kNoBlock;
    for (const Pred& p : preds(b)) {
      if (is_back_edge(p.from, b)) continue;
      idom = idom == kNoBlock ? p.from : dominators_.common(idom, p.from);
    }
    if (idom == kNoBlock) return false;
    dominators_.add(b, idom);
  }
  for (Block b : order_) {
    for (const Pred& p : preds(b)) {
      if (is_back_edge(p.from, b) && !dominators_.dominates(b, p.from)) return false;
    }
  }
  return true;
}

void Cfg::compute_loops() {
  const size_t n = number_.size();
  head_.assign(n, kNoBlock);
  outer_.assign(n, kNoBlock);
  loop_depth_.assign(n, 0);
  // The outermost loop found so far that a block is in, as a forest with path halving.
  std::vector<u32> loop(n);
  for (u32 i = 0; i < n; ++i) loop[i] = i;
  auto outermost = [&](Block b) {
    u32 i = index_of(b);
    while (loop[i] != i) i = loop[i] = loop[loop[i]];
    return Block{i};
  };
  std::vector<Block> work;
  for (size_t i = order_.size(); i-- > 0;) {
    const Block h = order_[i];
    bool is_head = false;
    for (const Pred& p : preds(h)) {
      if (!is_back_edge(p.from, h)) continue;
      is_head = true;
      const Block from = outermost(p.from);
      if (from != h) work.push_back(from);
    }
    if (!is_head) continue;
    head_[index_of(h)] = h;
    while (!work.empty()) {
      const Block b = work.back();
      work.pop_back();
      if (outermost(b) == h) continue;
      loop[index_of(b)] = index_of(h);
      if (head_[index_of(b)] == b) {
        outer_[index_of(b)] = h;
      } else {
        head_[index_of(b)] = h;
      }
      for (const Pred& p : preds(b)) {
        if (is_back_edge(p.from, b)) continue;
        const Block from = outermost(p.from);
        if (from != h) work.push_back(from);
      }
    }
  }
  for (Block b : order_) {
    const Block h = head(b);
    if (h == kNoBlock) continue;
    if (h != b) {
      loop_depth_[index_of(b)] = loop_depth_[index_of(h)];
    } else {
      const Block o = outer(h);
      loop_depth_[index_of(b)] = o == kNoBlock ? 1 : loop_depth_[index_of(o)] + 1;
    }
  }
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a graph's edges say: predecessors, reverse post-order, dominators, loops. Computed at once,
// in O(n log n); valid until an edge or a block is changed.
#pragma once

#include <span>
#include <vector>

#include "opt/analysis/domtree.h"
#include "opt/ir/graph.h"

namespace wazuka::opt {

struct Pred {
  Block from;
  EdgeId edge;
};

class Cfg {
 public:
  static constexpr u32 kUnreachable = ~u32{0};

  void compute(const Graph& g);

  /// Reachable blocks only, each but for back edges behind those that lead to it: by number if that
  /// is such an order (as the builder makes them: loops are together), else in reverse post-order.
  std::span<const Block> order() const { return order_; }
  u32 number(Block b) const { return number_[index_of(b)]; }  // in order(), or kUnreachable
  bool reachable(Block b) const { return number(b) != kUnreachable; }
  /// From reachable blocks, one for each edge.
  std::span<const Pred> preds(Block b) const {
    const u32 i = index_of(b);
    return {preds_.data() + pred_begin_[i], pred_begin_[i + 1] - pred_begin_[i]};
  }
  /// False if a loop is entered elsewhere than at its head; dominators and loops are not known
  /// then.
  bool reducible() const { return reducible_; }
  const DomTree& dominators() const { return dominators_; }
  Block idom(Block b) const { return dominators_.idom(b); }

  bool is_back_edge(Block from, Block to) const { return number(to) <= number(from); }
  bool is_loop_head(Block b) const { return loop_depth_[index_of(b)] != 0 && head(b) == b; }
  /// The head of the innermost loop around a block (its own, if it is one), or kNoBlock.
  Block head(Block b) const { return head_[index_of(b)]; }
  /// The head of the next loop around the one of this head, or kNoBlock.
  Block outer(Block loop_head) const { return outer_[index_of(loop_head)]; }
  u32 loop_depth(Block b) const { return loop_depth_[index_of(b)]; }

 private:
  void compute_post_order(const Graph& g);
  void set_order();
  void compute_preds(const Graph& g);
  bool compute_dominators();
  void compute_loops();

  std::vector<Block> order_;
  std::vector<u32> number_;
  std::vector<u32> pred_begin_;
  std::vector<Pred> preds_;
  DomTree dominators_;
  std::vector<Block> head_, outer_;
  std::vector<u32> loop_depth_;
  bool reducible_ = true;
};

}  // namespace wazuka::opt

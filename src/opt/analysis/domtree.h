// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A dominator tree that grows from its root: each new node names its immediate dominator.
// Ancestors are found in O(log n) by skipping (Myers' skew-binary jump pointers), so that the
// nearest common dominator of two blocks is, too, however deep the tree is.
#pragma once

#include <vector>

#include "opt/ir/types.h"

namespace wazuka::opt {

class DomTree {
 public:
  void clear() { nodes_.clear(); }
  void resize(u32 blocks) { nodes_.resize(blocks); }
  bool contains(Block b) const {
    return index_of(b) < nodes_.size() && nodes_[index_of(b)].depth != 0;
  }
  void add_root(Block b) {
    grow(b);
    nodes_[index_of(b)] = {b, b, 1};
  }
  void add(Block b, Block idom) {
    grow(b);
    const Node& p = node(idom);
    const Node& j = node(p.jump);
    // Two skips of equal length are followed by one of their sum + 1.
    const bool join = p.depth - j.depth == j.depth - node(j.jump).depth;
    nodes_[index_of(b)] = {idom, join ? j.jump : idom, p.depth + 1};
  }

  /// The root's is itself.
  Block idom(Block b) const { return node(b).idom; }
  /// 1 for the root; 0 if it is not in the tree.
  u32 depth(Block b) const { return index_of(b) < nodes_.size() ? node(b).depth : 0; }
  Block ancestor_at(Block b, u32 depth) const {
    while (node(b).depth > depth) {
      b = node(node(b).jump).depth >= depth ? node(b).jump : node(b).idom;
    }
    return b;
  }
  bool dominates(Block a, Block b) const {
    return node(a).depth <= node(b).depth && ancestor_at(b, node(a).depth) == a;
  }
  Block common(Block a, Block b) const {
    if (node(a).depth > node(b).depth) {
      a = ancestor_at(a, node(b).depth);
    } else {
      b = ancestor_at(b, node(a).depth);
    }
    while (a != b) {
      const bool skip = node(a).jump != node(b).jump;
      a = skip ? node(a).jump : node(a).idom;
      b = skip ? node(b).jump : node(b).idom;
    }
    return a;
  }

 private:
  struct Node {
    Block idom = kNoBlock, jump = kNoBlock;
    u32 depth = 0;
  };
  const Node& node(Block b) const { return nodes_[index_of(b)]; }
  void grow(Block b) {
    if (nodes_.size() <= index_of(b)) nodes_.resize(index_of(b) + 1);
  }
  std::vector<Node> nodes_;
};

}  // namespace wazuka::opt

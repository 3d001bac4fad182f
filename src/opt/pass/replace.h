// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Values that have been replaced by others: a forest with path halving.
#pragma once

#include <vector>

#include "opt/ir/graph.h"

namespace wazuka::opt {

class Replacements {
 public:
  explicit Replacements(u32 values) : to_(values) {
    for (u32 i = 0; i < values; ++i) to_[i] = i;
  }
  Value find(Value v) {
    u32 i = index_of(v);
    if (i >= to_.size()) return v;  // made later
    while (to_[i] != i) i = to_[i] = to_[to_[i]];
    return Value{i};
  }
  void replace(Value v, Value by) { to_[index_of(v)] = index_of(by); }
  bool replaced(Value v) const {
    return index_of(v) < to_.size() && to_[index_of(v)] != index_of(v);
  }
  /// In all operands and on all edges.
  void apply(Graph& g);

 private:
  std::vector<u32> to_;
};

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which instructions of a body are operands of which.
//
// Folding never changes the order of instructions: `(op a b)` is `a b op`. So it needs no types,
// only how many values each instruction takes and gives. An instruction swallows the units before
// it if these are as many as it takes values, and each gives exactly one. What does not fit, as in
// unreachable code, stays as it is.
//
// Nodes are instructions in their order, which makes a unit a range of nodes: [first, last]. The
// last node of a construct is its `end` (or `delegate`), which knows what opens it.
#pragma once

#include <vector>

#include "wasm/instruction_reader.h"

namespace wazuka::wat {

struct FoldNode {
  static constexpr u32 kNone = ~u32{0};

  u32 offset = 0;
  Op op = Op::kNop;
  u32 first = 0;     // of the unit that ends here (for what opens a construct: of its operands)
  u32 link = kNone;  // `end`, `else`, `catch` …: the divider or opener before it
  u32 label = 0;     // what opens a construct: its index among the labels
};

class FoldTree {
 public:
  /// Builds the tree of the body at `reader`'s position, up to its final `end`, which is not a
  /// node. False: not well-formed (the reader has failed), or not properly nested (it has not).
  bool build(const Module& module, u32 func, InstructionReader& reader);

  const std::vector<FoldNode>& nodes() const { return nodes_; }
  /// What opens the construct that ends at `last`.
  u32 opener(u32 last) const;

 private:
  struct Unit {
    u32 first;
    u32 gives;
  };
  struct Block {
    u32 last_divider;  // or its opener
    u32 units = 0;     // number of units below it
    u32 label = 0;     // values that a branch to it carries
    u32 params = 0, results = 0;
  };

  bool step(const Instruction& i, const InstructionReader& reader);
  bool close(u32 node, const Instruction& i);
  void open(u32 node, const Instruction& i);
  u32 swallow(u32 node, u32 takes);
  u32 label_arity(u32 depth) const;
  struct Arity {
    u32 takes = 0, gives = 0;
  };
  Arity arity(const Instruction& i, const InstructionReader& reader) const;
  Arity call_arity(const Instruction& i) const;
  Arity branch_arity(const Instruction& i, const InstructionReader& reader) const;
  Arity gc_arity(const Instruction& i) const;
  Arity continuation_arity(const Instruction& i) const;
  const FuncType* func_type(u32 type_index) const;
  const FuncType* cont_type(u32 type_index) const;
  const FuncType* tag_type(u32 tag) const;

  const Module* m_ = nullptr;
  u32 results_ = 0;  // of the function
  u32 next_label_ = 0;
  std::vector<FoldNode> nodes_;
  std::vector<Unit> units_;
  std::vector<Block> blocks_;
};

}  // namespace wazuka::wat

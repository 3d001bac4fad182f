// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions for the allocator's tests: a builder, a generator of random ones, and two interpreters.
// An instruction computes its outputs from its inputs by hashing, and so does a branch its
// direction, so that any wrong value shows in the trace. One interpreter knows virtual registers
// only; the other one only locations and moves, and spoils whatever may be spoilt.
#pragma once

#include <string>
#include <unordered_map>
#include <vector>

#include "opt/regalloc/api.h"

namespace wazuka::regalloc::test {

/// Owns what a Function refers to.
class Program {
 public:
  std::vector<BlockInfo> blocks;
  std::vector<InstInfo> insts;
  std::vector<Operand> operands;
  std::vector<Edge> edges;
  std::vector<Block> preds;
  std::vector<VReg> params, args;
  std::vector<RegClass> classes;
  std::vector<u32> remat;

  Function function() const;

  VReg vreg(RegClass c = RegClass::kInt, u32 cookie = kNoRemat);

  // In layout order: begin a block, add its instructions, the last one with edges.
  Block begin(float frequency = 1, u32 loop_depth = 0, std::vector<VReg> block_params = {});
  Inst add(std::vector<Operand> ops, RegSet clobbers = 0);
  Inst copy(VReg from, VReg to);
  struct To {
    Block block;
    std::vector<VReg> args;
  };
  void end(std::vector<Operand> ops, std::vector<To> to, RegSet clobbers = 0);
  void jump(Block to, std::vector<VReg> with = {}) { end({}, {{to, with}}); }
  /// A definition.
  VReg make(RegClass c = RegClass::kInt) {
    VReg v = vreg(c);
    add({Operand::def(v)});
    return v;
  }
  /// When all blocks are there.
  void finish();

  std::string text(const Output* output = nullptr) const;
};

/// Bytes decide; when there are no more, a generator or zeros go on.
class Choices {
 public:
  explicit Choices(u64 seed) : state_(seed * 2 + 1) {}
  Choices(const u8* data, size_t size) : data_(data), size_(size) {}
  /// 0 … n - 1
  u32 below(u32 n);
  bool one_in(u32 n) { return below(n) == 0; }

 private:
  const u8* data_ = nullptr;
  size_t size_ = 0;
  size_t at_ = 0;
  u64 state_ = 0;
};

struct Shape {
  u32 most_blocks = 12;
  u32 most_insts = 8;  // of a block
};

/// `ints` and `floats` allocatable registers and two of scratch in each bank.
Machine small_machine(u32 ints, u32 floats);
Machine random_machine(Choices& choices);
Program random_program(Choices& choices, const Machine& machine, const Shape& shape = {});

/// What the instructions read, hashed, step by step.
using Trace = std::vector<u64>;
Trace interpret(const Program& program, u64 seed, u32 steps);
Trace interpret(const Program& program, const Machine& machine, const Output& output, u64 seed,
                u32 steps);

/// What is wrong with the allocator's answer; empty if nothing is.
std::string complaint(const Program& program, const Machine& machine, const Options& options = {});

}  // namespace wazuka::regalloc::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A function as machine instructions on virtual registers: what lowering makes, the register
// allocator reads (function()), and the emitter turns into bytes. `I` is the machine's instruction;
// only what is the same for all machines is here.
//
// Lowering walks a block backwards, but writes the instructions of one operation forwards: it
// begins a group with begin_group(), adds instructions, and the group is put before the groups that
// are there already. Blocks are lowered from the last to the first; finish() turns all around.
#pragma once

#include <algorithm>
#include <span>
#include <vector>

#include "base/ints.h"
#include "opt/regalloc/api.h"

namespace wazuka::opt {

/// A block in layout order. Edges are split where needed (blocks without an IR block).
struct MachBlock {
  static constexpr u32 kNoSource = ~u32{0};
  u32 source = kNoSource;  // number of the IR block
  u32 loop_depth = 0;
  float frequency = 1;
  bool cold = false;
};

template <class I>
class VCode {
 public:
  using Operand = regalloc::Operand;

  // Virtual registers ----------------------------------------------------------------------------

  regalloc::VReg new_vreg(regalloc::RegClass c) {
    classes_.push_back(c);
    remat_.push_back(regalloc::kNoRemat);
    return static_cast<regalloc::VReg>(classes_.size() - 1);
  }
  void set_remat(regalloc::VReg v, u32 what) { remat_[v] = what; }
  regalloc::RegClass class_of(regalloc::VReg v) const { return classes_[v]; }
  u32 num_vregs() const { return static_cast<u32>(classes_.size()); }

  // Lowering: blocks from the last to the first
  // -----------------------------------------------------

  void begin_block(const MachBlock& block) {
    blocks_.push_back(block);
    infos_.emplace_back();
    infos_.back().loop_depth = block.loop_depth;
    infos_.back().frequency = block.frequency;
    infos_.back().insts.first = static_cast<u32>(insts_.size());
    group_ = insts_.size();
  }
  /// What is added from now on comes, in order, before all that the block has so far.
  void begin_group() {
    std::reverse(insts_.begin() + static_cast<std::ptrdiff_t>(group_), insts_.end());
    std::reverse(inst_infos_.begin() + static_cast<std::ptrdiff_t>(group_), inst_infos_.end());
    group_ = insts_.size();
  }
  void add(const I& inst, std::span<const Operand> operands, regalloc::RegSet clobbers = 0,
           bool is_move = false) {
    const u32 first = static_cast<u32>(operands_.size());
    operands_.insert(operands_.end(), operands.begin(), operands.end());
    insts_.push_back(inst);
    inst_infos_.push_back({{first, static_cast<u32>(operands.size())}, clobbers, is_move});
  }
  void end_block() {
    begin_group();
    infos_.back().insts.count = static_cast<u32>(insts_.size()) - infos_.back().insts.first;
  }

  /// Of the block that is being lowered; in order.
  void add_param(regalloc::VReg v) {
    regalloc::Range& r = infos_.back().params;
    if (r.count == 0) r.first = static_cast<u32>(params_.size());
    params_.push_back(v);
    ++r.count;
  }
  /// To a block by its number in layout order.
  void add_edge(u32 to, std::span<const regalloc::VReg> args) {
    regalloc::Range& r = infos_.back().succs;
    if (r.count == 0) r.first = static_cast<u32>(edges_.size());
    edges_.push_back({to, {static_cast<u32>(args_.size()), static_cast<u32>(args.size())}});
    args_.insert(args_.end(), args.begin(), args.end());
    ++r.count;
  }

  /// All blocks are there: puts everything into layout order.
  void finish();

  // Afterwards ------------------------------------------------------------------------------------

  regalloc::Function function() const {
    return {infos_, inst_infos_, operands_, edges_, preds_, params_, args_, classes_, remat_};
  }
  std::span<const MachBlock> blocks() const { return blocks_; }
  std::span<const I> insts() const { return insts_; }
  std::span<const regalloc::BlockInfo> block_infos() const { return infos_; }
  std::span<const regalloc::Edge> succs(u32 block) const {
    const regalloc::Range r = infos_[block].succs;
    return std::span(edges_).subspan(r.first, r.count);
  }
  const regalloc::InstInfo& info(u32 inst) const { return inst_infos_[inst]; }
  u32 remat(regalloc::VReg v) const { return remat_[v]; }

  void clear() { *this = VCode(); }

 private:
  void find_preds();

  std::vector<MachBlock> blocks_;
  std::vector<regalloc::BlockInfo> infos_;
  std::vector<I> insts_;
  std::vector<regalloc::InstInfo> inst_infos_;
  std::vector<Operand> operands_;
  std::vector<regalloc::Edge> edges_;
  std::vector<regalloc::Block> preds_;
  std::vector<regalloc::VReg> params_, args_;
  std::vector<regalloc::RegClass> classes_;
  std::vector<u32> remat_;
  size_t group_ = 0;  // first instruction of the current group
};

template <class I>
void VCode<I>::finish() {
  // Groups were added from the last to the first, so that everything is reversed; operands follow
  // the new order.
  const u32 count = static_cast<u32>(insts_.size());
  std::reverse(blocks_.begin(), blocks_.end());
  std::reverse(infos_.begin(), infos_.end());
  std::reverse(insts_.begin(), insts_.end());
  std::reverse(inst_infos_.begin(), inst_infos_.end());
  std::vector<Operand> operands;
  operands.reserve(operands_.size());
  for (regalloc::InstInfo& i : inst_infos_) {
    const u32 first = static_cast<u32>(operands.size());
    operands.insert(operands.end(), operands_.begin() + i.operands.first,
                    operands_.begin() + i.operands.end());
    i.operands.first = first;
  }
  operands_ = std::move(operands);
  std::vector<regalloc::Edge> edges;
  edges.reserve(edges_.size());
  for (regalloc::BlockInfo& b : infos_) {
    b.insts.first = count - b.insts.end();
    const u32 first = static_cast<u32>(edges.size());
    edges.insert(edges.end(), edges_.begin() + b.succs.first, edges_.begin() + b.succs.end());
    b.succs.first = first;
  }
  edges_ = std::move(edges);
  find_preds();
}

template <class I>
void VCode<I>::find_preds() {
  for (const regalloc::Edge& e : edges_) ++infos_[e.to].preds.count;
  u32 at = 0;
  for (regalloc::BlockInfo& b : infos_) {
    b.preds.first = at;
    at += b.preds.count;
    b.preds.count = 0;
  }
  preds_.resize(at);
  for (u32 b = 0; b < infos_.size(); ++b) {
    for (const regalloc::Edge& e : succs(b)) {
      regalloc::Range& r = infos_[e.to].preds;
      preds_[r.first + r.count++] = b;
    }
  }
}

}  // namespace wazuka::opt

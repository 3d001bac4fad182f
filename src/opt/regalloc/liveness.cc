// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Live ranges. In SSA the blocks where a virtual register is live are found by walking backwards
// from its uses to its definition, one virtual register after the other: each pair of block and
// register that is live there is visited once, and nothing else; no sets, no iteration to a fixed
// point. The pairs may be far more than instructions and registers (all registers live in all
// blocks), so their number has a limit.
#include <algorithm>

#include "opt/regalloc/state.h"

namespace wazuka::regalloc {
namespace {

// What an occurrence costs in a slot, for each execution.
constexpr float kLoad = 1.0f;           // a load before the instruction
constexpr float kMemoryOperand = 0.7f;  // the instruction reads or writes the slot
constexpr float kStore = 1.0f;
constexpr float kGap = 0.7f;    // a load where otherwise there would mostly be a move
constexpr float kEdge = 0.4f;   // arguments and parameters: often in the same slot
constexpr float kRemat = 0.4f;  // times this if it is not loaded but made again

class Liveness {
 public:
  explicit Liveness(State& s) : s_(s), f_(s.f) {}

  void run() {
    number_blocks();
    s_.vregs.resize(f_.classes.size());
    find_remats();
    count_uses();
    place_uses();
    mark_.assign(f_.blocks.size(), kNone);
    entry_.assign(f_.blocks.size(), 0);
    for (VReg v = 0; v < s_.vregs.size() && !s_.failed(); ++v) make_ranges(v);
  }

 private:
  // A block where the register is live at the start, and until when.
  struct LiveIn {
    Block block;
    Point to;
  };

  void number_blocks();
  void find_remats();
  void count_uses();
  void place_uses();
  void place(VReg v, Use use);
  void define(VReg v, Point at, Block block);
  void place_operands(Inst i, Block block);
  void place_move(Inst i, float frequency, Block block);
  Use use_of(const Operand& operand, Inst i, float frequency) const;
  void place_def(const Operand& operand, Inst i, Block block, float frequency);
  void make_ranges(VReg v);
  void walk_up(VReg v, Block from, Point& local_to);
  void sort_live_ins(VReg v);
  void emit_ranges(VReg v, Point local_to);

  State& s_;
  const Function& f_;
  std::vector<Block> mark_;  // the last register found to be live at the start of each block
  std::vector<u32> entry_;   // its place in live_ins_
  std::vector<LiveIn> live_ins_, sorted_;
  std::vector<Block> stack_;
  std::vector<u32> reused_;  // operands of an instruction that a kReuse names
};

void Liveness::number_blocks() {
  s_.block_of_inst.resize(f_.insts.size());
  u32 blocks = static_cast<u32>(f_.blocks.size());
  for (Block b = 0; b < blocks; ++b) {
    Range insts = f_.blocks[b].insts;
    std::fill_n(s_.block_of_inst.begin() + insts.first, insts.count, b);
  }
  // Runs of blocks at least as deep: what is smaller on either side, with a stack.
  s_.loop_begin.assign(blocks, 0);
  s_.loop_end.assign(blocks, blocks);
  std::vector<Block> open;
  for (Block b = 0; b < blocks; ++b) {
    u32 depth = f_.blocks[b].loop_depth;
    while (!open.empty() && f_.blocks[open.back()].loop_depth > depth) {
      s_.loop_end[open.back()] = b;
      open.pop_back();
    }
    // Blocks as deep as the one before belong to its run.
    bool same = !open.empty() && f_.blocks[open.back()].loop_depth == depth;
    s_.loop_begin[b] = same ? s_.loop_begin[open.back()] : open.empty() ? 0 : open.back() + 1;
    open.push_back(b);
  }
}

// A value that is made again is never in a slot, so that each occurrence must be able to be in a
// register.
void Liveness::find_remats() {
  if (f_.remat.empty()) return;
  for (VReg v = 0; v < s_.vregs.size(); ++v) s_.vregs[v].remat = f_.remat[v];
  for (const InstInfo& inst : f_.insts) {
    for (const Operand& o : f_.operands.subspan(inst.operands.first, inst.operands.count)) {
      bool use = o.kind == OperandKind::kUse;
      bool loose = o.constraint == Constraint::kAny;
      if (inst.is_move ? !use : use ? loose && o.position == Position::kLate : loose) {
        s_.vregs[o.vreg].remat = kNoRemat;
      }
      if (o.kind != OperandKind::kUse && o.constraint == Constraint::kStack) {
        s_.vregs[o.vreg].remat = kNoRemat;
      }
    }
  }
  for (VReg v : f_.params) s_.vregs[v].remat = kNoRemat;
}

void Liveness::count_uses() {
  for (const Operand& o : f_.operands) ++s_.vregs[o.vreg].uses.count;
  for (VReg v : f_.params) ++s_.vregs[v].uses.count;
  for (VReg v : f_.args) ++s_.vregs[v].uses.count;
  u32 first = 0;
  for (VRegInfo& v : s_.vregs) {
    v.uses.first = first;
    first += v.uses.count;
    v.uses.count = 0;
  }
  s_.uses.resize(first);
}

void Liveness::place_uses() {
  for (Block b = 0; b < f_.blocks.size(); ++b) {
    const BlockInfo& block = f_.blocks[b];
    Point from = s_.block_from(b);
    for (VReg v : f_.params.subspan(block.params.first, block.params.count)) {
      define(v, from, b);
      s_.vregs[v].parameter = true;
      place(v, {from, from + 1, block.frequency * kEdge, kNoReg, false});
    }
    for (Inst i = block.insts.first; i < block.insts.end(); ++i) place_operands(i, b);
    Point to = s_.block_to(b);
    for (const Edge& edge : f_.edges.subspan(block.succs.first, block.succs.count)) {
      for (VReg v : f_.args.subspan(edge.args.first, edge.args.count)) {
        float frequency = std::min(block.frequency, f_.blocks[edge.to].frequency);
        place(v, {to - 1, to, frequency * kEdge, kNoReg, false});
      }
    }
  }
}

// Occurrences come in order but for those of one instruction, which may differ in position.
void Liveness::place(VReg v, Use use) {
  VRegInfo& info = s_.vregs[v];
  if (info.remat != kNoRemat) use.weight *= kRemat;
  Use* at = &s_.uses[info.uses.first + info.uses.count++];
  Use* first = &s_.uses[info.uses.first];
  for (; at > first && at[-1].from > use.from; --at) *at = at[-1];
  *at = use;
}

void Liveness::define(VReg v, Point at, Block block) {
  VRegInfo& info = s_.vregs[v];
  if (info.def != kNone) s_.failure.set("regalloc: a virtual register has two definitions");
  info.def = at;
  info.block = block;
}

void Liveness::place_operands(Inst i, Block block) {
  const InstInfo& inst = f_.insts[i];
  float frequency = f_.blocks[block].frequency;
  if (inst.is_move) return place_move(i, frequency, block);
  auto operands = f_.operands.subspan(inst.operands.first, inst.operands.count);
  reused_.clear();
  for (const Operand& o : operands) {
    if (o.constraint == Constraint::kReuse) reused_.push_back(o.data);
  }
  for (u32 n = 0; n < operands.size(); ++n) {
    const Operand& o = operands[n];
    if (o.kind != OperandKind::kUse) {
      place_def(o, i, block, frequency);
    } else if (std::find(reused_.begin(), reused_.end(), n) != reused_.end()) {
      // A move in the gap reads it.
      place(o.vreg, {pre(i), early(i), frequency * kGap, kNoReg, false});
    } else {
      place(o.vreg, use_of(o, i, frequency));
    }
  }
}

void Liveness::place_move(Inst i, float frequency, Block block) {
  for (const Operand& o : f_.operands.subspan(f_.insts[i].operands.first, 2)) {
    if (o.kind == OperandKind::kUse) {
      place(o.vreg, {pre(i), early(i), frequency * kGap, kNoReg, false});
    } else {
      define(o.vreg, early(i), block);
      place(o.vreg, {early(i), late(i), frequency * kGap, kNoReg, false});
    }
  }
}

Use Liveness::use_of(const Operand& o, Inst i, float frequency) const {
  // After a terminator there is no gap where the value could go elsewhere.
  Point end = s_.is_terminator(i) ? pre(i + 1) : post(i);
  Point to = o.position == Position::kEarly ? late(i) : end;
  bool remat = s_.vregs[o.vreg].remat != kNoRemat;
  switch (o.constraint) {
    case Constraint::kAny: {
      float factor = remat ? kLoad : kMemoryOperand;
      return {early(i), to, frequency * factor, kNoReg, remat};
    }
    case Constraint::kReg: return {early(i), to, frequency * kLoad, kNoReg, true};
    case Constraint::kFixed: return {pre(i), early(i), frequency * kGap, o.data, false};
    case Constraint::kReuse:
    case Constraint::kStack: break;
  }
  // It may be read where it is.
  return {pre(i), to, 0, kNoReg, false};
}

void Liveness::place_def(const Operand& o, Inst i, Block block, float frequency) {
  bool terminator = s_.is_terminator(i);
  Point end = terminator ? s_.block_to(block) : post(i);
  if (o.kind == OperandKind::kTemp) {
    if (o.constraint == Constraint::kFixed) return;
    define(o.vreg, early(i), block);
    return place(o.vreg, {early(i), post(i), frequency, kNoReg, true});
  }
  Point from = o.position == Position::kEarly ? early(i) : late(i);
  switch (o.constraint) {
    case Constraint::kAny:
      define(o.vreg, from, block);
      return place(o.vreg, {from, end, frequency * kMemoryOperand, kNoReg, false});
    case Constraint::kReg:
      define(o.vreg, from, block);
      return place(o.vreg, {from, end, frequency * kStore, kNoReg, true});
    case Constraint::kReuse:
      define(o.vreg, early(i), block);
      return place(o.vreg, {early(i), end, frequency * kStore, kNoReg, true});
    case Constraint::kFixed:
    case Constraint::kStack: break;
  }
  bool fixed = o.constraint == Constraint::kFixed;
  define(o.vreg, post(i), block);
  s_.vregs[o.vreg].fixed_def = fixed ? o.data : kNoReg;
  place(o.vreg,
        {post(i), post(i) + 1, fixed ? frequency * kGap : 0, fixed ? o.data : kNoReg, false});
}

// ---- from occurrences to ranges ----

void Liveness::make_ranges(VReg v) {
  VRegInfo& info = s_.vregs[v];
  if (info.uses.count == 0) return;
  if (info.def == kNone) {
    s_.failure.set("regalloc: a virtual register is used but not defined");
    return;
  }
  // What arrives in a register of its own and is not used needs no place.
  bool arrives = info.parameter || (info.def & 3) == 3;
  if (info.uses.count == 1 && arrives) {
    info.uses.count = 0;
    return;
  }
  live_ins_.clear();
  Point local_to = info.def + 1;
  for (u32 n = info.uses.first; n < info.uses.end(); ++n) {
    const Use& use = s_.uses[n];
    Block b = s_.block_at(use.from);
    if (b == info.block) {
      if (use.from < info.def) {
        s_.failure.set("regalloc: a virtual register is used before its definition");
        return;
      }
      local_to = std::max(local_to, use.to);
    } else if (mark_[b] == v) {
      Point& to = live_ins_[entry_[b]].to;
      to = std::max(to, use.to);
    } else {
      mark_[b] = v;
      entry_[b] = static_cast<u32>(live_ins_.size());
      live_ins_.push_back({b, use.to});
      walk_up(v, b, local_to);
    }
    if (s_.failed()) return;
  }
  emit_ranges(v, local_to);
}

void Liveness::walk_up(VReg v, Block from, Point& local_to) {
  Block def_block = s_.vregs[v].block;
  stack_.push_back(from);
  while (!stack_.empty()) {
    Block b = stack_.back();
    stack_.pop_back();
    Range preds = f_.blocks[b].preds;
    s_.stats.liveness_steps += 1 + preds.count;
    if (preds.count == 0) s_.failure.set("regalloc: a definition does not dominate a use");
    for (Block p : f_.preds.subspan(preds.first, preds.count)) {
      Point to = s_.block_to(p);
      if (p == def_block) {
        local_to = to;
      } else if (mark_[p] == v) {
        live_ins_[entry_[p]].to = to;
      } else {
        mark_[p] = v;
        entry_[p] = static_cast<u32>(live_ins_.size());
        live_ins_.push_back({p, to});
        stack_.push_back(p);
      }
    }
  }
  if (s_.stats.liveness_steps > s_.options.most_liveness_steps) {
    s_.failure.set("regalloc: too many virtual registers are live in too many blocks");
  }
}

void Liveness::sort_live_ins(VReg v) {
  if (live_ins_.size() < 2) return;
  if (live_ins_.size() < 64 || live_ins_.size() < f_.blocks.size() / 32) {
    auto by_block = [](const LiveIn& a, const LiveIn& b) { return a.block < b.block; };
    std::sort(live_ins_.begin(), live_ins_.end(), by_block);
    return;
  }
  // Most blocks: in their order.
  sorted_.clear();
  for (Block b = 0; b < f_.blocks.size(); ++b) {
    if (mark_[b] == v) sorted_.push_back(live_ins_[entry_[b]]);
  }
  live_ins_.swap(sorted_);
}

void Liveness::emit_ranges(VReg v, Point local_to) {
  VRegInfo& info = s_.vregs[v];
  sort_live_ins(v);
  live_ins_.insert(std::partition_point(live_ins_.begin(), live_ins_.end(),
                                        [&](const LiveIn& in) { return in.block < info.block; }),
                   {info.block, local_to});
  info.ranges.first = static_cast<u32>(s_.ranges.size());
  u32 use = info.uses.first;
  for (const LiveIn& in : live_ins_) {
    Point from = in.block == info.block ? info.def : s_.block_from(in.block);
    bool follows = s_.ranges.size() > info.ranges.first && s_.ranges.back().to == from;
    if (follows) {
      s_.ranges.back().to = in.to;
    } else {
      s_.ranges.push_back({from, in.to, v, {use, 0}});
    }
    LiveRange& range = s_.ranges.back();
    while (use < info.uses.end() && s_.uses[use].from < range.to) {
      ++use;
      ++range.uses.count;
    }
  }
  info.ranges.count = static_cast<u32>(s_.ranges.size()) - info.ranges.first;
  s_.stats.ranges += info.ranges.count;
}

}  // namespace

void compute_liveness(State& s) {
  Liveness(s).run();
}

}  // namespace wazuka::regalloc

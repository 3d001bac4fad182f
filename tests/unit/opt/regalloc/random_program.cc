// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Any graph of blocks, any layout, any frequencies: the allocator must be right whatever its input
// makes of its heuristics. What an instruction may ask for is limited by what the machine has.
#include <algorithm>
#include <bit>

#include "unit/opt/regalloc/program.h"

namespace wazuka::regalloc::test {

u32 Choices::below(u32 n) {
  if (n <= 1) return 0;
  if (data_ != nullptr) {
    u32 value = at_ < size_ ? data_[at_++] : 0;
    if (n > 256) value = value << 8 | (at_ < size_ ? data_[at_++] : 0);
    return value % n;
  }
  state_ ^= state_ << 13;
  state_ ^= state_ >> 7;
  state_ ^= state_ << 17;
  return static_cast<u32>((state_ * 0x2545'f491'4f6c'dd1d) >> 33) % n;
}

Machine small_machine(u32 ints, u32 floats) {
  Machine machine;
  for (u32 n = 0; n < ints; ++n) machine.allocatable[0].push_back(static_cast<PReg>(n));
  for (u32 n = 0; n < floats; ++n) machine.allocatable[1].push_back(static_cast<PReg>(32 + n));
  machine.scratch = {{{30, 31}, {62, 63}}};
  return machine;
}

Machine random_machine(Choices& choices) {
  return small_machine(3 + choices.below(6), 2 + choices.below(4));
}

namespace {

// The graph alone, before virtual registers.
struct Graph {
  std::vector<std::vector<Block>> succs;
  std::vector<std::vector<Block>> preds;

  void connect(Block from, Block to) { succs[from].push_back(to); }
  void find_preds() {
    preds.assign(succs.size(), {});
    for (Block b = 0; b < succs.size(); ++b) {
      for (Block to : succs[b]) preds[to].push_back(b);
    }
  }
};

// Every block can be reached from the one before or another earlier one.
Graph random_graph(Choices& choices, u32 blocks) {
  Graph g;
  g.succs.resize(blocks);
  for (Block b = 1; b < blocks; ++b) {
    Block near = b > 3 ? b - 1 - choices.below(3) : b - 1;
    g.connect(choices.one_in(3) ? choices.below(b) : near, b);
  }
  for (u32 n = choices.below(blocks + 1); n > 0 && blocks > 1; --n) {
    g.connect(choices.below(blocks), 1 + choices.below(blocks - 1));
  }
  g.find_preds();
  // Critical edges get blocks of their own, beside their origin or at the end.
  for (Block b = 0; b < blocks; ++b) {
    if (g.succs[b].size() < 2) continue;
    for (size_t n = 0; n < g.succs[b].size(); ++n) {
      if (g.preds[g.succs[b][n]].size() < 2) continue;
      g.succs.push_back({g.succs[b][n]});
      g.succs[b][n] = static_cast<Block>(g.succs.size() - 1);
    }
  }
  g.find_preds();
  return g;
}

Graph in_order(const Graph& g, const std::vector<Block>& order) {
  std::vector<Block> number(order.size());
  for (Block n = 0; n < order.size(); ++n) number[order[n]] = n;
  Graph out;
  out.succs.resize(order.size());
  for (Block n = 0; n < order.size(); ++n) {
    for (Block to : g.succs[order[n]]) out.succs[n].push_back(number[to]);
  }
  out.find_preds();
  return out;
}

// Of each block, those that dominate it, as bits in words.
std::vector<std::vector<bool>> dominators(const Graph& g) {
  size_t blocks = g.succs.size();
  std::vector<std::vector<bool>> dom(blocks, std::vector<bool>(blocks, true));
  dom[0].assign(blocks, false);
  dom[0][0] = true;
  for (bool changed = true; changed;) {
    changed = false;
    for (Block b = 1; b < blocks; ++b) {
      std::vector<bool> now(blocks, true);
      for (Block p : g.preds[b]) {
        for (size_t n = 0; n < blocks; ++n) now[n] = now[n] && dom[p][n];
      }
      now[b] = true;
      changed |= now != dom[b];
      dom[b] = now;
    }
  }
  return dom;
}

// What one instruction takes of one bank.
struct Demand {
  RegSet early_fixed = 0, late_fixed = 0;
  u32 early = 0, late = 0, both = 0;

  bool fits(u32 regs) const {
    u32 early_sum = early + both + static_cast<u32>(std::popcount(early_fixed));
    u32 late_sum = late + both + static_cast<u32>(std::popcount(late_fixed));
    u32 both_sum = both + static_cast<u32>(std::popcount(early_fixed | late_fixed));
    return early_sum <= regs && late_sum <= regs && both_sum <= regs;
  }
};

class Generator {
 public:
  Generator(Choices& choices, const Machine& machine, const Shape& shape)
      : c_(choices), machine_(machine), shape_(shape) {
    for (u32 bank = 0; bank < kBanks; ++bank) {
      for (PReg reg : machine.allocatable[bank]) all_[bank] |= reg_bit(reg);
    }
  }

  Program run();

 private:
  RegClass random_class() { return static_cast<RegClass>(c_.below(kRegClasses)); }
  VReg value(RegClass c);
  VReg any_value() { return value(random_class()); }
  VReg fresh(RegClass c) {
    VReg v = p_.vreg(c);
    defined_.push_back(v);
    return v;
  }

  void make_block(Block b);
  void make_inst();
  void make_terminator(Block b);
  std::vector<Operand> operands(RegSet clobbers, bool terminator);
  bool try_add(std::vector<Operand>& ops, Operand o, bool all_clobbered);
  void add_use(std::vector<Operand>& ops, bool all_clobbered);
  void add_def(std::vector<Operand>& ops, bool all_clobbered);
  RegSet random_clobbers();
  PReg random_reg(RegClass c) {
    const auto& regs = machine_.allocatable[static_cast<u32>(bank_of(c))];
    return regs[c_.below(static_cast<u32>(regs.size()))];
  }

  Choices& c_;
  const Machine& machine_;
  const Shape& shape_;
  Program p_;
  Graph g_;
  RegSet all_[kBanks] = {};
  std::vector<std::vector<VReg>> values_;  // of each block, its own
  std::vector<VReg> available_[kRegClasses];
  std::vector<VReg> defined_;  // by the instruction that is being made
  Demand demand_[kBanks];
};

// Recent ones more often.
VReg Generator::value(RegClass c) {
  const std::vector<VReg>& from = available_[static_cast<u32>(c)];
  u32 size = static_cast<u32>(from.size());
  u32 recent = std::min(size, 6u);
  return c_.one_in(3) ? from[c_.below(size)] : from[size - 1 - c_.below(recent)];
}

bool Generator::try_add(std::vector<Operand>& ops, Operand o, bool all_clobbered) {
  Demand& demand = demand_[static_cast<u32>(bank_of(p_.classes[o.vreg]))];
  Demand before = demand;
  u32 regs = static_cast<u32>(std::popcount(all_[static_cast<u32>(bank_of(p_.classes[o.vreg]))]));
  bool use = o.kind == OperandKind::kUse;
  bool is_late = use ? o.position == Position::kLate : true;
  bool is_early = use || o.kind == OperandKind::kTemp || o.position == Position::kEarly ||
                  o.constraint == Constraint::kReuse;
  bool right = true;
  if (o.constraint == Constraint::kFixed) {
    RegSet bit = reg_bit(o.data);
    if (is_early) {
      right &= (demand.early_fixed & bit) == 0;
      demand.early_fixed |= bit;
    }
    if (is_late) {
      bool def_of_clobbered = !use && all_clobbered;
      right &= (demand.late_fixed & bit) == 0 || def_of_clobbered;
      for (const Operand& other : ops) {
        bool same = other.constraint == Constraint::kFixed && other.data == o.data;
        bool early_use = other.kind == OperandKind::kUse && other.position == Position::kEarly;
        right &= !same || early_use;
      }
      demand.late_fixed |= bit;
    }
  } else if (o.constraint == Constraint::kReg || o.constraint == Constraint::kReuse) {
    if (is_early && is_late) {
      ++demand.both;
    } else if (is_early) {
      ++demand.early;
    } else {
      ++demand.late;
    }
  } else if (o.constraint == Constraint::kAny && use && p_.remat[o.vreg] != kNoRemat) {
    ++(is_late ? demand.both : demand.early);
  }
  if (!right || !demand.fits(regs)) {
    demand = before;
    return false;
  }
  ops.push_back(o);
  return true;
}

void Generator::add_use(std::vector<Operand>& ops, bool all_clobbered) {
  VReg v = any_value();
  Constraint constraints[] = {Constraint::kAny, Constraint::kReg, Constraint::kReg,
                              Constraint::kFixed, Constraint::kStack};
  Operand o = Operand::use(v, constraints[c_.below(5)]);
  if (o.constraint == Constraint::kFixed) o.data = random_reg(p_.classes[v]);
  if (c_.one_in(5)) o.position = Position::kLate;
  try_add(ops, o, all_clobbered);
}

void Generator::add_def(std::vector<Operand>& ops, bool all_clobbered) {
  VReg v = p_.vreg(random_class());
  Operand o = Operand::def(v);
  switch (c_.below(8)) {
    case 0: o.constraint = Constraint::kAny; break;
    case 1: o.position = Position::kEarly; break;
    case 2: o = Operand::fixed_def(v, random_reg(p_.classes[v])); break;
    case 3: o.constraint = Constraint::kStack; break;
    case 4: o = Operand::temp(v); break;
    case 5: o = Operand::fixed_temp(v, random_reg(p_.classes[v])); break;
    default: {
      // Reuse of an input, if there is one for it.
      u32 n = c_.below(4);
      bool fits =
          n < ops.size() && ops[n].kind == OperandKind::kUse &&
          (ops[n].constraint == Constraint::kAny || ops[n].constraint == Constraint::kReg) &&
          ops[n].position == Position::kEarly && p_.classes[ops[n].vreg] == p_.classes[v];
      for (const Operand& other : ops) {
        fits &= other.constraint != Constraint::kReuse || other.data != n;
      }
      if (fits) o = Operand::reuse_def(v, static_cast<u8>(n));
    }
  }
  if (!try_add(ops, o, all_clobbered)) return;
  if (o.kind == OperandKind::kDef) defined_.push_back(v);
  bool plain = o.constraint == Constraint::kReg && o.position == Position::kLate;
  if (plain && o.kind == OperandKind::kDef && ops.size() == 1 && c_.one_in(2)) {
    p_.remat[v] = 1 + c_.below(100);
  }
}

RegSet Generator::random_clobbers() {
  RegSet all = all_[0] | all_[1];
  switch (c_.below(6)) {
    case 0: return all;
    case 1: return all_[c_.below(2)];
    case 2: return all & reg_bit(random_reg(random_class()));
    default: return 0;
  }
}

std::vector<Operand> Generator::operands(RegSet clobbers, bool terminator) {
  std::vector<Operand> ops;
  defined_.clear();
  for (u32 bank = 0; bank < kBanks; ++bank) {
    demand_[bank] = {};
    demand_[bank].late_fixed = clobbers & all_[bank];
  }
  bool clobbering = clobbers != 0;
  for (u32 n = c_.below(5); n > 0; --n) add_use(ops, clobbering);
  for (u32 n = c_.below(terminator ? 2 : 3); n > 0; --n) add_def(ops, clobbering);
  return ops;
}

void Generator::make_inst() {
  if (c_.one_in(8)) {
    VReg from = any_value();
    VReg to = p_.vreg(p_.classes[from]);
    p_.copy(from, to);
    available_[static_cast<u32>(p_.classes[to])].push_back(to);
    return;
  }
  RegSet clobbers = random_clobbers();
  p_.add(operands(clobbers, /*terminator=*/false), clobbers);
  for (VReg v : defined_) available_[static_cast<u32>(p_.classes[v])].push_back(v);
}

void Generator::make_terminator(Block b) {
  bool plain = g_.succs[b].size() == 1 && g_.preds[g_.succs[b][0]].size() > 1;
  std::vector<Program::To> to;
  for (Block s : g_.succs[b]) to.push_back({s, {}});
  defined_.clear();
  RegSet clobbers = plain ? 0 : random_clobbers();
  std::vector<Operand> ops;
  if (!plain) ops = operands(clobbers, /*terminator=*/true);
  p_.end(ops, to, clobbers);
  for (VReg v : defined_) available_[static_cast<u32>(p_.classes[v])].push_back(v);
}

void Generator::make_block(Block b) {
  float frequencies[] = {0.01f, 1, 1, 10, 100};
  std::vector<VReg> params;
  for (u32 n = b == 0 ? 0 : c_.below(4); n > 0; --n) params.push_back(p_.vreg(random_class()));
  p_.begin(frequencies[c_.below(5)], c_.below(4), params);
  for (VReg v : params) available_[static_cast<u32>(p_.classes[v])].push_back(v);
  if (b == 0) {
    for (u32 c = 0; c < kRegClasses; ++c) {
      for (u32 n = 1 + c_.below(3); n > 0; --n) {
        available_[c].push_back(p_.make(static_cast<RegClass>(c)));
      }
    }
  }
  for (u32 n = c_.below(shape_.most_insts + 1); n > 0; --n) make_inst();
  make_terminator(b);
}

Program Generator::run() {
  Graph graph = random_graph(c_, 1 + c_.below(shape_.most_blocks));
  std::vector<Block> order(graph.succs.size());
  for (Block b = 0; b < order.size(); ++b) order[b] = b;
  for (u32 n = c_.below(4); n > 0 && order.size() > 2; --n) {
    u32 last = static_cast<u32>(order.size()) - 1;
    std::swap(order[1 + c_.below(last)], order[1 + c_.below(last)]);
  }
  g_ = in_order(graph, order);
  auto dom = dominators(g_);
  // In an order in which dominators come first; then put in layout order.
  u32 blocks = static_cast<u32>(g_.succs.size());
  std::vector<Block> by_depth(blocks);
  for (Block b = 0; b < blocks; ++b) by_depth[b] = b;
  auto depth = [&](Block b) { return std::count(dom[b].begin(), dom[b].end(), true); };
  std::sort(by_depth.begin(), by_depth.end(),
            [&](Block x, Block y) { return depth(x) != depth(y) ? depth(x) < depth(y) : x < y; });
  std::vector<Program> made(blocks);
  std::vector<std::vector<VReg>> own[kRegClasses];
  for (auto& of_class : own) of_class.resize(blocks);
  for (Block b : by_depth) {
    Program kept = std::move(p_);
    p_ = {};
    p_.classes = kept.classes;
    p_.remat = kept.remat;
    for (u32 c = 0; c < kRegClasses; ++c) {
      available_[c].clear();
      for (Block d = 0; d < blocks; ++d) {
        if (d != b && dom[b][d]) {
          available_[c].insert(available_[c].end(), own[c][d].begin(), own[c][d].end());
        }
      }
    }
    size_t before[kRegClasses];
    for (u32 c = 0; c < kRegClasses; ++c) before[c] = available_[c].size();
    make_block(b);
    for (u32 c = 0; c < kRegClasses; ++c) {
      own[c][b].assign(available_[c].begin() + static_cast<std::ptrdiff_t>(before[c]),
                       available_[c].end());
    }
    made[b] = p_;
  }
  Program all;
  all.classes = p_.classes;
  all.remat = p_.remat;
  for (Block b = 0; b < blocks; ++b) {
    const Program& part = made[b];
    all.begin(part.blocks[0].frequency, part.blocks[0].loop_depth, part.params);
    for (Inst i = 0; i < part.insts.size(); ++i) {
      const InstInfo& inst = part.insts[i];
      auto first = part.operands.begin() + inst.operands.first;
      std::vector<Operand> ops(first, first + inst.operands.count);
      std::vector<Program::To> to;
      if (i + 1 == part.insts.size()) {
        for (const Edge& edge : part.edges) {
          std::vector<VReg> passed;
          for (VReg param : made[edge.to].params) {
            u32 c = static_cast<u32>(all.classes[param]);
            std::vector<VReg> from;
            for (Block d = 0; d < blocks; ++d) {
              if (dom[b][d]) from.insert(from.end(), own[c][d].begin(), own[c][d].end());
            }
            passed.push_back(from[c_.below(static_cast<u32>(from.size()))]);
          }
          to.push_back({edge.to, passed});
        }
        all.end(ops, to, inst.clobbers);
      } else {
        Inst at = all.add(ops, inst.clobbers);
        all.insts[at].is_move = inst.is_move;
      }
    }
  }
  all.finish();
  return all;
}

}  // namespace

Program random_program(Choices& choices, const Machine& machine, const Shape& shape) {
  return Generator(choices, machine, shape).run();
}

}  // namespace wazuka::regalloc::test

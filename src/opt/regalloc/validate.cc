// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <cmath>

#include "opt/regalloc/api.h"

namespace wazuka::regalloc {
namespace {

class Validator {
 public:
  Validator(const Function& f, const Machine& machine) : f_(f), machine_(machine) {}

  Result<void> run() {
    check_machine();
    if (f_.blocks.empty()) bad("a function has a block");
    if (!f_.remat.empty() && f_.remat.size() != f_.classes.size()) {
      bad("there is a rematerialisation for each virtual register");
    }
    for (RegClass c : f_.classes) {
      if (static_cast<u32>(c) >= kRegClasses) bad("no such class of registers");
    }
    Inst next = 0;
    u32 next_edge = 0;
    for (Block b = 0; b < f_.blocks.size() && ok(); ++b) {
      check_block(b, next, next_edge);
      next = f_.blocks[b].insts.end();
      next_edge = f_.blocks[b].succs.end();
    }
    if (ok() && next != f_.insts.size()) bad("every instruction is in a block");
    if (ok()) check_edges();
    if (ok()) check_operands();
    if (ok()) check_reachable();
    if (!ok()) return fail("regalloc: " + error_);
    return {};
  }

 private:
  bool ok() const { return error_.empty(); }
  void bad(const char* rule) {
    if (error_.empty()) error_ = std::string("broken rule: ") + rule;
  }
  static bool within(Range range, size_t size) {
    return range.first <= size && range.count <= size - range.first;
  }
  bool known(VReg v) const { return v < f_.classes.size(); }

  void check_machine();
  void check_block(Block b, Inst next, u32 next_edge);
  void check_edges();
  void check_edge(Block from, const Edge& edge, bool critical);
  void check_operands();
  void check_operand(const InstInfo& inst, const Operand& o);
  void check_reuse(const InstInfo& inst, const Operand& o);
  void check_move(const InstInfo& inst);
  void check_reachable();

  const Function& f_;
  const Machine& machine_;
  std::string error_;
};

void Validator::check_machine() {
  RegSet seen = 0;
  auto once = [&](PReg reg) {
    if (reg >= kMaxPRegs || (seen & reg_bit(reg)) != 0) return bad("registers are listed once");
    seen |= reg_bit(reg);
  };
  for (u32 bank = 0; bank < kBanks; ++bank) {
    for (PReg reg : machine_.allocatable[bank]) once(reg);
    for (PReg reg : machine_.scratch[bank]) once(reg);
  }
}

void Validator::check_block(Block b, Inst next, u32 next_edge) {
  const BlockInfo& block = f_.blocks[b];
  if (block.insts.first != next || block.insts.count == 0 ||
      !within(block.insts, f_.insts.size())) {
    bad("the instructions of blocks, at least one each, follow one another");
  }
  if (block.succs.first != next_edge || !within(block.succs, f_.edges.size())) {
    bad("the edges of blocks follow one another");
  }
  if (!within(block.preds, f_.preds.size()) || !within(block.params, f_.params.size())) {
    bad("predecessors and parameters are in their arrays");
  }
  if (!std::isfinite(block.frequency) || block.frequency < 0) bad("frequencies are numbers");
  if (b == 0 && (block.preds.count != 0 || block.params.count != 0)) {
    bad("the entry has neither predecessors nor parameters");
  }
}

void Validator::check_edges() {
  // Each predecessor is listed as often as it has an edge.
  std::vector<u32> edges(f_.blocks.size());
  for (const Edge& edge : f_.edges) {
    if (edge.to >= f_.blocks.size() || !within(edge.args, f_.args.size())) {
      return bad("edges lead to blocks, with arguments");
    }
    ++edges[edge.to];
  }
  u64 sum = 0;
  for (Block b = 0; b < f_.blocks.size(); ++b) {
    const BlockInfo& block = f_.blocks[b];
    if (edges[b] != block.preds.count) bad("edges agree with predecessors");
    u64 listed = 0;
    for (Block p : f_.preds.subspan(block.preds.first, block.preds.count)) listed += u64{p} + 1;
    sum += listed * (u64{b} + 1);
    for (VReg v : f_.params.subspan(block.params.first, block.params.count)) {
      if (!known(v)) return bad("parameters are virtual registers");
    }
    for (const Edge& edge : f_.edges.subspan(block.succs.first, block.succs.count)) {
      sum -= (u64{b} + 1) * (u64{edge.to} + 1);
      check_edge(b, edge, block.succs.count > 1 && f_.blocks[edge.to].preds.count > 1);
    }
  }
  if (sum != 0) bad("edges agree with predecessors");
}

void Validator::check_edge(Block from, const Edge& edge, bool critical) {
  const BlockInfo& to = f_.blocks[edge.to];
  if (critical) bad("there are no critical edges");
  if (edge.args.count != to.params.count) return bad("edges have an argument for each parameter");
  for (u32 n = 0; n < edge.args.count; ++n) {
    VReg arg = f_.args[edge.args.first + n];
    if (!known(arg)) return bad("arguments are virtual registers");
    VReg param = f_.params[to.params.first + n];
    if (f_.classes[arg] != f_.classes[param]) bad("arguments and parameters are of the same class");
  }
  const InstInfo& jump = f_.insts[f_.blocks[from].insts.end() - 1];
  bool plain = jump.operands.count == 0 && jump.clobbers == 0 && !jump.is_move;
  if (to.preds.count > 1 && !plain) bad("jumps to where others jump, too, have no operands");
}

void Validator::check_operands() {
  for (Block b = 0; b < f_.blocks.size(); ++b) {
    Range insts = f_.blocks[b].insts;
    for (Inst i = insts.first; i < insts.end(); ++i) {
      const InstInfo& inst = f_.insts[i];
      if (!within(inst.operands, f_.operands.size())) return bad("operands are in their array");
      for (u32 n = inst.operands.first; n < inst.operands.end(); ++n) {
        check_operand(inst, f_.operands[n]);
        if (!ok()) return;
      }
      if (inst.is_move) check_move(inst);
      if (inst.is_move && i + 1 == insts.end()) bad("a copy is no terminator");
    }
  }
}

void Validator::check_operand(const InstInfo& inst, const Operand& o) {
  if (!known(o.vreg)) return bad("operands are virtual registers");
  bool reg_or_fixed = o.constraint == Constraint::kReg || o.constraint == Constraint::kFixed;
  if (o.kind == OperandKind::kTemp && !reg_or_fixed) bad("temporaries are registers");
  if (o.constraint == Constraint::kReuse) check_reuse(inst, o);
}

void Validator::check_reuse(const InstInfo& inst, const Operand& o) {
  if (o.kind != OperandKind::kDef || o.data >= inst.operands.count) {
    return bad("a definition reuses an operand");
  }
  const Operand& input = f_.operands[inst.operands.first + o.data];
  bool loose = input.constraint == Constraint::kAny || input.constraint == Constraint::kReg;
  bool early_use = input.kind == OperandKind::kUse && input.position == Position::kEarly;
  if (!loose || !early_use || !known(input.vreg) || f_.classes[input.vreg] != f_.classes[o.vreg]) {
    bad("what is reused is an early use of the same class, kAny or kReg");
  }
  for (u32 n = inst.operands.first; n < inst.operands.end(); ++n) {
    const Operand& other = f_.operands[n];
    if (&other != &o && other.constraint == Constraint::kReuse && other.data == o.data) {
      bad("an operand is reused once");
    }
  }
}

void Validator::check_move(const InstInfo& inst) {
  if (inst.operands.count != 2 || inst.clobbers != 0) return bad("a copy has two operands");
  const Operand& from = f_.operands[inst.operands.first];
  const Operand& to = f_.operands[inst.operands.first + 1];
  bool kinds = from.kind == OperandKind::kUse && to.kind == OperandKind::kDef;
  if (!kinds || f_.classes[from.vreg] != f_.classes[to.vreg]) {
    bad("a copy has a use and a definition of the same class");
  }
  for (const Operand* o : {&from, &to}) {
    bool loose = o->constraint == Constraint::kAny || o->constraint == Constraint::kReg;
    if (!loose) bad("operands of a copy are kAny or kReg");
  }
}

void Validator::check_reachable() {
  std::vector<bool> seen(f_.blocks.size());
  std::vector<Block> work = {0};
  seen[0] = true;
  size_t count = 0;
  while (!work.empty()) {
    const BlockInfo& block = f_.blocks[work.back()];
    work.pop_back();
    ++count;
    for (const Edge& edge : f_.edges.subspan(block.succs.first, block.succs.count)) {
      if (!seen[edge.to]) work.push_back(edge.to);
      seen[edge.to] = true;
    }
  }
  if (count != f_.blocks.size()) bad("every block can be reached");
}

}  // namespace

Result<void> validate(const Function& function, const Machine& machine) {
  return Validator(function, machine).run();
}

}  // namespace wazuka::regalloc

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Symbolic execution. A state says which virtual registers each location holds (their values, that
// is). Moves copy what the source holds; a definition makes all other copies of its virtual
// register stale; an edge renames arguments to parameters; where paths meet, a location holds what
// it holds on all of them. This is a forward analysis that only ever takes things away, done until
// nothing changes; then each instruction is looked at once.
//
// Nothing is taken over from the allocator: neither liveness nor its notion of time.
#include "opt/regalloc/check.h"

#include <algorithm>
#include <span>
#include <string>
#include <unordered_map>

namespace wazuka::regalloc {
namespace {

// Pairs of a location and a virtual register in it.
class Contents {
 public:
  using Pair = std::pair<u32, VReg>;

  bool holds(Allocation at, VReg v) const {
    auto found = by_location_.find(at.bits());
    return found != by_location_.end() &&
           std::find(found->second.begin(), found->second.end(), v) != found->second.end();
  }
  std::span<const VReg> at(Allocation at) const {
    auto found = by_location_.find(at.bits());
    if (found == by_location_.end()) return {};
    return found->second;
  }
  void add(Allocation at, VReg v) { add(at.bits(), v); }
  void clear(Allocation at) {
    auto found = by_location_.find(at.bits());
    if (found == by_location_.end()) return;
    for (VReg v : found->second) remove(locations_[v], at.bits());
    by_location_.erase(found);
  }
  void forget(VReg v) {
    auto found = locations_.find(v);
    if (found == locations_.end()) return;
    for (u32 at : found->second) {
      auto here = by_location_.find(at);
      remove(here->second, v);
      if (here->second.empty()) by_location_.erase(here);
    }
    locations_.erase(found);
  }
  // Wherever one is, the other one is, too.
  void alias(VReg from, VReg to) {
    auto found = locations_.find(from);
    if (found == locations_.end()) return;
    std::vector<u32> everywhere = found->second;
    for (u32 at : everywhere) add(at, to);
  }

  std::vector<Pair> pairs() const {
    std::vector<Pair> all;
    for (const auto& [at, vregs] : by_location_) {
      for (VReg v : vregs) all.emplace_back(at, v);
    }
    std::sort(all.begin(), all.end());
    return all;
  }
  void set(const std::vector<Pair>& pairs) {
    by_location_.clear();
    locations_.clear();
    for (auto [at, v] : pairs) add(at, v);
  }

 private:
  void add(u32 at, VReg v) {
    std::vector<VReg>& here = by_location_[at];
    if (std::find(here.begin(), here.end(), v) != here.end()) return;
    here.push_back(v);
    locations_[v].push_back(at);
  }
  static void remove(std::vector<u32>& from, u32 what) {
    from.erase(std::find(from.begin(), from.end(), what));
  }

  std::unordered_map<u32, std::vector<VReg>> by_location_;
  std::unordered_map<VReg, std::vector<u32>> locations_;
};

class Checker {
 public:
  Checker(const Function& f, const Machine& machine, const Output& output)
      : f_(f), machine_(machine), out_(output) {}

  Result<void> run() {
    check_shape();
    if (ok()) propagate();
    reporting_ = true;
    for (Block b = 0; b < f_.blocks.size() && ok(); ++b) {
      if (!reached_[b]) continue;
      state_.set(entries_[b]);
      run_block(b);
    }
    if (!ok()) return fail("regalloc check: " + error_);
    return {};
  }

 private:
  bool ok() const { return error_.empty(); }
  void bad(Inst i, const std::string& what) {
    if (reporting_ && ok()) error_ = "instruction " + std::to_string(i) + ": " + what;
  }
  static std::string name(VReg v) { return "v" + std::to_string(v); }
  static std::string name(Allocation at) {
    if (at.is_none()) return "nowhere";
    if (at.is_reg()) return "r" + std::to_string(at.preg());
    return "slot " + std::to_string(at.unit());
  }
  std::span<const Operand> operands(Inst i) const {
    return f_.operands.subspan(f_.insts[i].operands.first, f_.insts[i].operands.count);
  }
  Allocation allocation(Inst i, size_t n) const {
    return out_.allocations[f_.insts[i].operands.first + n];
  }

  void check_shape();
  void check_slot(Inst i, Allocation at, RegClass c);
  void check_constraint(Inst i, size_t n);
  void check_overlaps(Inst i);
  void check_move(const Move& m);

  void propagate();
  void run_block(Block b);
  void run_move(const Move& m, Block b);
  void run_inst(Inst i);
  void leave(Block b, std::vector<Block>& work);
  void define(VReg v, Allocation at);
  void overwrite(Allocation at, RegClass c);

  const Function& f_;
  const Machine& machine_;
  const Output& out_;
  std::string error_;
  bool reporting_ = true;
  Contents state_;
  std::vector<std::vector<Contents::Pair>> entries_;
  std::vector<u8> reached_;
  std::vector<size_t> first_move_;  // of each instruction
};

// ---- what does not depend on paths ----

void Checker::check_shape() {
  if (out_.allocations.size() != f_.operands.size()) {
    return bad(0, "there is not one location for each operand");
  }
  first_move_.assign(f_.insts.size() + 1, out_.moves.size());
  Inst last = 0;
  size_t filled = 0;
  for (size_t n = 0; n < out_.moves.size(); ++n) {
    const Move& m = out_.moves[n];
    if (m.before >= f_.insts.size() || m.before < last)
      return bad(m.before, "a move is out of order");
    last = m.before;
    for (; filled <= last; ++filled) first_move_[filled] = n;
    check_move(m);
  }
  for (Inst i = 0; i < f_.insts.size() && ok(); ++i) {
    if (f_.insts[i].is_move) continue;
    for (size_t n = 0; n < f_.insts[i].operands.count; ++n) check_constraint(i, n);
    check_overlaps(i);
  }
}

void Checker::check_slot(Inst i, Allocation at, RegClass c) {
  if (!at.is_slot()) return;
  u32 units = c == RegClass::kVector ? 2 : 1;
  if (at.unit() + units > out_.slot_units) bad(i, name(at) + " is not in the frame");
  if (units == 2 && at.unit() % 2 != 0) bad(i, name(at) + " is not aligned");
}

void Checker::check_constraint(Inst i, size_t n) {
  const Operand& o = operands(i)[n];
  Allocation at = allocation(i, n);
  RegClass c = f_.classes[o.vreg];
  check_slot(i, at, c);
  if (at.is_none()) return bad(i, "an operand has no location");
  const auto& regs = machine_.allocatable[static_cast<u32>(bank_of(c))];
  if (at.is_reg() && std::find(regs.begin(), regs.end(), at.preg()) == regs.end()) {
    bad(i, name(at) + " is not a register of its class");
  }
  bool right = true;
  switch (o.constraint) {
    case Constraint::kAny: break;
    case Constraint::kReg: right = at.is_reg(); break;
    case Constraint::kFixed: right = at == Allocation::reg(o.data); break;
    case Constraint::kReuse: right = at.is_reg() && at == allocation(i, o.data); break;
    case Constraint::kStack: right = at.is_slot(); break;
  }
  if (!right) bad(i, name(o.vreg) + " is not where it must be but in " + name(at));
}

// What is read or written at the same time is in different places.
void Checker::check_overlaps(Inst i) {
  auto span = operands(i);
  auto reused = [&](size_t n) {
    return std::any_of(span.begin(), span.end(), [&](const Operand& o) {
      return o.constraint == Constraint::kReuse && o.data == n;
    });
  };
  auto units = [&](size_t n) {
    Allocation at = allocation(i, n);
    bool wide = at.is_slot() && f_.classes[span[n].vreg] == RegClass::kVector;
    return std::pair(at.bits(), at.bits() + (wide ? 2 : 1));
  };
  for (size_t a = 0; a < span.size(); ++a) {
    bool writes = span[a].kind != OperandKind::kUse;
    bool early_write =
        writes && (span[a].position == Position::kEarly || span[a].kind == OperandKind::kTemp ||
                   span[a].constraint == Constraint::kReuse);
    Allocation at = allocation(i, a);
    bool clobbered = at.is_reg() && (f_.insts[i].clobbers & reg_bit(at.preg())) != 0;
    bool read_late = !writes && span[a].position == Position::kLate;
    if (clobbered && read_late) bad(i, "what is read late is clobbered");
    for (size_t b = 0; b < span.size(); ++b) {
      if (a == b || !writes) continue;
      auto [a_from, a_to] = units(a);
      auto [b_from, b_to] = units(b);
      if (a_to <= b_from || b_to <= a_from) continue;
      bool is_use = span[b].kind == OperandKind::kUse;
      bool own_input = span[a].constraint == Constraint::kReuse && span[a].data == b;
      bool fine = is_use && span[b].position == Position::kEarly && (!early_write || own_input);
      // An input that is overwritten by another operand belongs to that one.
      if (fine && reused(b) && !own_input) fine = false;
      if (!fine)
        bad(i, name(span[a].vreg) + " and " + name(span[b].vreg) + " are both in " + name(at));
    }
  }
}

void Checker::check_move(const Move& m) {
  check_slot(m.before, m.from, m.reg_class);
  check_slot(m.before, m.to, m.reg_class);
  if (m.vreg >= f_.classes.size()) return bad(m.before, "a move of no virtual register");
  if (m.to.is_none() || (m.from.is_slot() && m.to.is_slot())) {
    return bad(m.before, "a move from " + name(m.from) + " to " + name(m.to));
  }
  u32 bank = static_cast<u32>(bank_of(m.reg_class));
  for (Allocation at : {m.from, m.to}) {
    if (!at.is_reg()) continue;
    const auto& regs = machine_.allocatable[bank];
    const auto& scratch = machine_.scratch[bank];
    bool known = std::find(regs.begin(), regs.end(), at.preg()) != regs.end() ||
                 at.preg() == scratch[0] || at.preg() == scratch[1];
    if (!known) bad(m.before, "a move with " + name(at) + ", not of its class");
  }
  if (!m.from.is_none()) return;
  bool made = !f_.remat.empty() && m.remat != kNoRemat && f_.remat[m.vreg] == m.remat;
  if (!made || !m.to.is_reg()) bad(m.before, name(m.vreg) + " cannot be made again like this");
}

// ---- what does ----

void Checker::propagate() {
  reporting_ = false;
  entries_.resize(f_.blocks.size());
  reached_.assign(f_.blocks.size(), 0);
  std::vector<u8> waiting(f_.blocks.size());
  // In layout order, which is nearly topological: a heap of block numbers.
  std::vector<Block> work = {0};
  reached_[0] = 1;
  std::vector<Block> changed;
  while (!work.empty()) {
    std::pop_heap(work.begin(), work.end(), std::greater<>());
    Block b = work.back();
    work.pop_back();
    waiting[b] = 0;
    state_.set(entries_[b]);
    run_block(b);
    changed.clear();
    leave(b, changed);
    for (Block to : changed) {
      if (waiting[to]) continue;
      waiting[to] = 1;
      work.push_back(to);
      std::push_heap(work.begin(), work.end(), std::greater<>());
    }
  }
}

void Checker::run_block(Block b) {
  Range insts = f_.blocks[b].insts;
  for (Inst i = insts.first; i < insts.end(); ++i) {
    for (size_t n = first_move_[i]; n < first_move_[i + 1]; ++n) run_move(out_.moves[n], b);
    run_inst(i);
  }
}

void Checker::run_move(const Move& m, Block b) {
  if (!m.from.is_none()) {
    // Of what is there, it moves all bytes of its own class only.
    const std::span<const VReg> found = state_.at(m.from);
    std::vector<VReg> values(found.begin(), found.end());
    overwrite(m.to, m.reg_class);
    for (VReg v : values) {
      if (f_.classes[v] == m.reg_class) state_.add(m.to, v);
    }
    return;
  }
  overwrite(m.to, m.reg_class);
  state_.add(m.to, m.vreg);
  // A parameter of a block with one predecessor is its argument, there as well.
  const BlockInfo& block = f_.blocks[b];
  if (block.preds.count != 1) return;
  const BlockInfo& pred = f_.blocks[f_.preds[block.preds.first]];
  for (const Edge& edge : f_.edges.subspan(pred.succs.first, pred.succs.count)) {
    for (u32 n = 0; edge.to == b && n < edge.args.count; ++n) {
      if (f_.args[edge.args.first + n] == m.vreg)
        state_.add(m.to, f_.params[block.params.first + n]);
    }
  }
}

void Checker::run_inst(Inst i) {
  auto span = operands(i);
  if (f_.insts[i].is_move) {
    state_.forget(span[1].vreg);
    return state_.alias(span[0].vreg, span[1].vreg);
  }
  for (size_t n = 0; n < span.size(); ++n) {
    if (span[n].kind != OperandKind::kUse || state_.holds(allocation(i, n), span[n].vreg)) continue;
    if (reporting_) bad(i, name(span[n].vreg) + " is not in " + name(allocation(i, n)));
  }
  for (u32 reg = 0; reg < kMaxPRegs; ++reg) {
    bool clobbered = (f_.insts[i].clobbers >> reg & 1) != 0;
    if (clobbered) state_.clear(Allocation::reg(static_cast<PReg>(reg)));
  }
  // Scratch registers are the moves' own.
  for (const auto& scratch : machine_.scratch) {
    for (PReg reg : scratch) state_.clear(Allocation::reg(reg));
  }
  for (size_t n = 0; n < span.size(); ++n) {
    if (span[n].kind != OperandKind::kUse) define(span[n].vreg, allocation(i, n));
  }
}

// A slot of 16 bytes is two units.
void Checker::overwrite(Allocation at, RegClass c) {
  state_.clear(at);
  if (!at.is_slot()) return;
  if (c == RegClass::kVector) state_.clear(Allocation::slot(at.unit() + 1));
  if (at.unit() == 0) return;
  Allocation below = Allocation::slot(at.unit() - 1);
  auto wide = [&](VReg v) { return f_.classes[v] == RegClass::kVector; };
  const std::span<const VReg> there = state_.at(below);
  if (std::any_of(there.begin(), there.end(), wide)) state_.clear(below);
}

void Checker::define(VReg v, Allocation at) {
  state_.forget(v);
  overwrite(at, f_.classes[v]);
  state_.add(at, v);
}

// The state at the end of a block goes to its successors, with parameters for arguments.
void Checker::leave(Block b, std::vector<Block>& changed) {
  Range succs = f_.blocks[b].succs;
  std::vector<Contents::Pair> end = state_.pairs();
  for (const Edge& edge : f_.edges.subspan(succs.first, succs.count)) {
    Range params = f_.blocks[edge.to].params;
    std::vector<Contents::Pair> pairs = end;
    if (params.count != 0) {
      // All at once: what holds an argument holds the parameter, and nothing holds an old one.
      std::unordered_map<VReg, std::vector<VReg>> renamed;
      std::unordered_map<VReg, bool> is_param;
      for (u32 n = 0; n < params.count; ++n) {
        VReg param = f_.params[params.first + n];
        is_param[param] = true;
        renamed[f_.args[edge.args.first + n]].push_back(param);
      }
      pairs.clear();
      for (auto [at, v] : end) {
        if (!is_param.contains(v)) pairs.emplace_back(at, v);
        auto found = renamed.find(v);
        if (found == renamed.end()) continue;
        for (VReg param : found->second) pairs.emplace_back(at, param);
      }
      std::sort(pairs.begin(), pairs.end());
    }
    std::vector<Contents::Pair>& entry = entries_[edge.to];
    if (!reached_[edge.to]) {
      reached_[edge.to] = 1;
      entry = std::move(pairs);
      changed.push_back(edge.to);
      continue;
    }
    std::vector<Contents::Pair> both;
    std::set_intersection(entry.begin(), entry.end(), pairs.begin(), pairs.end(),
                          std::back_inserter(both));
    if (both.size() == entry.size()) continue;
    entry = std::move(both);
    changed.push_back(edge.to);
  }
}

}  // namespace

Result<void> check(const Function& function, const Machine& machine, const Output& output) {
  return Checker(function, machine, output).run();
}

}  // namespace wazuka::regalloc

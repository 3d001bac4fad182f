// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moves that change nothing: what they move is already where it goes. Splitting makes some (a value
// loaded again into a register that still has it, two parts of one bundle that meet). One scan over
// blocks, each going on with what the block before knew if that is its only predecessor.
#include <bit>

#include "opt/regalloc/state.h"

namespace wazuka::regalloc {
namespace {

class RedundantMoves {
 public:
  RedundantMoves(State& s, Output& output)
      : s_(s), f_(s.f), out_(output), slots_(output.slot_units + 1) {}

  void run() {
    size_t next = 0;
    size_t kept = 0;
    for (Block b = 0; b < f_.blocks.size(); ++b) {
      const BlockInfo& block = f_.blocks[b];
      bool goes_on = block.preds.count == 1 && f_.preds[block.preds.first] + 1 == b;
      if (!goes_on) forget_all();
      for (Inst i = block.insts.first; i < block.insts.end(); ++i) {
        for (; next < out_.moves.size() && out_.moves[next].before == i; ++next) {
          if (move(out_.moves[next])) {
            out_.moves[kept++] = out_.moves[next];
          } else {
            ++s_.stats.removed_moves;
          }
        }
        execute(i);
      }
    }
    out_.moves.resize(kept);
    for (const Move& m : out_.moves) count(m);
  }

 private:
  // Equal contents have equal numbers. Those of other ages are unknown.
  struct Content {
    u32 number = 0;
    u32 age = 0;
  };

  void forget_all() { ++age_; }
  Content& at(Allocation a) { return a.is_reg() ? regs_[a.preg()] : slots_[a.unit()]; }
  void set(Allocation a, u32 number) { at(a) = {number, age_}; }
  u32 number_of(Allocation a) {
    if (at(a).age != age_) set(a, fresh());
    return at(a).number;
  }
  u32 fresh() { return ++last_number_; }
  bool move(const Move& m);
  void execute(Inst i);
  void count(const Move& m);

  State& s_;
  const Function& f_;
  Output& out_;
  std::vector<Content> slots_;  // the second units of vectors have nothing
  Content regs_[kMaxPRegs];
  u32 age_ = 1;
  u32 last_number_ = 0;
};

// Returns whether it is needed.
bool RedundantMoves::move(const Move& m) {
  if (m.from.is_none()) {
    set(m.to, fresh());
    return true;
  }
  u32 number = number_of(m.from);
  if (at(m.to).age == age_ && at(m.to).number == number) return false;
  set(m.to, number);
  return true;
}

void RedundantMoves::execute(Inst i) {
  // Scratch registers hold nothing from one place to the next.
  for (const auto& scratch : s_.machine.scratch) {
    for (PReg reg : scratch) regs_[reg].age = 0;
  }
  const InstInfo& inst = f_.insts[i];
  if (inst.is_move) return;
  for (RegSet left = inst.clobbers; left != 0; left &= left - 1) {
    set(Allocation::reg(static_cast<PReg>(std::countr_zero(left))), fresh());
  }
  for (u32 n = inst.operands.first; n < inst.operands.end(); ++n) {
    if (f_.operands[n].kind != OperandKind::kUse) set(out_.allocations[n], fresh());
  }
}

void RedundantMoves::count(const Move& m) {
  Statistics& stats = s_.stats;
  float frequency = s_.block_info(s_.block_of_inst[m.before]).frequency;
  auto add = [&](u32& number, float& weight) {
    ++number;
    weight += frequency;
  };
  if (m.from.is_none()) return add(stats.remats, stats.weighted_remats);
  if (m.from.is_slot()) return add(stats.loads, stats.weighted_loads);
  if (m.to.is_slot()) return add(stats.stores, stats.weighted_stores);
  add(stats.moves, stats.weighted_moves);
}

}  // namespace

void remove_redundant_moves(State& s, Output& output) {
  RedundantMoves(s, output).run();
}

}  // namespace wazuka::regalloc

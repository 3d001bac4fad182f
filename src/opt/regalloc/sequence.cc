// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/regalloc/sequence.h"

#include <algorithm>
#include <cassert>

namespace wazuka::regalloc {
namespace {
constexpr u32 kNobody = ~u32{0};
}

void Sequencer::run(std::span<const Move> parallel, std::vector<Move>& out) {
  if (parallel.size() == 1) return emit(parallel[0], out);
  waiting_.clear();
  writers_.clear();
  for (const Move& m : parallel) {
    writers_.emplace_back(m.to.bits(), static_cast<u32>(waiting_.size()));
    waiting_.push_back({m});
  }
  std::sort(writers_.begin(), writers_.end());
  for (u32 n = 0; n < waiting_.size(); ++n) {
    u32 writer = writer_of(waiting_[n].move.from);
    if (writer != kNobody && writer != n) ++waiting_[writer].readers;
  }
  for (u32 n = 0; n < waiting_.size(); ++n) {
    if (waiting_[n].readers == 0) ready_.push_back(n);
  }
  run_ready(out);
  for (u32 n = 0; n < waiting_.size(); ++n) {
    if (waiting_[n].done) continue;
    // A cycle: what this one reads is saved, so that its source may be written.
    Waiting& w = waiting_[n];
    u32 writer = writer_of(w.move.from);
    Bank bank = bank_of(w.move.reg_class);
    Allocation saved = Allocation::reg(machine_.scratch[static_cast<u32>(bank)][0]);
    Move save = w.move;
    save.to = saved;
    emit(save, out);
    w.move.from = saved;
    if (--waiting_[writer].readers == 0) ready_.push_back(writer);
    run_ready(out);
    assert(waiting_[n].done);
  }
}

u32 Sequencer::writer_of(Allocation at) const {
  if (at.is_none()) return kNobody;
  auto found = std::lower_bound(writers_.begin(), writers_.end(), std::pair(at.bits(), 0u));
  return found != writers_.end() && found->first == at.bits() ? found->second : kNobody;
}

void Sequencer::run_ready(std::vector<Move>& out) {
  while (!ready_.empty()) {
    u32 number = ready_.back();
    ready_.pop_back();
    perform(number, out);
  }
}

void Sequencer::perform(u32 number, std::vector<Move>& out) {
  Waiting& w = waiting_[number];
  w.done = true;
  emit(w.move, out);
  u32 writer = writer_of(w.move.from);
  if (writer == kNobody || writer == number || waiting_[writer].done) return;
  if (--waiting_[writer].readers == 0) ready_.push_back(writer);
}

void Sequencer::emit(Move move, std::vector<Move>& out) {
  if (!move.to.is_slot() || move.from.is_reg()) {
    out.push_back(move);
    return;
  }
  Bank bank = bank_of(move.reg_class);
  Allocation via = Allocation::reg(machine_.scratch[static_cast<u32>(bank)][1]);
  Move load = move;
  load.to = via;
  out.push_back(load);
  move.from = via;
  move.remat = kNoRemat;
  out.push_back(move);
}

}  // namespace wazuka::regalloc

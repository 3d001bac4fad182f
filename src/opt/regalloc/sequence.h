// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moves that happen at once become moves one after the other. Each is done when nothing waits to
// read what it writes; what is left then are cycles, which are opened with one scratch register of
// the bank. The other one takes values from slot to slot. Linear but for one sort.
#pragma once

#include <vector>

#include "opt/regalloc/api.h"

namespace wazuka::regalloc {

class Sequencer {
 public:
  explicit Sequencer(const Machine& machine) : machine_(machine) {}

  /// Moves of one place; destinations are different ones, sources are not scratch registers.
  /// Appends to the list.
  void run(std::span<const Move> parallel, std::vector<Move>& out);

 private:
  struct Waiting {
    Move move;
    u32 readers = 0;  // that wait for what this one writes, others than itself
    bool done = false;
  };

  u32 writer_of(Allocation at) const;
  void perform(u32 number, std::vector<Move>& out);
  void emit(Move move, std::vector<Move>& out);
  void run_ready(std::vector<Move>& out);

  const Machine& machine_;
  std::vector<Waiting> waiting_;
  std::vector<std::pair<u32, u32>> writers_;  // destinations, sorted, and which move it is
  std::vector<u32> ready_;
};

}  // namespace wazuka::regalloc

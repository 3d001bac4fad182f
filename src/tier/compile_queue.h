// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Compilations that run beside the program: threads of low priority take them in the order in which
// they were asked for. Nothing here is needed for correctness: a job that is refused, or that a
// fork has left behind, only means that slower code goes on. There are as many threads as there is
// work for, but one core is left to the program.
#pragma once

#include <memory>

#include "abi/vm.h"

namespace wazuka {

/// What `run` is called with, on any thread. `owner` names who must be alive meanwhile.
struct CompileJob {
  void* owner = nullptr;
  FuncCode* func = nullptr;
  u32 loop = 0;  // as VMContext::tier_up_stub has it
  void (*run)(const CompileJob& job) = nullptr;
};

class CompileQueue {
 public:
  CompileQueue();
  /// Waits for what runs; forgets the rest.
  ~CompileQueue();
  CompileQueue(const CompileQueue&) = delete;
  CompileQueue& operator=(const CompileQueue&) = delete;

  /// False if that is not possible now: the queue is full or somebody else is at it, or the host
  /// allows no thread. Never waits.
  bool push(const CompileJob& job);
  /// Forgets the jobs of an owner, and waits for those that run.
  void cancel(const void* owner);
  /// Waits until there is nothing left to do.
  void drain();

 private:
  struct State;
  std::shared_ptr<State> state_;  // also the threads', which nobody joins
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fibers: code that runs on a stack of its own and can be left in the middle, to be gone on with
// later, by any thread. Whoever resumes a fiber waits for it as for a function that it has called.
//
// A fiber that is suspended must be resumed until it ends: what its frames own is theirs to give
// back. Sanitizers are told of every change of stacks.
#pragma once

#include "base/ints.h"
#include "os/host_stack.h"

namespace wazuka::os {

class Fiber {
 public:
  using Entry = void (*)(void* env);

  /// `stack` belongs to the fiber until it has ended.
  Fiber(StackBounds stack, Entry entry, void* env);
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  /// Runs until the fiber suspends itself or ends. Not from the fiber itself.
  void resume();
  /// Goes back to whoever has resumed the fiber. Only from the fiber itself.
  void suspend();
  bool has_ended() const { return ended_; }

 private:
  struct Sanitizer;

  static void run(Fiber* fiber);
  void leave(bool for_ever);

  StackBounds stack_;
  Entry entry_;
  void* env_;
  bool ended_ = false;
  void* own_ = nullptr;    // where it goes on
  void* other_ = nullptr;  // where whoever has resumed it goes on
  // What sanitizers want to know: this fiber, and whoever has resumed it.
  [[maybe_unused]] void* own_shadow_ = nullptr;
  [[maybe_unused]] void* other_shadow_ = nullptr;
  StackBounds other_stack_;
};

}  // namespace wazuka::os

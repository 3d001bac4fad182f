// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which locals each loop of a function uses most: they are in registers when the loop begins.
// Registers that are chosen badly there cost moves in every iteration, so the compiler, which
// otherwise never looks ahead, reads the bodies of loops twice. The first time is no decoding: only
// where instructions begin, and which local they name.
//
// The work is limited: deep nests of loops with many locals would make it quadratic. Loops beyond
// the budget begin with what happens to be in registers.
#pragma once

#include <span>
#include <vector>

#include "base/ints.h"
#include "wasm/module.h"

namespace wazuka::baseline {

class LoopScan {
 public:
  void run(const Module& module, u32 func_index, std::span<const ValType> locals);
  void clear() { loops_.clear(); }

  /// Most used first; at most kMaxLocals of each kind of register.
  std::span<const u32> locals_of(u32 loop) const {
    if (loop >= loops_.size()) return {};
    return std::span(locals_).subspan(loops_[loop].begin, loops_[loop].count);
  }
  bool known(u32 loop) const { return loop < loops_.size() && loops_[loop].known; }

  static constexpr u32 kMaxGprs = 7, kMaxXmms = 10;

 private:
  struct Loop {
    u32 begin = 0, count = 0;
    bool known = false;
  };
  struct Use {
    u32 local;
    u32 count;
  };
  struct OpenLoop {
    u32 ordinal;
    u32 end;        // offset in the binary
    u32 log_begin;  // in log_
  };

  u32 scan(const Module& module, std::span<const LoopInfo> infos, u32 next);
  void end_loop();
  void choose(Loop& loop);

  std::span<const ValType> types_;
  std::vector<Loop> loops_;
  std::vector<u32> locals_;
  std::vector<Use> log_;  // of the loops that are open
  std::vector<OpenLoop> open_;
  std::vector<u32> counts_;  // by local; zero between loops
  std::vector<u32> distinct_;
  u64 budget_ = 0;
};

}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What validation learns about a body and the tiers need: so that lazy compilation knows it before
// its single pass starts.
#pragma once

#include <span>
#include <vector>

#include "base/ints.h"

namespace wazuka {

struct BodyFlags {
  static constexpr u32 kMemory0 = 1;  // accesses memory 0
  static constexpr u32 kOtherMemory = 1 << 1;
  static constexpr u32 kSimd = 1 << 2;
  static constexpr u32 kAtomics = 1 << 3;
  static constexpr u32 kGc = 1 << 4;  // any opcode of the Gc feature (prefix 0xfb, ref.eq)
  static constexpr u32 kExceptions = 1 << 5;
  static constexpr u32 kStackSwitching = 1 << 6;
  static constexpr u32 kFuncRefs = 1 << 7;  // call_ref, br_on_null …
  static constexpr u32 kTailCall = 1 << 8;
  static constexpr u32 kCalls = 1 << 9;  // not a leaf
  static constexpr u32 kLoops = 1 << 10;
  static constexpr u32 kWritesTables = 1 << 11;
};

/// Side data of one defined function's body.
struct FuncInfo {
  u32 max_stack_height = 0;  // operands, in values
  u32 num_locals = 0;        // parameters included
  u32 num_calls = 0;         // call sites of any kind
  u32 flags = 0;             // BodyFlags
  u32 loops_begin = 0;       // first entry in FuncInfoPool::loops
  u32 num_loops = 0;         // in order of their `loop` opcodes
};

/// One loop: where it is, and which locals its body assigns (local.set, local.tee), sorted.
struct LoopInfo {
  static constexpr u32 kAllLocals = ~u32{0};  // assigned_count: too many to record, assume all

  u32 begin = 0, end = 0;  // of its `loop` and its `end`: offsets in the binary
  u32 assigned_begin = 0;  // in FuncInfoPool::assigned_locals
  u32 assigned_count = 0;
};

/// Storage shared by all FuncInfos of a module, while it is made.
struct FuncInfoPool {
  std::vector<LoopInfo> loops;
  std::vector<u32> assigned_locals;
};

/// The same for those who read it.
struct FuncInfoView {
  std::span<const LoopInfo> loops;
  std::span<const u32> assigned_locals;

  std::span<const LoopInfo> loops_of(const FuncInfo& f) const {
    return {loops.data() + f.loops_begin, f.num_loops};
  }
  std::span<const u32> assigned_in(const LoopInfo& l) const {
    if (l.assigned_count == LoopInfo::kAllLocals) return {};  // ask for that first
    return {assigned_locals.data() + l.assigned_begin, l.assigned_count};
  }
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Continuations: a continuation's frames are on a stack of its own (VMStack), so that suspending
// and resuming copy the values that are passed and nothing else.
//
//   activation's stack  ◄─parent─  VMStack  ◄─parent─  VMStack  (VMStoreContext::stack)
//
// `resume` puts a stack (or a chain that was cut off) in front; parent_pc is the resume instruction
// and has the clauses, which `suspend` and `switch` look through from the innermost stack on. What
// they find tells where to cut. The first frame of a stack returns to `cont_end`; its link has the
// VMStack in the place of a caller's frame, which is how walkers and exceptions get to the parent.
//
// A chain ends at its activation: nothing suspends across a host function. What an activation that
// ended with a trap leaves behind is found unreachable by the next collection.
#pragma once

#include "interp/state.h"

namespace wazuka::interp {

// A resume instruction (ops/stack_switching.def) and its clauses.
inline constexpr u32 kResumeWords = 3;  // without the clauses
inline constexpr u32 kClauseWords = 3;
inline constexpr u32 kSwitchClause = ~u32{0};  // in the place of a type id: (on $tag switch)
inline constexpr u32 kSuspendWords = 3;        // of `suspend` and `switch`

constexpr u32 clause_count(const u64* resume) {
  return static_cast<u32>(resume[1] >> 32);
}
constexpr u32 words_of_resume(const u64* resume) {
  return kResumeWords + kClauseWords * clause_count(resume);
}

/// (on $tag $label)
struct ResumeClause {
  u32 tag;      // VMContext offset of the VMTag*
  u32 type_id;  // of the label's continuation, or kSwitchClause
  i64 target;   // words from the resume instruction
  u32 cell;     // where the tag's values go, and behind them the continuation
};
inline ResumeClause clause_of(const u64* resume, u32 index) {
  const u64* w = resume + kResumeWords + kClauseWords * u64{index};
  return {static_cast<u32>(w[0]), static_cast<u32>(w[0] >> 32), static_cast<i64>(w[1]),
          static_cast<u32>(w[2])};
}

/// The instruction that a stack's first frame returns to; the word before it stands for the call.
const u64* cont_end_code();
inline bool is_in_cont_end(const u64* pc) {
  return pc == cont_end_code() || pc == cont_end_code() - 1;
}

/// Leaves the stacks from the innermost one up to `parent`, which becomes the innermost; they are
/// done.
void leave_stacks(State& s, VMStack* parent);

}  // namespace wazuka::interp

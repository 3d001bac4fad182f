// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The body decoder's view of FunctionCompiler.
#pragma once

#include "baseline/function_compiler.h"
#include "tier/compiler_sink.h"

namespace wazuka::baseline {

class FunctionSink : public CompilerSink<FunctionCompiler, Sink> {
 public:
  using CompilerSink::CompilerSink;

  template <class P>
  void begin_function(P&, std::span<const ValType> locals) {
    c_.begin_body(locals);
  }
  template <class P>
  void next_instruction(P& p, Op op) {
#ifndef NDEBUG
    if (at(p)) c_.check_state(op);
#endif
    if (c_.has_limits() && at(p)) c_.count_limits(op);
  }
  template <class P>
  void drop(P& p, Slot& value) {
    if (at(p)) c_.drop(value);
  }
  template <class P>
  void try_table(P& p, Frame& f, std::span<const CatchClause> clauses) {
    if (at(p)) c_.try_table(f, clauses, targets_of(p, clauses));
  }
  template <class P>
  void legacy_delegate(P& p, Frame& f, u32 depth_outside, bool /*fallthrough*/) {
    if (at(p)) c_.legacy_delegate(f, p.frame(depth_outside + 1));
  }
};

}  // namespace wazuka::baseline

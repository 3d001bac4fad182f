// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The body decoder's view of GraphBuilder.
#pragma once

#include "opt/build/graph_builder.h"
#include "tier/compiler_sink.h"

namespace wazuka::opt {

class BuilderSink : public CompilerSink<GraphBuilder, BuilderBase> {
 public:
  using CompilerSink::CompilerSink;

  template <class P>
  void begin_function(P& p, std::span<const ValType> locals) {
    if (at(p)) c_.begin_body(locals);
  }
  template <class P>
  void next_instruction(P& p, Op op) {
    if (c_.has_limits() && at(p)) c_.count_limits(op);
  }
  template <class P>
  void try_table(P& p, Frame& f, std::span<const CatchClause> clauses) {
    if (at(p)) c_.try_table(f, clauses);
  }

  // What ends a part of a construct.
  template <class P>
  void else_(P& p, Frame& f, bool fallthrough) {
    CompilerSink::else_(p, f, fallthrough);
    restore_operands(f);
  }
  template <class P>
  void end(P& p, Frame& f, bool fallthrough, std::span<Slot> results) {
    if (f.kind == ControlKind::kTryTable) {
      end_try_table(p, f, fallthrough, results);
    } else {
      CompilerSink::end(p, f, fallthrough, results);
    }
    restore_operands(f);
  }
  template <class P>
  void legacy_catch(P& p, Frame& f, u32 tag, bool fallthrough, std::span<Slot> values) {
    CompilerSink::legacy_catch(p, f, tag, fallthrough, values);
    restore_operands(f);
  }
  template <class P>
  void legacy_catch_all(P& p, Frame& f, bool fallthrough) {
    CompilerSink::legacy_catch_all(p, f, fallthrough);
    restore_operands(f);
  }
  template <class P>
  void legacy_delegate(P& p, Frame& f, u32 depth_outside, bool fallthrough) {
    if (at(p)) c_.legacy_delegate(f, p.frame(depth_outside + 1), fallthrough);
  }

 private:
  template <class P>
  void end_try_table(P& p, Frame& f, bool fallthrough, std::span<Slot> results) {
    if (at(p)) c_.end_try_table(f, fallthrough, results, targets_of(p, c_.clauses_of(f)));
  }
  void restore_operands(Frame& f) {
    if (!c_.failed()) c_.restore_operands(f);
  }
};

}  // namespace wazuka::opt

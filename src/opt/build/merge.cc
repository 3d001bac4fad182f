// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Locals, and where control flow meets.
//
// The log has an entry for the first assignment of a local in each construct, with its value
// before. So the locals assigned since a construct began are those with an entry behind its
// beginning, and rolling back gives the state there again. The cost of a branch is that of the
// values it may carry.
#include <algorithm>

#include "opt/build/graph_builder.h"

namespace wazuka::opt {

void GraphBuilder::assign(u32 local, Value v) {
  Local& l = locals_[local];
  if (l.last_entry <= frame_log_) {
    log_.push_back({local, l.value, l.last_entry});
    l.last_entry = static_cast<u32>(log_.size());
  }
  l.value = v;
}

void GraphBuilder::roll_back(u32 log_begin) {
  while (log_.size() > log_begin) {
    const Assignment& a = log_.back();
    locals_[a.local].value = a.before;
    locals_[a.local].last_entry = a.entry_before;
    log_.pop_back();
  }
}

/// The innermost construct has ended, its assignments are now those of the one around it.
void GraphBuilder::hand_over_assignments(u32 log_begin) {
  u32 kept = log_begin;
  for (u32 i = log_begin; i < log_.size(); ++i) {
    const Assignment a = log_[i];
    if (a.entry_before > frame_log_) {
      locals_[a.local].last_entry = a.entry_before;
      continue;
    }
    log_[kept++] = a;
    locals_[a.local].last_entry = kept;
  }
  log_.resize(kept);
}

void GraphBuilder::enter(Frame& f) {
  if (osr_.active) shadow_operands(f);
  f.data = {};
  f.data.height = f.height;
  f.data.clauses = static_cast<u32>(osr_.clauses.size());
  f.data.log_begin = static_cast<u32>(log_.size());
  f.data.region = region_;
  frame_logs_.push_back(frame_log_);
  frame_log_ = f.data.log_begin;
}

void GraphBuilder::leave(Frame&) {
  frame_log_ = frame_logs_.back();
  frame_logs_.pop_back();
}

// Branches ----------------------------------------------------------------------------------------

EdgeId GraphBuilder::edge_to_loop(Frame& target, std::span<const Slot> values, Value osr_flag) {
  loop_values_.clear();
  for (const Slot& s : values) loop_values_.push_back(index_of(s.value));
  for (u32 i = 0; i < target.data.saved_count; ++i) {
    loop_values_.push_back(index_of(locals_[saved_[target.data.saved_begin + i]].value));
  }
  if (target.data.has_flag) {
    if (osr_flag == kNoValue) osr_flag = f_.iconst(Type::kI32, 0);
    loop_values_.push_back(index_of(osr_flag));
  }
  merge_work_ += loop_values_.size();
  return g_.add_edge(target.data.block, loop_values_);
}

/// An edge from the open block to a label.
EdgeId GraphBuilder::branch_to(Frame& target, std::span<const Slot> values) {
  if (merge_work_ > kMaxMergeWork) unsupported("so many values on edges");
  if (target.kind == ControlKind::kLoop) return edge_to_loop(target, values);
  return branch_to_end(target.data, values);
}

/// What it carries to the end of a construct is added when that is reached.
EdgeId GraphBuilder::branch_to_end(ControlData& d, std::span<const Slot> values) {
  if (d.block == kNoBlock) d.block = g_.add_block();
  const EdgeId e = g_.add_edge(d.block);
  Incoming in{.next = d.incoming,
              .edge = e,
              .from = block_,
              .values_begin = 0,
              .locals_begin = 0,
              .locals_count = 0};
  in.values_begin = static_cast<u32>(values_.size());
  for (const Slot& s : values) values_.push_back(index_of(s.value));
  in.locals_begin = static_cast<u32>(values_.size());
  for (u32 i = d.log_begin; i < log_.size() && !d.is_inlined; ++i) {
    const Assignment& a = log_[i];
    if (a.entry_before > d.log_begin || is_gone(d, a.local)) continue;
    values_.push_back(a.local);
    values_.push_back(index_of(locals_[a.local].value));
    ++in.locals_count;
  }
  merge_work_ += values_.size() - in.values_begin;
  d.incoming = static_cast<u32>(incoming_.size());
  ++d.incoming_count;
  incoming_.push_back(in);
  return e;
}

// Meeting -----------------------------------------------------------------------------------------

/// One value for a column: itself if it is the same everywhere, else a parameter.
Value GraphBuilder::merged(Block block, std::span<const u32> column, Type type, bool traced) {
  for (u32 v : column) {
    if (v != column[0]) return g_.add_param(block, type, traced);
  }
  return Value{column[0]};
}

/// The locals that some way assigns.
void GraphBuilder::collect_columns(const ControlData& d) {
  ways_.clear();
  for (u32 i = d.incoming; i != kNone; i = incoming_[i].next) ways_.push_back(&incoming_[i]);
  std::reverse(ways_.begin(), ways_.end());
  columns_.clear();
  for (const Incoming* in : ways_) {
    for (u32 i = 0; i < in->locals_count; ++i) {
      const u32 local = values_[in->locals_begin + 2 * i];
      if (column_of_[local] != 0) continue;
      columns_.push_back(local);
      column_of_[local] = static_cast<u32>(columns_.size());
    }
  }
}

/// The end of a construct that something branches to, the fall-through among it: the open block is
/// ended.
void GraphBuilder::merge(Frame& f, std::span<Slot> results) {
  const ControlData d = f.data;
  roll_back(d.log_begin);
  leave(f);
  const u32 first_value = incoming_[d.incoming].values_begin;
  if (!merge_ways(d, results)) return;
  // The pools are stacks: if these branches are all that there are, nothing else is open.
  if (d.incoming_count == incoming_.size()) {
    incoming_.clear();
    values_.resize(std::min<size_t>(values_.size(), first_value));
  }
}

/// Begins the block of a label, with the state of the construct's beginning restored.
bool GraphBuilder::merge_ways(const ControlData& d, std::span<Slot> results) {
  collect_columns(d);
  const u32 m = static_cast<u32>(ways_.size());
  Block idom = ways_[0]->from;
  for (const Incoming* in : ways_) idom = dominators_.common(idom, in->from);
  // By column: m values each, first the results, then the locals.
  const u32 n = static_cast<u32>(results.size());
  const u32 width = n + static_cast<u32>(columns_.size());
  merge_work_ += u64{width} * m;
  if (merge_work_ > kMaxMergeWork) {
    for (u32 local : columns_) column_of_[local] = 0;
    unsupported("so many values on edges");
    return false;
  }
  rows_.resize(size_t{width} * m);
  for (u32 c = 0; c < columns_.size(); ++c) {
    const u32 before = index_of(locals_[columns_[c]].value);
    std::fill_n(rows_.begin() + size_t{n + c} * m, m, before);
  }
  for (u32 way = 0; way < m; ++way) {
    const Incoming& in = *ways_[way];
    for (u32 c = 0; c < n; ++c) rows_[size_t{c} * m + way] = values_[in.values_begin + c];
    for (u32 i = 0; i < in.locals_count; ++i) {
      const u32 c = n + column_of_[values_[in.locals_begin + 2 * i]] - 1;
      rows_[size_t{c} * m + way] = values_[in.locals_begin + 2 * i + 1];
    }
  }
  begin_block(d.block, idom);
  kept_.clear();
  auto decide = [&](u32 c, Type type, bool traced) {
    const u32 params = g_[d.block].params_count;
    const auto column = std::span<const u32>(rows_).subspan(size_t{c} * m, m);
    const Value v = merged(d.block, column, type, traced);
    if (g_[d.block].params_count != params) kept_.push_back(c);
    return v;
  };
  for (u32 c = 0; c < n; ++c) {
    results[c].value = decide(c, type_of(results[c].type), is_traced(results[c].type));
  }
  for (u32 c = 0; c < columns_.size(); ++c) {
    const ValType t = locals_[columns_[c]].type;
    assign(columns_[c], decide(n + c, type_of(t), is_traced(t)));
    column_of_[columns_[c]] = 0;
  }
  std::vector<u32> args(kept_.size());
  for (u32 way = 0; way < m; ++way) {
    for (size_t k = 0; k < kept_.size(); ++k) args[k] = rows_[size_t{kept_[k]} * m + way];
    const u32 begin = g_.add_list(args);
    Edge& e = g_[ways_[way]->edge];
    e.args_begin = begin;
    e.args_count = static_cast<u32>(args.size());
  }
  return true;
}

}  // namespace wazuka::opt

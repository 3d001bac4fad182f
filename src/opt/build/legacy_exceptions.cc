// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The legacy form of exceptions. The clauses come behind the body, so that calls in the body cannot
// name them: their handler catches everything, and compares the exception's tag with those of the
// clauses one after the other. What no clause catches is raised again.
#include <algorithm>

#include "opt/build/graph_builder.h"

namespace wazuka::opt {

void GraphBuilder::legacy_try(Frame& f) {
  enter(f);
  Clause clause{.clause = {.kind = 3}, .handler = {.ref_slot = g_.add_slot(1)}, .label = {}};
  clause.label.log_begin = f.data.log_begin;
  clause.label.height = f.data.height;
  clause.label.clauses = f.data.clauses;
  TryRegion region{
      .outer = region_, .clauses_begin = static_cast<u32>(clauses_.size()), .clauses_count = 1};
  catch_clauses_.push_back(clause.clause);
  clauses_.push_back(clause);
  f.data.region = region_ = static_cast<u32>(regions_.size());
  regions_.push_back(region);
}

/// Ends the body: the block that has the exception, and the locals as they were where it was
/// thrown.
void GraphBuilder::begin_dispatch(Frame& f) {
  const TryRegion region = regions_[f.data.region];
  region_ = region.outer;
  const Clause clause = clauses_[region.clauses_begin];
  roll_back(f.data.log_begin);
  f.data.in_clauses = true;
  if (clause.label.incoming_count == 0) {
    // Nothing throws; the decoder goes on all the same.
    begin_unreached();
  } else if (!merge_ways(clause.label, {})) {
    return;
  }
  g_[block_].cold = true;
  f.data.exception = slot_load(clause.handler.ref_slot, 0, ValType::ref(HeapType::kExn, false));
  if (osr_.active) begin_osr_clause(f);
  // Each clause begins with these locals.
  f.data.log_clauses = frame_log_ = static_cast<u32>(log_.size());
}

/// Ends the body or the clause before.
void GraphBuilder::begin_clause(Frame& f, bool fallthrough) {
  if (fallthrough) jump(branch_to(f, branch_values(f)));
  if (!f.data.in_clauses) return begin_dispatch(f);
  roll_back(f.data.log_clauses);
  begin_block(f.data.otherwise, f.data.from);
}

void GraphBuilder::legacy_catch(Frame& f, u32 tag, bool fallthrough, std::span<Slot> values) {
  begin_clause(f, fallthrough);
  if (failed()) return;
  const Value exception = f.data.exception;
  const Value wanted = f_.vmload(Type::kI64, f_.vmctx(), static_cast<i32>(env_->layout.tag(tag)));
  const SlotId slot = g_.add_slot(std::max(cells_of(values), 1u));
  check_trap(builtin(Builtin::k_exn_tag, {exception, slot_address(slot, 0)}));
  const Value actual = slot_load(slot, 0, kI64);
  const Block from = block_, match = g_.add_block();
  f.data.from = from;
  f.data.otherwise = g_.add_block();
  g_[f.data.otherwise].cold = true;
  const EdgeId same = g_.add_edge(match), other = g_.add_edge(f.data.otherwise);
  branch(f_.icmp(IntCond::kEq, actual, wanted), same, other);
  begin_block(match, from);
  if (values.empty()) return;
  check_trap(builtin(Builtin::k_exn_args, {wanted, exception, slot_address(slot, 0)}));
  u32 cell = 0;
  for (Slot& s : values) {
    s.value = slot_load(slot, cell, s.type);
    cell += s.type.is_v128() ? 2 : 1;
  }
}

void GraphBuilder::legacy_catch_all(Frame& f, bool fallthrough) {
  begin_clause(f, fallthrough);
  f.data.otherwise = kNoBlock;
}

void GraphBuilder::legacy_delegate(Frame& f, const Frame& target, bool fallthrough) {
  if (fallthrough) jump(branch_to(f, branch_values(f)));
  begin_dispatch(f);
  if (failed()) return;
  // As if thrown where the label is; a clause is no longer in its own body.
  const u32 outside = region_;
  region_ = target.data.region;
  if (target.data.in_clauses) region_ = regions_[region_].outer;
  raise_exception(f.data.exception);
  region_ = outside;
  f.data.otherwise = kNoBlock;
}

void GraphBuilder::end_legacy(Frame& f, bool fallthrough, std::span<Slot> results) {
  const bool delegated = f.data.in_clauses && f.kind == ControlKind::kTry;
  if (fallthrough && !delegated) jump(branch_to(f, branch_values(f)));
  const u32 clause = regions_[f.data.region].clauses_begin;
  if (!f.data.in_clauses && clauses_[clause].label.incoming_count != 0) {
    begin_dispatch(f);
    if (!failed()) raise_exception(f.data.exception);
  } else if (f.data.otherwise != kNoBlock) {
    roll_back(f.data.log_clauses);
    begin_block(f.data.otherwise, f.data.from);
    raise_exception(f.data.exception);
  }
  if (failed()) return;
  if (osr_.active && f.data.in_clauses) osr_.clauses.pop_back();
  region_ = regions_[f.data.region].outer;
  f.data.incoming_count != 0 ? merge(f, results) : end_unreached(f, results);
}

void GraphBuilder::rethrow(const Frame& target) {
  raise_exception(osr_.active ? locals_[shadow_of(Shadow::kException, target.data.clauses)].value
                              : target.data.exception);
}

}  // namespace wazuka::opt

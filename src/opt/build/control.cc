// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structured control and branches.
#include <algorithm>

#include "opt/build/graph_builder.h"

namespace wazuka::opt {

void GraphBuilder::begin_block(Block b, Block idom) {
  if (idom == kNoBlock) {
    dominators_.add_root(b);
  } else {
    dominators_.add(b, idom);
    while (!dominators_.dominates(path_.back(), b)) {
      path_.pop_back();
      f_.pop_scope();
    }
  }
  path_.push_back(b);
  f_.push_scope();
  begun_.push_back(b);
  block_ = f_.origin = b;
}

void GraphBuilder::begin_unreached() {
  has_unreached_ = true;
  begin_block(g_.add_block(), path_.back());
}

void GraphBuilder::branch(Value condition, EdgeId taken, EdgeId otherwise) {
  terminate({.op = Opcode::kBranch,
             .args = {index_of(f_.truth(condition)), index_of(taken), index_of(otherwise)}});
}

void GraphBuilder::emit_return(std::span<const Slot> values) {
  if (body_.label != nullptr) return jump(branch_to_end(*body_.label, values));
  std::vector<u32> list;
  for (const Slot& s : values) list.push_back(index_of(s.value));
  const u32 begin = g_.add_list(list);
  terminate({.op = Opcode::kReturn, .args = {begin, static_cast<u32>(list.size())}});
}

void GraphBuilder::trap_if(Value condition, TrapCode code) {
  f_.check({.op = Opcode::kTrapIf, .aux = static_cast<u16>(code), .args = {index_of(condition)}},
           block_);
}

void GraphBuilder::hint(Block taken, Block otherwise) {
  const std::span<const BranchHint> hints = body_.hints;
  auto it = std::lower_bound(hints.begin(), hints.end(), offset_,
                             [](const BranchHint& h, u32 at) { return h.offset < at; });
  if (it == hints.end() || it->offset != offset_) return;
  const Block unlikely = it->likely ? otherwise : taken;
  if (unlikely != kNoBlock) g_[unlikely].cold = true;
}

// Constructs --------------------------------------------------------------------------------------

void GraphBuilder::block(Frame& f) {
  enter(f);
}

void GraphBuilder::loop(Frame& f) {
  const bool joins = is_in_chain(f);
  if (joins) join_osr(f);
  if (failed()) return;
  enter(f);
  f.data.has_flag = joins && osr_.next < osr_.chain.size();
  const Block before = block_, head = g_.add_block();
  f.data.block = head;
  // What may be different in the next iteration.
  const FuncInfoView& pool = module_->func_info_pool;
  const LoopInfo& info = pool.loops_of(*body_.info)[f.loop_ordinal];
  f.data.saved_begin = static_cast<u32>(saved_.size());
  if (info.assigned_count == LoopInfo::kAllLocals) {
    const u32 end = body_.label == nullptr ? num_locals_ : static_cast<u32>(locals_.size());
    for (u32 i = body_.first_local; i < end; ++i) saved_.push_back(i);
  } else {
    for (u32 i : pool.assigned_in(info)) saved_.push_back(body_.first_local + i);
  }
  f.data.saved_count = static_cast<u32>(saved_.size()) - f.data.saved_begin;
  const u32 n = static_cast<u32>(f.params.size());
  Slot* params = stack_ + height_ - n;
  jump(edge_to_loop(f, {params, n}, f.data.has_flag ? osr_.flag : kNoValue));
  if (merge_work_ > kMaxMergeWork) return unsupported("so many values on edges");
  begin_block(head, before);
  for (u32 i = 0; i < n; ++i) {
    params[i].value = g_.add_param(head, type_of(params[i].type), is_traced(params[i].type));
  }
  for (u32 i = 0; i < f.data.saved_count; ++i) {
    const u32 local = saved_[f.data.saved_begin + i];
    const ValType t = locals_[local].type;
    assign(local, g_.add_param(head, type_of(t), is_traced(t)));
  }
  if (f.data.has_flag) fork_osr(head);
  if (has_limits()) check_limits();
}

void GraphBuilder::if_(Slot& condition, Frame& f) {
  enter(f);
  f.data.from = block_;
  const Block then = g_.add_block();
  f.data.otherwise = g_.add_block();
  const u32 n = static_cast<u32>(f.params.size());
  f.data.saved_begin = static_cast<u32>(saved_.size());
  for (u32 i = 0; i < n; ++i) saved_.push_back(index_of(stack_[height_ - n + i].value));
  const EdgeId taken = g_.add_edge(then), otherwise = g_.add_edge(f.data.otherwise);
  hint(then, f.data.otherwise);
  branch(condition.value, taken, otherwise);
  begin_block(then, f.data.from);
}

void GraphBuilder::else_(Frame& f, bool fallthrough) {
  if (fallthrough) jump(branch_to(f, branch_values(f)));
  roll_back(f.data.log_begin);
  begin_block(f.data.otherwise, f.data.from);
}

void GraphBuilder::else_params(Frame& f, std::span<Slot> params) {
  for (size_t i = 0; i < params.size(); ++i) {
    params[i].value = Value{saved_[f.data.saved_begin + i]};
  }
}

void GraphBuilder::take_results(std::span<Slot> results) {
  const u32 n = static_cast<u32>(results.size());
  for (u32 i = 0; i < n; ++i) results[i].value = stack_[height_ - n + i].value;
}

/// The end of an `if` without else, whose parameters are its results.
void GraphBuilder::end_if(Frame& f, bool fallthrough) {
  if (fallthrough) jump(branch_to(f, branch_values(f)));
  roll_back(f.data.log_begin);
  begin_block(f.data.otherwise, f.data.from);
  scratch_slots_.clear();
  for (u32 i = 0; i < f.results.size(); ++i) {
    scratch_slots_.push_back({f.results[i], Value{saved_[f.data.saved_begin + i]}});
  }
  jump(branch_to(f, scratch_slots_));
}

/// Nothing leads to the end of a construct. The decoder may think otherwise: a clause of a
/// try_table in which nothing can throw counts as a branch. What follows goes into a block that no
/// edge leads to.
void GraphBuilder::end_unreached(Frame& f, std::span<Slot> results) {
  roll_back(f.data.log_begin);
  leave(f);
  if (!f.end_reached) return;
  begin_unreached();
  for (Slot& s : results) s.value = zero(s.type);
}

void GraphBuilder::end(Frame& f, bool fallthrough, std::span<Slot> results) {
  const ControlData& d = f.data;
  if (f.kind >= ControlKind::kTry) return end_legacy(f, fallthrough, results);
  if (f.kind == ControlKind::kIf) {
    end_if(f, fallthrough);
    return merge(f, results);
  }
  if (f.kind == ControlKind::kLoop || d.incoming_count == 0) {
    if (!fallthrough) return end_unreached(f, results);
    take_results(results);
    leave(f);
    return hand_over_assignments(d.log_begin);
  }
  if (fallthrough) jump(branch_to(f, branch_values(f)));
  merge(f, results);
}

// Branches ----------------------------------------------------------------------------------------

void GraphBuilder::br(Frame& target) {
  const std::span<const Slot> values = branch_values(target);
  if (target.kind == ControlKind::kFunction) return emit_return(values);
  jump(branch_to(target, values));
}

void GraphBuilder::branch_if(Value condition, Frame& target, std::span<const Slot> values) {
  const Block from = block_;
  if (target.kind == ControlKind::kFunction) {
    const Block leave_block = g_.add_block(), next = g_.add_block();
    const EdgeId taken = g_.add_edge(leave_block), otherwise = g_.add_edge(next);
    hint(leave_block, next);
    branch(condition, taken, otherwise);
    begin_block(leave_block, from);
    emit_return(values);
    begin_block(next, from);
    return;
  }
  const EdgeId taken = branch_to(target, values);
  const Block next = g_.add_block();
  const EdgeId otherwise = g_.add_edge(next);
  hint(kNoBlock, next);
  branch(condition, taken, otherwise);
  begin_block(next, from);
}

void GraphBuilder::br_if(Slot& condition, Frame& target) {
  branch_if(condition.value, target, branch_values(target));
}

/// One of the edges of a br_table; entries with the same label carry the same.
EdgeId GraphBuilder::table_edge(Frame& target, std::span<const Slot> values) {
  ControlData& d = target.data;
  if (d.table_stamp == table_stamp_) {
    const EdgeId e = g_.add_edge(g_[d.table_edge].target);
    edge_copies_.push_back({e, d.table_edge});
    return e;
  }
  d.table_stamp = table_stamp_;
  return d.table_edge = branch_to(target, values);
}

void GraphBuilder::br_table(Slot& index, std::span<Frame* const> targets) {
  const Block from = block_;
  ++table_stamp_;
  Block leave_block = kNoBlock;
  Frame* function = nullptr;
  EdgeId first{};
  for (size_t i = 0; i < targets.size(); ++i) {
    Frame& target = *targets[i];
    EdgeId e;
    if (target.kind == ControlKind::kFunction) {
      if (leave_block == kNoBlock) leave_block = g_.add_block();
      function = &target;
      e = g_.add_edge(leave_block);
    } else {
      e = table_edge(target, branch_values(target));
    }
    if (i == 0) first = e;
  }
  terminate({.op = Opcode::kSwitch,
             .args = {index_of(index.value), index_of(first), static_cast<u32>(targets.size())}});
  if (leave_block == kNoBlock) return;
  begin_block(leave_block, from);
  emit_return(branch_values(*function));
}

void GraphBuilder::return_() {
  const u32 n = static_cast<u32>(body_.type->results.size());
  emit_return({stack_ + height_ - n, n});
}

void GraphBuilder::unreachable() {
  terminate({.op = Opcode::kTrap, .aux = static_cast<u16>(TrapCode::kUnreachableCodeReached)});
}

// References --------------------------------------------------------------------------------------

void GraphBuilder::br_on_null(Frame& target, Slot& ref, Slot& out) {
  branch_if(f_.icmp(IntCond::kEq, ref.value, 0), target, branch_values(target));
  out.value = ref.value;
}

// The reference is the topmost operand, as it was popped.
void GraphBuilder::br_on_non_null(Frame& target, Slot& ref) {
  branch_if(f_.icmp(IntCond::kNe, ref.value, 0), target, branch_values(target));
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exceptions. Inside of a try_table every call of a function is an `invoke`, which ends its block:
// each has landing blocks of its own, one for each clause of the regions around, so that the values
// of the locals there are those at the call. A landing takes the exception's arguments and
// reference from slots and goes on to the clause's label.
#include <algorithm>

#include "opt/build/graph_builder.h"

namespace wazuka::opt {

void GraphBuilder::try_table(Frame& f, std::span<const CatchClause> clauses) {
  enter(f);
  TryRegion region{.outer = region_,
                   .clauses_begin = static_cast<u32>(clauses_.size()),
                   .clauses_count = static_cast<u32>(clauses.size())};
  for (const CatchClause& c : clauses) {
    Clause clause{.clause = c, .handler = {}, .label = {}};
    clause.label.log_begin = f.data.log_begin;
    clause.label.height = f.data.height;
    clause.label.clauses = f.data.clauses;
    if (c.kind <= 1) {
      clause.handler.tag = static_cast<u32>(env_->layout.tag(c.tag));
      u32 cells = 0;
      for (ValType t : module_->types[module_->tags[c.tag].type_index].func.params) {
        cells += t.is_v128() ? 2 : 1;
      }
      clause.handler.args_slot = g_.add_slot(std::max(cells, 1u));
    }
    if ((c.kind & 1) != 0) clause.handler.ref_slot = g_.add_slot(1);
    catch_clauses_.push_back(c);
    clauses_.push_back(clause);
  }
  f.data.region = region_ = static_cast<u32>(regions_.size());
  regions_.push_back(region);
}

std::span<const CatchClause> GraphBuilder::clauses_of(const Frame& f) const {
  const TryRegion& r = regions_[f.data.region];
  return std::span(catch_clauses_).subspan(r.clauses_begin, r.clauses_count);
}

/// The handlers of a call here, innermost first, up to one that catches all.
void GraphBuilder::collect_handlers(CallInfo& info) {
  handler_clauses_.clear();
  std::vector<Handler> handlers;
  for (u32 r = region_; r != kNone; r = regions_[r].outer) {
    for (u32 i = 0; i < regions_[r].clauses_count; ++i) {
      const u32 clause = regions_[r].clauses_begin + i;
      handler_clauses_.push_back(clause);
      handlers.push_back(clauses_[clause].handler);
      if (handlers.back().tag == Handler::kNoTag) {
        r = kNone;
        break;
      }
    }
    if (r == kNone) break;
  }
  info.handlers_begin = g_.add_handlers(handlers);
  info.handlers_count = static_cast<u32>(handlers.size());
  merge_work_ += handlers.size();
}

/// One edge for each handler, to a block of its own.
EdgeId GraphBuilder::add_landing_edges(std::vector<Block>& landings) {
  EdgeId first{g_.num_edges()};
  for (size_t i = 0; i < handler_clauses_.size(); ++i) {
    landings.push_back(g_.add_block());
    g_.add_edge(landings.back());
  }
  return first;
}

/// What a landing carries to its clause are the locals as they are now.
void GraphBuilder::begin_landings(std::span<const Block> landings, Block from) {
  const std::vector<u32> clauses = handler_clauses_;
  for (size_t i = 0; i < landings.size(); ++i) {
    begin_block(landings[i], from);
    g_[landings[i]].cold = true;
    jump(branch_to_end(clauses_[clauses[i]].label, {}));
  }
}

/// The block of a clause: takes the exception from its slots and goes on to the label.
void GraphBuilder::end_clause(u32 index, Frame& target) {
  const Clause clause = clauses_[index];
  if (clause.label.incoming_count == 0) return;
  roll_back(clause.label.log_begin);
  if (!merge_ways(clause.label, {})) return;
  g_[block_].cold = true;
  std::vector<Slot> values;
  u32 cell = 0;
  if (clause.clause.kind <= 1) {
    for (ValType t : module_->types[module_->tags[clause.clause.tag].type_index].func.params) {
      values.push_back({t, slot_load(clause.handler.args_slot, cell, t)});
      cell += t.is_v128() ? 2 : 1;
    }
  }
  if ((clause.clause.kind & 1) != 0) {
    const ValType t = ValType::ref(HeapType::kExn, false);
    values.push_back({t, slot_load(clause.handler.ref_slot, 0, t)});
  }
  if (target.kind == ControlKind::kFunction) return emit_return(values);
  jump(branch_to(target, values));
}

void GraphBuilder::end_try_table(Frame& f, bool fallthrough, std::span<Slot> results,
                                 std::span<Frame* const> targets) {
  const TryRegion region = regions_[f.data.region];
  region_ = region.outer;
  bool caught = false;
  for (u32 i = 0; i < region.clauses_count; ++i) {
    caught = caught || clauses_[region.clauses_begin + i].label.incoming_count != 0;
  }
  if (!caught) return end(f, fallthrough, results);
  if (fallthrough) jump(branch_to(f, branch_values(f)));
  for (u32 i = 0; i < region.clauses_count && !failed(); ++i) {
    end_clause(region.clauses_begin + i, *targets[i]);
  }
  if (failed()) return;
  f.data.incoming_count != 0 ? merge(f, results) : end_unreached(f, results);
}

// Calls -------------------------------------------------------------------------------------------

Value GraphBuilder::finish_call(CallInfo info, Value callee, Type type) {
  if (region_ != kNone) collect_handlers(info);
  if (info.handlers_count == 0) {
    const CallId call = g_.add_call(info);
    return append({.op = Opcode::kCall, .type = type, .args = {index_of(call), index_of(callee)}});
  }
  const Block from = block_, next = g_.add_block();
  const EdgeId normal = g_.add_edge(next);
  std::vector<Block> landings;
  add_landing_edges(landings);
  const CallId call = g_.add_call(info);
  const Value v = append({.op = Opcode::kInvoke,
                          .type = type,
                          .args = {index_of(call), index_of(callee), index_of(normal)}});
  begin_landings(landings, from);
  begin_block(next, from);
  return v;
}

/// Ends the block: a TrapOr for the runtime.
void GraphBuilder::raise(Value trap_or) {
  const CallId call = g_.add_call({.kind = CallInfo::Kind::kBuiltin});
  terminate({.op = Opcode::kRaise, .args = {index_of(call), index_of(trap_or), 0}});
}

void GraphBuilder::raise_exception(Value exception) {
  constexpr u32 kOffset = offsetof(VMStoreContext, exception);
  store_at(store_context(), kOffset, Region::kStore, kOffset, 8, exception);
  CallInfo info{.kind = CallInfo::Kind::kBuiltin};
  if (region_ != kNone) collect_handlers(info);
  std::vector<Block> landings;
  const Block from = block_;
  const EdgeId first =
      info.handlers_count != 0 ? add_landing_edges(landings) : EdgeId{g_.num_edges()};
  const CallId call = g_.add_call(info);
  const Value code = f_.i32_const(static_cast<u32>(kException));
  terminate({.op = Opcode::kRaise, .args = {index_of(call), index_of(code), index_of(first)}});
  begin_landings(landings, from);
  block_ = kNoBlock;
}

void GraphBuilder::throw_(u32 tag, std::span<Slot> args) {
  const u32 cells = cells_of(args);
  if (cells + 1 > 0xffff) return unsupported("so many operands");
  const SlotId slot = g_.add_slot(cells + 1);
  store_cells(slot, 0, args);
  const Value vm_tag = f_.vmload(Type::kI64, f_.vmctx(), static_cast<i32>(env_->layout.tag(tag)));
  check_trap(
      builtin(Builtin::k_exn_new, {vm_tag, slot_address(slot, 0), slot_address(slot, cells)}));
  raise_exception(slot_load(slot, cells, ValType::ref(HeapType::kExn, false)));
}

void GraphBuilder::throw_ref(Slot& ref) {
  check_not_null(ref.value, TrapCode::kNullReference);
  raise_exception(ref.value);
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// try_table, throw, and the legacy form. What a clause catches is put right into the cells of its
// label, and execution goes on there: no code belongs to a clause of try_table. A label of the
// function itself is a return of what is in the first operands' cells (return_landing_).
//
// The exception that a legacy clause has caught stays in a cell of its own below the clause's
// operands, for rethrow; it is not on the decoder's stack (clauses_, cell_at).
#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

// Regions ----------------------------------------------------------------------------------------

/// Also keeps instructions before and behind the region's limits from being fused.
void Lowering::open_region(Frame& frame, u32 depth) {
  e_.barrier();
  frame.data.else_assigned = assigned_;
  frame.data.region_open = true;
  open_regions_.push_back({e_.position(), 0, depth, CatchHandler::kNone});
}

void Lowering::close_region(Frame& frame) {
  if (!frame.data.region_open) return;
  frame.data.region_open = false;
  e_.barrier();
  TryRegion region = open_regions_.back();
  open_regions_.pop_back();
  region.end = e_.position();
  frame.data.region = static_cast<u32>(regions_.size());
  regions_.push_back(region);
}

CatchHandler& Lowering::add_handler(Frame& frame, CatchHandler::Kind kind) {
  const u32 index = static_cast<u32>(handlers_.size());
  handlers_.push_back({.kind = kind});
  u32& link = frame.data.last_handler != CatchHandler::kNone
                  ? handlers_[frame.data.last_handler].next
              : frame.data.region_open ? open_regions_.back().first
                                       : regions_[frame.data.region].first;
  link = index;
  frame.data.last_handler = index;
  return handlers_.back();
}

HandlerTable Lowering::finish_handlers() {
  for (CatchHandler& h : handlers_) {
    if (h.kind != CatchHandler::Kind::kDelegate) h.target = e_.landing(h.target);
  }
  return {regions_, handlers_};
}

/// Clauses of try_table that mean the function's own label end here.
void Lowering::emit_return_landing() {
  if (!return_landing_.used()) return;
  label_here(return_landing_);
  u32 from = first_operand_cell_, to = 0;
  const std::span<const ValType> types = type_->results;
  for (ValType t : types) {
    copy(to, from, t);
    from += cells_of(t);
    to += cells_of(t);
  }
  note_cells(from);
  e_.emit(types.empty() ? Base::kRet : Base::kRetMulti, Fields().set(0, link_cell_));
}

// try_table --------------------------------------------------------------------------------------

void Lowering::try_table(Frame& frame, u32 depth, std::span<const CatchClause> clauses,
                         std::span<Frame* const> targets) {
  block(frame);
  open_region(frame, depth);
  for (size_t i = 0; i < clauses.size(); ++i) {
    const CatchClause& clause = clauses[i];
    const bool tagged = clause.kind <= 1;
    const bool with_ref = (clause.kind & 1) != 0;
    Frame& target = *targets[i];
    const bool returns = target.kind == ControlKind::kFunction;
    CatchHandler& h =
        add_handler(frame, tagged ? CatchHandler::Kind::kTag : CatchHandler::Kind::kAll);
    u32 cell = returns ? first_operand_cell_ : target.data.cell;
    h.args_cell = cell;
    if (tagged) {
      h.tag = tag_offset(clause.tag);
      for (ValType t : module_.types[module_.tags[clause.tag].type_index].func.params) {
        cell += cells_of(t);
      }
    }
    if (with_ref) h.ref_cell = cell++;
    note_cells(cell);
    if (!returns) meet(target);
    h.target = e_.landing_at(returns ? return_landing_ : target.data.end);
  }
}

void Lowering::throw_(u32 tag, std::span<Slot> args) {
  settle_args(args);
  e_.emit(Base::kThrow, Fields().set(0, cell_at(height_)).imm(tag_offset(tag)));
  safepoint();
  forget_accumulators();
  forget_users();
}

void Lowering::throw_ref(Slot& ref) {
  e_.emit(Base::kThrowRef, Fields().set(0, take_in_slot(ref).cell));
  forget_accumulators();
  forget_users();
}

// Legacy -----------------------------------------------------------------------------------------

void Lowering::legacy_try(Frame& frame, u32 depth) {
  block(frame);
  open_region(frame, depth);
}

/// Ends the body or the clause before; the caller adds the new clause's handler.
void Lowering::begin_clause(Frame& frame, bool fallthrough) {
  if (fallthrough) leave_to(frame);
  close_region(frame);
  if (!frame.data.in_clause) {
    frame.data.in_clause = true;
    clauses_.push_back({frame.height, frame.data.cell});
  }
  Label here;
  label_here(here);
  assigned_ = frame.data.else_assigned;
  settled_ = frame.height;
  note_cells(u64{frame.data.cell} + 1);
}

void Lowering::leave_clause(Frame& frame) {
  frame.data.in_clause = false;
  clauses_.pop_back();
}

void Lowering::legacy_catch(Frame& frame, u32 tag, bool fallthrough, std::span<Slot> values) {
  begin_clause(frame, fallthrough);
  CatchHandler& h = add_handler(frame, CatchHandler::Kind::kTag);
  h.tag = tag_offset(tag);
  h.ref_cell = frame.data.cell;
  h.args_cell = frame.data.cell + 1;
  Label here;
  here.position = e_.position();
  h.target = e_.landing_at(here);
  u32 cell = h.args_cell;
  for (Slot& s : values) {
    s.value = Value();
    s.value.cell = cell;
    cell += cells_of(s.type);
  }
  note_cells(cell);
}

void Lowering::legacy_catch_all(Frame& frame, bool fallthrough) {
  begin_clause(frame, fallthrough);
  CatchHandler& h = add_handler(frame, CatchHandler::Kind::kAll);
  h.ref_cell = frame.data.cell;
  Label here;
  here.position = e_.position();
  h.target = e_.landing_at(here);
}

void Lowering::legacy_delegate(Frame& frame, u32 target_depth) {
  add_handler(frame, CatchHandler::Kind::kDelegate).target = target_depth;
}

void Lowering::rethrow(const Frame& target) {
  e_.emit(Base::kThrowRef, Fields().set(0, target.data.cell));
  forget_accumulators();
  forget_users();
}

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exceptions. Nothing is emitted at the beginning or the end of a try region: calls say which
// region they are in, and the runtime goes on at the landing of a clause, with the exception's
// arguments and reference in the cells that the clause names. All locals and operands are home at
// every call, so that is where the landing finds them.
#include <algorithm>

#include "baseline/function_compiler.h"

namespace wazuka::baseline {

u32 FunctionCompiler::open_region(Frame& f) {
  const u32 region = static_cast<u32>(tables_.tries.size());
  tables_.tries.push_back({.outer = region_});
  f.data.outer_region = region_;
  f.data.own_region = f.data.region = region;
  return region_ = region;
}

/// What holds where the runtime lands.
void FunctionCompiler::landing_state() {
  clear_registers();
  vmctx_valid_ = memory_valid_ = false;
}

void FunctionCompiler::try_table(Frame& f, std::span<const CatchClause> clauses,
                                 std::span<Frame* const> targets) {
  block(f);
  State here;
  capture(here);
  Label body;
  if (!clauses.empty()) a_.jmp(body);
  const u32 region = static_cast<u32>(tables_.tries.size());
  for (size_t i = 0; i < clauses.size(); ++i) {
    const CatchClause& clause = clauses[i];
    Frame& target = *targets[i];
    landing_state();
    CatchClauseTable entry;
    entry.landing = a_.offset();
    const u32 first = target.data.cell;
    scratch_slots_.clear();
    if (clause.kind <= 1) {
      entry.tag = static_cast<u32>(env_->layout.tag(clause.tag));
      entry.args_cell = first;
      for (ValType t : module_->types[module_->tags[clause.tag].type_index].func.params) {
        scratch_slots_.push_back(Slot{t, {}});
      }
    }
    if ((clause.kind & 1) != 0) {
      scratch_slots_.push_back(Slot{ValType::ref(HeapType::kExn, false), {}});
    }
    set_homes(scratch_slots_, first);
    if ((clause.kind & 1) != 0) entry.ref_cell = scratch_slots_.back().value.cell;
    pending_clauses_.push_back({region, entry});
    if (target.kind == ControlKind::kFunction) {
      emit_return(scratch_slots_);
    } else {
      go_to(target, scratch_slots_);
      a_.jmp(target.data.end);
    }
  }
  a_.bind(body);
  set_state(here);
  open_region(f);
}

void FunctionCompiler::raise_exception(const Mem& from) {
  a_.mov(k64, x64::rax, from);
  a_.mov(k64, kScratch, Mem(vmctx(), offsetof(VMContext, store_context)));
  a_.mov(k64, Mem(kScratch, offsetof(VMStoreContext, exception)), x64::rax);
  raise_code(kException);
  record_call(offset_, region_);
}

void FunctionCompiler::throw_(u32 tag, std::span<Slot> args) {
  const u32 base = cell_at(height_);
  u32 end = base;
  for (Slot& s : args) {
    settle(s);
    end = s.value.cell + cells_of(s.type);
  }
  note_cells(end + 1);
  builtin(offsetof(VMBuiltins, exn_new),
          {Arg::load(env_->layout.tag(tag)), Arg::cell(base), Arg::cell(end)});
  check_trap();
  raise_exception(home(end));
}

void FunctionCompiler::throw_ref(Slot& ref) {
  const Gpr r = gpr(ref);
  a_.test(k64, r, r);
  trap_if(Cond::kE, TrapCode::kNullReference);
  settle(ref);
  spill_for_call();
  roots();
  raise_exception(home(ref.value.cell));
}

// Legacy ------------------------------------------------------------------------------------------
// The exception that a clause has caught stays in a cell of its own below the clause's operands,
// for rethrow; it is not on the decoder's stack (clause_heights_, cell_at).

void FunctionCompiler::legacy_try(Frame& f) {
  block(f);
  open_region(f);
}

/// Ends the body or the clause before.
void FunctionCompiler::begin_clause(Frame& f, bool fallthrough, CatchClauseTable& entry) {
  if (fallthrough) {
    go_to(f, branch_values(f));
    a_.jmp(f.data.end);
  }
  settled_ = std::min(settled_, f.height);
  region_ = f.data.region = f.data.outer_region;
  if (!f.data.in_clause) {
    f.data.in_clause = true;
    clause_heights_.push_back({f.height, f.data.cell});
    roots_changed_ = true;
  }
  note_cells(f.data.cell + 1);
  landing_state();
  entry.landing = a_.offset();
  entry.ref_cell = f.data.cell;
}

void FunctionCompiler::legacy_catch(Frame& f, u32 tag, bool fallthrough, std::span<Slot> values) {
  CatchClauseTable entry;
  begin_clause(f, fallthrough, entry);
  entry.tag = static_cast<u32>(env_->layout.tag(tag));
  entry.args_cell = f.data.cell + 1;
  set_homes(values, f.data.cell + 1);
  pending_clauses_.push_back({f.data.own_region, entry});
}

void FunctionCompiler::legacy_catch_all(Frame& f, bool fallthrough) {
  CatchClauseTable entry;
  begin_clause(f, fallthrough, entry);
  pending_clauses_.push_back({f.data.own_region, entry});
}

void FunctionCompiler::legacy_delegate(Frame& f, const Frame& target) {
  tables_.tries[f.data.own_region].outer = target.data.region;
}

void FunctionCompiler::rethrow(const Frame& target) {
  spill_for_call();
  roots();
  raise_exception(home(target.data.cell));
}

/// The clauses of each region in a row.
void FunctionCompiler::finish_clauses() {
  for (const PendingClause& c : pending_clauses_) ++tables_.tries[c.region].clauses_count;
  u32 begin = 0;
  for (TryRegion& region : tables_.tries) {
    region.clauses_begin = begin;
    begin += region.clauses_count;
    region.clauses_count = 0;
  }
  tables_.clauses.resize(begin);
  for (const PendingClause& c : pending_clauses_) {
    TryRegion& region = tables_.tries[c.region];
    tables_.clauses[region.clauses_begin + region.clauses_count++] = c.entry;
  }
}

}  // namespace wazuka::baseline

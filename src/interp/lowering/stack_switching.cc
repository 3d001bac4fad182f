// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Continuations. All of it is like calls: operands are in their own cells, the topmost of the
// frame, results take their place, everything else is in cells. What a clause of resume passes to
// its label is put right into the label's cells, as by try_table.
#include "interp/stack_switching.h"

#include "interp/lowering/lowering.h"

namespace wazuka::interp {

/// Brings the operands to where these instructions want them; f0 and f1. With a continuation: it is
/// the last operand.
Fields Lowering::begin_switching(std::span<Slot> args, bool with_continuation) {
  settle_args(args);
  spill_all();
  const u32 base = cell_at(height_);
  u32 cells = 0;
  for (const Slot& s : args) cells += cells_of(s.type);
  note_cells(u64{base} + cells + 2);  // room for any result that is also in an accumulator
  return Fields().set(0, base).set(1, with_continuation ? cells - 1 : cells);
}

u32 Lowering::cont_func_id(u32 type) const {
  return module_.type_ids[module_.types[type].cont_func];
}

void Lowering::continuation_op(Op op, const Immediates& imm, std::span<Slot> args,
                               std::span<Slot> results) {
  Fields f = begin_switching(args, op != Op::kSuspend && op != Op::kContNew);
  const u32 continuation = u32{f.get(0)} + f.get(1);
  if (op == Op::kSuspend) {
    e_.emit(Base::kSuspend, f.imm(tag_offset(imm.index)));
    e_.word(0);
    end_call(results);
    return;
  }
  if (op == Op::kContNew) {
    e_.emit(Base::kContNew, f);
    e_.word(module_.type_ids[imm.index]);
    end_call(results);
    return;
  }
  if (op == Op::kContBind) {
    e_.emit(Base::kContBind, f);
    e_.word(module_.type_ids[imm.index2] | u64{cont_func_id(imm.index)} << 32);
  } else {
    const SubType& func = module_.types[module_.types[imm.index].cont_func];
    const u32 left = func.func.params.back().heap().type_index();
    e_.emit(Base::kSwitch, f.imm(tag_offset(imm.index2)));
    e_.word(module_.type_ids[left] | u64{cont_func_id(imm.index)} << 32);
  }
  end_call(results, continuation);
}

void Lowering::resume(Op op, u32 type, u32 tag, std::span<const ResumeHandler> handlers,
                      std::span<Frame* const> targets, std::span<Slot> args,
                      std::span<Slot> results) {
  Fields f = begin_switching(args, true);
  const u32 continuation = u32{f.get(0)} + f.get(1);
  const Base base = op == Op::kResume        ? Base::kResume
                    : op == Op::kResumeThrow ? Base::kResumeThrow
                                             : Base::kResumeThrowRef;
  const u32 at = e_.emit(base, f.imm(static_cast<u32>(handlers.size())));
  e_.word((op == Op::kResumeThrow ? tag_offset(tag) : 0) | u64{cont_func_id(type)} << 32);
  for (size_t i = 0; i < handlers.size(); ++i) resume_clause(at, handlers[i], targets[i]);
  end_call(results, continuation);
}

void Lowering::resume_clause(u32 resume, const ResumeHandler& handler, Frame* target) {
  const u64 tag = tag_offset(handler.tag);
  if (handler.is_switch) {
    e_.word(tag | u64{kSwitchClause} << 32);
    e_.word(0);
    e_.word(0);
    return;
  }
  const bool returns = target->kind == ControlKind::kFunction;
  const u32 cell = returns ? first_operand_cell_ : target->data.cell;
  const std::span<const ValType> label = target->label_types();
  u32 end = cell;
  for (ValType t : label) end += cells_of(t);
  note_cells(end);
  e_.word(tag | u64{module_.type_ids[label.back().heap().type_index()]} << 32);
  const u32 word = e_.position();
  e_.word(0);
  e_.word(cell);
  if (!returns) meet(*target);
  e_.table_entry_to(returns ? return_landing_ : target->data.end, resume, word);
}

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuel (wasm/fuel.h) and epochs: how a host stops code that runs too long. Emitted only if asked
// for. The epoch is checked where fuel is.
#include "interp/lowering/lowering.h"
#include "wasm/fuel.h"

namespace wazuka::interp {

/// Before each live instruction.
void Lowering::count_limits(Op op) {
  if (growth_.pending) count_growth();
  if (!is_free_of_fuel(op)) ++fuel_;
  const bool grows = op == Op::kMemoryGrow || op == Op::kTableGrow;
  if ((grows || is_bulk(op)) && !count_small_constant()) grows ? prepare_growth() : check_bulk();
  if (ends_fuel_block(op)) pay_fuel();
}

/// A bulk instruction: its topmost operand is how much it will do. Little is paid for with the
/// block, and not worth a check.
bool Lowering::count_small_constant() {
  const Slot& units = stack_[height_ - 1];
  if (units.value.where != Where::kConst || units.value.bits > kMaxUnitsPaidWithBlock) return false;
  fuel_ += static_cast<u32>(units.value.bits);
  return true;
}

/// Whether all of it can be done is found out before it is paid for, by a builtin that needs the
/// operands.
void Lowering::check_bulk() {
  if (!context_.options.fuel) return check_limits();
  pay_fuel();
  bulk_unpaid_ = true;
}

/// The instruction's operands have been popped.
void Lowering::pay_for_bulk(Op op, const Immediates& imm, std::span<Slot> args) {
  bulk_unpaid_ = false;
  settle_args(args);
  spill_all();
  const u32 base = cell_at(height_);
  u32 cells = 0;
  for (const Slot& s : args) cells += cells_of(s.type);
  note_cells(u64{base} + cells);
  e_.emit(Base::kFuelBulk, Fields().set(0, base).imm(imm.index2));
  e_.word(static_cast<u32>(op) | u64{imm.index} << 32);
  if (context_.options.epoch) e_.emit(Base::kEpochCheck, {});
}

/// Growing is paid for when it has succeeded: by then its operand is gone, but for a copy in a cell
/// that is free.
void Lowering::prepare_growth() {
  if (!context_.options.fuel) return check_limits();
  Slot& units = stack_[height_ - 1];
  growth_ = {true, units.type == kI64, 0};
  if (units.value.where == Where::kLocal) {
    growth_.cell = local_cells_[units.value.local];
    return;
  }
  settle(units);
  growth_.cell = cell_at(height_);
  note_cells(u64{growth_.cell} + 1);
  copy(growth_.cell, units.value.cell, units.type);
}

/// Behind the instruction, whose result is the topmost operand.
void Lowering::count_growth() {
  growth_.pending = false;
  pay_fuel();
  Slot& old_size = stack_[height_ - 1];
  settle(old_size);
  e_.emit(Base::kFuelGrown,
          Fields().set(0, growth_.cell).set(1, growth_.wide).set(2, old_size.value.cell));
  if (context_.options.epoch) e_.emit(Base::kEpochCheck, {});
}

void Lowering::pay_fuel() {
  if (fuel_ != 0 && context_.options.fuel) e_.emit(Base::kFuel, Fields().imm(fuel_));
  fuel_ = 0;
}

/// At function entries, loop heads and bulk instructions.
void Lowering::check_limits() {
  pay_fuel();
  if (context_.options.fuel) e_.emit(Base::kFuelCheck, {});
  if (context_.options.epoch) e_.emit(Base::kEpochCheck, {});
}

}  // namespace wazuka::interp

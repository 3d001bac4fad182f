// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuel (wasm/fuel.h) and epochs.
#include "baseline/function_compiler.h"
#include "wasm/fuel.h"

namespace wazuka::baseline {

void FunctionCompiler::count_limits(Op o) {
  if (growth_.pending) count_growth();
  if (!is_free_of_fuel(o)) ++fuel_;
  const bool grows = o == Op::kMemoryGrow || o == Op::kTableGrow;
  if ((grows || is_bulk(o)) && !count_small_constant()) grows ? prepare_growth() : check_bulk();
  if (ends_fuel_block(o)) pay_fuel();
}

bool FunctionCompiler::count_small_constant() {
  const Slot& units = stack_[height_ - 1];
  if (!is_const(units) || units.value.bits > kMaxUnitsPaidWithBlock) return false;
  fuel_ += static_cast<u32>(units.value.bits);
  return true;
}

/// The limit of this trap has been reached: ends, or asks whether to go on.
void FunctionCompiler::limit_if(Cond cond, TrapCode code) {
  if (!env_->limits_resume) return trap_if(cond, code);
  Late& l = late_.emplace_back();
  l.kind = Late::Kind::kLimit;
  l.code = code;
  l.wasm_offset = offset_;
  l.region = region_;
  a_.jcc(cond, l.label);
  a_.bind(l.back);
}

/// No call site: the position is that of a trap in the call's last byte, where nothing faults.
void FunctionCompiler::emit_limit(Late& l) {
  a_.mov(k64, kScratch, Mem(x64::rbp, -8));
  a_.mov(k64, kScratch, Mem(kScratch, offsetof(VMContext, store_context)));
  a_.mov_u32(kScratch2, static_cast<u32>(limit_of(l.code)));
  a_.call(Mem(kScratch, offsetof(VMStoreContext, limit_stub)));
  traps_.add({a_.offset() - 1, l.wasm_offset, l.code});
  a_.jmp(l.back);
}

/// r11 = VMStoreContext*.
void FunctionCompiler::load_store_context() {
  a_.mov(k64, kScratch, Mem(vmctx(), offsetof(VMContext, store_context)));
}

void FunctionCompiler::pay_fuel() {
  if (fuel_ != 0 && env_->fuel) {
    load_store_context();
    a_.sub(k64, Mem(kScratch, offsetof(VMStoreContext, fuel)), static_cast<i32>(fuel_));
  }
  fuel_ = 0;
}

/// Pays for the units in r10: they empty the counter at most.
void FunctionCompiler::pay_units() {
  const Mem fuel(kScratch, offsetof(VMStoreContext, fuel));
  Label done, empty;
  load_store_context();
  a_.cmp(k64, fuel, 0);
  a_.jcc(Cond::kLe, done);
  a_.cmp(k64, kScratch2, fuel);
  a_.jcc(Cond::kAe, empty);
  a_.sub(k64, fuel, kScratch2);
  a_.jmp(done);
  a_.bind(empty);
  a_.mov(k64, fuel, 0);
  a_.bind(done);
}

/// Whether all of it can be done is found out before it is paid for, by a builtin that needs the
/// operands.
void FunctionCompiler::check_bulk() {
  if (!env_->fuel) return check_limits();
  pay_fuel();
  bulk_unpaid_ = true;
}

/// The instruction's operands have been popped.
void FunctionCompiler::pay_for_bulk(Op o, const Immediates& imm, std::span<Slot> args) {
  bulk_unpaid_ = false;
  const u32 base = settle_args(args);
  builtin(offsetof(VMBuiltins, pay_for_bulk), {Arg::imm(static_cast<u32>(o)), Arg::imm(imm.index),
                                               Arg::imm(imm.index2), Arg::cell(base)});
  check_trap();
  if (env_->epoch) check_epoch();
}

/// Growing is paid for when it has succeeded: by then its operand is gone, but for a copy in a cell
/// that is free.
void FunctionCompiler::prepare_growth() {
  if (!env_->fuel) return check_limits();
  const Slot& units = stack_[height_ - 1];
  growth_ = {true, units.type == kI64, cell_at(height_)};
  note_cells(growth_.cell + 1);
  store_to(home(growth_.cell), units);
}

/// Behind the instruction, whose result is the topmost operand.
void FunctionCompiler::count_growth() {
  growth_.pending = false;
  pay_fuel();
  Slot& old_size = stack_[height_ - 1];
  settle(old_size);
  const Size size = growth_.wide ? k64 : k32;
  vmctx();  // on both ways
  Label failed;
  a_.cmp(size, home(old_size.value.cell), -1);
  a_.jcc(Cond::kE, failed);
  a_.mov(size, kScratch2, home(growth_.cell));
  pay_units();
  a_.cmp(k64, Mem(kScratch, offsetof(VMStoreContext, fuel)), 0);
  limit_if(Cond::kLe, TrapCode::kOutOfFuel);
  a_.bind(failed);
  if (env_->epoch) check_epoch();
}

void FunctionCompiler::check_epoch() {
  load_store_context();
  a_.mov(k64, kScratch2, Mem(kScratch, offsetof(VMStoreContext, epoch)));
  a_.mov(k64, kScratch2, Mem(kScratch2));
  a_.cmp(k64, kScratch2, Mem(kScratch, offsetof(VMStoreContext, epoch_deadline)));
  limit_if(Cond::kAe, TrapCode::kInterrupt);
}

/// At function entries, loop heads and bulk instructions.
void FunctionCompiler::check_limits() {
  pay_fuel();
  if (env_->fuel) {
    load_store_context();
    a_.cmp(k64, Mem(kScratch, offsetof(VMStoreContext, fuel)), 0);
    limit_if(Cond::kLe, TrapCode::kOutOfFuel);
  }
  if (env_->epoch) check_epoch();
}

}  // namespace wazuka::baseline

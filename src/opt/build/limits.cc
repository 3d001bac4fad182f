// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Fuel (wasm/fuel.h) and epochs.
#include "opt/build/graph_builder.h"
#include "wasm/fuel.h"

namespace wazuka::opt {

namespace {

constexpr u32 kFuel = offsetof(VMStoreContext, fuel);

}  // namespace

void GraphBuilder::count_limits(Op op) {
  if (growth_.pending) count_growth();
  // Such as a catch behind a body whose end nothing reaches: what it costs is never paid.
  if (block_ == kNoBlock) {
    fuel_ = 0;
    return;
  }
  if (!is_free_of_fuel(op)) ++fuel_;
  const bool grows = op == Op::kMemoryGrow || op == Op::kTableGrow;
  if ((grows || is_bulk(op)) && !count_small_constant()) grows ? prepare_growth() : check_bulk();
  if (ends_fuel_block(op)) pay_fuel();
}

bool GraphBuilder::count_small_constant() {
  const Inst& units = g_[stack_[height_ - 1].value];
  if (units.op != Opcode::kIConst || units.bits() > kMaxUnitsPaidWithBlock) return false;
  fuel_ += static_cast<u32>(units.bits());
  return true;
}

/// The limit of this trap has been reached: ends, or asks whether to go on.
void GraphBuilder::limit_if(Value condition, TrapCode code) {
  if (!env_->limits_resume) return trap_if(condition, code);
  append({.op = Opcode::kLimitIf, .aux = static_cast<u16>(code), .args = {index_of(condition)}});
}

Value GraphBuilder::load_fuel() {
  return load_at(Type::kI64, store_context(), kFuel, Region::kStore, kFuel, 8);
}

void GraphBuilder::store_fuel(Value fuel) {
  store_at(store_context(), kFuel, Region::kStore, kFuel, 8, fuel);
}

void GraphBuilder::pay_fuel() {
  if (fuel_ != 0 && env_->fuel) {
    store_fuel(f_.binary(Opcode::kISub, load_fuel(), u64{fuel_}));
  }
  fuel_ = 0;
}

/// They empty the counter at most.
void GraphBuilder::pay_units(Value units) {
  const Value fuel = load_fuel();
  const Value empty = f_.icmp(IntCond::kLeS, fuel, 0);
  const Value less = f_.binary(Opcode::kISub, fuel, units);
  const Value rest = f_.select(f_.icmp(IntCond::kGeU, units, fuel), f_.i64_const(0), less);
  store_fuel(f_.select(empty, fuel, rest));
}

/// Whether all of it can be done is found out before it is paid for, by a builtin that needs the
/// operands.
void GraphBuilder::check_bulk() {
  if (!env_->fuel) return check_limits();
  pay_fuel();
  bulk_unpaid_ = true;
}

void GraphBuilder::pay_for_bulk(Op op, const Immediates& imm, std::span<const Slot> args) {
  bulk_unpaid_ = false;
  const SlotId slot = g_.add_slot(cells_of(args));
  store_cells(slot, 0, args);
  check_trap(
      builtin(Builtin::k_pay_for_bulk, {f_.i32_const(static_cast<u32>(op)), f_.i32_const(imm.index),
                                        f_.i32_const(imm.index2), slot_address(slot, 0)}));
  if (env_->epoch) check_epoch();
}

/// Growing is paid for when it has succeeded.
void GraphBuilder::prepare_growth() {
  if (!env_->fuel) return check_limits();
  growth_ = {true, index_64(stack_[height_ - 1].value)};
}

/// Behind the instruction, whose result is the topmost operand.
void GraphBuilder::count_growth() {
  growth_.pending = false;
  pay_fuel();
  const Value old_size = stack_[height_ - 1].value;
  const Block from = block_, pay = g_.add_block(), next = g_.add_block();
  const EdgeId failed = g_.add_edge(next), grew = g_.add_edge(pay);
  branch(f_.icmp(IntCond::kEq, old_size, ~u64{0}), failed, grew);
  begin_block(pay, from);
  pay_units(growth_.units);
  limit_if(f_.icmp(IntCond::kLeS, load_fuel(), 0), TrapCode::kOutOfFuel);
  jump(g_.add_edge(next));
  begin_block(next, from);
  if (env_->epoch) check_epoch();
}

void GraphBuilder::check_epoch() {
  constexpr u32 kEpoch = offsetof(VMStoreContext, epoch),
                kDeadline = offsetof(VMStoreContext, epoch_deadline);
  const Value counter = load_at(Type::kI64, store_context(), kEpoch, Region::kStore, kEpoch, 8);
  // Others count it up: never the same load twice.
  const u16 access = intern({.region = Region::kAny, .bytes = 8, .atomic = true});
  const Value now = append({.op = Opcode::kLoad,
                            .type = Type::kI64,
                            .aux = access,
                            .args = {index_of(counter), index_of(kNoValue)}});
  const Value deadline =
      load_at(Type::kI64, store_context(), kDeadline, Region::kStore, kDeadline, 8);
  limit_if(f_.icmp(IntCond::kGeU, now, deadline), TrapCode::kInterrupt);
}

/// At function entries, loop heads and bulk instructions.
void GraphBuilder::check_limits() {
  pay_fuel();
  if (env_->fuel) limit_if(f_.icmp(IntCond::kLeS, load_fuel(), 0), TrapCode::kOutOfFuel);
  if (env_->epoch) check_epoch();
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Registers that instructions take for themselves: fixed operands and clobbers. An instruction that
// takes all registers of a bank late (a call) is not entered in each of them but noted in one list:
// nothing lives in any register there, and who asks needs to ask once.
#include <bit>

#include "opt/regalloc/state.h"

namespace wazuka::regalloc {
namespace {

class Reservation {
 public:
  explicit Reservation(State& s) : s_(s) {}

  void run() {
    for (u32 bank = 0; bank < kBanks; ++bank) {
      for (PReg reg : s_.machine.allocatable[bank]) s_.allocatable[bank] |= reg_bit(reg);
    }
    for (Inst i = 0; i < s_.f.insts.size() && !s_.failed(); ++i) reserve(i);
    for (u32 bank = 0; bank < kBanks; ++bank) index_full_clobbers(bank);
  }

 private:
  void reserve(Inst i);
  void reserve(const Operand& o, RegSet clobbers);
  void take_early(PReg reg, u32 owner);
  void take_late(PReg reg, u32 owner, bool write);
  void enter(Inst i);
  void index_full_clobbers(u32 bank);

  State& s_;
  RegSet early_ = 0, late_ = 0;  // taken by the instruction
  RegSet written_ = 0;           // by operands
  u32 early_owner_[kMaxPRegs];
  u32 late_owner_[kMaxPRegs];
};

void Reservation::reserve(Inst i) {
  const InstInfo& inst = s_.f.insts[i];
  if (inst.is_move) return;
  early_ = late_ = written_ = 0;
  for (RegSet left = inst.clobbers; left != 0; left &= left - 1) {
    PReg reg = static_cast<PReg>(std::countr_zero(left));
    late_owner_[reg] = kReservedForNobody;
  }
  late_ = inst.clobbers;
  for (const Operand& o : s_.f.operands.subspan(inst.operands.first, inst.operands.count)) {
    if (o.constraint == Constraint::kFixed) reserve(o, inst.clobbers);
  }
  if ((early_ | late_) != 0) enter(i);
}

void Reservation::reserve(const Operand& o, RegSet clobbers) {
  u32 owner = kReserved | o.vreg;
  bool is_late = o.position == Position::kLate;
  if (o.data >= kMaxPRegs) return s_.failure.set("regalloc: no such register");
  RegSet bank = s_.allocatable[static_cast<u32>(bank_of(s_.class_of(o.vreg)))];
  if ((bank & reg_bit(o.data)) == 0) {
    return s_.failure.set("regalloc: an operand is fixed to a register that is not allocatable");
  }
  if (o.kind == OperandKind::kUse) {
    take_early(o.data, owner);
    if (is_late) {
      if ((clobbers & reg_bit(o.data)) != 0) {
        s_.failure.set("regalloc: a register that is read late is clobbered");
      }
      take_late(o.data, owner, /*write=*/false);
    }
    return;
  }
  bool temp = o.kind == OperandKind::kTemp;
  if (temp || !is_late) take_early(o.data, kReservedForNobody);
  take_late(o.data, kReservedForNobody, /*write=*/true);
}

// Several uses of one virtual register may name one register.
void Reservation::take_early(PReg reg, u32 owner) {
  bool taken = (early_ & reg_bit(reg)) != 0;
  if (taken && (owner == kReservedForNobody || early_owner_[reg] != owner)) {
    s_.failure.set("regalloc: two inputs of an instruction are fixed to one register");
  }
  early_ |= reg_bit(reg);
  early_owner_[reg] = owner;
}

void Reservation::take_late(PReg reg, u32 owner, bool write) {
  bool read = (late_ & reg_bit(reg)) != 0 && late_owner_[reg] != kReservedForNobody;
  if ((written_ & reg_bit(reg)) != 0 || (read && (write || late_owner_[reg] != owner))) {
    s_.failure.set("regalloc: two operands of an instruction are fixed to one register");
  }
  if (write) written_ |= reg_bit(reg);
  late_ |= reg_bit(reg);
  late_owner_[reg] = owner;
}

void Reservation::enter(Inst i) {
  Point end = s_.is_terminator(i) ? pre(i + 1) : post(i);
  RegSet late_entries = late_;
  for (u32 bank = 0; bank < kBanks; ++bank) {
    RegSet all = s_.allocatable[bank];
    if (all == 0 || (late_ & all) != all) continue;
    s_.full_clobbers[bank].push_back(i);
    late_entries &= ~all;
  }
  RegSet usable = s_.allocatable[0] | s_.allocatable[1];
  for (RegSet left = early_ & usable; left != 0; left &= left - 1) {
    PReg reg = static_cast<PReg>(std::countr_zero(left));
    s_.taken[reg].insert(early(i), late(i), early_owner_[reg]);
  }
  for (RegSet left = late_entries & usable; left != 0; left &= left - 1) {
    PReg reg = static_cast<PReg>(std::countr_zero(left));
    s_.taken[reg].insert(late(i), end, late_owner_[reg]);
  }
}

void Reservation::index_full_clobbers(u32 bank) {
  const std::vector<Inst>& clobbers = s_.full_clobbers[bank];
  if (clobbers.empty()) return;
  std::vector<u32>& next = s_.next_full_clobber[bank];
  next.resize(s_.f.insts.size() + 1);
  u32 at = 0;
  for (Inst i = 0; i < next.size(); ++i) {
    if (at < clobbers.size() && clobbers[at] < i) ++at;
    next[i] = at;
  }
}

}  // namespace

void reserve_registers(State& s) {
  Reservation(s).run();
}

}  // namespace wazuka::regalloc

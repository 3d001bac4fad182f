// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the register allocator is given and what it answers. Plain data: it knows nothing of
// WebAssembly and nothing of a machine but the numbers of its registers. docs/regalloc.md tells how
// it works; check.h verifies its answers.
//
// The function. Instructions are numbered in layout order, those of a block in a row, blocks in
// layout order; the last instruction of a block is its terminator. SSA: each virtual register is
// defined by one operand or is one parameter of one block, and definitions dominate uses.
//
// What a client promises (allocate() answers with an error where it does not hold):
//   - Block 0 is the entry; it has no parameters and no predecessors (arguments of the function are
//     defined by its first instruction, with fixed constraints). Every block can be reached and
//     has an instruction.
//   - There are no critical edges: where a block has several successors, each of them has this
//   block
//     as its only predecessor. (A block that occurs twice among the successors of another has two
//     predecessors.)
//   - The terminator of a block whose successor has several predecessors (a jump) has no operands
//     and no clobbers: the moves of the edge are before it.
//   - No instruction needs more registers at once than there are (what it clobbers holds no late
//     use or early def). Constraints kFixed of different virtual registers for one register at one
//     time are an error, too, as are those for a scratch register.
//
// What it may rely on:
//   - The order of execution is: moves `before` an instruction, in the order given; the
//   instruction.
//     There are no other moves: those of edges are before the first instruction of the successor
//     or before the terminator of the predecessor.
//   - Moves may come between any two instructions, so they must be emitted in ways that leave
//     condition flags alone; or the client makes one instruction of a compare and its branch.
//   - Scratch registers are used between the moves of one place only, never across instructions.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "base/error.h"
#include "base/ints.h"

namespace wazuka::regalloc {

using VReg = u32;   // index in Function::classes
using Inst = u32;   // index in Function::insts
using Block = u32;  // index in Function::blocks
using PReg = u8;    // a register of the machine, < kMaxPRegs

inline constexpr u32 kMaxPRegs = 64;
inline constexpr u32 kNoRemat = ~u32{0};

/// A set of registers of the machine.
using RegSet = u64;
constexpr RegSet reg_bit(PReg reg) {
  return RegSet{1} << reg;
}

/// What a virtual register holds. Scalars and vectors live in the same bank of registers, but
/// vectors take 16 bytes when they are spilled, the others 8.
enum class RegClass : u8 { kInt, kFloat, kVector };
inline constexpr u32 kRegClasses = 3;

enum class Bank : u8 { kInt, kFloat };
inline constexpr u32 kBanks = 2;
constexpr Bank bank_of(RegClass c) {
  return c == RegClass::kInt ? Bank::kInt : Bank::kFloat;
}

/// Elements [first, first + count) of one of the function's arrays.
struct Range {
  u32 first = 0;
  u32 count = 0;
  constexpr u32 end() const { return first + count; }
};

enum class Constraint : u8 {
  kAny,    // a register or a slot
  kReg,    // a register
  kFixed,  // register Operand::data
  kReuse,  // defs only: the register of use operand number Operand::data (counted among all
           // operands of the instruction; that one must be kReg or kAny, early, and of the same
           // class)
  kStack,  // a slot
};
enum class OperandKind : u8 {
  kUse,
  kDef,
  kTemp,  // a register to work with; its vreg occurs nowhere else; kReg or kFixed
};
/// Uses are read, and defs are written, early or late. A late use does not share a register with
/// any def, an early def (or temp) shares none with any use. Usual: early uses, late defs. Temps
/// are taken for all of the instruction whatever is given here.
enum class Position : u8 { kEarly, kLate };

struct Operand {
  VReg vreg = 0;
  OperandKind kind = OperandKind::kUse;
  Constraint constraint = Constraint::kReg;
  Position position = Position::kEarly;
  u8 data = 0;  // the register of kFixed, the operand of kReuse

  static constexpr Operand use(VReg v, Constraint c = Constraint::kReg) {
    return {v, OperandKind::kUse, c, Position::kEarly, 0};
  }
  static constexpr Operand late_use(VReg v, Constraint c = Constraint::kReg) {
    return {v, OperandKind::kUse, c, Position::kLate, 0};
  }
  static constexpr Operand fixed_use(VReg v, PReg reg) {
    return {v, OperandKind::kUse, Constraint::kFixed, Position::kEarly, reg};
  }
  static constexpr Operand def(VReg v, Constraint c = Constraint::kReg) {
    return {v, OperandKind::kDef, c, Position::kLate, 0};
  }
  static constexpr Operand early_def(VReg v, Constraint c = Constraint::kReg) {
    return {v, OperandKind::kDef, c, Position::kEarly, 0};
  }
  static constexpr Operand fixed_def(VReg v, PReg reg) {
    return {v, OperandKind::kDef, Constraint::kFixed, Position::kLate, reg};
  }
  static constexpr Operand reuse_def(VReg v, u8 operand) {
    return {v, OperandKind::kDef, Constraint::kReuse, Position::kLate, operand};
  }
  static constexpr Operand temp(VReg v) {
    return {v, OperandKind::kTemp, Constraint::kReg, Position::kEarly, 0};
  }
  static constexpr Operand fixed_temp(VReg v, PReg reg) {
    return {v, OperandKind::kTemp, Constraint::kFixed, Position::kEarly, reg};
  }
};

struct InstInfo {
  Range operands;  // in Function::operands
  RegSet clobbers =
      0;  // registers with other contents after it (those it defines may be among them)
  /// A copy, its operands being a use and a def (of the same class, kAny or kReg): the allocator
  /// removes it and makes moves instead where any is needed. The client emits nothing for it.
  bool is_move = false;
};

struct BlockInfo {
  Range insts;   // in Function::insts, at least one
  Range preds;   // in Function::preds
  Range succs;   // in Function::edges
  Range params;  // in Function::params
  u32 loop_depth = 0;
  float frequency = 1;  // executions for each entry of the function, roughly
};

/// From a block to a successor. Arguments are as many, and of the same classes, as the parameters
/// of that. An argument may be defined by the terminator.
struct Edge {
  Block to = 0;
  Range args;  // in Function::args
};

struct Function {
  std::span<const BlockInfo> blocks;
  std::span<const InstInfo> insts;
  std::span<const Operand> operands;
  std::span<const Edge> edges;  // outgoing, grouped by block
  std::span<const Block> preds;
  std::span<const VReg> params;
  std::span<const VReg> args;
  std::span<const RegClass> classes;  // of each virtual register
  /// Of each virtual register: kNoRemat, or whatever tells the client how to make its value again
  /// anywhere in a register, from nothing, cheaper than from a slot and without touching another
  /// register or condition flags (a constant, an address in the frame). May be empty: none.
  std::span<const u32> remat;
};

struct Machine {
  /// Registers of each bank that may be allocated, those to be preferred first.
  std::array<std::vector<PReg>, kBanks> allocatable;
  /// Two more of each bank, for moves: never allocated. Clobbers may name them, operands may not.
  std::array<std::array<PReg, 2>, kBanks> scratch;
};

/// Where a value is.
class Allocation {
 public:
  enum class Kind : u8 { kNone, kReg, kSlot };

  constexpr Allocation() = default;
  static constexpr Allocation reg(PReg number) { return Allocation(Kind::kReg, number); }
  /// Slots are numbered in units of 8 bytes; those of vectors take two, the first of them even.
  static constexpr Allocation slot(u32 unit) { return Allocation(Kind::kSlot, unit); }

  constexpr Kind kind() const { return static_cast<Kind>(bits_ >> 30); }
  constexpr bool is_none() const { return kind() == Kind::kNone; }
  constexpr bool is_reg() const { return kind() == Kind::kReg; }
  constexpr bool is_slot() const { return kind() == Kind::kSlot; }
  constexpr PReg preg() const { return static_cast<PReg>(bits_); }
  constexpr u32 unit() const { return bits_ & 0x3fff'ffff; }
  constexpr u32 bits() const { return bits_; }

  friend constexpr bool operator==(const Allocation&, const Allocation&) = default;

 private:
  constexpr Allocation(Kind kind, u32 number) : bits_(static_cast<u32>(kind) << 30 | number) {}
  u32 bits_ = 0;
};

/// One step. At most one of both ends is a slot.
struct Move {
  Inst before;      // done before this instruction
  Allocation from;  // none: the client makes the value with `remat`
  Allocation to;    // a register if it is made
  VReg vreg;        // whose value it is; a move out of a cycle has one of the cycle's
  u32 remat;        // kNoRemat unless `from` is none
  RegClass reg_class;
};

struct Options {
  /// kFast neither evicts nor splits around loops; kAuto chooses by size and by budget. kFull has a
  /// budget, too, but a large one.
  enum class Mode : u8 { kAuto, kFull, kFast } mode = Mode::kAuto;
  /// Probes of registers for each live range, on average, after which the rest is done in fast
  /// mode.
  u32 probes_per_range = 40;
  /// Functions with more virtual registers than this are done in fast mode at once.
  u32 most_vregs = 200'000;
  /// Blocks where a virtual register is live, summed over all of them; beyond, allocate() gives up.
  u64 most_liveness_steps = 100'000'000;
};

/// Counts of work, for tests of complexity and for tuning.
struct Statistics {
  u32 vregs = 0, ranges = 0;      // live ranges before splitting
  u32 bundles = 0, merges = 0;    // sets of ranges allocated together; those joined
  u32 queued = 0, evictions = 0;  // bundles taken from the queue; those thrown out again
  u32 splits = 0;
  u32 call_splits = 0, loop_splits = 0;  // of them: around clobbers, at the borders of loops
  u32 spilled = 0;                       // bundles that live in slots
  u32 moves = 0, loads = 0, stores = 0, remats = 0;  // in the answer
  u32 removed_moves = 0;                             // found to be redundant
  u64 probes = 0;                                    // of registers
  u64 liveness_steps = 0, interval_steps = 0, split_steps = 0;
  float weighted_moves = 0, weighted_loads = 0, weighted_stores = 0, weighted_remats = 0;
  bool fast_mode = false;  // at least for a part
};

struct Output {
  /// Of each operand of the function, in their order. That of a kReuse def equals that of its use.
  /// Operands of instructions with is_move have none.
  std::vector<Allocation> allocations;
  /// Sorted by `before`; those of one place in the order in which they are to be done.
  std::vector<Move> moves;
  /// Size of all slots, in units of 8 bytes.
  u32 slot_units = 0;
  Statistics statistics;

  Allocation of(const Function& function, Inst inst, u32 operand) const {
    return allocations[function.insts[inst].operands.first + operand];
  }
};

/// Pure; thread-safe. See above for what is an error.
Result<Output> allocate(const Function& function, const Machine& machine,
                        const Options& options = {});

/// Checks what a client promises and allocate() does not find out by itself on its way: indices in
/// range, blocks and instructions in order, single definitions, edges that agree with predecessors.
/// For debug builds, tests and fuzzing.
Result<void> validate(const Function& function, const Machine& machine);

}  // namespace wazuka::regalloc

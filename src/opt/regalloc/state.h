// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the phases of the allocator share. docs/regalloc.md tells how they work together.
//
// Points. Time is counted in points, four for each instruction:
//
//   4i    Pre    where values arrive: at the start of a block, or from the instruction before
//         ---- gap: moves before the instruction; what they make is there from Early on ----
//   4i+1  Early  inputs are read
//   4i+2  Late   outputs are written, registers are clobbered
//         ---- gap: moves after the instruction (none after a terminator) ----
//   4i+3  Post
//
// Terms. A *live range* is a run of points at which one virtual register is live, without holes; a
// virtual register has several where it is dead in between, in layout order. A *bundle* is a set of
// disjoint live ranges that get one place together. Bundles begin as *webs*: virtual registers
// joined because moves between them cost nothing when they are in the same place; splitting makes
// smaller bundles of them. All of a web that is spilled lives in one slot, whose contents are those
// of a virtual register for all of its life once they have been stored.
//
// Constraints for one register (kFixed), inputs that are overwritten (kReuse), and kStack do not
// constrain live ranges at all: they are moves in a gap, from wherever the value is, and the
// register is *reserved* for the instruction. A live range that ends in such a move ends at Pre, so
// that it may well be in that same register.
#pragma once

#include <limits>
#include <optional>
#include <queue>
#include <vector>

#include "opt/regalloc/api.h"
#include "opt/regalloc/interval_map.h"

namespace wazuka::regalloc {

using Point = u32;
constexpr Point pre(Inst i) {
  return 4 * i;
}
constexpr Point early(Inst i) {
  return 4 * i + 1;
}
constexpr Point late(Inst i) {
  return 4 * i + 2;
}
constexpr Point post(Inst i) {
  return 4 * i + 3;
}
constexpr Inst inst_of(Point p) {
  return p / 4;
}

inline constexpr u32 kNone = ~u32{0};
inline constexpr PReg kNoReg = 0xff;
inline constexpr u32 kMostInsts = 1u << 28;

/// An occurrence of a virtual register: where its value has to be somewhere.
struct Use {
  Point from, to;
  float weight;         // what it costs when the value is in a slot: frequency times a factor
  PReg hint;            // a register in which it costs nothing, or kNoReg
  bool needs_register;  // in [from, to)
};

struct LiveRange {
  Point from, to;
  VReg vreg;
  Range uses;  // of State::uses, all within [from, to)
};

struct VRegInfo {
  Point def = kNone;  // where its first live range begins; kNone: dead
  Block block = 0;    // that defines it
  u32 web = kNone;
  u32 remat = kNoRemat;
  Range uses;
  Range ranges;  // of State::ranges, until webs are made
  PReg fixed_def = kNoReg;
  bool parameter = false;
};

struct Bundle {
  Range ranges;  // of State::ranges
  u32 web = 0;
  float weight = 0;   // of its uses, for each instruction of its length
  float total = 0;    // of its uses
  u32 length = 0;     // points
  PReg reg = kNoReg;  // assigned
  PReg hint = kNoReg;
  bool minimal = false;  // one instruction that needs a register: never spilled
  bool needs_register = false;
  bool spilled = false;
  bool split = false;  // replaced by others
};

struct Web {
  static constexpr u32 kPartners = 3;
  RegClass reg_class;
  PReg hint = kNoReg;  // where the last of its bundles went
  // Other webs that values move from or to, those with the most executed moves first.
  u32 partners[kPartners] = {kNone, kNone, kNone};
  u32 slot = kNone;  // of State::slots
  // Points at which some of its virtual registers may be in its slot.
  Point slot_from = kNone, slot_to = 0;
};

/// Who has an interval of a register: a bundle, or an instruction itself (kReserved), if for a use
/// then with the virtual register that may be there, too.
inline constexpr u32 kReserved = 1u << 31;
inline constexpr u32 kReservedForNobody = kNone;

/// Why allocation ends without an answer; the first reason counts.
struct Failure {
  std::optional<Error> error;
  void set(std::string message) {
    if (!error) error = Error{std::move(message), Error::kNoOffset, {}};
  }
};

struct State {
  State(const Function& function, const Machine& target, const Options& opts)
      : f(function), machine(target), options(opts) {}

  const Function& f;
  const Machine& machine;
  const Options& options;
  Statistics stats;
  Failure failure;

  std::vector<Block> block_of_inst;
  std::vector<Block> loop_begin, loop_end;  // of each block: the run of blocks at least as deep
  std::vector<VRegInfo> vregs;
  std::vector<Use> uses;
  std::vector<LiveRange> ranges;
  std::vector<Web> webs;
  std::vector<Bundle> bundles;
  std::array<IntervalMap, kMaxPRegs> taken;
  std::array<RegSet, kBanks> allocatable{};
  std::array<std::vector<Inst>, kBanks> full_clobbers;  // of all registers of the bank
  // Of each instruction, where in full_clobbers the first one is at or after it; empty if there are
  // none.
  std::array<std::vector<u32>, kBanks> next_full_clobber;
  u32 slot_units = 0;

  RegClass class_of(VReg v) const { return f.classes[v]; }
  Block block_at(Point p) const { return block_of_inst[inst_of(p)]; }
  const BlockInfo& block_info(Block b) const { return f.blocks[b]; }
  Point block_from(Block b) const { return pre(f.blocks[b].insts.first); }
  Point block_to(Block b) const { return pre(f.blocks[b].insts.end()); }
  Inst terminator(Block b) const { return f.blocks[b].insts.end() - 1; }
  bool is_terminator(Inst i) const { return terminator(block_of_inst[i]) == i; }
  float frequency_at(Point p) const { return f.blocks[block_at(p)].frequency; }
  bool failed() const { return failure.error.has_value(); }
};

// The phases, in their order; each is one file.

/// Occurrences, live ranges of virtual registers.
void compute_liveness(State& s);
/// Registers that instructions reserve for themselves.
void reserve_registers(State& s);
/// Joins virtual registers to webs, makes a bundle of each.
void make_webs(State& s);
/// Sets weight, length, hint and flags of a bundle from its ranges.
void weigh(State& s, Bundle& bundle);
/// Gives every bundle a register or decides to spill it.
void assign_registers(State& s);
/// Locations of operands, moves, slots.
void rewrite(State& s, Output& output);
/// Those that change nothing; counts the others.
void remove_redundant_moves(State& s, Output& output);

}  // namespace wazuka::regalloc

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Moves that happen at once: arguments to where a call wants them, values to where a merge expects
// them. Every source is read before any destination is written; what comes out is a sequence of
// ordinary moves with the same effect. Knows registers by number only; an emitter per machine makes
// instructions of the steps (x64/move_emitter.h).
//
// Method. Locations are made of units: a register is one, a stack slot one per 8 bytes. A move can
// be done as soon as no other waiting move reads what it writes, so moves are done in that order,
// with a count of waiting readers per unit; linear in the number of moves. What is left when no
// move can be done waits in circles:
//   - Mostly each destination is exactly the source of one other move: separate cycles, a
//     permutation. Saving one source in a scratch register opens a cycle, and it is free again when
//     the cycle is done: one scratch register (of the right kind) is enough for all of them.
//   - 16-byte values that overlap others by half (arguments of a tail call that take the place of
//     other arguments) can be entangled so that one scratch register is not enough. Then all that
//     is left is pushed and popped. This is rare, and correct without further thought.
// Moves from slot to slot go through another scratch register, and those of 16 bytes through the
// vector one, or in halves while that one is busy.
#pragma once

#include <cassert>
#include <limits>
#include <span>
#include <vector>

#include "base/ints.h"

namespace wazuka::assembly {

/// How much of a location is moved. Moving 4 bytes into a general register from elsewhere zeroes
/// the upper half; moving less than 16 bytes into a vector register, or 4 into a slot, leaves
/// anything in the rest.
enum class Width : u8 { k4, k8, k16 };

/// A register or a stack slot: the number of its first unit. Those of registers come before those
/// of all slots.
class Location {
 public:
  enum class Kind : u8 { kGpr, kXmm, kSlot };

  constexpr Location() = default;
  static constexpr Location gpr(u32 number) {
    return Location(kFirstGpr + static_cast<i32>(number));
  }
  static constexpr Location xmm(u32 number) {
    return Location(kFirstXmm + static_cast<i32>(number));
  }
  /// At an offset in the frame, a multiple of 8. A slot has 8 bytes, or 16 for Width::k16; 4-byte
  /// values also have 8 to themselves.
  static constexpr Location slot(i32 offset) {
    assert(offset % 8 == 0);
    return Location(offset / 8);
  }

  constexpr Kind kind() const {
    return is_slot() ? Kind::kSlot : unit_ >= kFirstXmm ? Kind::kXmm : Kind::kGpr;
  }
  constexpr bool is_slot() const { return unit_ >= kFirstXmm + kRegisters; }
  constexpr u8 number() const {
    return static_cast<u8>((unit_ - kFirstGpr) % kRegisters);
  }  // of a register
  constexpr i32 offset() const { return unit_ * 8; }  // of a slot
  constexpr i32 unit() const { return unit_; }

  friend constexpr bool operator==(const Location&, const Location&) = default;

  static constexpr i32 kRegisters = 16;  // of each kind
  static constexpr i32 kFirstGpr = -(1 << 30);
  static constexpr i32 kFirstXmm = kFirstGpr + kRegisters;

 private:
  constexpr explicit Location(i32 unit) : unit_(unit) {}
  i32 unit_ = kFirstGpr;
};

/// What to do, in this order. Frame offsets stay valid between kPush and kPop only if they do not
/// count from the stack pointer.
struct MoveStep {
  enum class Kind : u8 {
    kMove,  // dst = src; at most one of them is a slot
    kImm,   // dst = imm
    kPush,  // saves src on the stack, in as many units of 8 bytes as it has
    kPop,   // dst = what was saved last
  };
  Kind kind;
  Width width;
  Location dst;
  Location src;
  u64 imm;
};

class ParallelMove {
 public:
  /// Registers that the moves themselves must not use.
  struct Scratch {
    u8 cycle;  // general register that holds a value over several steps
    u8 copy;   // general register that holds one between two steps, and that emitters may use
    u8 xmm;
  };

  explicit ParallelMove(Scratch scratch) : scratch_(scratch) {}

  /// Destinations must not overlap each other. Any location may be a source many times.
  void add(Location dst, Location src, Width width);
  /// At most 8 bytes.
  void add_imm(Location dst, u64 imm, Width width);

  /// Steps for the moves added since the last time. Valid until the next call.
  std::span<const MoveStep> resolve();

 private:
  static constexpr u32 kFew = 12;
  static constexpr u32 kNone = ~u32{0};

  /// From first to before end. Empty, it overlaps nothing.
  struct UnitRange {
    i32 first = std::numeric_limits<i32>::max();
    i32 end = std::numeric_limits<i32>::min();
  };

  struct Move {
    Location dst, src;
    UnitRange dst_units, src_units;  // no units if there is no source but an immediate
    Width width;
    bool has_src;
    bool done = false;
    bool queued = false;
    u64 imm = 0;
  };

  struct Unit {
    u32 readers = 0;         // waiting moves that read it
    u32 reader_numbers = 0;  // of these moves, xored: of the only one if there is one
    u32 writer = kNone;      // the move that writes it
  };

  struct SlotUnit {
    i32 number = 0;
    bool used = false;
    Unit unit;
  };

  static UnitRange units_of(Location at, Width width);
  bool resolve_few();
  void resolve_many();
  Unit& unit(i32 number);
  void register_moves();
  void size_slot_table();
  bool ready(u32 number);
  void queue_if_ready(u32 number);
  void run_queue();
  void perform(Move& m);
  void release_source(u32 number);
  bool is_permutation();
  void open_cycle(u32 number);
  void push_and_pop_rest();
  void step_move(Location dst, Location src, Width width);
  void copy_slot(Location dst, Location src, Width width);

  Scratch scratch_;
  bool xmm_busy_ = false;
  std::vector<Move> moves_;
  std::vector<MoveStep> steps_;
  std::vector<u32> queue_;
  Unit registers_[2 * Location::kRegisters];
  std::vector<SlotUnit> slots_;  // open addressing
  u32 slot_mask_ = 0;
};

}  // namespace wazuka::assembly

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "asm/parallel_move.h"

#include <algorithm>
#include <bit>
#include <cassert>

namespace wazuka::assembly {

ParallelMove::UnitRange ParallelMove::units_of(Location at, Width width) {
  bool two = width == Width::k16 && at.is_slot();
  return {at.unit(), at.unit() + (two ? 2 : 1)};
}

void ParallelMove::add(Location dst, Location src, Width width) {
  if (dst == src) return;
  moves_.push_back({.dst = dst,
                    .src = src,
                    .dst_units = units_of(dst, width),
                    .src_units = units_of(src, width),
                    .width = width,
                    .has_src = true});
}

void ParallelMove::add_imm(Location dst, u64 imm, Width width) {
  assert(width != Width::k16);
  moves_.push_back({.dst = dst,
                    .src = {},
                    .dst_units = units_of(dst, width),
                    .src_units = {},
                    .width = width,
                    .has_src = false,
                    .imm = imm});
}

std::span<const MoveStep> ParallelMove::resolve() {
  steps_.clear();
  bool all_done = moves_.size() <= kFew && resolve_few();
  if (!all_done) resolve_many();
  moves_.clear();
  return steps_;
}

// ---- a few moves ----

// Most calls and merges have a few moves without cycles: comparing each with each is faster than
// counting readers. Returns false if moves are left, which then wait for each other.
bool ParallelMove::resolve_few() {
  u32 count = static_cast<u32>(moves_.size());
  u32 waits_for[kFew];  // bit j: move j reads what this one writes
  for (u32 i = 0; i < count; ++i) {
    UnitRange written = moves_[i].dst_units;
    u32 readers = 0;
    for (u32 j = 0; j < count; ++j) {
      UnitRange read = moves_[j].src_units;
      bool overlap = (written.first < read.end) & (read.first < written.end);
      readers |= u32{overlap} << j;
    }
    waits_for[i] = readers & ~(1u << i);
  }
  u32 left = (1u << count) - 1;
  for (u32 before = 0; left != before;) {
    before = left;
    for (u32 visit = left; visit != 0; visit &= visit - 1) {
      u32 i = static_cast<u32>(std::countr_zero(visit));
      if ((waits_for[i] & left) != 0) continue;
      perform(moves_[i]);
      left &= ~(1u << i);
    }
  }
  return left == 0;
}

// ---- any number of moves ----

void ParallelMove::resolve_many() {
  register_moves();
  u32 count = static_cast<u32>(moves_.size());
  for (u32 i = 0; i < count; ++i) queue_if_ready(i);
  run_queue();
  bool cycles_only = is_permutation();
  for (u32 i = 0; i < count && cycles_only; ++i) {
    if (!moves_[i].done) open_cycle(i);
  }
  push_and_pop_rest();
}

ParallelMove::Unit& ParallelMove::unit(i32 number) {
  u32 register_unit = static_cast<u32>(number - Location::kFirstGpr);
  if (register_unit < std::size(registers_)) return registers_[register_unit];
  u32 i = static_cast<u32>(number) * 0x9e37'79b9u >> 7 & slot_mask_;
  while (slots_[i].used && slots_[i].number != number) i = (i + 1) & slot_mask_;
  slots_[i].used = true;
  slots_[i].number = number;
  return slots_[i].unit;
}

void ParallelMove::size_slot_table() {
  u32 most_units = static_cast<u32>(moves_.size()) * 4;
  u32 size = std::bit_ceil(most_units * 2 + 1);
  slot_mask_ = size - 1;
  if (slots_.size() < size) slots_.resize(size);
  std::fill_n(slots_.begin(), size, SlotUnit{});
}

void ParallelMove::register_moves() {
  std::fill(std::begin(registers_), std::end(registers_), Unit{});
  size_slot_table();
  for (u32 i = 0; i < moves_.size(); ++i) {
    const Move& m = moves_[i];
    if (m.done) continue;
    for (i32 n = m.dst_units.first; n < m.dst_units.end; ++n) {
      assert(unit(n).writer == kNone);  // destinations do not overlap
      unit(n).writer = i;
    }
    for (i32 n = m.src_units.first; n < m.src_units.end; ++n) {
      Unit& u = unit(n);
      ++u.readers;
      u.reader_numbers ^= i;
    }
  }
}

// Whether no other move waits to read what this one writes.
bool ParallelMove::ready(u32 number) {
  const Move& m = moves_[number];
  for (i32 n = m.dst_units.first; n < m.dst_units.end; ++n) {
    const Unit& u = unit(n);
    bool only_itself = u.readers == 1 && u.reader_numbers == number;
    if (u.readers != 0 && !only_itself) return false;
  }
  return true;
}

void ParallelMove::queue_if_ready(u32 number) {
  Move& m = moves_[number];
  if (m.done || m.queued || !ready(number)) return;
  m.queued = true;
  queue_.push_back(number);
}

void ParallelMove::run_queue() {
  while (!queue_.empty()) {
    u32 number = queue_.back();
    queue_.pop_back();
    perform(moves_[number]);
    release_source(number);
  }
}

void ParallelMove::perform(Move& m) {
  m.done = true;
  if (m.has_src) {
    step_move(m.dst, m.src, m.width);
  } else {
    steps_.push_back({MoveStep::Kind::kImm, m.width, m.dst, {}, m.imm});
  }
}

// The move no longer reads its source: whoever writes there may be ready now.
void ParallelMove::release_source(u32 number) {
  UnitRange units = moves_[number].src_units;
  for (i32 n = units.first; n < units.end; ++n) {
    Unit& u = unit(n);
    --u.readers;
    u.reader_numbers ^= number;
  }
  for (i32 n = units.first; n < units.end; ++n) {
    u32 writer = unit(n).writer;
    if (writer != kNone) queue_if_ready(writer);
  }
}

// ---- moves that wait for each other ----

// Whether what is left is a permutation of locations. Each destination then is the source of
// exactly one move, which reads all of it.
bool ParallelMove::is_permutation() {
  for (const Move& m : moves_) {
    if (m.done) continue;
    for (i32 n = m.dst_units.first; n < m.dst_units.end; ++n) {
      const Unit& u = unit(n);
      if (u.readers != 1) return false;
      UnitRange read = moves_[u.reader_numbers].src_units;
      if (read.first != m.dst_units.first || read.end != m.dst_units.end) return false;
    }
  }
  return true;
}

// Saves the source of one move of the cycle, then does the whole cycle.
void ParallelMove::open_cycle(u32 number) {
  Move& m = moves_[number];
  using Kind = Location::Kind;
  bool vector = m.width == Width::k16 || m.src.kind() == Kind::kXmm || m.dst.kind() == Kind::kXmm;
  Location saved = vector ? Location::xmm(scratch_.xmm) : Location::gpr(scratch_.cycle);
  step_move(saved, m.src, m.width);
  xmm_busy_ = vector;
  release_source(number);
  m.src = saved;
  m.src_units = {};
  run_queue();
  assert(m.done);
  xmm_busy_ = false;
}

// Nothing of this depends on any order: all sources are saved before anything is written.
void ParallelMove::push_and_pop_rest() {
  u32 count = static_cast<u32>(moves_.size());
  for (u32 i = 0; i < count; ++i) {
    const Move& m = moves_[i];
    if (m.done || !m.has_src) continue;
    steps_.push_back({MoveStep::Kind::kPush, m.width, {}, m.src, 0});
  }
  for (u32 i = count; i-- > 0;) {
    const Move& m = moves_[i];
    if (m.done) continue;
    if (m.has_src) {
      steps_.push_back({MoveStep::Kind::kPop, m.width, m.dst, {}, 0});
    } else {
      steps_.push_back({MoveStep::Kind::kImm, m.width, m.dst, {}, m.imm});
    }
  }
}

// ---- steps ----

void ParallelMove::step_move(Location dst, Location src, Width width) {
  if (dst.is_slot() && src.is_slot()) return copy_slot(dst, src, width);
  steps_.push_back({MoveStep::Kind::kMove, width, dst, src, 0});
}

void ParallelMove::copy_slot(Location dst, Location src, Width width) {
  if (width == Width::k16 && xmm_busy_) {
    // In a cycle the slots are different ones entirely, so that the order of halves does not
    // matter.
    copy_slot(dst, src, Width::k8);
    return copy_slot(Location::slot(dst.offset() + 8), Location::slot(src.offset() + 8), Width::k8);
  }
  Location via = width == Width::k16 ? Location::xmm(scratch_.xmm) : Location::gpr(scratch_.copy);
  steps_.push_back({MoveStep::Kind::kMove, width, via, src, 0});
  steps_.push_back({MoveStep::Kind::kMove, width, dst, via, 0});
}

}  // namespace wazuka::assembly

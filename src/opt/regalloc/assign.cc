// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include <algorithm>

#include "opt/regalloc/assigner.h"

namespace wazuka::regalloc {
namespace {

// Heavier than everything that can be spilled.
constexpr float kUnspillable = 1e30f;
// Added to lengths (in instructions), so that short live ranges do not weigh more than they save.
constexpr float kLengthBias = 6;
// Budgets of Options::Mode::kFull are so many times larger.
constexpr u64 kFullFactor = 50;

// Whether a bundle is no more than what an instruction needs in a register.
bool is_minimal(const State& s, const Bundle& bundle) {
  if (!bundle.needs_register || bundle.ranges.count != 1) return false;
  const LiveRange& range = s.ranges[bundle.ranges.first];
  Point from = kNone;
  Point to = 0;
  for (u32 n = range.uses.first; n < range.uses.end(); ++n) {
    const Use& use = s.uses[n];
    if (!use.needs_register) continue;
    if (from != kNone && inst_of(use.from) != inst_of(from)) return false;
    from = std::min(from, use.from);
    to = std::max(to, use.to);
  }
  return range.from == from && range.to == to;
}

}  // namespace

void weigh(State& s, Bundle& bundle) {
  float hint_weights[kMaxPRegs];
  RegSet hinted = 0;
  bundle.total = 0;
  bundle.length = 0;
  bundle.needs_register = false;
  bundle.hint = kNoReg;
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r) {
    const LiveRange& range = s.ranges[r];
    bundle.length += range.to - range.from;
    for (u32 n = range.uses.first; n < range.uses.end(); ++n) {
      const Use& use = s.uses[n];
      bundle.total += use.weight;
      bundle.needs_register |= use.needs_register;
      if (use.hint == kNoReg) continue;
      float& weight = hint_weights[use.hint];
      weight = use.weight + ((hinted & reg_bit(use.hint)) != 0 ? weight : 0);
      hinted |= reg_bit(use.hint);
      if (bundle.hint == kNoReg || weight > hint_weights[bundle.hint]) bundle.hint = use.hint;
    }
  }
  bundle.weight = bundle.total / (static_cast<float>(bundle.length) / 4 + kLengthBias);
  bundle.minimal = is_minimal(s, bundle);
  if (bundle.minimal) {
    // What is needed both early and late finds room less easily than what is needed at one of them.
    const LiveRange& range = s.ranges[bundle.ranges.first];
    bool both = (range.from & 3) == 1 && (range.to & 3) != 2;
    bundle.weight = both ? 2 * kUnspillable : kUnspillable;
  }
}

void assign_registers(State& s) {
  Assigner(s).run();
}

Assigner::Assigner(State& state) : s_(state) {
  u64 size = s_.stats.ranges + s_.uses.size();
  most_work_ = 1000 + size * s_.options.probes_per_range;
  bool large = s_.vregs.size() > s_.options.most_vregs;
  using Mode = Options::Mode;
  fast_ = s_.options.mode == Mode::kFast || (s_.options.mode == Mode::kAuto && large);
}

void Assigner::run() {
  for (u32 b = 0; b < s_.bundles.size(); ++b) enqueue(b);
  while (!queue_.empty() && !s_.failed()) {
    u32 bundle = ~static_cast<u32>(queue_.top());
    queue_.pop();
    ++s_.stats.queued;
    process(bundle);
  }
  s_.stats.fast_mode = fast_;
}

void Assigner::enqueue(u32 b) {
  const Bundle& bundle = s_.bundles[b];
  u64 priority = bundle.minimal ? ~u32{0} : bundle.length;
  queue_.push(priority << 32 | static_cast<u32>(~b));
}

// Splitting and probing have a budget; when it is used up, what is left is done the cheap way.
void Assigner::charge(u64 steps) {
  work_ += steps;
  u64 most = s_.options.mode == Options::Mode::kFull ? most_work_ * kFullFactor : most_work_;
  if (work_ > most) fast_ = true;
}

void Assigner::process(u32 b) {
  const Bundle& bundle = s_.bundles[b];
  if (bundle.split || bundle.spilled || bundle.reg != kNoReg) return;  // queued twice
  if (bundle.total == 0 && !bundle.needs_register) return spill(b);
  if (crosses_full_clobber(bundle)) {
    if (bundle.minimal) {
      return s_.failure.set("regalloc: an instruction clobbers all registers and needs one, too");
    }
    return split_at_clobbers(b);
  }
  if (find_register(b)) return;
  if (s_.bundles[b].minimal) {
    return s_.failure.set("regalloc: an instruction needs more registers than there are");
  }
  split(b);
}

// Instructions whose late point is in a live range of the bundle.
bool Assigner::crosses_full_clobber(const Bundle& bundle) const {
  const std::vector<Inst>& clobbers = s_.full_clobbers[static_cast<u32>(bank(bundle))];
  if (clobbers.empty()) return false;
  const std::vector<u32>& next = s_.next_full_clobber[static_cast<u32>(bank(bundle))];
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r) {
    const LiveRange& range = s_.ranges[r];
    // The first one at or after where it begins; that one itself if it begins before its late
    // point.
    Inst from = inst_of(range.from) + ((range.from & 3) == 3 ? 1 : 0);
    u32 first = next[from];
    if (first < clobbers.size() && late(clobbers[first]) < range.to) return true;
  }
  return false;
}

bool Assigner::find_register(u32 b) {
  const Bundle& bundle = s_.bundles[b];
  PReg best = kNoReg;
  bool may_evict = !fast_ || bundle.minimal;
  float best_weight = may_evict ? bundle.weight : 0;
  auto attempt = [&](PReg reg) {
    Probe result = probe(b, reg, best_weight);
    if (result.free) {
      assign(b, reg);
      return true;
    }
    if (!result.reserved && result.heaviest < best_weight) {
      best = reg;
      best_weight = result.heaviest;
      best_conflicts_.swap(conflicts_);
    }
    return false;
  };
  RegSet usable = s_.allocatable[static_cast<u32>(bank(bundle))];
  RegSet tried = 0;
  auto attempt_hint = [&](PReg hint) {
    if (hint == kNoReg || (usable & reg_bit(hint) & ~tried) == 0) return false;
    tried |= reg_bit(hint);
    return attempt(hint);
  };
  const Web& web = s_.webs[bundle.web];
  if (attempt_hint(bundle.hint) || attempt_hint(web.hint)) return true;
  for (u32 partner : web.partners) {
    if (partner != kNone && attempt_hint(s_.webs[partner].hint)) return true;
  }
  for (PReg reg : s_.machine.allocatable[static_cast<u32>(bank(bundle))]) {
    if ((tried & reg_bit(reg)) != 0) continue;
    if (attempt(reg)) return true;
  }
  if (best == kNoReg) return false;
  evict(b, best);
  return true;
}

// Fills conflicts_ with the bundles in the way, each once.
Assigner::Probe Assigner::probe(u32 b, PReg reg, float limit) {
  const Bundle& bundle = s_.bundles[b];
  ++s_.stats.probes;
  ++probe_number_;
  probed_.resize(s_.bundles.size(), 0);
  conflicts_.clear();
  Probe result;
  u64 steps = 1;
  IntervalMap::Cursor cursor = s_.taken[reg].cursor();
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end() && !result.reserved; ++r) {
    const LiveRange& range = s_.ranges[r];
    ++steps;
    for (cursor.seek(range.from); cursor.get() != nullptr; cursor.next()) {
      const IntervalMap::Entry& entry = *cursor.get();
      if (entry.from >= range.to) break;
      ++steps;
      if (entry.owner & kReserved) {
        if (entry.owner == (kReserved | range.vreg)) continue;  // it is what is read there
        result.free = false;
        result.reserved = true;
        break;
      }
      if (probed_[entry.owner] == probe_number_) continue;
      probed_[entry.owner] = probe_number_;
      conflicts_.push_back(entry.owner);
      result.free = false;
      result.heaviest = std::max(result.heaviest, s_.bundles[entry.owner].weight);
      result.reserved = result.heaviest >= limit;
      if (result.reserved) break;
    }
  }
  s_.stats.interval_steps += steps;
  charge(steps);
  return result;
}

void Assigner::assign(u32 b, PReg reg) {
  Bundle& bundle = s_.bundles[b];
  bundle.reg = reg;
  s_.webs[bundle.web].hint = reg;
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r) {
    const LiveRange& range = s_.ranges[r];
    // Where an instruction has reserved the register for this very value, it keeps the entry.
    Point from = range.from;
    IntervalMap::Cursor cursor = s_.taken[reg].cursor();
    for (cursor.seek(from); cursor.get() != nullptr && cursor.get()->from < range.to;) {
      IntervalMap::Entry own = *cursor.get();
      if (from < own.from) s_.taken[reg].insert(from, own.from, b);
      from = own.to;
      cursor = s_.taken[reg].cursor();
      cursor.seek(from);
    }
    if (from < range.to) s_.taken[reg].insert(from, range.to, b);
  }
}

void Assigner::release(u32 b) {
  Bundle& bundle = s_.bundles[b];
  for (u32 r = bundle.ranges.first; r < bundle.ranges.end(); ++r) {
    const LiveRange& range = s_.ranges[r];
    IntervalMap::Cursor cursor = s_.taken[bundle.reg].cursor();
    for (cursor.seek(range.from); cursor.get() != nullptr && cursor.get()->from < range.to;) {
      IntervalMap::Entry entry = *cursor.get();
      if (entry.owner == b) s_.taken[bundle.reg].erase(entry.from);
      if (entry.to >= range.to) break;
      cursor = s_.taken[bundle.reg].cursor();
      cursor.seek(entry.to);
    }
  }
  bundle.reg = kNoReg;
}

void Assigner::evict(u32 b, PReg reg) {
  for (u32 other : best_conflicts_) {
    release(other);
    ++s_.stats.evictions;
    enqueue(other);
  }
  assign(b, reg);
}

void Assigner::spill(u32 b) {
  s_.bundles[b].spilled = true;
  ++s_.stats.spilled;
}

}  // namespace wazuka::regalloc

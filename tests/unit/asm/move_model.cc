// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/asm/move_model.h"

#include <fmt/core.h>
#include <set>

namespace wazuka::assembly {
namespace {

constexpr u64 kGarbage = 0xdead'dead'dead'dead;
constexpr u64 kLow32 = 0xffff'ffff;

bool is_xmm(Location l) {
  return l.kind() == Location::Kind::kXmm;
}
bool is_gpr(Location l) {
  return l.kind() == Location::Kind::kGpr;
}

/// Writes as a machine does it: see Width.
void write(MachineState& s, Location dst, Width width, u64 low, u64 high) {
  u64& first = s.part(dst, 0);
  if (width == Width::k4) {
    first = is_gpr(dst) ? low & kLow32 : (kGarbage & ~kLow32) | (low & kLow32);
  } else {
    first = low;
  }
  if (width == Width::k16) {
    s.part(dst, 1) = high;
  } else if (is_xmm(dst)) {
    s.part(dst, 1) = kGarbage;
  }
}

std::string name(Location l) {
  switch (l.kind()) {
    case Location::Kind::kGpr: return fmt::format("r{}", l.number());
    case Location::Kind::kXmm: return fmt::format("x{}", l.number());
    case Location::Kind::kSlot: return fmt::format("[{}]", l.offset());
  }
  return "?";
}

u32 bytes_of(Width w) {
  return 4u << static_cast<u32>(w);
}

/// Reads bytes one after another; zeros when there are no more.
struct ByteSource {
  std::span<const u8> bytes;
  size_t at = 0;

  bool more() const { return at < bytes.size(); }
  u8 next() { return more() ? bytes[at++] : 0; }
};

Location location_from(ByteSource& in, Width width) {
  u8 kind = in.next();
  u8 number = in.next();
  if (kind % 4 == 0 && width != Width::k16) return Location::gpr(number % 10);  // not scratch
  if (kind % 4 == 1) return Location::xmm(number % 15);
  // Few slots, so that values overlap often.
  u32 slots = kind & 16 ? MachineState::kSlots - 1 : 10;
  return Location::slot(static_cast<i32>(number % slots) * 8);
}

}  // namespace

MachineState MachineState::distinct() {
  MachineState s;
  u64 next = 0x1111'1111'2222'2222;
  auto value = [&] { return next += 0x0001'0203'0405'0607; };
  for (u64& v : s.gpr) v = value();
  for (auto& v : s.xmm) v = {value(), value()};
  for (u64& v : s.slot) v = value();
  return s;
}

u64& MachineState::part(Location l, u32 n) {
  switch (l.kind()) {
    case Location::Kind::kGpr: return gpr.at(l.number());
    case Location::Kind::kXmm: return xmm.at(l.number()).at(n);
    case Location::Kind::kSlot: break;
  }
  return slot.at(static_cast<u32>(l.offset()) / 8 + n);
}

MachineState execute(std::span<const MoveStep> steps, MachineState s) {
  std::vector<std::array<u64, 2>> stack;
  for (const MoveStep& step : steps) {
    bool wide = step.width == Width::k16;
    switch (step.kind) {
      case MoveStep::Kind::kMove: {
        u64 high = wide ? s.part(step.src, 1) : 0;
        write(s, step.dst, step.width, s.part(step.src, 0), high);
        break;
      }
      case MoveStep::Kind::kImm: write(s, step.dst, step.width, step.imm, 0); break;
      case MoveStep::Kind::kPush:
        stack.push_back({s.part(step.src, 0), wide ? s.part(step.src, 1) : 0});
        break;
      case MoveStep::Kind::kPop:
        write(s, step.dst, step.width, stack.back()[0], stack.back()[1]);
        stack.pop_back();
        break;
    }
  }
  return s;
}

std::optional<std::string> difference(std::span<const WantedMove> moves, MachineState before,
                                      MachineState after) {
  MachineState wanted = before;
  for (const WantedMove& m : moves) {
    if (m.src == m.dst) continue;
    u64 low = m.src ? before.part(*m.src, 0) : m.imm;
    u64 high = m.src && m.width == Width::k16 ? before.part(*m.src, 1) : 0;
    write(wanted, m.dst, m.width, low, high);
    // What is left undefined may be anything.
    bool low_only = m.width == Width::k4 && !is_gpr(m.dst);
    if (low_only) after.part(m.dst, 0) = (kGarbage & ~kLow32) | (after.part(m.dst, 0) & kLow32);
    if (is_xmm(m.dst) && m.width != Width::k16) after.part(m.dst, 1) = kGarbage;
  }
  for (u32 i = 0; i < MachineState::kRegisters; ++i) {
    bool scratch = i == kModelScratch.cycle || i == kModelScratch.copy;
    if (!scratch && wanted.gpr[i] != after.gpr[i]) return fmt::format("r{} is wrong", i);
    if (i != kModelScratch.xmm && wanted.xmm[i] != after.xmm[i]) {
      return fmt::format("x{} is wrong", i);
    }
  }
  for (u32 i = 0; i < MachineState::kSlots; ++i) {
    if (wanted.slot[i] != after.slot[i]) return fmt::format("[{}] is wrong", i * 8);
  }
  return std::nullopt;
}

std::vector<WantedMove> moves_from_bytes(std::span<const u8> bytes) {
  ByteSource in{bytes};
  std::vector<WantedMove> moves;
  std::set<i32> written;
  while (in.more()) {
    u8 what = in.next();
    WantedMove m;
    m.width = static_cast<Width>(what % 3);
    m.dst = location_from(in, m.width);
    std::vector<i32> units = {m.dst.unit()};
    if (m.dst.is_slot() && m.width == Width::k16) units.push_back(m.dst.unit() + 1);
    bool free = true;
    for (i32 u : units) free &= !written.contains(u);
    if (!free) continue;
    written.insert(units.begin(), units.end());
    if (what >= 240 && m.width != Width::k16) {
      for (u32 i = 0; i < (what & 1 ? 8 : 2); ++i) m.imm = m.imm << 8 | in.next();
    } else {
      m.src = location_from(in, m.width);
    }
    moves.push_back(m);
  }
  return moves;
}

std::span<const MoveStep> resolve(ParallelMove& resolver, std::span<const WantedMove> moves) {
  for (const WantedMove& m : moves) {
    if (m.src) {
      resolver.add(m.dst, *m.src, m.width);
    } else {
      resolver.add_imm(m.dst, m.imm, m.width);
    }
  }
  return resolver.resolve();
}

std::string describe(std::span<const WantedMove> moves) {
  std::string text;
  for (const WantedMove& m : moves) {
    text += fmt::format("{} = {} ({} bytes)\n", name(m.dst),
                        m.src ? name(*m.src) : fmt::format("{:#x}", m.imm), bytes_of(m.width));
  }
  return text;
}

std::string describe(std::span<const MoveStep> steps) {
  static constexpr const char* kKinds[] = {"move", "imm", "push", "pop"};
  std::string text;
  for (const MoveStep& s : steps) {
    text += fmt::format("{} {} {} {:#x} ({} bytes)\n", kKinds[static_cast<u32>(s.kind)],
                        name(s.dst), name(s.src), s.imm, bytes_of(s.width));
  }
  return text;
}

}  // namespace wazuka::assembly

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A machine that has nothing but the locations of parallel moves, to tell whether steps do what the
// moves mean. Used by the unit tests and by the fuzzer.
#pragma once

#include <array>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "asm/parallel_move.h"

namespace wazuka::assembly {

struct MachineState {
  static constexpr u32 kRegisters = 16;
  static constexpr u32 kSlots = 48;  // of 8 bytes, at offsets 0, 8, …

  std::array<u64, kRegisters> gpr{};
  std::array<std::array<u64, 2>, kRegisters> xmm{};
  std::array<u64, kSlots> slot{};

  /// All units have distinct values, in both halves.
  static MachineState distinct();

  /// Parts of 8 bytes of a location: 1 or 2 of them.
  u64& part(Location at, u32 n);
};

struct WantedMove {
  Location dst;
  std::optional<Location> src;  // otherwise imm
  u64 imm = 0;
  Width width = Width::k8;
};

inline constexpr ParallelMove::Scratch kModelScratch = {.cycle = 11, .copy = 10, .xmm = 15};

/// Carries out the steps. What a real machine would leave undefined is made garbage.
MachineState execute(std::span<const MoveStep> steps, MachineState state);

/// How `after` is not what the moves make of `before`, or nothing. Scratch registers are not looked
/// at.
std::optional<std::string> difference(std::span<const WantedMove> moves, MachineState before,
                                      MachineState after);

/// Moves made of arbitrary bytes: destinations that do not overlap, any sources.
std::vector<WantedMove> moves_from_bytes(std::span<const u8> bytes);

/// Gives them to the resolver.
std::span<const MoveStep> resolve(ParallelMove& resolver, std::span<const WantedMove> moves);

std::string describe(std::span<const WantedMove> moves);
std::string describe(std::span<const MoveStep> steps);

}  // namespace wazuka::assembly

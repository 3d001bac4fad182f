// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The resolver against a model of its locations, and its steps on the machine this runs on.
#include "asm/parallel_move.h"

#include <ctime>
#include <gtest/gtest.h>
#include <random>

#include "asm/x64/move_emitter.h"
#include "unit/asm/executable.h"
#include "unit/asm/move_model.h"

namespace wazuka::assembly {
namespace {

constexpr Location r(u32 n) {
  return Location::gpr(n);
}
constexpr Location x(u32 n) {
  return Location::xmm(n);
}
constexpr Location s(i32 n) {
  return Location::slot(n * 8);
}

std::vector<MoveStep> check(const std::vector<WantedMove>& moves) {
  ParallelMove resolver(kModelScratch);
  std::span<const MoveStep> steps = resolve(resolver, moves);
  MachineState before = MachineState::distinct();
  std::optional<std::string> why = difference(moves, before, execute(steps, before));
  EXPECT_FALSE(why) << *why << "\nmoves:\n" << describe(moves) << "steps:\n" << describe(steps);
  return {steps.begin(), steps.end()};
}

bool pushes(const std::vector<MoveStep>& steps) {
  for (const MoveStep& step : steps) {
    if (step.kind == MoveStep::Kind::kPush) return true;
  }
  return false;
}

TEST(ParallelMove, NothingToDo) {
  EXPECT_TRUE(check({}).empty());
  EXPECT_TRUE(check({{r(1), r(1)}, {s(3), s(3)}}).empty());
}

TEST(ParallelMove, ChainIsDoneFromItsEnd) {
  auto steps = check({{r(1), r(0)}, {r(2), r(1)}, {r(3), r(2)}});
  ASSERT_EQ(steps.size(), 3u);
  EXPECT_EQ(steps[0].dst, r(3));
  EXPECT_EQ(steps[2].dst, r(1));
}

TEST(ParallelMove, SwapTakesThreeMoves) {
  EXPECT_EQ(check({{r(0), r(1)}, {r(1), r(0)}}).size(), 3u);
  EXPECT_EQ(check({{x(0), x(1), 0, Width::k16}, {x(1), x(0), 0, Width::k16}}).size(), 3u);
}

TEST(ParallelMove, CyclesShareTheScratchRegister) {
  auto steps = check({{r(0), r(1)}, {r(1), r(0)}, {r(2), r(3)}, {r(3), r(4)}, {r(4), r(2)}});
  EXPECT_EQ(steps.size(), 7u);
  EXPECT_FALSE(pushes(steps));
}

TEST(ParallelMove, CycleWithBranches) {
  check({{r(0), r(1)}, {r(1), r(0)}, {r(2), r(0)}, {s(0), r(1)}, {s(1), r(0)}});
}

TEST(ParallelMove, CyclesThroughSlotsAndBothKindsOfRegisters) {
  EXPECT_FALSE(pushes(check({{s(0), s(1)}, {s(1), s(0)}})));
  EXPECT_FALSE(pushes(check({{s(0), r(1)}, {x(2), s(0)}, {s(1), x(2)}, {r(1), s(1)}})));
  EXPECT_FALSE(pushes(check({{s(0), s(2), 0, Width::k16}, {s(2), s(0), 0, Width::k16}})));
  EXPECT_FALSE(pushes(check(
      {{s(0), s(2), 0, Width::k16}, {s(2), s(4), 0, Width::k16}, {s(4), s(0), 0, Width::k16}})));
}

TEST(ParallelMove, ImmediatesComeWhenNobodyNeedsThePlace) {
  auto steps = check({{r(0), std::nullopt, 7}, {r(1), r(0)}, {s(0), std::nullopt, ~u64{0}}});
  ASSERT_EQ(steps.size(), 3u);
  check({{x(0), std::nullopt, 0x3ff0'0000'0000'0000}, {s(0), x(0)}});
}

TEST(ParallelMove, ValueMovedByHalfItsSize) {
  auto steps = check({{s(0), s(1), 0, Width::k16}});
  EXPECT_EQ(steps.size(), 2u);
  check({{s(1), s(0), 0, Width::k16}});
}

TEST(ParallelMove, EntangledHalvesArePushed) {
  auto steps = check({{s(0), s(3), 0, Width::k16},
                      {s(2), s(0), 0, Width::k8},
                      {s(3), s(1), 0, Width::k16},
                      {s(5), std::nullopt, 5}});
  EXPECT_TRUE(pushes(steps));
  check({{s(4), s(0), 0, Width::k16}, {s(1), s(4)}, {s(0), std::nullopt, 3}});
}

TEST(ParallelMove, RandomMovesInTheModel) {
  std::mt19937 random(1);
  ParallelMove resolver(kModelScratch);
  MachineState before = MachineState::distinct();
  for (u32 round = 0; round < 100'000; ++round) {
    std::vector<u8> bytes(random() % 100);
    for (u8& b : bytes) b = static_cast<u8>(random());
    std::vector<WantedMove> moves = moves_from_bytes(bytes);
    std::span<const MoveStep> steps = resolve(resolver, moves);
    auto why = difference(moves, before, execute(steps, before));
    ASSERT_FALSE(why) << *why << "\nmoves:\n" << describe(moves) << "steps:\n" << describe(steps);
  }
}

// Hundreds of thousands of values in one merge are possible; they must not take quadratic time.
TEST(ParallelMove, TimeIsLinear) {
  ParallelMove resolver(kModelScratch);
  constexpr i32 kCount = 200'000;
  std::clock_t start = std::clock();  // of the processor: the machine may be busy
  for (i32 i = 0; i < kCount; ++i) resolver.add(s(i), s((i + 1) % kCount), Width::k8);
  size_t steps = resolver.resolve().size();
  EXPECT_GE(steps, size_t{kCount});
  EXPECT_LT(std::clock() - start, 5 * CLOCKS_PER_SEC);
}

#if defined(__x86_64__)

using x64::Assembler;
using x64::CpuFeature;
using x64::CpuFeatures;
using x64::Gpr;
using x64::k64;
using x64::Mem;
using x64::Xmm;

/// A function of a MachineState* that loads all registers from it, carries out the steps with the
/// slots of the state as frame, and stores the registers back.
void emit_function(Assembler& a, std::span<const MoveStep> steps) {
  using namespace x64;
  constexpr i32 kXmm = offsetof(MachineState, xmm), kSlot = offsetof(MachineState, slot);
  const Gpr saved[] = {rbx, rbp, r12, r13, r14, r15};
  for (Gpr g : saved) a.push(g);
  a.lea(k64, rbp, Mem(rdi, kSlot));
  for (u8 i = 0; i < 16; ++i) a.movups(Xmm{i}, Mem(rbp, kXmm - kSlot + i * 16));
  for (u8 i = 0; i < 16; ++i) {
    if (Gpr{i} != rsp && Gpr{i} != rbp) a.mov(k64, Gpr{i}, Mem(rbp, i * 8 - kSlot));
  }
  emit_moves(a, steps, rbp, Gpr{kModelScratch.copy});
  for (u8 i = 0; i < 16; ++i) {
    if (Gpr{i} != rsp && Gpr{i} != rbp) a.mov(k64, Mem(rbp, i * 8 - kSlot), Gpr{i});
  }
  for (u8 i = 0; i < 16; ++i) a.movups(Mem(rbp, kXmm - kSlot + i * 16), Xmm{i});
  for (size_t i = std::size(saved); i-- > 0;) a.pop(saved[i]);
  a.ret();
}

class ParallelMoveOnTheMachine : public testing::TestWithParam<bool> {};

// Registers 4 and 5 are rsp and rbp there, so moves that name them are left out.
bool uses_frame_registers(const WantedMove& m) {
  auto is = [](Location l) { return l == r(4) || l == r(5); };
  return is(m.dst) || (m.src && is(*m.src));
}

TEST_P(ParallelMoveOnTheMachine, RandomMoves) {
  CpuFeatures features = GetParam() ? CpuFeatures::host() : CpuFeatures();
  if (GetParam() && !features.has(CpuFeature::kAvx)) GTEST_SKIP() << "no AVX";
  std::mt19937 random(2);
  ParallelMove resolver(kModelScratch);
  Assembler a(features);
  for (u32 round = 0; round < 2'000; ++round) {
    std::vector<u8> bytes(random() % 100);
    for (u8& b : bytes) b = static_cast<u8>(random());
    std::vector<WantedMove> moves = moves_from_bytes(bytes);
    std::erase_if(moves, uses_frame_registers);
    std::span<const MoveStep> steps = resolve(resolver, moves);
    a.reset();
    emit_function(a, steps);
    ASSERT_EQ(a.finish(), CodeBuffer::Failure::kNone);
    Executable code(a.bytes());
    ASSERT_TRUE(code.ok());
    MachineState before = MachineState::distinct();
    MachineState after = before;
    code.as<void(MachineState*)>()(&after);
    auto why = difference(moves, before, after);
    ASSERT_FALSE(why) << *why << "\nmoves:\n" << describe(moves) << "steps:\n" << describe(steps);
  }
}

INSTANTIATE_TEST_SUITE_P(SseAndAvx, ParallelMoveOnTheMachine, testing::Bool());

#endif

}  // namespace
}  // namespace wazuka::assembly

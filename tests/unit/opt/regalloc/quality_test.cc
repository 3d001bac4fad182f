// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Shapes that code often has, and what allocation must not cost them. Numbers are executions of
// moves, weighted by the frequency of their blocks; a loop is executed 100 times for each execution
// of what is around it.
#include <gtest/gtest.h>

#include "opt/regalloc/check.h"
#include "unit/opt/regalloc/program.h"

namespace wazuka::regalloc::test {
namespace {

constexpr float kHot = 100;
const Machine kMachine = small_machine(13, 13);
const RegSet kAll = ~RegSet{0};

// Allocates, checks, and returns the answer.
Output allocated(Program& p, const Machine& machine = kMachine) {
  p.finish();
  std::string what = complaint(p, machine);
  EXPECT_EQ(what, "");
  Result<Output> output = allocate(p.function(), machine);
  EXPECT_TRUE(output.has_value());
  return output ? *output : Output{};
}

struct Cost {
  float moves = 0, memory = 0;  // register to register (or made again), loads and stores
};

// In blocks that are executed at least so often.
Cost cost(const Program& p, const Output& output, float at_least = 0) {
  Cost sum;
  for (const Move& m : output.moves) {
    float frequency = 0;
    for (const BlockInfo& b : p.blocks) {
      if (b.insts.first <= m.before && m.before < b.insts.end()) frequency = b.frequency;
    }
    if (frequency < at_least) continue;
    bool memory = m.from.is_slot() || m.to.is_slot();
    (memory ? sum.memory : sum.moves) += frequency;
  }
  return sum;
}

std::vector<VReg> make_all(Program& p, u32 count) {
  std::vector<VReg> all;
  for (u32 n = 0; n < count; ++n) all.push_back(p.make());
  return all;
}

std::vector<VReg> vregs(Program& p, u32 count) {
  std::vector<VReg> all;
  for (u32 n = 0; n < count; ++n) all.push_back(p.vreg());
  return all;
}

// x + y in the register of x, y from memory if need be.
VReg add(Program& p, VReg x, VReg y) {
  VReg sum = p.vreg();
  p.add({Operand::use(x), Operand::use(y, Constraint::kAny), Operand::reuse_def(sum, 0)});
  return sum;
}

TEST(RegallocQuality, ACallInAColdPathCostsTheHotPathNothing) {
  Program p;
  p.begin();
  std::vector<VReg> invariants = make_all(p, 4);
  VReg i0 = p.make();
  VReg sum0 = p.make();
  p.jump(1, {i0, sum0});
  VReg i = p.vreg(), sum = p.vreg();
  p.begin(kHot, 1, {i, sum});  // 1: header
  p.end({Operand::use(i), Operand::use(invariants[0], Constraint::kAny)}, {{2, {}}, {3, {}}});
  p.begin(1, 1);  // 2: cold
  VReg result = p.vreg();
  p.add({Operand::fixed_use(i, 5), Operand::fixed_use(sum, 6), Operand::fixed_def(result, 0)},
        kAll);
  p.jump(4, {result});
  p.begin(kHot, 1);  // 3
  p.jump(4, {sum});
  VReg merged = p.vreg();
  p.begin(kHot, 1, {merged});  // 4
  VReg sum2 = add(p, merged, invariants[1]);
  VReg sum3 = add(p, sum2, invariants[2]);
  VReg i2 = p.vreg();
  p.add({Operand::use(i), Operand::reuse_def(i2, 0)});
  p.end({Operand::use(i2), Operand::use(invariants[3], Constraint::kAny)}, {{5, {}}, {6, {}}});
  p.begin(kHot, 1);  // 5
  p.jump(1, {i2, sum3});
  p.begin();  // 6
  p.end({Operand::fixed_use(sum3, 0), Operand::use(invariants[0], Constraint::kAny)}, {});
  Output output = allocated(p);
  EXPECT_EQ(cost(p, output, kHot).memory, 0);
  EXPECT_EQ(cost(p, output, kHot).moves, 0);
}

// Values of the outer loop live over the inner one, which has room for them.
TEST(RegallocQuality, ValuesStayInRegistersOverAnInnerLoop) {
  Program p;
  p.begin();
  std::vector<VReg> start = make_all(p, 7);
  VReg limit = p.make();
  p.jump(1, start);
  std::vector<VReg> carried = vregs(p, 7);
  p.begin(10, 1, carried);  // 1: outer header
  VReg j0 = p.make();
  VReg s0 = p.make();
  p.jump(2, {j0, s0});
  VReg j = p.vreg(), s = p.vreg();
  p.begin(1000, 2, {j, s});  // 2: inner
  VReg s2 = add(p, s, carried[0]);
  VReg j2 = add(p, j, carried[1]);
  p.end({Operand::use(j2), Operand::use(limit, Constraint::kAny)}, {{3, {}}, {4, {}}});
  p.begin(1000, 2);  // 3
  p.jump(2, {j2, s2});
  p.begin(10, 1);  // 4
  std::vector<VReg> next;
  for (VReg v : carried) next.push_back(add(p, v, s2));
  p.end({Operand::use(next[0]), Operand::use(limit, Constraint::kAny)}, {{5, {}}, {6, {}}});
  p.begin(10, 1);  // 5
  p.jump(1, next);
  p.begin();  // 6
  std::vector<Operand> uses;
  for (VReg v : next) uses.push_back(Operand::use(v));
  p.end(uses, {});
  Output output = allocated(p);
  EXPECT_EQ(cost(p, output).memory, 0);
  EXPECT_LE(cost(p, output).moves, 0);
}

// 20 values in a loop, each read once and written once for each execution, for 13 registers.
TEST(RegallocQuality, HighPressureInALoop) {
  Program p;
  p.begin();
  std::vector<VReg> start = make_all(p, 20);
  p.jump(1, start);
  std::vector<VReg> now = vregs(p, 20);
  p.begin(kHot, 1, now);  // 1
  std::vector<VReg> next;
  for (u32 n = 0; n < 20; ++n) next.push_back(add(p, now[n], n == 0 ? now[19] : next[n - 1]));
  p.end({Operand::use(next[19])}, {{2, {}}, {3, {}}});
  p.begin(kHot, 1);  // 2
  p.jump(1, next);
  p.begin();  // 3
  for (VReg v : next) p.add({Operand::use(v, Constraint::kAny)});
  p.end({}, {});
  Output output = allocated(p);
  Cost c = cost(p, output);
  // Seven or more do not fit and are loaded and stored.
  EXPECT_LE(c.memory, 19 * kHot);
  EXPECT_LE(c.moves, 2 * kHot);
}

// Invariants that are read once, of which not all fit: they are read from their slots.
TEST(RegallocQuality, InvariantsAreReadFromSlots) {
  Program p;
  p.begin();
  std::vector<VReg> invariants = make_all(p, 20);
  VReg s0 = p.make();
  p.jump(1, {s0});
  VReg s = p.vreg();
  p.begin(kHot, 1, {s});  // 1
  VReg sum = s;
  for (VReg v : invariants) sum = add(p, sum, v);
  p.end({Operand::use(sum)}, {{2, {}}, {3, {}}});
  p.begin(kHot, 1);  // 2
  p.jump(1, {sum});
  p.begin();  // 3
  p.end({Operand::use(sum)}, {});
  Output output = allocated(p);
  EXPECT_EQ(cost(p, output, kHot).memory, 0);
  EXPECT_EQ(cost(p, output, kHot).moves, 0);
  EXPECT_LE(cost(p, output).memory, 20);
}

// Values live across calls are stored once, and loaded where they are used.
TEST(RegallocQuality, ValuesAcrossCallsAreStoredOnce) {
  Program p;
  p.begin();
  std::vector<VReg> values = make_all(p, 4);
  for (u32 n = 0; n < 5; ++n) {
    VReg result = p.vreg();
    p.add({Operand::fixed_use(values[n % 4], 7), Operand::fixed_def(result, 0)}, kAll);
    p.add({Operand::use(result), Operand::use(values[(n + 1) % 4], Constraint::kAny)});
  }
  std::vector<Operand> uses;
  for (VReg v : values) uses.push_back(Operand::use(v, Constraint::kAny));
  p.end(uses, {});
  Output output = allocated(p);
  EXPECT_LE(output.statistics.stores, 4u);
  EXPECT_LE(output.statistics.loads, 5u);
}

// Constants are made again where they are wanted and take no slot.
TEST(RegallocQuality, ConstantsAreMadeAgain) {
  Program p;
  p.begin();
  VReg constant = p.vreg(RegClass::kInt, 42);
  p.add({Operand::def(constant)});
  for (u32 n = 0; n < 3; ++n) p.add({Operand::fixed_use(constant, static_cast<PReg>(n))}, kAll);
  p.end({Operand::use(constant, Constraint::kAny)}, {});
  Output output = allocated(p);
  EXPECT_EQ(output.slot_units, 0u);
  EXPECT_EQ(output.statistics.loads + output.statistics.stores, 0u);
  EXPECT_GE(output.statistics.remats, 3u);
}

// Nothing of a function without pressure moves: not arguments, nor inputs that are overwritten, nor
// copies.
TEST(RegallocQuality, CoalescingLeavesNoMoves) {
  Program p;
  p.begin();
  VReg a = p.vreg(), b = p.vreg();
  p.add({Operand::fixed_def(a, 7), Operand::fixed_def(b, 6)});
  p.jump(1, {a, b});
  VReg x = p.vreg(), y = p.vreg();
  p.begin(kHot, 1, {x, y});
  VReg x2 = add(p, x, y);
  VReg x3 = p.vreg();
  p.copy(x2, x3);
  p.end({Operand::use(x3)}, {{2, {}}, {3, {}}});
  p.begin(kHot, 1);
  p.jump(1, {x3, y});
  p.begin();
  p.end({Operand::fixed_use(x3, 0)}, {});
  Output output = allocated(p);
  // From the register of the argument to that of the result.
  EXPECT_LE(output.moves.size(), 1u);
  EXPECT_EQ(cost(p, output, kHot).moves, 0);
}

}  // namespace
}  // namespace wazuka::regalloc::test

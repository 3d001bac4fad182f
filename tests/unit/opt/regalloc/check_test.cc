// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The checker is only worth what it finds. Right answers are damaged, each in one way; whatever
// makes the program compute something else must be found.
#include "opt/regalloc/check.h"

#include <gtest/gtest.h>

#include "unit/opt/regalloc/program.h"

namespace wazuka::regalloc::test {
namespace {

const RegSet kAll = ~RegSet{0};

bool computes_the_same(const Program& p, const Machine& machine, const Output& output) {
  for (u64 seed = 0; seed < 8; ++seed) {
    if (interpret(p, seed, 400) != interpret(p, machine, output, seed, 400)) return false;
  }
  return true;
}

// A register or a slot that is as good as another one, but for what is in it.
Allocation another(Choices& choices, const Machine& machine, Allocation at, RegClass c, u32 units) {
  if (at.is_slot()) {
    u32 step = c == RegClass::kVector ? 2 : 1;
    return Allocation::slot(choices.below(units / step) * step);
  }
  const auto& regs = machine.allocatable[static_cast<u32>(bank_of(c))];
  return Allocation::reg(regs[choices.below(static_cast<u32>(regs.size()))]);
}

// One damage; false if there is nothing to damage in this way.
bool damage(Choices& choices, const Program& p, const Machine& machine, Output& output) {
  u32 moves = static_cast<u32>(output.moves.size());
  switch (choices.below(6)) {
    case 0:  // a move is missing
      if (moves == 0) return false;
      output.moves.erase(output.moves.begin() + choices.below(moves));
      return true;
    case 1: {  // two moves are done in the wrong order
      if (moves < 2) return false;
      u32 n = choices.below(moves - 1);
      if (output.moves[n].before != output.moves[n + 1].before) return false;
      std::swap(output.moves[n], output.moves[n + 1]);
      return true;
    }
    case 2: {  // a move comes from elsewhere
      if (moves == 0) return false;
      Move& m = output.moves[choices.below(moves)];
      if (m.from.is_none()) return false;
      m.from = another(choices, machine, m.from, m.reg_class, output.slot_units);
      return true;
    }
    case 3: {  // or goes elsewhere
      if (moves == 0) return false;
      Move& m = output.moves[choices.below(moves)];
      m.to = another(choices, machine, m.to, m.reg_class, output.slot_units);
      return true;
    }
    case 4: {  // an operand is taken from elsewhere
      u32 n = choices.below(static_cast<u32>(output.allocations.size()));
      Allocation& at = output.allocations[n];
      if (at.is_none() || p.operands[n].constraint == Constraint::kFixed) return false;
      at = another(choices, machine, at, p.classes[p.operands[n].vreg], output.slot_units);
      return true;
    }
    default: {  // a move is done too late
      if (moves == 0) return false;
      u32 n = choices.below(moves);
      if (n + 1 < moves && output.moves[n + 1].before <= output.moves[n].before) return false;
      if (output.moves[n].before + 1 >= p.insts.size()) return false;
      ++output.moves[n].before;
      return true;
    }
  }
}

TEST(RegallocCheck, DamageThatMattersIsFound) {
  u32 damaged = 0;
  u32 found = 0;
  for (u64 seed = 1; seed <= 4000; ++seed) {
    Choices choices(seed);
    Machine machine = random_machine(choices);
    Program p = random_program(choices, machine, {.most_blocks = 8, .most_insts = 8});
    Result<Output> output = allocate(p.function(), machine);
    ASSERT_TRUE(output.has_value()) << output.error().message;
    Output right = *output;
    if (!damage(choices, p, machine, *output)) continue;
    ++damaged;
    bool complains = !check(p.function(), machine, *output).has_value();
    found += complains;
    if (complains || computes_the_same(p, machine, *output)) continue;
    FAIL() << "seed " << seed << ": not found\n" << p.text(&right) << "\n" << p.text(&*output);
  }
  EXPECT_GT(damaged, 1500u);
  EXPECT_GT(found, damaged / 2);  // the others do not matter
}

// ---- each kind of mistake, by name ----

class RegallocMistake : public ::testing::Test {
 protected:
  // v0 and v1 live over a call, then are used together.
  void SetUp() override {
    p.begin();
    v0 = p.make();
    v1 = p.make();
    VReg result = p.vreg();
    call = p.add({Operand::fixed_use(v0, 1), Operand::fixed_def(result, 0)}, kAll);
    VReg sum = p.vreg();
    use = p.add({Operand::use(v0), Operand::use(v1), Operand::reuse_def(sum, 0)});
    p.end({Operand::use(sum), Operand::use(result, Constraint::kAny)}, {});
    p.finish();
    Result<Output> answer = allocate(p.function(), machine);
    ASSERT_TRUE(answer.has_value());
    output = *answer;
    ASSERT_EQ(complaint(), "");
  }
  std::string complaint() {
    Result<void> right = check(p.function(), machine, output);
    return right ? "" : right.error().message;
  }
  Allocation& at(Inst i, u32 n) { return output.allocations[p.insts[i].operands.first + n]; }
  void expect(const char* what) {
    EXPECT_NE(complaint().find(what), std::string::npos) << "it says: " << complaint();
  }

  Program p;
  Machine machine = small_machine(6, 4);
  Output output;
  VReg v0, v1;
  Inst call, use;
};

TEST_F(RegallocMistake, MissingLocation) {
  at(use, 1) = {};
  expect("no location");
}
TEST_F(RegallocMistake, ValueIsElsewhere) {
  PReg other = at(use, 1).preg() == 5 ? 4 : 5;
  if (Allocation::reg(other) == at(use, 0)) other = 3;
  at(use, 1) = Allocation::reg(other);
  expect("is not in r");
}
TEST_F(RegallocMistake, NoRegisterOfTheClass) {
  at(use, 1) = Allocation::reg(32);
  expect("is not a register of its class");
}
TEST_F(RegallocMistake, ScratchRegisterForAnOperand) {
  at(use, 1) = Allocation::reg(30);
  expect("is not a register of its class");
}
TEST_F(RegallocMistake, SlotWhereARegisterIsNeeded) {
  at(use, 1) = Allocation::slot(0);
  expect("not where it must be");
}
TEST_F(RegallocMistake, FixedOperandElsewhere) {
  at(call, 0) = Allocation::reg(2);
  expect("not where it must be");
}
TEST_F(RegallocMistake, OutputNotInTheRegisterOfItsInput) {
  at(use, 2) = Allocation::reg(at(use, 0) == Allocation::reg(5) ? 4 : 5);
  expect("not where it must be");
}
TEST_F(RegallocMistake, TwoInputsInOneRegister) {
  at(use, 1) = at(use, 0);
  expect("are both in");
}
TEST_F(RegallocMistake, SlotOutsideTheFrame) {
  output.slot_units = 0;
  expect("is not in the frame");
}
TEST_F(RegallocMistake, MoveFromSlotToSlot) {
  output.moves.push_back(
      {use + 1, Allocation::slot(0), Allocation::slot(1), v0, kNoRemat, RegClass::kInt});
  output.slot_units = 4;
  expect("a move from slot 0 to slot 1");
}
TEST_F(RegallocMistake, ValueMadeAgainThatCannotBe) {
  output.moves.push_back({use + 1, {}, Allocation::reg(0), v0, 7, RegClass::kInt});
  expect("cannot be made again");
}
TEST_F(RegallocMistake, MovesOutOfOrder) {
  ASSERT_GE(output.moves.size(), 2u);
  output.moves.front().before = use + 1;
  expect("out of order");
}
TEST_F(RegallocMistake, RegistersDoNotSurviveCalls) {
  // As if the call had clobbered nothing: what is stored is not loaded.
  std::erase_if(output.moves, [&](const Move& m) { return m.from.is_slot(); });
  expect("is not in r");
}

// A value of the last round of a loop is not that of this one.
TEST(RegallocCheck, StaleValuesOfALoopAreFound) {
  Program p;
  Machine machine = small_machine(6, 4);
  p.begin();
  p.jump(1);
  p.begin(1, 1);
  VReg v = p.make();
  p.end({Operand::use(v)}, {{2, {}}, {3, {}}});
  p.begin(1, 1);
  p.jump(1);
  p.begin();
  p.end({Operand::use(v)}, {});
  p.finish();
  Result<Output> output = allocate(p.function(), machine);
  ASSERT_TRUE(output.has_value());
  ASSERT_TRUE(check(p.function(), machine, *output).has_value());
  // Block 2 keeps a copy; block 3 reads it, from the round before.
  Allocation now = output->allocations[0];
  Allocation copy = Allocation::reg(5);
  ASSERT_NE(now, copy);
  output->moves.push_back({p.blocks[2].insts.first, now, copy, v, kNoRemat, RegClass::kInt});
  ASSERT_TRUE(check(p.function(), machine, *output).has_value());
  output->allocations.back() = copy;
  EXPECT_FALSE(check(p.function(), machine, *output).has_value());
}

}  // namespace
}  // namespace wazuka::regalloc::test

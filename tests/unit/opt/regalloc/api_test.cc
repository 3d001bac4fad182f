// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a client promises: what breaks it is an error that says so, never a wrong answer or a crash.
#include <gtest/gtest.h>

#include "opt/regalloc/check.h"
#include "unit/opt/regalloc/program.h"

namespace wazuka::regalloc::test {
namespace {

const RegSet kAll = ~RegSet{0};
const Machine kMachine = small_machine(3, 2);

std::string refusal(Program& p) {
  p.finish();
  if (Result<void> valid = validate(p.function(), kMachine); !valid) return valid.error().message;
  Result<Output> output = allocate(p.function(), kMachine);
  return output ? "" : output.error().message;
}

void expect_refused(Program& p, const char* why) {
  std::string what = refusal(p);
  EXPECT_NE(what.find(why), std::string::npos) << "it says: " << what;
}

class RegallocApi : public ::testing::Test {
 protected:
  RegallocApi() { p.begin(); }
  Program p;
};

TEST_F(RegallocApi, NothingToDo) {
  p.end({}, {});
  EXPECT_EQ(refusal(p), "");
}
TEST_F(RegallocApi, TwoInputsInOneRegister) {
  VReg a = p.make(), b = p.make();
  p.end({Operand::fixed_use(a, 0), Operand::fixed_use(b, 0)}, {});
  expect_refused(p, "two inputs of an instruction are fixed to one register");
}
TEST_F(RegallocApi, OneInputTwiceInOneRegisterIsFine) {
  VReg a = p.make();
  p.end({Operand::fixed_use(a, 0), Operand::fixed_use(a, 0), Operand::fixed_use(a, 1)}, {});
  EXPECT_EQ(refusal(p), "");
}
TEST_F(RegallocApi, TwoOutputsInOneRegister) {
  VReg a = p.vreg(), b = p.vreg();
  p.end({Operand::fixed_def(a, 0), Operand::fixed_def(b, 0)}, {});
  expect_refused(p, "two operands of an instruction are fixed to one register");
}
TEST_F(RegallocApi, ScratchRegisterForAnOperand) {
  VReg a = p.make();
  p.end({Operand::fixed_use(a, kMachine.scratch[0][0])}, {});
  expect_refused(p, "not allocatable");
}
TEST_F(RegallocApi, RegisterOfTheOtherBank) {
  VReg a = p.make();
  p.end({Operand::fixed_use(a, kMachine.allocatable[1][0])}, {});
  expect_refused(p, "not allocatable");
}
TEST_F(RegallocApi, MoreInputsThanRegisters) {
  std::vector<Operand> uses;
  for (u32 n = 0; n < 4; ++n) uses.push_back(Operand::use(p.make()));
  p.end(uses, {});
  expect_refused(p, "more registers than there are");
}
TEST_F(RegallocApi, AsManyInputsAsRegistersIsFine) {
  std::vector<Operand> uses;
  for (u32 n = 0; n < 4; ++n) uses.push_back(Operand::use(p.make()));
  uses[3].constraint = Constraint::kAny;
  p.end(uses, {});
  EXPECT_EQ(refusal(p), "");
}
TEST_F(RegallocApi, LateUseOfACall) {
  VReg a = p.make();
  p.end({Operand::late_use(a)}, {}, kAll);
  expect_refused(p, "clobbers all registers and needs one");
}
TEST_F(RegallocApi, LateFixedUseOfWhatIsClobbered) {
  VReg a = p.make();
  Operand o = Operand::fixed_use(a, 1);
  o.position = Position::kLate;
  p.end({o}, {}, reg_bit(1));
  expect_refused(p, "read late is clobbered");
}
TEST_F(RegallocApi, TwoDefinitions) {
  VReg a = p.make();
  p.add({Operand::def(a)});
  p.end({}, {});
  expect_refused(p, "two definitions");
}
TEST_F(RegallocApi, NoDefinition) {
  p.end({Operand::use(p.vreg())}, {});
  expect_refused(p, "used but not defined");
}
TEST_F(RegallocApi, UseBeforeItsDefinition) {
  VReg a = p.vreg();
  p.add({Operand::use(a)});
  p.add({Operand::def(a)});
  p.end({}, {});
  expect_refused(p, "before its definition");
}
TEST_F(RegallocApi, DefinitionOnOneWayOnly) {
  VReg a = p.vreg();
  p.end({}, {{1, {}}, {2, {}}});
  p.begin();
  p.add({Operand::def(a)});
  p.jump(3);
  p.begin();
  p.jump(3);
  p.begin();
  p.end({Operand::use(a)}, {});
  expect_refused(p, "does not dominate");
}
TEST_F(RegallocApi, CriticalEdge) {
  p.end({}, {{1, {}}, {2, {}}});
  p.begin();
  p.jump(2);
  p.begin();
  p.end({}, {});
  expect_refused(p, "no critical edges");
}
TEST_F(RegallocApi, UnreachableBlock) {
  p.end({}, {});
  p.begin();
  p.end({}, {});
  expect_refused(p, "every block can be reached");
}
TEST_F(RegallocApi, ArgumentsForParameters) {
  VReg a = p.make();
  VReg x = p.vreg(), y = p.vreg();
  p.jump(1, {a});
  p.begin(1, 0, {x, y});
  p.end({}, {});
  expect_refused(p, "an argument for each parameter");
}
TEST_F(RegallocApi, ArgumentsOfTheClassOfTheirParameters) {
  VReg a = p.make();
  VReg x = p.vreg(RegClass::kFloat);
  p.jump(1, {a});
  p.begin(1, 0, {x});
  p.end({}, {});
  expect_refused(p, "of the same class");
}
TEST_F(RegallocApi, ReuseOfAFixedInput) {
  VReg a = p.make();
  p.end({Operand::fixed_use(a, 0), Operand::reuse_def(p.vreg(), 0)}, {});
  expect_refused(p, "what is reused");
}
TEST_F(RegallocApi, JumpToAMergeWithOperands) {
  VReg a = p.make();
  p.end({}, {{1, {}}, {2, {}}});
  p.begin();
  p.end({Operand::use(a)}, {{3, {}}});
  p.begin();
  p.jump(3);
  p.begin();
  p.end({}, {});
  expect_refused(p, "have no operands");
}

// A terminator may define what its successors are given, as a call that may go on in two places
// does.
TEST_F(RegallocApi, OutputsOfTerminators) {
  VReg live = p.make();
  VReg result = p.vreg(), other = p.vreg();
  p.end({Operand::fixed_use(live, 2), Operand::fixed_def(result, 0), Operand::fixed_def(other, 1)},
        {{1, {result, live}}, {2, {}}}, kAll);
  VReg x = p.vreg(), y = p.vreg();
  p.begin(1, 0, {x, y});
  p.end({Operand::fixed_use(x, 1), Operand::fixed_use(y, 0), Operand::use(other, Constraint::kAny)},
        {});
  p.begin();
  p.end({Operand::use(live)}, {});
  p.finish();
  EXPECT_EQ(complaint(p, kMachine), "");
}

// The same input gives the same answer, whatever was allocated before.
TEST(RegallocAnswer, IsDeterministic) {
  Choices choices(7);
  Program p = random_program(choices, kMachine, {.most_blocks = 20, .most_insts = 12});
  Result<Output> one = allocate(p.function(), kMachine);
  Result<Output> two = allocate(p.function(), kMachine);
  ASSERT_TRUE(one.has_value() && two.has_value());
  EXPECT_EQ(p.text(&*one), p.text(&*two));
}

}  // namespace
}  // namespace wazuka::regalloc::test

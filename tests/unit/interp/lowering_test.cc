// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bytecode of small bodies, as text (interp/dump.cc explains the notation).
#include <gtest/gtest.h>

#include "interp/dump.h"
#include "runtime/module_code.h"
#include "wat/wat_parser.h"

namespace wazuka {
namespace {

std::string lower(std::string_view text, u32 func = 0) {
  auto binary = wat::text_to_binary(text);
  if (!binary) return binary.error().message;
  auto module = read_module(std::make_shared<OwnedModuleBytes>(*binary),
                            std::make_shared<TypeRegistry>(), {});
  if (!module) return module.error().message;
  interp::Code code(*module, nullptr, {});
  return "\n" + interp::dump_function(code, func);
}

TEST(Lowering, RecursionUsesImmediatesAndArgumentCells) {
  EXPECT_EQ(lower("(module (func $fib (param i32) (result i32)"
                  "  (if (result i32) (i32.lt_u (local.get 0) (i32.const 2))"
                  "    (then (local.get 0))"
                  "    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))"
                  "                   (call $fib (i32.sub (local.get 0) (i32.const 2))))))))"),
            R"(
2: br_ge_u.32 s0, 2, @6
4: copy_br (4 0 14 0)
6: add s4 = s0, -1
8: call f0 (4 5 0 0)
11: add s5 = s0, -2
13: call f0 (5 6 0 0)
16: add s4 = r, s4
18: ret_value S(1 4 0 0)
)");
}

TEST(Lowering, TheEndOfALoopIsOneInstruction) {
  EXPECT_EQ(lower("(module (func (param i32 i32) (result i32) (local i32)"
                  "  (loop $l"
                  "    (local.set 2 (i32.add (local.get 2) (local.get 0)))"
                  "    (local.set 0 (i32.add (local.get 0) (i32.const 1)))"
                  "    (br_if $l (i32.lt_u (local.get 0) (local.get 1))))"
                  "  (local.get 2)))"),
            R"(
0: zero (5 0 1 0)
2: add s5 = s5, s0
4: add_br_lt_u S(0 0 65534 65535) 0x100000001
7: ret_value S(2 5 0 0)
)");
}

TEST(Lowering, TheOldValueOfALocalIsCopiedBeforeTheInstructionThatAssignsIt) {
  EXPECT_EQ(lower("(module (func (param i32) (result i32)"
                  "  (local.get 0)"
                  "  (local.set 0 (i32.mul (local.get 0) (local.get 0)))"
                  "  (i32.xor (local.get 0))))"),
            R"(
2: copy s4 = s0
4: mul s0 = s0, s0
6: xor r = r, s4
8: ret_value R(1 0 0 0)
)");
}

TEST(Lowering, AValueIsStoredOnlyIfAnotherOneNeedsTheAccumulator) {
  EXPECT_EQ(lower("(module (func (param i32 i32) (result i32)"
                  "  (i32.mul (i32.sub (local.get 0) (local.get 1))"
                  "           (i32.rem_u (local.get 0) (local.get 1)))))"),
            R"(
2: sub s5 = s0, s1
4: rem_u.32 r = s0, s1
6: mul r = r, s5
8: ret_value R(2 0 0 0)
)");
}

TEST(Lowering, AddressesAreComputedByTheLoad) {
  EXPECT_EQ(
      lower("(module (memory 1) (func (param i32 i32) (result f64)"
            "  (f64.add (f64.load offset=8 (i32.add (local.get 0) (i32.const -16)))"
            "    (f64.load (i32.add (local.get 0) (i32.shl (local.get 1) (i32.const 3)))))))"),
      R"(
2: load.f64.add sS(5 0 16 0) 0xfffffff0
5: load.f64.index rSS(0 0 1 3) 0x8
8: f64.add r = r, s5
10: ret.f64 R(2 0 0 0)
)");
}

TEST(Lowering, ABranchAroundMovesWhenTheLabelWantsThemElsewhere) {
  EXPECT_EQ(lower("(module (func (param i32 i32) (result i32)"
                  "  (block $b (result i32)"
                  "    (i32.const 7)"
                  "    (br_if $b (local.get 0) (i32.eqz (local.get 1)))"
                  "    (i32.add))))"),
            R"(
2: br_nz s1, @6
4: copy_br (5 0 4 0)
6: add s5 = s0, 7
8: ret_value S(2 5 0 0)
)");
}

TEST(Lowering, ATableGoesThroughStubsOnlyForLabelsThatNeedMoves) {
  EXPECT_EQ(lower("(module (func (param i32) (result i32)"
                  "  (block $a (result i32) (block $b (result i32)"
                  "    (br_table $b $a $b (i32.const 1) (local.get 0)))"
                  "    (br_table $a 1 (i32.const 2) (local.get 0)) )))"),
            R"(
2: const s4 = 1
4: br_table s0 @9 @19 @9
9: const s5 = 2
11: br_table s0 @15 @17
15: copy_br (4 5 4 0)
17: ret_value S(1 5 0 0)
19: ret_value S(1 4 0 0)
)");
}

TEST(Lowering, OnlyLocalsThatMayBeReadFirstAreZeroed) {
  EXPECT_EQ(lower("(module (func (param i32) (result i32) (local i32 i32)"
                  "  (if (local.get 0) (then (local.set 1 (i32.const 1))))"
                  "  (local.set 2 (i32.const 2))"
                  "  (i32.or (local.get 1) (local.get 2))))"),
            R"(
0: zero (4 0 1 0)
2: br_z s0, @6
4: const s4 = 1
6: const s5 = 2
8: or r = s4, s5
10: ret_value R(1 0 0 0)
)");
}

TEST(Lowering, ConditionsAreNegatedInsideOfTheBranch) {
  EXPECT_EQ(lower("(module (func (param f64 i32)"
                  "  (block $b (br_if $b (i32.eqz (f64.gt (local.get 0) (f64.const 1))))"
                  "    (br_if $b (i32.eqz (i32.and (local.get 1) (i32.const 4)))))))"),
            R"(
2: br_f64.nlt 4607182418800017408, s0, @7
5: br_testz s1, 4, @7
7: ret (2 0 0 0)
)");
}

}  // namespace
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What passes do to the graphs of small modules.
#include <gtest/gtest.h>

#include "opt/build/build.h"
#include "opt/ir/printer.h"
#include "opt/ir/verifier.h"
#include "opt/pass/optimize.h"
#include "unit/wasm/module_fixture.h"

namespace wazuka::opt {
namespace {

struct Config {
  bool signals = true;
  u32 level = 2;
  bool inlining = false;
  bool fuel = false;
};

/// The optimised graph of a module's last function, as text.
std::string optimised(std::string_view text, const Config& config = {}) {
  const auto module = read_valid(text);
  if (module == nullptr) return "";
  const VMLayout layout(*module);
  CompileEnv env{*module, layout, assembly::CpuFeatures::level(2)};
  env.signals = config.signals;
  env.guard_bytes = config.signals ? 32u << 20 : 0;
  env.opt_level = static_cast<u8>(config.level);
  env.inlining = config.inlining;
  env.fuel = config.fuel;
  Graph g;
  const u32 func = static_cast<u32>(module->funcs.size()) - 1;
  const auto built = build_graph(env, func, g);
  EXPECT_TRUE(built) << (built ? "" : built.error().message);
  EXPECT_TRUE(optimize(env, g, {.level = config.level}));
  EXPECT_EQ(verify(g, Stage::kElaborated), std::nullopt);
  return print(g);
}

u32 count(const std::string& text, std::string_view what) {
  u32 n = 0;
  for (size_t at = text.find(what); at != std::string::npos; at = text.find(what, at + 1)) ++n;
  return n;
}

/// The text of one block.
std::string block(const std::string& text, u32 number) {
  const size_t begin = text.find("\nblock" + std::to_string(number));
  if (begin == std::string::npos) return "";
  return text.substr(begin, text.find("\nblock", begin + 1) - begin);
}

TEST(OptPasses, LoadsAreForwarded) {
  const std::string text = optimised(R"((module (memory 1) (func (param i32 i64) (result i64)
    (i64.store (local.get 0) (local.get 1))
    (i64.store offset=8 (local.get 0) (i64.const 7))
    (i64.add (i64.load (local.get 0)) (i64.load offset=8 (local.get 0))))))");
  EXPECT_EQ(count(text, "= load"), 0u) << text;
}

TEST(OptPasses, StoresElsewhereMayBeTheSamePlace) {
  const std::string text = optimised(R"((module (memory 1) (func (param i32 i32) (result i32)
    (i32.store (local.get 0) (i32.const 1))
    (i32.store (local.get 1) (i32.const 2))
    (i32.load (local.get 0)))))");
  EXPECT_EQ(count(text, "= load"), 1u) << text;
}

TEST(OptPasses, TwoImportsMayBeTheSameMemory) {
  constexpr std::string_view kBody = R"((func (param i32) (result i32)
    (i32.store $a (local.get 0) (i32.const 1))
    (i32.store $b (local.get 0) (i32.const 2))
    (i32.load $a (local.get 0)))))";
  const std::string imported =
      optimised("(module (import \"m\" \"a\" (memory $a 1)) (import \"m\" \"b\" (memory $b 1))" +
                std::string(kBody));
  EXPECT_EQ(count(imported, "= load.i32"), 1u) << imported;
  const std::string own = optimised("(module (memory $a 1) (memory $b 1)" + std::string(kBody));
  EXPECT_EQ(count(own, "= load.i32"), 0u) << own;
}

TEST(OptPasses, CallsForgetWhatWasLoaded) {
  const std::string text = optimised(R"((module (global $g (mut i32) (i32.const 0))
    (func $f) (func (result i32)
      (global.set $g (i32.const 5)) (call $f) (global.get $g))))");
  EXPECT_EQ(count(text, "= load.i32[global"), 1u) << text;
}

TEST(OptPasses, BoundsAreCheckedOnce) {
  const std::string text = optimised(R"((module (memory 1) (func (param i32) (result i32)
    (i32.add (i32.add (i32.load offset=8 (local.get 0)) (i32.load (local.get 0)))
             (i32.load offset=4 (local.get 0))))))",
                                     {.signals = false});
  EXPECT_EQ(count(text, "bounds"), 1u) << text;
  EXPECT_EQ(count(text, "= load.i32[memory"), 3u) << text;
}

TEST(OptPasses, MasksWithinTheLeastSizeNeedNoCheck) {
  const std::string text = optimised(R"((module (memory 1) (func (param i32) (result i32)
    (i32.load8_u (i32.and (local.get 0) (i32.const 0xffff))))))",
                                     {.signals = false});
  EXPECT_EQ(count(text, "bounds"), 0u) << text;
  const std::string wider = optimised(R"((module (memory 1) (func (param i32) (result i32)
    (i32.load (i32.and (local.get 0) (i32.const 0xffff))))))",
                                      {.signals = false});
  EXPECT_EQ(count(wider, "bounds"), 1u) << wider;
}

constexpr std::string_view kLoop = R"((module (memory 1) (global $g (mut i32) (i32.const 0))
  (func $f)
  (func (param $n i32) (result i32) (local $s i32)
    (loop $l
      (local.set $s (i32.add (local.get $s)
        (i32.add (i32.load (i32.shl (local.get $n) (i32.const 2)))
                 (i32.add (global.get $g) (i32.mul (memory.size) (i32.const 48))))))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (local.get $s))))";

TEST(OptPasses, WhatNoIterationChangesLeavesTheLoop) {
  const std::string text = optimised(kLoop, {.signals = false});
  const std::string loop = block(text, 1);
  EXPECT_EQ(count(loop, "memory_size"), 0u) << text;
  EXPECT_EQ(count(loop, "global"), 0u) << text;
  EXPECT_EQ(count(loop, "imul"), 0u) << text;
  EXPECT_EQ(count(loop, "bounds"), 1u) << text;
}

TEST(OptPasses, LevelOneLeavesLoadsAlone) {
  const std::string text = optimised(kLoop, {.signals = false, .level = 1});
  EXPECT_EQ(count(block(text, 1), "= load.i64[memory_size"), 2u) << text;
}

TEST(OptPasses, DecidedConditionsAreNotAskedAgain) {
  const std::string text = optimised(R"((module (memory 1) (func (param i32) (result i32)
    (if (result i32) (i32.eqz (local.get 0))
      (then (select (i32.const 3) (i32.const 4) (i32.const 1)))
      (else (if (result i32) (local.get 0)
              (then (i32.const 5)) (else (i32.load (i32.const 6)))))))))");
  EXPECT_EQ(count(text, "branch"), 1u) << text;
  EXPECT_EQ(count(text, "= load"), 0u) << text;
}

TEST(OptPasses, UnusedLocalsCarryNothing) {
  const std::string text = optimised(R"((module (func (param i32) (result i32) (local i32 i32)
    (loop $l
      (local.set 1 (i32.add (local.get 1) (i32.const 1)))
      (local.set 2 (local.get 0))
      (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
    (local.get 0))))");
  EXPECT_EQ(count(block(text, 1), ": i32"), 1u) << text;
}

TEST(OptPasses, ReferencesAreInSlotsAtCalls) {
  const std::string text = optimised(R"((module (func $f)
    (func (param externref) (result externref) (call $f) (local.get 0))))");
  EXPECT_EQ(count(text, "slot_store[s0 0] v0"), 1u) << text;
  EXPECT_EQ(count(text, "roots s0"), 1u) << text;
  EXPECT_EQ(count(text, "slot_load.i64![s0 0]"), 1u) << text;
  const std::string before = optimised(R"((module (func $f (param externref))
    (func (param externref) (call $f (local.get 0)))))");
  EXPECT_EQ(count(before, "slot"), 0u) << before;
}

TEST(OptPasses, CopiesThatLeaveALoopAreOne) {
  const std::string text = optimised(R"((module (memory 1) (func (param i32 i32)
    (loop $l
      (if (i32.load (local.get 1))
        (then (i32.store (i32.mul (local.get 0) (i32.const 48)) (i32.const 1)))
        (else (i32.store (i32.mul (local.get 0) (i32.const 48)) (i32.const 2))))
      (br_if $l (local.tee 1 (i32.sub (local.get 1) (i32.const 1))))))))");
  EXPECT_EQ(count(block(text, 0), "imul"), 1u) << text;
  EXPECT_EQ(count(block(text, 2), "imul") + count(block(text, 3), "imul"), 0u) << text;
}

TEST(OptPasses, TheNextValueIsMadeOnTheWayBack) {
  const std::string text = optimised(R"((module (memory 1) (func (param i32) (local i32 i32)
    (loop $l
      (i32.store (local.get 1) (i32.const 7))
      (local.set 2 (i32.add (local.get 1) (i32.const 1)))
      (if (i32.lt_s (local.get 1) (local.get 0))
        (then (local.set 1 (local.get 2)) (br $l)))))))");
  EXPECT_EQ(count(block(text, 1), "iadd"), 0u) << text;
  EXPECT_EQ(count(text, "iadd"), 1u) << text;
}

TEST(OptPasses, SmallCopiesAndFillsAreLoadsAndStores) {
  const std::string copy = optimised(R"((module (memory 1) (func (param i32 i32)
    (memory.copy (local.get 0) (local.get 1) (i32.const 27)))))");
  EXPECT_EQ(count(copy, "call"), 0u) << copy;
  EXPECT_EQ(count(copy, "= bounds"), 2u) << copy;
  EXPECT_EQ(count(copy, "= load.v128"), 2u) << copy;  // the second overlaps the first
  EXPECT_LT(copy.rfind("= load.v128"), copy.find("store[")) << copy;
  const std::string fill = optimised(R"((module (memory 1) (func (param i32 i32)
    (memory.fill (local.get 0) (local.get 1) (i32.const 13)))))");
  EXPECT_EQ(count(fill, "store["), 2u) << fill;
  EXPECT_EQ(count(fill, "imul"), 1u) << fill;
  const std::string large = optimised(R"((module (memory 1) (func (param i32 i32)
    (memory.copy (local.get 0) (local.get 1) (i32.const 65)))))");
  EXPECT_EQ(count(large, "builtin memory_copy"), 1u) << large;
}

constexpr std::string_view kIndirect = R"(
  (type $t (func (param i32) (result i32)))
  (func $f (type $t) (local.get 0)) (func $g (param f32))
  (func (param i32) (result i32)
    (call_indirect (type $t) (i32.const 1) (local.get 0)))))";

TEST(OptPasses, FunctionsOfAnOwnTableNeedFewChecks) {
  const auto with = [](std::string_view head) {
    return optimised("(module " + std::string(head) + std::string(kIndirect));
  };
  // One type: nothing to compare, but it may be null.
  const std::string same = with("(table 4 funcref) (elem (i32.const 1) $f $f)");
  EXPECT_EQ(count(same, "funcref own"), 1u) << same;
  EXPECT_EQ(count(same, "func_ref"), 0u) << same;
  EXPECT_EQ(count(same, "table_shape"), 0u) << same;
  // Two: reading the type finds null, too.
  const std::string mixed = with("(table 4 funcref) (elem (i32.const 1) $f $g)");
  EXPECT_EQ(count(mixed, "funcref own"), 1u) << mixed;
  EXPECT_EQ(count(mixed, "func_ref"), 1u) << mixed;
  EXPECT_EQ(count(mixed, "trap_if"), 2u) << mixed;
  // What others may write.
  for (std::string_view head : {"(table (export \"t\") 4 funcref) (elem (i32.const 1) $f $f)",
                                "(import \"m\" \"t\" (table 4 funcref)) (elem (i32.const 1) $f $f)",
                                "(table $t 4 funcref) (elem (i32.const 1) $f $f)"
                                " (func (param i32) (table.set $t (local.get 0) (ref.null func)))",
                                "(import \"m\" \"h\" (func $h (param i32) (result i32)))"
                                " (table 4 funcref) (elem (i32.const 1) $h $f)"}) {
    const std::string text = with(head);
    EXPECT_EQ(count(text, "funcref own"), 0u) << head << text;
    EXPECT_EQ(count(text, "func_ref"), 1u) << head << text;
  }
}

constexpr std::string_view kCalls = R"((module
  (func $inc (param i32) (result i32) (i32.add (local.get 0) (i32.const 1)))
  (func $abs (param i32) (result i32) (local $r i32)
    (if (i32.ge_s (local.get 0) (i32.const 0)) (then (return (local.get 0))))
    (local.set $r (i32.sub (i32.const 0) (local.get 0)))
    (local.get $r))
  (func (param i32) (result i32) (local $x i32)
    (local.set $x (call $abs (local.get 0)))
    (call $inc (call $inc (local.get $x))))))";

TEST(OptPasses, SmallFunctionsAreInlined) {
  const std::string text = optimised(kCalls, {.inlining = true});
  EXPECT_EQ(count(text, "call"), 0u) << text;
  EXPECT_EQ(count(block(text, 3), "iadd"), 1u) << text;  // both at once
  EXPECT_EQ(count(optimised(kCalls), "= call"), 3u);
  EXPECT_EQ(count(optimised(kCalls, {.level = 1, .inlining = true}), "= call"), 3u);
}

TEST(OptPasses, InlinedFunctionsPayFuel) {
  const std::string apart = optimised(kCalls, {.fuel = true});
  const std::string text = optimised(kCalls, {.inlining = true, .fuel = true});
  EXPECT_EQ(count(text, "call"), 0u) << text;
  EXPECT_GT(count(text, "trap_if"), count(apart, "trap_if")) << text;
}

TEST(OptPasses, RecursionIsInlinedTwice) {
  const std::string text = optimised(R"((module (func $f (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.mul (local.get 0) (call $f (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 1))))))",
                                     {.inlining = true});
  EXPECT_EQ(count(text, "call"), 1u) << text;
  EXPECT_EQ(count(text, "imul"), 3u) << text;
}

TEST(OptPasses, BodiesThatNeverReturnAreInlined) {
  const std::string text = optimised(R"((module
    (func $stop (param i32) (result i64) (drop (local.get 0)) (unreachable))
    (func (param i32) (result i64)
      (if (result i64) (local.get 0)
        (then (i64.add (call $stop (i32.const 1)) (i64.const 5)))
        (else (i64.const 3))))))",
                                     {.inlining = true});
  EXPECT_EQ(count(text, "call"), 0u) << text;
  EXPECT_EQ(count(text, "iadd"), 0u) << text;
}

}  // namespace
}  // namespace wazuka::opt

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

}  // namespace
}  // namespace wazuka::opt

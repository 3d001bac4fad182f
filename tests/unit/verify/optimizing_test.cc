// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the optimising compiler emits is proved safe, with and without signals.
#include <gtest/gtest.h>

#include "abi/layout.h"
#include "opt/pipeline.h"
#include "unit/wasm/module_fixture.h"
#include "verify/verify.h"

namespace wazuka {
namespace {

/// What is wrong with the code of a module's functions; empty: nothing.
std::string verdict(std::string_view text) {
  const auto module = read_valid(text);
  const VMLayout layout(*module);
  std::string wrong;
  for (bool signals : {true, false}) {
    CompileEnv env{*module, layout, assembly::CpuFeatures::host()};
    env.signals = signals;
    env.guard_bytes = signals ? 1 << 20 : 0;
    env.check = true;
    for (u32 f = module->imported_funcs; f < module->funcs.size(); ++f) {
      const auto code = opt::compile(env, f);
      if (!code) {
        wrong += code.error().message + "; ";
      } else if (const auto safe = verify::verify(env, f, *code); !safe) {
        wrong += safe.error().message + "; ";
      }
    }
  }
  return wrong;
}

TEST(VerifyOptimized, Memory) {
  EXPECT_EQ(verdict("(module (memory 1) (func (param i32 i64) (result i32)"
                    "  (i64.store offset=8 (local.get 0) (local.get 1))"
                    "  (i32.store8 (i32.wrap_i64 (local.get 1)) (local.get 0))"
                    "  (i32.add (i32.load (i32.const 65532))"
                    "    (i32.load16_s offset=3 (i32.shl (local.get 0) (i32.const 2))))))"),
            "");
}

TEST(VerifyOptimized, CallsOfItselfAndThroughTables) {
  EXPECT_EQ(verdict("(module (type $t (func (param i32) (result i32))) (table 5 5 funcref)"
                    "  (func $f (param i32) (result i32)"
                    "    (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))"
                    "    (i32.mul (call $f (i32.sub (local.get 0) (i32.const 1)))"
                    "      (call_indirect (type $t) (local.get 0) (local.get 0)))))"),
            "");
}

TEST(VerifyOptimized, JumpsByTable) {
  EXPECT_EQ(verdict("(module (func (param i32) (result i32)"
                    "  (block $a (block $b (block $c"
                    "    (br_table $a $b $c $a (local.get 0)))"
                    "    (return (i32.const 3))) (return (i32.const 2))) (i32.const 1)))"),
            "");
}

TEST(VerifyOptimized, LoopsWithFloats) {
  EXPECT_EQ(verdict("(module (memory 1) (func (param i32) (result f64) (local f64)"
                    "  (loop $again"
                    "    (local.set 1 (f64.add (local.get 1) (f64.load (local.get 0))))"
                    "    (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 8)))))"
                    "  (local.get 1)))"),
            "");
}

}  // namespace
}  // namespace wazuka

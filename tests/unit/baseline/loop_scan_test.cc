// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "baseline/loop_scan.h"

#include <gtest/gtest.h>
#include <memory>
#include <string_view>
#include <vector>

#include "wasm/module_reader.h"
#include "wasm/type_registry.h"
#include "wat/wat_parser.h"

namespace wazuka::baseline {
namespace {

struct Bytes : ModuleBytes {
  std::vector<u8> data;
  std::span<const u8> bytes() const override { return data; }
};

std::shared_ptr<const Module> module_of(std::string_view text) {
  auto binary = wat::text_to_binary(text);
  if (!binary) return nullptr;
  auto bytes = std::make_shared<Bytes>();
  bytes->data = *std::move(binary);
  ReadOptions options;
  for (const FeatureInfo& info : kFeatures) options.features.set(info.feature, true);
  auto module = read_module(bytes, std::make_shared<TypeRegistry>(), options);
  return module ? *module : nullptr;
}

std::vector<u32> locals(const LoopScan& scan, u32 loop) {
  const std::span<const u32> found = scan.locals_of(loop);
  return {found.begin(), found.end()};
}

TEST(LoopScan, CountsUsesInEachLoop) {
  auto module = module_of(R"((module (func (param i32 i32 i32 f64)
    (drop (local.get 2))
    (loop
      (drop (local.get 0)) (drop (local.get 0)) (drop (local.get 0))
      (loop (local.set 1 (local.get 1)) (local.set 3 (local.get 3)) (drop (local.get 1))))
    (loop (drop (local.get 2))))))");
  ASSERT_NE(module, nullptr);
  const std::vector<ValType> types{kI32, kI32, kI32, kF64};
  LoopScan scan;
  scan.run(*module, 0, types);
  EXPECT_EQ(locals(scan, 1), (std::vector<u32>{1, 3}));
  EXPECT_EQ(locals(scan, 2), (std::vector<u32>{2}));
  ASSERT_EQ(locals(scan, 0).size(), 3u);
  EXPECT_EQ(locals(scan, 0)[2], 3u);  // used twice, the others three times
  EXPECT_TRUE(scan.known(0) && scan.known(1) && scan.known(2));
  EXPECT_FALSE(scan.known(3));
  scan.clear();
  EXPECT_FALSE(scan.known(0));
}

/// Immediates of all shapes between two uses, with bytes in them that look like local.get.
TEST(LoopScan, SkipsImmediates) {
  auto module = module_of(R"((module
    (type $t (func (param i32) (result i32))) (memory 1) (memory 1) (table 1 funcref)
    (global $g (mut i64) (i64.const 0)) (func $f (param i32) (result i32) local.get 0)
    (func (param i32) (local i32 (ref null $t) v128)
      (loop
        (local.set 0 (i32.const 0x20202020))
        (global.set $g (i64.const 0x2020202020202020))
        (drop (f32.const 13.5632)) (drop (f64.const 6.013470016999068e-154))
        (drop (i32.load 1 offset=0x2020 (i32.const 32)))
        (i64.store offset=4128 (i32.const 32) (i64.const 32))
        (local.set 3 (v128.const i8x16 32 1 32 1 32 1 32 1 32 1 32 1 32 1 32 1))
        (local.set 3 (i8x16.shuffle 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15
                                    (local.get 3) (local.get 3)))
        (drop (block (result (ref null $t)) (local.get 2)))
        (drop (block (result i32) (i32.const 32)))
        (drop (i32.const 1) (block (param i32) (result i32)))
        (block (block (block (br_table 0 1 2 1 0 (local.get 0)))))
        (drop (select (result i32) (i32.const 1) (i32.const 2) (i32.const 3)))
        (drop (call $f (call_indirect (type $t) (i32.const 1) (i32.const 0))))
        (memory.copy 0 1 (i32.const 0) (i32.const 0) (i32.const 0))
        (drop (ref.func $f)) (drop (ref.null $t))
        (br_if 0 (i32.eqz (memory.grow 1 (i32.const 32))))
        (drop (local.get 0))))
    (elem declare func $f)))");
  ASSERT_NE(module, nullptr);
  const std::vector<ValType> types{kI32, kI32, module->types[0].func.params[0], kV128};
  LoopScan scan;
  scan.run(*module, 1, types);
  // Never local 1; local 3 four times, local 0 three times, local 2 once.
  EXPECT_EQ(locals(scan, 0), (std::vector<u32>{3, 0, 2}));
}

TEST(LoopScan, ReadsIndicesOfSeveralBytes) {
  auto module = module_of(R"((module (func
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32)
    (local i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64 i64)
    (local i32 i32 i32 i32)
    (loop (local.set 130 (local.get 131)) (drop (local.get 131)) (drop (local.get 2))
          (drop (local.get 131)) (drop (local.get 130))))))");
  ASSERT_NE(module, nullptr);
  const std::vector<ValType> types(132, kI32);
  LoopScan scan;
  scan.run(*module, 0, types);
  EXPECT_EQ(locals(scan, 0), (std::vector<u32>{131, 130, 2}));
}

}  // namespace
}  // namespace wazuka::baseline

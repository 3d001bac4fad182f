// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/instance.h"

#include "runtime_fixture.h"

namespace wazuka {
namespace {

using InstanceTest = RuntimeTest;

TEST_F(InstanceTest, CallsAnExport) {
  Instance* i = instantiate(
      "(module (func (export \"add\") (param i32 i64) (result i64)"
      "  (i64.add (i64.extend_i32_u (local.get 0)) (local.get 1))))");
  EXPECT_EQ(call_u64(i, "add", {Value::i32(~u32{0}), Value::i64(2)}), 0x1'0000'0001u);
  EXPECT_FALSE(i->find_export("sub").has_value());
}

TEST_F(InstanceTest, ConstantExpressions) {
  Instance* base = instantiate(
      "(module (global (export \"g\") i32 (i32.const 40)) (global (export \"h\") i64 (i64.const "
      "-1)))");
  ASSERT_TRUE(linker.define_instance("base", *base).has_value());
  Instance* i = instantiate(
      "(module (import \"base\" \"g\" (global $g i32)) (import \"base\" \"h\" (global $h i64))"
      "  (global (export \"a\") i32 (i32.add (global.get $g) (i32.const 2)))"
      "  (global (export \"b\") i64 (i64.mul (i64.sub (global.get $h) (i64.const 1)) (i64.const "
      "3)))"
      "  (global (export \"c\") v128 (v128.const i64x2 5 6))"
      "  (global (export \"d\") funcref (ref.func $f)) (func $f))");
  auto cells = [&](const char* name) {
    auto item = i->find_export(name);
    return std::get<Global>(*item).vm->cells;
  };
  EXPECT_EQ(cells("a")[0], 42u);
  EXPECT_EQ(static_cast<i64>(cells("b")[0]), -6);
  EXPECT_EQ(cells("c")[0], 5u);
  EXPECT_EQ(cells("c")[1], 6u);
  EXPECT_EQ(cells("d")[0], reinterpret_cast<Cell>(i->func_ref(0)));
}

TEST_F(InstanceTest, SegmentsRunInOrderAndKeepWhatWasDone) {
  Instance* host =
      instantiate("(module (memory (export \"m\") 1) (table (export \"t\") 2 funcref))");
  ASSERT_TRUE(linker.define_instance("host", *host).has_value());
  EXPECT_EQ(instantiate_error(
                "(module (import \"host\" \"m\" (memory 1)) (import \"host\" \"t\" (table 2 "
                "funcref)) (func $f) (elem (i32.const 1) $f)"
                "(data (i32.const 0) \"ab\") (data (i32.const 65535) \"cd\"))"),
            "wasm trap: out of bounds memory access");
  EXPECT_EQ(host->memory(0)->vm.base[1], 'b');
  EXPECT_EQ(host->memory(0)->vm.base[65535], 0);
  EXPECT_NE(host->table(0)->vm.elements[1], 0u);
  EXPECT_EQ(instantiate_error("(module (import \"host\" \"t\" (table 2 funcref)) (func $f)"
                              "(elem (i32.const 0) $f) (elem (i32.const 2) $f))"),
            "wasm trap: undefined element: out of bounds table access");
  EXPECT_NE(host->table(0)->vm.elements[0], 0u);
}

TEST_F(InstanceTest, StartFunctionTraps) {
  EXPECT_EQ(instantiate_error("(module (func $s unreachable) (start $s))"),
            "error while executing at wasm backtrace:\n    0:     0x1a - <unknown>!s / wasm trap: "
            "wasm `unreachable` instruction executed");
}

TEST_F(InstanceTest, ImportErrorsSayWhatDiffers) {
  Instance* host = instantiate(
      "(module (memory (export \"m\") 1 3) (table (export \"t\") 2 funcref)"
      "  (global (export \"g\") (mut i32) (i32.const 0)) (func (export \"f\") (param i32))"
      "  (tag (export \"e\") (param i32)))");
  ASSERT_TRUE(linker.define_instance("h", *host).has_value());
  auto error = [&](std::string_view import) {
    return instantiate_error("(module (import \"h\" " + std::string(import) + "))");
  };
  auto incompatible = [](const char* name, const std::string& why) {
    return std::string("incompatible import type for `h::") + name + "` / " + why;
  };
  EXPECT_EQ(error("\"x\" (func)"), "unknown import: `h::x` has not been defined");
  EXPECT_EQ(error("\"m\" (func)"), incompatible("m", "expected func, but found memory"));
  EXPECT_EQ(error("\"f\" (memory 1)"), incompatible("f", "expected memory, but found function"));
  EXPECT_EQ(error("\"f\" (func (result i64))"),
            incompatible("f",
                         "types incompatible: expected type `(func (result i64))`, found type "
                         "`(func (param i32))`"));
  EXPECT_EQ(error("\"m\" (memory 2)"),
            incompatible("m",
                         "memory types incompatible: expected memory limits (min: 2, max: none) "
                         "doesn't match provided memory limits (min: 1, max: 3)"));
  EXPECT_EQ(
      error("\"m\" (memory i64 1)"),
      incompatible("m", "memory types incompatible: expected 64-bit memory, found 32-bit memory"));
  EXPECT_EQ(error("\"g\" (global i32)"),
            incompatible("g",
                         "global types incompatible: expected immutable global, found mutable "
                         "global"));
  EXPECT_EQ(error("\"g\" (global (mut i64))"),
            incompatible("g",
                         "global types incompatible: expected global of type `i64`, found global "
                         "of type `i32`"));
  EXPECT_EQ(error("\"t\" (table 2 externref)"),
            incompatible("t",
                         "table types incompatible: expected table of type `externref`, found "
                         "table of type `funcref`"));
  EXPECT_EQ(error("\"e\" (tag)"), incompatible("e", "incompatible tag types"));
}

struct LimitsTest : RuntimeTest {
  static StoreLimits few() {
    StoreLimits limits;
    limits.instances = 2;
    limits.memories = 1;
    limits.tables = 1;
    return limits;
  }
  LimitsTest() : RuntimeTest({}, few()) {}
};

TEST_F(LimitsTest, CountsAreChecked) {
  EXPECT_EQ(instantiate_error("(module (memory 1) (memory 1))"),
            "resource limit exceeded: memory count too high at 2");
  EXPECT_EQ(instantiate_error("(module (table 1 funcref) (table 1 funcref))"),
            "resource limit exceeded: table count too high at 2");
  instantiate("(module (memory 1))");
  instantiate("(module)");
  EXPECT_EQ(instantiate_error("(module)"), "resource limit exceeded: instance count too high at 3");
}

TEST_F(InstanceTest, SharedMemoriesMustBeEnabled) {
  EXPECT_EQ(instantiate_error("(module (memory 1 1 shared))"),
            "shared memory support is disabled for this engine -- see `Config::shared_memory`");
}

TEST_F(InstanceTest, EndlessRecursionIsATrap) {
  Instance* i = instantiate("(module (func $f (export \"f\") (call $f)))");
  auto result = call(i, "f");
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().trap, TrapCode::kStackOverflow);
  // The store still works.
  EXPECT_FALSE(call(i, "f").has_value());
}

}  // namespace
}  // namespace wazuka

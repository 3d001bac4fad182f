// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What compiled functions compute.
#include <bit>

#include "unit/baseline/machine.h"

namespace wazuka::baseline {
namespace {

constexpr TrapOr kTrap(TrapCode code) {
  return trap_or(code);
}

TEST(BaselineExecute, RecursionAndArguments) {
  Machine m(R"((module
    (func $fib (export "fib") (param i32) (result i32)
      (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
        (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                       (call $fib (i32.sub (local.get 0) (i32.const 2)))))))
    (func $many (param i32 i64 f32 f64 i32 i64 i32 i64 i32 i64 f64) (result i64)
      (i64.add (i64.extend_i32_s (local.get 8))
        (i64.add (i64.mul (local.get 9) (i64.const 10)) (i64.mul (i64.const 100) (local.get 7)))))
    (func (export "many") (param i64) (result i64)
      (call $many (i32.const 1) (i64.const 2) (f32.const 3) (f64.const 4) (i32.const 5)
        (i64.const 6) (i32.const 7) (local.get 0) (i32.const -9) (i64.const 10) (f64.const 1)))
  ))");
  EXPECT_EQ(m.value("fib", {10}), 55u);
  EXPECT_EQ(m.value("fib", {20}), 6765u);
  EXPECT_EQ(m.value("many", {8}), 800u + 100 - 9);
}

TEST(BaselineExecute, Loops) {
  Machine m(R"((module (memory 1)
    (func (export "sum") (param $n i32) (result i64) (local $s i64)
      (block (br_if 0 (i32.eqz (local.get $n)))
        (loop
          (local.set $s (i64.add (local.get $s) (i64.extend_i32_u (local.get $n))))
          (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1))))))
      (local.get $s))
    (func (export "swap") (param $n i32) (param $a i64) (param $b i64) (result i64) (local $t i64)
      (loop
        (local.set $t (local.get $a))
        (local.set $a (local.get $b))
        (local.set $b (i64.add (local.get $t) (i64.const 1)))
        (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i64.sub (i64.mul (local.get $a) (i64.const 1000)) (local.get $b)))
    (func $id (param i32) (result i32) (local.get 0))
    (func (export "calls") (param $n i32) (result i32) (local $s i32) (local $d f64)
      (loop
        (local.set $s (i32.add (local.get $s) (call $id (local.get $n))))
        (if (i32.and (local.get $n) (i32.const 1))
          (then (local.set $d (f64.add (local.get $d) (f64.const 0.5)))))
        (br_if 0 (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (i32.add (local.get $s) (i32.mul (i32.const 1000) (i32.reinterpret_f32
         (f32.demote_f64 (local.get $d))))))
  ))");
  EXPECT_EQ(m.value("sum", {0}), 0u);
  EXPECT_EQ(m.value("sum", {100}), 5050u);
  EXPECT_EQ(m.value("swap", {1, 5, 7}), 7 * 1000u - 6);
  EXPECT_EQ(m.value("swap", {2, 5, 7}), 6 * 1000u - 8);
  EXPECT_EQ(m.value("swap", {3, 5, 7}), 8 * 1000u - 7);
  EXPECT_EQ(m.value("calls", {10}), 55 + 1000u * std::bit_cast<u32>(2.5f));
}

TEST(BaselineExecute, BlocksWithValuesAndTables) {
  Machine m(R"((module
    (func (export "table") (param i32) (result i32) (local $x i32)
      (block $a (block $b (block $c
        (local.set $x (i32.const 7))
        (br_table $a $b $c (local.get 0)))
        (local.set $x (i32.add (local.get $x) (i32.const 10))))
        (local.set $x (i32.add (local.get $x) (i32.const 100))))
      (local.get $x))
    (func (export "value") (param i32) (result i32)
      (i32.add (i32.const 1000) (block (result i32)
        (drop (br_if 0 (i32.const 5) (local.get 0)))
        (i32.mul (local.get 0) (i32.const 3)) (i32.const 9) (i32.add))))
    (func (export "select") (param i32 f64 f64) (result f64)
      (select (local.get 1) (local.get 2) (i32.gt_s (local.get 0) (i32.const 3))))
    (func (export "multi") (param i32) (result i32 i64 i32)
      (block (result i32 i64 i32)
        (i32.const 1) (i64.const 2) (i32.const 3) (br_if 0 (local.get 0))
        (drop) (drop) (drop) (i32.const 4) (i64.const 5) (i32.const 6)))
    (func (export "params") (param i32) (result i32)
      (local.get 0) (i32.const 1)
      (loop (param i32 i32) (result i32)
        (i32.add) (local.set 0) (local.get 0) (local.get 0)
        (br_if 0 (i32.lt_s (local.get 0) (i32.const 100)))
        (i32.add)))
  ))");
  EXPECT_EQ(m.value("table", {0}), 7u);
  EXPECT_EQ(m.value("table", {1}), 107u);
  EXPECT_EQ(m.value("table", {2}), 117u);
  EXPECT_EQ(m.value("table", {0xffffffff}), 117u);
  EXPECT_EQ(m.value("value", {0}), 1009u);
  EXPECT_EQ(m.value("value", {2}), 1005u);
  EXPECT_EQ(m.value("select", {4, 1, 2}), 1u);
  EXPECT_EQ(m.value("select", {3, 1, 2}), 2u);
  EXPECT_EQ(m.call("multi", {1}).cells, (std::vector<Cell>{1, 2, 3}));
  EXPECT_EQ(m.call("multi", {0}).cells, (std::vector<Cell>{4, 5, 6}));
  EXPECT_EQ(m.value("params", {5}), 2 * 192u);
}

TEST(BaselineExecute, Integers) {
  for (u32 level : {2, 3}) {
    Machine m(R"((module
      (func (export "div_s") (param i32 i32) (result i32) (i32.div_s (local.get 0) (local.get 1)))
      (func (export "rem_s") (param i64 i64) (result i64) (i64.rem_s (local.get 0) (local.get 1)))
      (func (export "div8") (param i32) (result i32) (i32.div_s (local.get 0) (i32.const 8)))
      (func (export "rotl") (param i32 i32) (result i32) (i32.rotl (local.get 0) (local.get 1)))
      (func (export "shr") (param i64 i64) (result i64) (i64.shr_s (local.get 0) (local.get 1)))
      (func (export "shl5") (param i32) (result i32) (i32.shl (i32.const 5) (local.get 0)))
      (func (export "clz") (param i32) (result i32) (i32.clz (local.get 0)))
      (func (export "ctz") (param i64) (result i64) (i64.ctz (local.get 0)))
      (func (export "wide") (param i64 i64) (result i64 i64)
        (i64.mul_wide_u (local.get 0) (local.get 1)))
      (func (export "mix") (param i32 i32 i32) (result i32)
        (i32.sub (i32.rem_u (i32.mul (local.get 0) (i32.const 9)) (local.get 1))
                 (i32.div_u (local.get 2) (i32.sub (local.get 1) (local.get 0)))))
      (func (export "cmp") (param i64) (result i32)
        (i32.add (i64.lt_s (local.get 0) (i64.const -5)) (i32.eqz (i64.eqz (local.get 0)))))
    ))",
              {.cpu = assembly::CpuFeatures::level(level)});
    EXPECT_EQ(m.value("div_s", {u32(-7), 2}), u32(-3));
    EXPECT_EQ(m.trap("div_s", {1, 0}), kTrap(TrapCode::kIntegerDivisionByZero));
    EXPECT_EQ(m.trap("div_s", {0x80000000, 0xffffffff}), kTrap(TrapCode::kIntegerOverflow));
    EXPECT_EQ(m.value("rem_s", {u64{1} << 63, ~u64{0}}), 0u);
    EXPECT_EQ(m.value("rem_s", {u64(-7), 4}), u64(-3));
    EXPECT_EQ(m.value("div8", {u32(-17)}), u32(-2));
    EXPECT_EQ(m.value("rotl", {0x80000001, 33}), 3u);
    EXPECT_EQ(m.value("shr", {u64(-256), 68}), u64(-16));
    EXPECT_EQ(m.value("shl5", {33}), 10u);
    EXPECT_EQ(m.value("clz", {0}), 32u);
    EXPECT_EQ(m.value("clz", {1}), 31u);
    EXPECT_EQ(m.value("ctz", {0}), 64u);
    EXPECT_EQ(m.value("ctz", {8}), 3u);
    EXPECT_EQ(m.call("wide", {~u64{0}, 3}).cells, (std::vector<Cell>{u64(-3), 2}));
    EXPECT_EQ(m.value("mix", {5, 7, 9}), 45 % 7 - 9u / 2);
    EXPECT_EQ(m.value("cmp", {u64(-6)}), 2u);
    EXPECT_EQ(m.value("cmp", {0}), 0u);
  }
}

TEST(BaselineExecute, Memory) {
  for (bool guarded : {false, true}) {
    Machine m(R"((module (memory 1) (memory $two 1)
      (func (export "store") (param i32 i64) (i64.store offset=8 (local.get 0) (local.get 1)))
      (func (export "load8") (param i32) (result i64) (i64.load8_s offset=3 (local.get 0)))
      (func (export "wrap") (param i64) (result i32)
        (i32.load (i32.wrap_i64 (local.get 0))))
      (func (export "const") (result i32) (i32.store (i32.const 100) (i32.const -2))
        (i32.load16_s (i32.const 100)))
      (func (export "two") (param i32) (result i32)
        (i32.store $two (local.get 0) (i32.const 77)) (i32.load $two (local.get 0)))
      (func (export "size") (result i32) (memory.size))
      (func (export "f") (param i32 f64) (result f64)
        (f64.store (local.get 0) (local.get 1)) (f64.load (local.get 0)))
    ))",
              {.guarded = guarded});
    EXPECT_EQ(m.call("store", {16, 0x8877665544332211}).trap, kNoTrap);
    EXPECT_EQ(m.value("load8", {28}), u64(i64{i8(u8{0x88})}));
    EXPECT_EQ(m.value("wrap", {u64{0xffffffff} << 32 | 24}), 0x44332211u);
    EXPECT_EQ(m.value("const", {}), u32(-2));
    EXPECT_EQ(m.value("two", {40}), 77u);
    EXPECT_EQ(m.value("size", {}), 1u);
    EXPECT_EQ(m.value("f", {u64{0xffffffff} << 32 | 48, 12345}), 12345u);
    if (guarded) continue;
    EXPECT_EQ(m.trap("store", {65536 - 15, 0}), kTrap(TrapCode::kMemoryOutOfBounds));
    EXPECT_EQ(m.trap("store", {65536 - 16, 0}), kNoTrap);
    EXPECT_EQ(m.trap("load8", {0xffffffff}), kTrap(TrapCode::kMemoryOutOfBounds));
  }
}

TEST(BaselineExecute, IndirectAndTailCalls) {
  Machine m(R"((module
    (type $ii (func (param i32) (result i32)))
    (table 4 funcref) (elem (i32.const 0) $inc $dec $other)
    (func $inc (type $ii) (i32.add (local.get 0) (i32.const 1)))
    (func $dec (type $ii) (i32.sub (local.get 0) (i32.const 1)))
    (func $other (param i64) (result i32) (i32.const 0))
    (func (export "call") (param i32 i32) (result i32)
      (i32.mul (i32.const 2) (call_indirect (type $ii) (local.get 1) (local.get 0))))
    (func $even (export "even") (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 1))))
      (return_call $odd (i32.sub (local.get 0) (i32.const 1))))
    (func $odd (param i32) (result i32)
      (if (i32.eqz (local.get 0)) (then (return (i32.const 0))))
      (return_call $even (i32.sub (local.get 0) (i32.const 1))))
    (func $big (param i32 i32 i32 i32 i32 i32 i64 i64 i64 i32) (result i64)
      (if (i32.eqz (local.get 0)) (then (return (i64.add (i64.mul (local.get 6) (i64.const 100))
        (i64.add (i64.mul (local.get 7) (i64.const 10)) (local.get 8))))))
      (return_call $small (i32.sub (local.get 0) (i32.const 1)) (local.get 7) (local.get 6)))
    (func $small (export "small") (param i32 i64 i64) (result i64)
      (return_call $big (local.get 0) (i32.const 1) (i32.const 2) (i32.const 3) (i32.const 4)
        (i32.const 5) (local.get 1) (local.get 2) (i64.const 3) (i32.const 4)))
  ))");
  EXPECT_EQ(m.value("call", {0, 20}), 42u);
  EXPECT_EQ(m.value("call", {1, 20}), 38u);
  EXPECT_EQ(m.trap("call", {2, 20}), kTrap(TrapCode::kBadSignature));
  EXPECT_EQ(m.trap("call", {3, 20}), kTrap(TrapCode::kIndirectCallToNull));
  EXPECT_EQ(m.trap("call", {4, 20}), kTrap(TrapCode::kTableOutOfBounds));
  EXPECT_EQ(m.value("even", {100000}), 1u);
  EXPECT_EQ(m.value("small", {0, 1, 2}), 123u);
  EXPECT_EQ(m.value("small", {1, 1, 2}), 213u);
  EXPECT_EQ(m.value("small", {1001, 1, 2}), 213u);
}

// The result of a shift by a register is not in rcx, even if that is the only one that is free.
TEST(BaselineExecute, RotateUnderPressure) {
  for (u32 live = 1; live <= 12; ++live) {
    std::string text = "(module (func (export \"f\") (param i32 i32) (result i32)";
    for (u32 i = 0; i < live; ++i) {
      text += "(i32.add (local.get 0) (i32.const " + std::to_string(i) + "))";
    }
    text += "(i32.rotl (local.get 0) (local.get 1))";
    for (u32 i = 0; i < live; ++i) text += "(i32.xor)";
    Machine m(text + "))");
    const u32 x = 0x80000005, count = 7;
    u32 expected = std::rotl(x, static_cast<int>(count));
    for (u32 i = 0; i < live; ++i) expected ^= x + i;
    EXPECT_EQ(m.value("f", {x, count}), expected) << live;
  }
}

TEST(BaselineExecute, Fuel) {
  Machine m(R"((module
    (func (export "two") (nop) (drop (i32.const 1)))
    (func (export "loop") (param i32) (result i32)
      (loop (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (i32.const 7))
  ))",
            {.fuel = true});
  m.fuel() = 10;
  EXPECT_EQ(m.trap("two", {}), kNoTrap);
  EXPECT_EQ(m.fuel(), 8u);
  m.fuel() = 1000;
  EXPECT_EQ(m.value("loop", {10}), 7u);
  EXPECT_EQ(m.fuel(), 1000u - 1 - 10 * 5 - 1);
  EXPECT_EQ(m.trap("loop", {1000}), kTrap(TrapCode::kOutOfFuel));
}

TEST(BaselineExecute, ManyValuesThanRegisters) {
  std::string text = "(module (func (export \"f\") (param i64) (result i64)";
  for (u32 i = 0; i < 40; ++i) {
    text += "(i64.mul (local.get 0) (i64.const " + std::to_string(2 * i + 7) + "))";
  }
  for (u32 i = 0; i < 39; ++i) text += "(i64.add)";
  text += ") (func (export \"g\") (param f64) (result f64)";
  for (u32 i = 0; i < 40; ++i) text += "(f64.add (local.get 0) (local.get 0))";
  for (u32 i = 0; i < 39; ++i) text += "(f64.add)";
  Machine m(text + "))");
  EXPECT_EQ(m.value("f", {3}), 3u * (40 * 7 + 2 * 780));
  EXPECT_EQ(m.value("g", {std::bit_cast<u64>(1.5)}), std::bit_cast<u64>(120.0));
}

}  // namespace
}  // namespace wazuka::baseline

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Exceptions across activations and instances; what one function does is in the official tests.
#include <bit>

#include "runtime_fixture.h"

namespace wazuka {
namespace {

EngineConfig legacy_config() {
  EngineConfig config;
  config.features.set(Feature::kLegacyExceptions, true);
  return config;
}

struct ExceptionTest : RuntimeTest {
  ExceptionTest() : RuntimeTest(legacy_config()) {}

  /// Host function "h" "back": calls `callee` and hands its error on.
  void define_back() {
    static constexpr auto kBack = [](void* env, VMContext*, Cell*) -> TrapOr {
      auto& self = *static_cast<ExceptionTest*>(env);
      auto result = self.store.call_raw(*self.callee, nullptr);
      if (result) return kNoTrap;
      ++self.passed;
      if (self.hides) return self.store.raise(Error{"hidden", Error::kNoOffset, {}});
      return self.store.raise(std::move(result).error());
    };
    ASSERT_TRUE(linker.define("h", "back", store.new_host_func({}, kBack, this)).has_value());
  }

  VMFuncRef* function(Instance* instance, std::string_view name) {
    std::optional<Extern> item = instance->find_export(name);
    return as_func(item ? &*item : nullptr);
  }

  VMFuncRef* callee = nullptr;
  u32 passed = 0;
  bool hides = false;
};

constexpr const char* kThroughHost = R"((module
  (import "h" "back" (func $back))
  (tag $t (param i32 i64))
  (memory 1)
  (func (export "throws") (throw $t (i32.const 40) (i64.const 2)))
  (func (export "divides") (drop (i32.div_u (i32.const 1) (i32.const 0))))
  (func (export "catches") (result i64) (local i32 i64)
    (local.set 0 (i32.const 7))
    (block $h (result i32 i64)
      (try_table (catch $t $h) (local.set 0 (i32.const 1000)) (call $back))
      (return (i64.const -1)))
    (local.set 1) (i64.extend_i32_u)
    (local.get 1) (i64.add) (i64.extend_i32_u (local.get 0)) (i64.add))
  (func (export "catches_all") (block $h (try_table (catch_all $h) (call $back))))
  (func (export "passes") (call $back)))
)";

TEST_F(ExceptionTest, PassesThroughHostFunctions) {
  define_back();
  Instance* m = instantiate(kThroughHost);
  ASSERT_NE(m, nullptr);
  callee = function(m, "throws");
  EXPECT_EQ(call_u64(m, "catches"), 1042u);
  EXPECT_EQ(call_u64(m, "catches"), 1042u);
  EXPECT_EQ(passed, 2u);
  EXPECT_NE(call_error(m, "passes").find("thrown Wasm exception"), std::string::npos);
  EXPECT_EQ(call_error(m, "catches_all"), "no error");
  EXPECT_NE(call_error(m, "throws").find("thrown Wasm exception"), std::string::npos);
}

TEST_F(ExceptionTest, ErrorsAndTrapsAreNotCaught) {
  define_back();
  Instance* m = instantiate(kThroughHost);
  ASSERT_NE(m, nullptr);
  callee = function(m, "divides");
  EXPECT_NE(call_error(m, "catches_all").find("integer divide by zero"), std::string::npos);
  callee = function(m, "throws");
  hides = true;
  EXPECT_NE(call_error(m, "catches_all").find("hidden"), std::string::npos);
}

TEST_F(ExceptionTest, ManyActivationsDeep) {
  define_back();
  Instance* m = instantiate(R"((module
    (import "h" "back" (func $back))
    (tag $t (param i32))
    (global $depth (mut i32) (i32.const 0))
    (func (export "down")
      (global.set $depth (i32.add (global.get $depth) (i32.const 1)))
      (if (i32.eq (global.get $depth) (i32.const 50)) (then (throw $t (global.get $depth))))
      (call $back))
    (func (export "f") (result i32)
      (block $h (result i32) (try_table (catch $t $h) (call $back)) (i32.const -1))))
  )");
  ASSERT_NE(m, nullptr);
  callee = function(m, "down");
  EXPECT_EQ(call_u64(m, "f"), 50u);
}

TEST_F(ExceptionTest, InstancesKeepTheirMemoriesAndTags) {
  Instance* lib = instantiate(R"((module
    (tag $t (export "t") (param i32))
    (memory 2)
    (func (export "throws") (param i32) (i32.store (i32.const 0) (i32.const 5)) (throw $t (local.get 0))))
  )");
  ASSERT_NE(lib, nullptr);
  ASSERT_TRUE(linker.define_instance("lib", *lib).has_value());
  Instance* m = instantiate(R"((module
    (import "lib" "t" (tag $t (param i32)))
    (import "lib" "throws" (func $throws (param i32)))
    (tag $other (param i32))
    (memory 1)
    (data (i32.const 0) "\e8\03")
    (func (export "f") (param i32) (result i32)
      (block $o (result i32)
        (block $h (result i32)
          (try_table (catch $other $o) (catch $t $h) (call $throws (local.get 0)))
          (i32.const -1))
        (i32.load (i32.const 0)) (i32.add)
        (memory.size) (i32.add))))
  )");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(call_u64(m, "f", {Value::i32(7)}), 1008u);
}

TEST_F(ExceptionTest, UnwindsDeepStacksManyTimes) {
  Instance* m = instantiate(R"((module
    (tag $t (param i32))
    (func $down (param i32)
      (if (i32.eqz (local.get 0)) (then (throw $t (i32.const 3))))
      (call $down (i32.sub (local.get 0) (i32.const 1)))
      (drop (memory.grow (i32.const 0))))
    (memory 1)
    (func (export "f") (param $n i32) (result i32) (local $sum i32)
      (loop $l
        (block $h (result i32)
          (try_table (catch $t $h) (call $down (i32.const 200)))
          (i32.const 0))
        (local.get $sum) (i32.add) (local.set $sum)
        (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
      (local.get $sum)))
  )");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(call_u64(m, "f", {Value::i32(300)}), 900u);
}

// The legacy form.

TEST_F(ExceptionTest, RethrowAndDelegate) {
  Instance* m = instantiate(R"((module
    (tag $a (param i32)) (tag $b)
    (func $throw (param i32)
      (if (local.get 0) (then (throw $a (local.get 0)))) (throw $b))
    (func (export "rethrow") (result i32)
      i32.const 7
      try $outer (result i32)
        i32.const 5
        try $inner (result i32)
          i32.const 11 call $throw i32.const 0
        catch $a
          drop
          try (result i32)
            i32.const 0 call $throw i32.const 0
          catch $b
            rethrow $inner
          end
        end
        i32.add
      catch $a
        i32.const 100 i32.add
      end
      i32.add)
    (func (export "delegate") (result i32)
      try $outer (result i32)
        try (result i32)
          try (result i32)
            i32.const 9 call $throw i32.const 0
          delegate $outer
        catch_all
          i32.const 50
        end
      catch $a
      end)
    (func $to_caller (result i32)
      try (result i32)
        try (result i32) i32.const 9 call $throw i32.const 0 delegate 1
      catch_all
        i32.const 50
      end)
    (func (export "delegate_to_caller") (result i32)
      try (result i32) call $to_caller catch_all i32.const 70 end))
  )");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(call_u64(m, "rethrow"), 118u);
  EXPECT_EQ(call_u64(m, "delegate"), 9u);
  EXPECT_EQ(call_u64(m, "delegate_to_caller"), 70u);
}

TEST_F(ExceptionTest, ClausesKeepOperandsApart) {
  Instance* m = instantiate(R"((module
    (tag $a (param i32 f64)) (tag $b (param v128))
    (func $pick (param i32)
      (if (local.get 0)
        (then (throw $a (local.get 0) (f64.const 0.5)))
        (else (throw $b (v128.const i64x2 20 30)))))
    (func (export "f") (param i32) (result f64) (local f64)
      f64.const 1000
      local.get 0
      try (param i32) (result f64)
        call $pick
        f64.const 0
      catch $a
        local.set 1
        f64.convert_i32_s
        local.get 1
        f64.add
      catch $b
        i64x2.extract_lane 1
        f64.convert_i64_s
        br 0
      end
      f64.add))
  )");
  ASSERT_NE(m, nullptr);
  auto a = call(m, "f", {Value::i32(4)});
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(std::bit_cast<f64>(a->front().cells[0]), 1004.5);
  auto b = call(m, "f", {Value::i32(0)});
  ASSERT_TRUE(b.has_value());
  EXPECT_EQ(std::bit_cast<f64>(b->front().cells[0]), 1030.0);
}

TEST_F(ExceptionTest, ThrowsInLoopsOutOfClauses) {
  Instance* m = instantiate(R"((module
    (tag $a (param i32))
    (func $throw (param i32) (throw $a (local.get 0)))
    (func (export "f") (param i32) (result i32) (local $n i32)
      loop $l (result i32)
        try (result i32)
          local.get 0 call $throw i32.const 0
        catch $a
          local.get $n i32.add local.set $n
          local.get 0 i32.const 1 i32.sub local.tee 0
          br_if $l
          local.get $n
        end
      end))
  )");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(call_u64(m, "f", {Value::i32(1000)}), 500500u);
}

// Collections: every allocation moves what there is, and the heap is small.

struct ExceptionGcTest : RuntimeTest {
  ExceptionGcTest() : RuntimeTest(config()) {}
  static EngineConfig config() {
    EngineConfig config = legacy_config();
    config.gc.stress_interval = 1;
    config.gc.initial_bytes = 1 << 20;
    config.gc.max_bytes = 1 << 20;
    return config;
  }
};

TEST_F(ExceptionGcTest, HoldsReferencesWhileOthersAreThrown) {
  Instance* m = instantiate(R"((module
    (type $box (struct (field i32)))
    (tag $t (param (ref $box) i32))
    (tag $noise)
    (func $throw (param i32) (throw $t (struct.new $box (local.get 0)) (local.get 0)))
    (func $noise
      (block $h (try_table (catch_all $h) (throw $noise))))
    (func (export "f") (param i32) (result i32) (local $e exnref)
      (block $h (result exnref)
        (try_table (catch_all_ref $h) (call $throw (local.get 0)))
        (unreachable))
      (local.set $e)
      (call $noise)
      (block $again (result (ref $box) i32 exnref)
        (try_table (catch_ref $t $again) (throw_ref (local.get $e)))
        (unreachable))
      (call $noise)
      (local.set $e)
      (local.set 0)
      (call $noise)
      (struct.get $box 0)
      (local.get 0)
      (i32.add)))
  )");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(call_u64(m, "f", {Value::i32(21)}), 42u);
}

TEST_F(ExceptionGcTest, LegacyClausesKeepTheirException) {
  Instance* m = instantiate(R"((module
    (tag $t (param i32))
    (func $noise try i32.const 1 throw $t catch_all end)
    (func (export "f") (param i32) (result i32)
      try (result i32)
        try (result i32)
          local.get 0 throw $t
        catch $t
          drop
          call $noise
          try call $noise i32.const 5 throw $t catch_all call $noise rethrow 1 end
          i32.const 0
        end
      catch $t
        call $noise
      end))
  )");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(call_u64(m, "f", {Value::i32(99)}), 99u);
}

TEST_F(ExceptionGcTest, MemoryStaysBounded) {
  Instance* m = instantiate(R"((module
    (tag $t (param i32 v128))
    (func (export "f") (param i32)
      (loop $l
        (block $h
          (try_table (catch_all $h) (throw $t (i32.const 1) (v128.const i64x2 1 2))))
        (br_if $l (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))))
  )");
  ASSERT_NE(m, nullptr);
  EXPECT_EQ(call_error(m, "f", {Value::i32(10'000)}), "no error");
  EXPECT_LE(store.gc_heap()->space_bytes(), u64{512} << 10);
  EXPECT_LT(store.gc_heap()->used_bytes(), 1000u);
}

}  // namespace
}  // namespace wazuka

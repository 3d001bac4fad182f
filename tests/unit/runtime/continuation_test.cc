// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Continuations and the host; what wasm alone does with them is in tests/wast/stack-switching.
#include "runtime/continuations.h"
#include "runtime_fixture.h"

namespace wazuka {
namespace {

EngineConfig config_with_stacks() {
  EngineConfig config;
  config.features.set(Feature::kStackSwitching, true);
  config.strategy = Strategy::kInterpreter;  // machine code leaves dead stacks to the collector
  return config;
}

struct ContinuationTest : RuntimeTest {
  ContinuationTest() : RuntimeTest(config_with_stacks()) {}

  /// Host function "h" "back": calls `callee`, and hands its error on unless it is to swallow it.
  void define_back() {
    static constexpr auto kBack = [](void* env, VMContext*, Cell*) -> TrapOr {
      auto& self = *static_cast<ContinuationTest*>(env);
      auto result = self.store.call_raw(*self.callee, nullptr);
      if (result || self.swallows) return kNoTrap;
      return self.store.raise(std::move(result).error());
    };
    ASSERT_TRUE(linker.define("h", "back", store.new_host_func({}, kBack, this)).has_value());
  }

  VMFuncRef* function(Instance* instance, std::string_view name) {
    std::optional<Extern> item = instance->find_export(name);
    return as_func(item ? &*item : nullptr);
  }

  VMFuncRef* callee = nullptr;
  bool swallows = false;
};

constexpr const char* kModule = R"((module
  (import "h" "back" (func $back))
  (type $f (func)) (type $c (cont $f))
  (tag $yield)
  (tag $e)
  (global $n (mut i32) (i32.const 0))
  (elem declare func $calls_host $suspends $nested $traps $throws)
  (func $suspends (export "suspends") (suspend $yield))
  (func $traps (unreachable))
  (func $throws (export "throws") (throw $e))
  (func $count (global.set $n (i32.add (global.get $n) (i32.const 1))))
  (func $calls_host (call $back) (call $count) (suspend $yield) (call $count))
  (func $run (param $k (ref null $c)) (result i32)
    (loop $l
      (block $on (result (ref $c))
        (resume $c (on $yield $on) (local.get $k))
        (return (global.get $n)))
      (local.set $k)
      (br $l))
    (unreachable))
  (func (export "run") (result i32) (call $run (cont.new $c (ref.func $calls_host))))
  (func (export "catch") (result i32)
    (block $h (try_table (catch_all $h) (drop (call $run (cont.new $c (ref.func $calls_host))))))
    (i32.const 7))
  ;; Called by the host inside of a continuation: continuations of its own.
  (func $nested (call $count) (suspend $yield) (call $count))
  (func (export "nested") (drop (call $run (cont.new $c (ref.func $nested)))))
  (func (export "trapping") (drop (call $run (cont.new $c (ref.func $traps))))))
)";

TEST_F(ContinuationTest, ActivationsHaveTheirOwnChains) {
  define_back();
  Instance* m = instantiate(kModule);
  ASSERT_NE(m, nullptr);
  callee = function(m, "nested");
  EXPECT_EQ(call_u64(m, "run"), 4u);
  EXPECT_EQ(call_u64(m, "run"), 8u);
  EXPECT_EQ(store.continuations()->count(), 0u);
}

TEST_F(ContinuationTest, NothingSuspendsAcrossTheHost) {
  define_back();
  Instance* m = instantiate(kModule);
  ASSERT_NE(m, nullptr);
  callee = function(m, "suspends");
  EXPECT_NE(call_error(m, "run").find("unhandled tag"), std::string::npos);
  callee = function(m, "nested");
  EXPECT_EQ(call_u64(m, "run"), 4u);
}

TEST_F(ContinuationTest, TheChainSurvivesATrapInside) {
  define_back();
  Instance* m = instantiate(kModule);
  ASSERT_NE(m, nullptr);
  swallows = true;
  callee = function(m, "trapping");
  EXPECT_EQ(call_u64(m, "run"), 2u);
  callee = function(m, "suspends");
  EXPECT_EQ(call_u64(m, "run"), 4u);
  // What the trap has left is found by the next collection.
  EXPECT_EQ(store.continuations()->count(), 1u);
  ASSERT_TRUE(store.gc_heap()->collect());
  EXPECT_EQ(store.continuations()->count(), 0u);
}

TEST_F(ContinuationTest, ExceptionsPassTheHostAndLeaveTheStack) {
  define_back();
  Instance* m = instantiate(kModule);
  ASSERT_NE(m, nullptr);
  callee = function(m, "throws");
  EXPECT_EQ(call_u64(m, "catch"), 7u);
  EXPECT_EQ(store.continuations()->count(), 0u);
  EXPECT_NE(call_error(m, "run").find("thrown Wasm exception"), std::string::npos);
}

TEST_F(ContinuationTest, CorruptContinuationsAreRecognised) {
  Instance* m = instantiate(R"((module
    (type $f (func)) (type $c (cont $f))
    (global $k (export "k") (mut (ref null $c)) (ref.null $c))
    (elem declare func $nothing)
    (func $nothing)
    (func (export "make") (global.set $k (cont.new $c (ref.func $nothing))))
    (func (export "use") (resume $c (global.get $k)))))");
  ASSERT_NE(m, nullptr);
  ASSERT_EQ(call_error(m, "make"), "no error");
  auto global = m->find_export("k");
  ASSERT_TRUE(global.has_value());
  const u32 ref = static_cast<u32>(std::get<Global>(*global).vm->cells[0]);
  gc_store_u32(store.gc_heap()->vm(), ref, kGcContStack, 1000);
  EXPECT_NE(call_error(m, "use").find("GC heap corruption detected"), std::string::npos);
}

// An object that has come to name the stack of another one: its parameters and results would be
// those of another function.
struct CorruptContinuationTest : ContinuationTest, testing::WithParamInterface<const char*> {};

TEST_P(CorruptContinuationTest, TheTypeIsKeptOutsideOfTheHeap) {
  Instance* m = instantiate(R"((module
    (type $f (func)) (type $c (cont $f))
    (type $g (func (param i64 i64) (result i64))) (type $d (cont $g))
    (type $h (func (param i64) (result i64))) (type $e (cont $h))
    (global $k (export "k") (mut (ref null $c)) (ref.null $c))
    (global $l (export "l") (mut (ref null $d)) (ref.null $d))
    (tag $x)
    (elem declare func $nothing $add)
    (func $nothing)
    (func $add (param i64 i64) (result i64) (i64.add (local.get 0) (local.get 1)))
    (func (export "make")
      (global.set $k (cont.new $c (ref.func $nothing)))
      (global.set $l (cont.new $d (ref.func $add))))
    (func (export "resume") (resume $c (global.get $k)))
    (func (export "throw") (resume_throw $c $x (global.get $k)))
    (func (export "bind") (drop (cont.bind $d $e (i64.const 1) (global.get $l))))
    (func (export "bound") (result i64)
      (resume $e (i64.const 2) (cont.bind $d $e (i64.const 1) (global.get $l))))))");
  ASSERT_NE(m, nullptr);
  ASSERT_EQ(call_error(m, "make"), "no error");
  EXPECT_EQ(call_u64(m, "bound"), 3u);
  ASSERT_EQ(call_error(m, "make"), "no error");
  const auto object = [&](const char* name) {
    return static_cast<u32>(std::get<Global>(*m->find_export(name)).vm->cells[0]);
  };
  const VMGcHeap& heap = store.gc_heap()->vm();
  const u32 k = gc_load_u32(heap, object("k"), kGcContStack);
  const u32 l = gc_load_u32(heap, object("l"), kGcContStack);
  gc_store_u32(heap, object("k"), kGcContStack, l);
  gc_store_u32(heap, object("l"), kGcContStack, k);
  EXPECT_NE(call_error(m, GetParam()).find("GC heap corruption detected"), std::string::npos);
}

INSTANTIATE_TEST_SUITE_P(, CorruptContinuationTest, testing::Values("resume", "throw", "bind"),
                         [](const auto& use) { return std::string(use.param); });

}  // namespace
}  // namespace wazuka

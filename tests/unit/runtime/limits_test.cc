// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code that goes on after it has reached a limit, in all tiers: nothing that it has in registers
// is lost, and what the hook has changed is seen. And calls that are suspended there.
#include "runtime/async_call.h"
#include "runtime_fixture.h"

namespace wazuka {
namespace {

struct Tier {
  const char* name;
  Strategy strategy;
  bool signals;
};

EngineConfig limits_config(const Tier& tier, bool fuel) {
  EngineConfig config;
  config.features = Features::all();
  config.strategy = tier.strategy;
  config.signals_based_traps = tier.signals;
  config.epoch = !fuel;
  config.fuel = fuel;
  config.limits_resume = true;
  return config;
}

// Many values of all kinds stay in registers from one check to the next.
constexpr const char* kModule =
    "(module (memory 1) (table $t (export \"t\") 2 funcref)"
    "  (global $g (export \"g\") (mut i32) (i32.const 0))"
    "  (func $one (export \"one\") (result i32) (i32.const 1))"
    "  (func $two (result i32) (i32.const 2))"
    "  (elem (i32.const 0) $one $two)"
    "  (func (export \"mix\") (param i32 i64 f32 f64) (result f64)"
    "    (local i32 i64 f64 i32 i32 i64 i64 v128 f64)"
    "    (local.set 11 (i32x4.splat (i32.const 3)))"
    "    (loop $l"
    "      (local.set 4 (i32.add (local.get 4) (i32.const 1)))"
    "      (local.set 5 (i64.add (local.get 5) (local.get 1)))"
    "      (local.set 6 (f64.add (local.get 6) (local.get 3)))"
    "      (local.set 7 (i32.xor (local.get 7) (local.get 4)))"
    "      (local.set 8 (i32.add (local.get 8) (i32.load (i32.shl (local.get 4) (i32.const 2)))))"
    "      (local.set 9 (i64.rotl (i64.add (local.get 9) (local.get 5)) (i64.const 3)))"
    "      (local.set 10 (i64.sub (local.get 10) (i64.extend_i32_u (local.get 7))))"
    "      (local.set 11 (i32x4.add (local.get 11) (i32x4.splat (local.get 4))))"
    "      (local.set 12 (f64.add (local.get 12) (f64.promote_f32 (local.get 2))))"
    "      (i32.store (i32.shl (local.get 4) (i32.const 2)) (local.get 7))"
    "      (br_if $l (i32.lt_u (local.get 4) (local.get 0))))"
    "    (f64.add (f64.add (local.get 6) (local.get 12))"
    "      (f64.add (f64.convert_i64_s (i64.add (local.get 5) (i64.add (local.get 9) (local.get "
    "10))))"
    "        (f64.convert_i32_s (i32.add (i32.add (local.get 7) (local.get 8))"
    "          (i32x4.extract_lane 2 (local.get 11)))))))"
    "  (func (export \"calls\") (param i32) (result i32) (local i32)"
    "    (loop $l"
    "      (local.set 1 (i32.add (local.get 1)"
    "        (call_indirect $t (result i32) (i32.and (local.get 0) (i32.const 1)))))"
    "      (local.set 0 (i32.sub (local.get 0) (i32.const 1)))"
    "      (br_if $l (local.get 0)))"
    "    (local.get 1))"
    "  (func (export \"watch\") (result i32) (local i32)"
    "    (loop $l"
    "      (local.set 0 (i32.add (local.get 0) (i32.const 1)))"
    "      (br_if $l (i32.eqz (global.get $g))))"
    "    (local.get 0))"
    "  (func (export \"caught\") (result i32)"
    "    (block $h (try_table (catch_all $h) (loop $l (br $l)))) (i32.const 1))"
    "  (func (export \"bulk\") (param i32) (result i32)"
    "    (memory.fill (i32.const 0) (i32.const 7) (local.get 0))"
    "    (drop (memory.grow (i32.const 1)))"
    "    (i32.load8_u (i32.sub (local.get 0) (i32.const 1))))"
    "  (func (export \"for_ever\") (loop $l (br $l))))";

struct LimitsTest : RuntimeTest, testing::WithParamInterface<Tier> {
  explicit LimitsTest(bool fuel = false) : RuntimeTest(limits_config(GetParam(), fuel)) {
    instance = instantiate(kModule);
  }

  std::vector<Value> mix_args() {
    return {Value{kI32, {100}}, Value{kI64, {0x1234567}}, Value{kF32, {0x3fc00000}},
            Value{kF64, {0x4004000000000000}}};
  }

  /// The hook is asked at every check, and says this.
  void ask_always(std::function<TrapOr(Limit)> hook) {
    answer = std::move(hook);
    store.context.epoch_deadline = 0;
    store.set_limit_hook(
        [](void* env, Limit limit) {
          auto& test = *static_cast<LimitsTest*>(env);
          ++test.asked;
          return test.answer(limit);
        },
        this);
  }

  Instance* instance = nullptr;
  std::function<TrapOr(Limit)> answer;
  u32 asked = 0;
};

TEST_P(LimitsTest, NothingIsLost) {
  const u64 expected = call_u64(instance, "mix", mix_args());
  instance = instantiate(kModule);
  ask_always([](Limit limit) { return limit == Limit::kEpoch ? kNoTrap : kHostError; });
  EXPECT_EQ(call_u64(instance, "mix", mix_args()), expected);
  EXPECT_EQ(asked, 101u);
}

TEST_P(LimitsTest, WithoutAHookCodeTraps) {
  store.context.epoch_deadline = 0;
  const std::string error = call_error(instance, "mix", mix_args());
  EXPECT_NE(error.find("wasm trap: interrupt"), std::string::npos) << error;
  EXPECT_NE(error.find("<wasm function 2>"), std::string::npos) << error;
}

TEST_P(LimitsTest, TheHookMayEndTheCode) {
  ask_always([&](Limit) {
    return asked < 10 ? kNoTrap : store.raise(Error{"enough", Error::kNoOffset, {}});
  });
  std::string error = call_error(instance, "mix", mix_args());
  EXPECT_NE(error.find("enough"), std::string::npos) << error;
  EXPECT_NE(error.find("<wasm function 2>"), std::string::npos) << error;
  EXPECT_EQ(asked, 10u);
  asked = 0;
  error = call_error(instance, "caught");
  EXPECT_NE(error.find("enough"), std::string::npos) << error;
}

TEST_P(LimitsTest, WhatTheHookChangesIsSeen) {
  // A table that moves, and a global that ends the loop.
  ask_always([&](Limit) {
    if (asked == 5) {
      instance->table(0)->grow(100'000, 0, ~u64{0});
      std::swap(instance->table(0)->vm.elements[0], instance->table(0)->vm.elements[1]);
    }
    return kNoTrap;
  });
  // One check at the beginning of each function, and one for each iteration.
  EXPECT_EQ(call_u64(instance, "calls", {Value{kI32, {8}}}), 12u);
  std::optional<u32> seen;
  ask_always([&](Limit) {
    if (asked - *seen == 7) instance->global(0).vm->cells[0] = 1;
    return kNoTrap;
  });
  seen = asked;
  EXPECT_EQ(call_u64(instance, "watch"), 6u);
}

TEST_P(LimitsTest, TheHookMayCall) {
  bool inside = false;
  ask_always([&](Limit) {
    if (inside) return kNoTrap;
    inside = true;
    EXPECT_EQ(call_u64(instance, "calls", {Value{kI32, {2}}}), 3u);
    inside = false;
    return kNoTrap;
  });
  const u64 expected = [&] {
    Store other(engine);
    other.context.epoch_deadline = ~u64{0};
    Linker linking(other);
    Instance* made = *linking.instantiate(compile(kModule));
    std::vector<Value> results;
    const std::optional<Extern> item = made->find_export("mix");
    EXPECT_TRUE(other.call(*as_func(&*item), mix_args(), results).has_value());
    return results[0].cells[0];
  }();
  EXPECT_EQ(call_u64(instance, "mix", mix_args()), expected);
}

TEST_P(LimitsTest, ManyCallsAreSuspended) {
  struct Call {
    LimitsTest* test = nullptr;
    u64 result = 0;
    std::unique_ptr<AsyncCall> call;
  };
  const u64 expected = call_u64(instance, "mix", mix_args());
  std::vector<Instance*> instances;
  constexpr u32 kCalls = 50;
  for (u32 i = 0; i < kCalls; ++i) instances.push_back(instantiate(kModule));
  ask_always([&](Limit) {
    if (store.async_call() == nullptr || store.async_call()->suspend()) return kNoTrap;
    return store.raise(Error{"cancelled", Error::kNoOffset, {}});
  });
  std::vector<Call> calls(kCalls);
  u32 next = 0;
  for (Call& c : calls) {
    c.test = this;
    c.call = std::make_unique<AsyncCall>(
        store,
        [](void* env) {
          auto& self = *static_cast<Call*>(env);
          const size_t number = static_cast<size_t>(self.result);
          auto results =
              self.test->call(reinterpret_cast<Instance*>(number), "mix", self.test->mix_args());
          self.result = results ? results->front().cells[0] : 1;
        },
        &c);
    c.result = reinterpret_cast<u64>(instances[next++]);
  }
  // Each goes on 60 times, in turn; then half of them are given up.
  for (u32 i = 0; i < 60; ++i) {
    for (Call& c : calls) ASSERT_FALSE(*c.call->resume());
  }
  for (u32 i = 0; i < kCalls; i += 2) calls[i].call.reset();
  for (u32 i = 1; i < kCalls; i += 2) {
    u32 more = 1;
    while (!*calls[i].call->resume()) ++more;
    EXPECT_EQ(more, 42u);
  }
  for (u32 i = 0; i < kCalls; ++i) EXPECT_EQ(calls[i].result, i % 2 == 0 ? 1 : expected) << i;
  EXPECT_EQ(call_u64(instance, "calls", {Value{kI32, {3}}}), 5u);
}

struct FuelLimitsTest : LimitsTest {
  FuelLimitsTest() : LimitsTest(true) {}
};

TEST_P(FuelLimitsTest, IsRefilledFromTheReserve) {
  constexpr u64 kPlenty = 1'000'000;
  store.set_fuel(kPlenty);
  const u64 expected = call_u64(instance, "mix", mix_args());
  const u64 used = kPlenty - store.fuel_left();
  instance = instantiate(kModule);
  store.set_fuel(kPlenty);
  store.set_fuel_interval(100);
  ask_always([&](Limit limit) {
    EXPECT_EQ(limit, Limit::kFuel);
    return store.refill_fuel() ? kNoTrap : trap_or(TrapCode::kOutOfFuel);
  });
  EXPECT_EQ(call_u64(instance, "mix", mix_args()), expected);
  EXPECT_EQ(kPlenty - store.fuel_left(), used);
  EXPECT_GT(asked, used / 150);
  // Bulk instructions may take more than the counter holds.
  EXPECT_EQ(call_u64(instance, "bulk", {Value{kI32, {60'000}}}), 7u);
  EXPECT_LT(store.fuel_left(), kPlenty - used - 60'000);
  store.set_fuel(350);
  asked = 0;
  EXPECT_NE(call_error(instance, "for_ever").find("all fuel consumed"), std::string::npos);
  EXPECT_EQ(asked, 4u);
}

constexpr Tier kTiers[] = {{"Interpreter", Strategy::kInterpreter, true},
                           {"Baseline", Strategy::kBaseline, true},
                           {"BaselineWithoutSignals", Strategy::kBaseline, false},
                           {"Optimizing", Strategy::kOptimizing, true},
                           {"OptimizingWithoutSignals", Strategy::kOptimizing, false}};

std::string name_of(const testing::TestParamInfo<Tier>& info) {
  return info.param.name;
}

INSTANTIATE_TEST_SUITE_P(Tiers, LimitsTest, testing::ValuesIn(kTiers), name_of);
INSTANTIATE_TEST_SUITE_P(Tiers, FuelLimitsTest, testing::ValuesIn(kTiers), name_of);

}  // namespace
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tiering up: what happens when functions and loops have spent their budgets. The better compiler
// is the baseline compiler again, without counting, or code written by hand.
#if defined(__x86_64__) && defined(__linux__)

#include <atomic>
#include <functional>
#include <sys/wait.h>
#include <thread>
#include <unistd.h>

#include "asm/x64/assembler.h"
#include "baseline/compiler.h"
#include "tier/compile_queue.h"
#include "unit/runtime/runtime_fixture.h"

namespace wazuka {
namespace {

using namespace x64;  // NOLINT: register names

struct Asked {
  u32 func;
  bool osr;
  u32 loop, frame_bytes;
};
std::vector<Asked> asked;  // of the better compiler, in this test
std::atomic<u32> asked_count = 0;
std::atomic<bool> hold_compiler = false;
using Better = std::function<Result<CompiledCode>(const CompileEnv&, u32 func, const OsrEntry*)>;
Better better;

Result<CompiledCode> optimize(const CompileEnv& env, u32 func, const OsrEntry* osr) {
  while (hold_compiler) std::this_thread::yield();
  asked.push_back({func, osr != nullptr, osr != nullptr ? osr->loop : 0,
                   osr != nullptr ? osr->frame_bytes : 0});
  ++asked_count;
  if (better) return better(env, func, osr);
  if (osr != nullptr) return fail("no loops");
  CompileEnv plain = env;
  plain.tier_up = false;
  return baseline::compile(plain, func);
}

EngineConfig tiered(bool background, u32 budget) {
  EngineConfig config;
  config.optimize = optimize;
  config.background_compilation = background;
  config.tier_up_budget = budget;
  return config;
}

struct TierUp : RuntimeTest {
  explicit TierUp(bool background = false, u32 budget = 1000)
      : RuntimeTest(tiered(background, budget)) {
    asked.clear();
    asked_count = 0;
    hold_compiler = false;
    better = nullptr;
  }
  const u8* native_code(Instance* instance, u32 func) {
    return instance->code().func(func)->native.load();
  }
};
struct BackgroundTierUp : TierUp {
  BackgroundTierUp() : TierUp(true) {}
};

constexpr std::string_view kFib = R"((module (func $fib (export "fib") (param i32) (result i32)
  (if (result i32) (i32.lt_u (local.get 0) (i32.const 2)) (then (local.get 0))
    (else (i32.add (call $fib (i32.sub (local.get 0) (i32.const 1)))
                   (call $fib (i32.sub (local.get 0) (i32.const 2)))))))))";

TEST_F(TierUp, CallsGetBetterCode) {
  Instance* instance = instantiate(kFib);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(3)}) & 0xffffffff, 2u);
  EXPECT_TRUE(asked.empty());  // not yet
  const u8* const first = native_code(instance, 0);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(20)}) & 0xffffffff, 6765u);
  ASSERT_EQ(asked.size(), 1u);  // once
  EXPECT_EQ(asked[0].func, 0u);
  EXPECT_FALSE(asked[0].osr);
  EXPECT_NE(native_code(instance, 0), first);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(20)}) & 0xffffffff, 6765u);
  EXPECT_EQ(asked.size(), 1u);
}

TEST_F(TierUp, RefusedFunctionsStayAsTheyAre) {
  better = [](const CompileEnv&, u32, const OsrEntry*) -> Result<CompiledCode> {
    return fail("no");
  };
  Instance* instance = instantiate(kFib);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(1)}) & 0xffffffff, 1u);
  const u8* const first = native_code(instance, 0);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(22)}) & 0xffffffff, 17711u);
  EXPECT_EQ(asked.size(), 1u);
  EXPECT_EQ(native_code(instance, 0), first);
}

// All kinds of parameters survive the question at a function's beginning.
TEST_F(TierUp, KeepsParameters) {
  Instance* instance = instantiate(R"((module (func $f (export "f")
    (param i32 i64 f32 f64 v128 i64 i64 i64 i64 i64 f64) (result f64)
    (f64.add (f64.add (f64.convert_i32_s (local.get 0)) (f64.convert_i64_s (local.get 1)))
      (f64.add (f64.add (f64.promote_f32 (local.get 2)) (local.get 3))
        (f64.add (f64x2.extract_lane 1 (local.get 4))
          (f64.add (f64.convert_i64_s (i64.add (i64.add (local.get 5) (local.get 6))
              (i64.add (local.get 7) (i64.add (local.get 8) (local.get 9)))))
            (local.get 10))))))
    (func (export "g") (param i32) (result f64) (local f64)
      (loop (local.set 1 (f64.add (local.get 1) (call $f (i32.const 1) (i64.const 2) (f32.const 4)
        (f64.const 8) (v128.const f64x2 0 16) (i64.const 32) (i64.const 64) (i64.const 128)
        (i64.const 256) (i64.const 512) (f64.const 1024))))
        (br_if 0 (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
      (local.get 1))))");
  const u64 bits = call_u64(instance, "g", {Value::i32(1000)});
  EXPECT_EQ(std::bit_cast<double>(bits), 2047.0 * 1000);
  EXPECT_GE(asked.size(), 2u);
}

// A loop asks for its function, then for itself, and goes on where it is told.
constexpr std::string_view kLoop = R"((module (func (export "f") (param i32 i64) (result i64)
  (local i64 f64)
  (local.set 3 (f64.const 1.5))
  (i64.const 7)
  (block (loop
    (br_if 1 (i32.eqz (local.get 0)))
    (local.set 2 (i64.add (local.get 2) (local.get 1)))
    (local.set 0 (i32.sub (local.get 0) (i32.const 1)))
    (br 0)))
  (i64.add (local.get 2))
  (i64.add (i64.trunc_f64_s (local.get 3))))))";

TEST_F(TierUp, LoopsAskForThemselves) {
  Instance* instance = instantiate(kLoop);
  const u64 n = 1000000;
  EXPECT_EQ(call_u64(instance, "f", {Value::i32(n), Value::i64(3)}), 3 * n + 8);
  ASSERT_EQ(asked.size(), 2u);
  EXPECT_FALSE(asked[0].osr);
  EXPECT_TRUE(asked[1].osr);
  EXPECT_EQ(asked[1].loop, 0u);
}

TEST_F(TierUp, LoopsGoOnInBetterCode) {
  better = [](const CompileEnv& env, u32 func, const OsrEntry* osr) -> Result<CompiledCode> {
    if (osr == nullptr) {
      CompileEnv plain = env;
      plain.tier_up = false;
      return baseline::compile(plain, func);
    }
    // Everything is home: local i in cell i, then the operand 7. Returns a mixture of all.
    Assembler a(env.cpu);
    auto home = [&](i32 cell) { return Mem(rbp, 8 * cell - static_cast<i32>(osr->frame_bytes)); };
    a.mov(k32, rax, home(0));  // iterations left
    a.imul(k64, rax, home(1));
    a.add(k64, rax, home(2));  // the sum so far
    a.add(k64, rax, home(4));
    a.cvttsd2si(k64, rcx, home(3));
    a.add(k64, rax, rcx);
    a.load_imm(rcx, 1'000'000'000'000);  // a sign that this code has run
    a.add(k64, rax, rcx);
    a.leave();
    a.ret();
    CompiledCode code;
    EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
    code.bytes.assign(a.bytes().begin(), a.bytes().end());
    code.frame_bytes = osr->frame_bytes;
    return code;
  };
  Instance* instance = instantiate(kLoop);
  const u64 n = 1000000;
  EXPECT_EQ(call_u64(instance, "f", {Value::i32(n), Value::i64(3)}), 3 * n + 8 + 1'000'000'000'000);
  EXPECT_EQ(asked.size(), 2u);
}

TEST_F(BackgroundTierUp, CompilesBesideTheProgram) {
  hold_compiler = true;
  Instance* instance = instantiate(kFib);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(20)}) & 0xffffffff, 6765u);
  const u8* const first = native_code(instance, 0);
  EXPECT_EQ(asked_count, 0u);
  hold_compiler = false;
  engine->compile_queue().drain();
  EXPECT_EQ(asked_count, 1u);
  EXPECT_NE(native_code(instance, 0), first);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(20)}) & 0xffffffff, 6765u);
  EXPECT_EQ(asked_count, 1u);
}

// The child of a fork has no compiler threads: it goes on without.
TEST_F(BackgroundTierUp, SurvivesForks) {
  Instance* instance = instantiate(kFib);
  EXPECT_EQ(call_u64(instance, "fib", {Value::i32(5)}) & 0xffffffff, 5u);
  const pid_t child = ::fork();
  ASSERT_GE(child, 0);
  if (child == 0) {
    const bool right = (call_u64(instance, "fib", {Value::i32(20)}) & 0xffffffff) == 6765;
    engine->compile_queue().drain();
    ::_exit(right && asked_count == 0 ? 0 : 1);
  }
  int status = -1;
  ASSERT_EQ(::waitpid(child, &status, 0), child);
  EXPECT_EQ(status, 0);
}

// With the optimising compiler: whatever loop is left in whatever iteration, the results are the
// interpreter's.
constexpr std::string_view kNest = R"((module (memory 1)
  (func (export "f") (param i32 i64) (result i64) (local i32 i32 i32 i64 f64 v128)
    (local.set 6 (f64.const 0.5))
    (local.set 7 (i64x2.splat (local.get 1)))
    (i64.const 1000)
    (loop $a (param i64) (result i64)
      (local.set 3 (i32.const 0))
      (if (i32.and (local.get 2) (i32.const 1))
        (then
          (loop $b
            (local.set 4 (i32.const 0))
            (local.set 7 (i64x2.add (local.get 7) (i64x2.splat (local.get 5))))
            (loop $c
              (local.set 5 (i64.add (local.get 5) (i64.mul (i64.extend_i32_u (local.get 4)) (local.get 1))))
              (i64.store (i32.const 8) (local.get 5))
              (br_if $c (i32.lt_u (local.tee 4 (i32.add (local.get 4) (i32.const 1))) (i32.const 20))))
            (local.set 6 (f64.add (local.get 6) (f64.convert_i64_u (i64.and (local.get 5) (i64.const 255)))))
            (br_if $b (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 7)))))
        (else
          (loop $d
            (local.set 5 (i64.rotl (i64.add (local.get 5) (i64.load (i32.const 8))) (i64.const 3)))
            (br_if $d (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 9))))))
      (i64.add (i64.const 1))
      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
      (br_if $a (i32.lt_u (local.get 2) (local.get 0))))
    (i64.add (local.get 5))
    (i64.add (i64.trunc_f64_u (local.get 6)))
    (i64.add (i64x2.extract_lane 1 (local.get 7))))))";

struct OsrTest : RuntimeTest, testing::WithParamInterface<u32> {
  static EngineConfig config() {
    EngineConfig c;
    c.features.set(Feature::kLegacyExceptions, true);
    c.background_compilation = false;
    c.check_compiler = true;
    c.tier_up = true;
    c.tier_up_budget = GetParam();
    c.compile_log.refused = [](void*, u32, const Error& why) { refused += why.message + "; "; };
    return c;
  }
  OsrTest() : RuntimeTest(config()) { refused.clear(); }
  static inline std::string refused;  // what the optimising compiler does not take
};

// Loops below operands, in arms of constructs that others leave by branches.
constexpr std::string_view kOperands = R"((module
  (func $mix (param i64 i64) (result i64)
    (i64.add (i64.mul (local.get 0) (i64.const 31)) (local.get 1)))
  (func (export "f") (param i32 i64) (result i64) (local i32 i32 i64 i32)
    (i64.const 77)
    (loop $a
      (local.get 4)
      (f64.convert_i32_u (local.get 2))
      (block $out (result i64)
        (i64.xor (local.get 1) (local.get 4))
        (i64x2.splat (local.get 4))
        (if (i32.eq (i32.rem_u (local.get 2) (i32.const 3)) (i32.const 1))
          (then
            (local.set 3 (i32.const 0))
            (i64.mul (local.get 4) (i64.const 5))
            (loop $b
              (local.set 4 (call $mix (local.get 4) (i64.extend_i32_u (local.get 3))))
              (i32.add (local.get 3) (i32.const 9))
              (block $in
                (br_if $in (i32.and (local.get 3) (i32.const 1)))
                (local.set 5 (i32.const 0))
                (loop $c
                  (local.set 4 (i64.rotl (local.get 4) (i64.const 7)))
                  (local.set 4 (i64.add (local.get 4) (local.get 1)))
                  (br_if $c (i32.lt_u (local.tee 5 (i32.add (local.get 5) (i32.const 1)))
                                      (i32.const 15)))))
              (local.set 4 (i64.add (i64.extend_i32_u) (local.get 4)))
              (br_if $b (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 6))))
            (local.set 4 (i64.add (local.get 4))))
          (else
            (local.set 4 (i64.add (local.get 4) (i64.const 3)))))
        (local.set 4 (i64.add (i64x2.extract_lane 0) (local.get 4)))
        (br_if $out (i32.and (local.get 2) (i32.const 2)))
        (i64.add (i64.const 11)))
      (local.set 4 (call $mix (local.get 4)))
      (local.set 4 (i64.add (i64.trunc_f64_u) (local.get 4)))
      (local.set 4 (call $mix (local.get 4)))
      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
      (br_if $a (i32.lt_u (local.get 2) (local.get 0))))
    (i64.add (local.get 4)))))";

// Loops in bodies of try_table, and behind them; what is thrown leaves one or two of them.
constexpr std::string_view kCatches = R"((module (tag $t (param i64 i32)) (tag $u)
  (func $maybe (param i32 i64) (result i64)
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 5)))
      (then (throw $t (local.get 1) (local.get 0))))
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 7))) (then (throw $u)))
    (i64.rotl (local.get 1) (i64.const 3)))
  (func (export "f") (param i32 i64) (result i64) (local i32 i32 i64 i32)
    (i64.const 9)
    (loop $a
      (i64.add (local.get 4) (i64.const 1))
      (block $none
        (block $t (result i64 i32)
          (block $u (result exnref)
            (try_table (catch $t $t) (catch_all_ref $u)
              (local.set 3 (i32.const 0))
              (loop $b
                (local.set 5 (i32.const 0))
                (loop $c
                  (local.set 4 (i64.add (local.get 4) (call $maybe
                    (i32.add (i32.mul (local.get 2) (i32.const 3)) (i32.add (local.get 5) (i32.const 1)))
                    (local.get 1))))
                  (br_if $c (i32.lt_u (local.tee 5 (i32.add (local.get 5) (i32.const 1))) (i32.const 3))))
                (br_if $b (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 30)))))
            (br $none))
          (drop)
          (i64.const 5) (i32.const 6))
        (local.set 5)
        (local.set 4 (i64.add (local.get 4)))
        (loop $d
          (local.set 4 (i64.mul (local.get 4) (i64.const 3)))
          (br_if $d (i32.gt_s (local.tee 5 (i32.sub (local.get 5) (i32.const 1))) (i32.const 0)))))
      (local.set 4 (i64.xor (local.get 4)))
      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
      (br_if $a (i32.lt_u (local.get 2) (local.get 0))))
    (i64.add (local.get 4)))))";

// The legacy form: loops in bodies and in clauses, whose exceptions are thrown again behind them.
constexpr std::string_view kLegacy = R"((module (tag $t (param i64))
  (func $maybe (param i32 i64) (result i64)
    (if (i32.eqz (i32.rem_u (local.get 0) (i32.const 3))) (then (throw $t (local.get 1))))
    (i64.rotl (local.get 1) (i64.const 3)))
  (func (export "f") (param i32 i64) (result i64) (local i32 i32 i64 i32)
    (loop $a
      (i64.extend_i32_u (local.get 2))
      (try
        (do
          (i64.add (local.get 4) (i64.const 17))
          (try
            (do
              (loop $b
                (local.set 4 (call $maybe (i32.add (local.get 2) (local.get 3)) (local.get 4)))
                (br_if $b (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 8)))))
            (catch $t
              (local.set 4 (i64.add (local.get 4)))
              (i64.const 1000)
              (local.set 3 (i32.const 0))
              (loop $c
                (local.set 4 (i64.add (local.get 4) (i64.const 5)))
                (if (i32.and (local.get 2) (i32.const 1))
                  (then
                    (local.set 5 (i32.const 0))
                    (loop $d
                      (local.set 4 (i64.mul (local.get 4) (i64.const 3)))
                      (br_if $d (i32.lt_u (local.tee 5 (i32.add (local.get 5) (i32.const 1)))
                                          (i32.const 10))))))
                (br_if $c (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 12))))
              (local.set 4 (i64.add (local.get 4)))
              (if (i32.and (local.get 2) (i32.const 2)) (then (rethrow 1)))
              (try
                (do (local.set 4 (call $maybe (local.get 2) (local.get 4))))
                (catch_all
                  (local.set 3 (i32.const 0))
                  (loop $e
                    (local.set 4 (i64.add (local.get 4) (i64.const 7)))
                    (br_if $e (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 9))))
                  (if (i32.and (local.get 2) (i32.const 4)) (then (rethrow 2)))
                  (rethrow 0)))))
          (local.set 4 (i64.add (local.get 4))))
        (catch $t
          (local.set 4 (i64.xor (local.get 4)))))
      (local.set 4 (i64.add (local.get 4)))
      (local.set 3 (i32.const 0))
      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
      (br_if $a (i32.lt_u (local.get 2) (local.get 0))))
    (local.get 4))))";

// References that are collected, as operands below loops.
constexpr std::string_view kReferences = R"((module (type $box (struct (field (mut i64))))
  (func (export "f") (param i32 i64) (result i64) (local i32 i32 i64)
    (loop $a
      (struct.new $box (local.get 4))
      (if (i32.and (local.get 2) (i32.const 1))
        (then
          (local.set 3 (i32.const 0))
          (struct.new $box (i64.const 3))
          (loop $b
            (local.set 4 (struct.get $box 0
              (struct.new $box (i64.add (local.get 4) (local.get 1)))))
            (br_if $b (i32.lt_u (local.tee 3 (i32.add (local.get 3) (i32.const 1))) (i32.const 25))))
          (local.set 4 (i64.add (struct.get $box 0) (local.get 4)))))
      (local.set 4 (i64.mul (i64.add (struct.get $box 0) (i64.const 1)) (local.get 4)))
      (local.set 2 (i32.add (local.get 2) (i32.const 1)))
      (br_if $a (i32.lt_u (local.get 2) (local.get 0))))
    (local.get 4))))";

struct Oracle : RuntimeTest {
  static EngineConfig config() {
    EngineConfig c;
    c.features.set(Feature::kLegacyExceptions, true);
    c.strategy = Strategy::kInterpreter;
    return c;
  }
  Oracle() : RuntimeTest(config()) {}
  void TestBody() override {}
};

TEST_P(OsrTest, LoopsGiveWhatTheInterpreterGives) {
  Oracle oracle;
  for (std::string_view module : {kNest, kOperands, kCatches, kLegacy, kReferences}) {
    for (u32 n : {1u, 2u, 3u, 10u, 101u}) {
      // Of a module of its own: from the beginning.
      Instance* instance = instantiate(module);
      Instance* expected = oracle.instantiate(module);
      const std::vector<Value> args = {Value::i32(n), Value::i64(0x9e3779b97f4a7c15)};
      EXPECT_EQ(call_u64(instance, "f", args), oracle.call_u64(expected, "f", args)) << n << module;
    }
  }
  EXPECT_EQ(refused, "");
}

INSTANTIATE_TEST_SUITE_P(Budgets, OsrTest,
                         testing::Values(1, 50, 200, 333, 1000, 1500, 2222, 5000, 20000, 100000));

TEST(CompileQueue, ForgetsTheJobsOfOwnersThatLeave) {
  static std::atomic<bool> blocked;
  static std::atomic<u32> ran[2];
  blocked = true;
  ran[0] = ran[1] = 0;
  auto count = [](const CompileJob& job) {
    while (blocked) std::this_thread::yield();
    ++*static_cast<std::atomic<u32>*>(job.owner);
  };
  CompileQueue queue;
  auto push = [&](u32 owner) {
    while (!queue.push({&ran[owner], nullptr, 0, count})) std::this_thread::yield();
  };
  push(0);
  for (u32 i = 0; i < 20; ++i) push(1);
  for (u32 i = 0; i < 3; ++i) push(0);
  std::thread opens([] { blocked = false; });
  queue.cancel(&ran[1]);
  const u32 at_cancel = ran[1];
  opens.join();
  queue.drain();
  EXPECT_EQ(ran[0], 4u);
  EXPECT_EQ(ran[1], at_cancel);
}

}  // namespace
}  // namespace wazuka

#endif

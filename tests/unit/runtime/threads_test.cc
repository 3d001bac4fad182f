// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Several stores on several host threads: one engine, shared code, shared memories. Run these with
// the tsan preset, too.
#include <atomic>
#include <chrono>
#include <functional>
#include <thread>

#include "runtime_fixture.h"

namespace wazuka {
namespace {

constexpr u32 kThreads = 4;

EngineConfig threads_config() {
  EngineConfig config;
  config.features = Features::all();
  config.epoch = true;
  return config;
}

struct ThreadsTest : RuntimeTest {
  ThreadsTest() : RuntimeTest(threads_config()) {
    MemoryType type;
    type.limits = {1, 100};
    type.shared = true;
    memory = *Memory::create(type, *engine, ~u64{0});
  }

  /// A program of its own store around the shared memory, run by one thread.
  struct Worker {
    Worker(const ThreadsTest& test, const std::shared_ptr<ModuleCode>& code)
        : store(test.engine), linker(store) {
      EXPECT_TRUE(linker.define("env", "memory", store.adopt(test.memory)).has_value());
      auto made = linker.instantiate(code);
      EXPECT_TRUE(made.has_value()) << (made ? "" : chain(made.error().error));
      instance = made ? *made : nullptr;
    }
    /// The result; a trap is a number above all results.
    u64 call(std::string_view name, std::vector<Value> args = {}) {
      const std::optional<Extern> item = instance->find_export(name);
      std::vector<Value> results;
      auto outcome = store.call(*as_func(&*item), args, results);
      if (!outcome)
        return kTrapped + static_cast<u64>(outcome.error().trap.value_or(TrapCode{255}));
      return results.empty() ? 0 : results[0].cells[0];
    }
    static constexpr u64 kTrapped = u64{1} << 40;

    Store store;
    Linker linker;
    Instance* instance = nullptr;
  };

  void on_threads(const std::function<void(u32)>& work) {
    std::vector<std::thread> threads;
    for (u32 i = 0; i < kThreads; ++i) threads.emplace_back(work, i);
    for (std::thread& t : threads) t.join();
  }
  u32 word(u32 address) const {
    return __atomic_load_n(reinterpret_cast<u32*>(memory->vm.base + address), __ATOMIC_SEQ_CST);
  }

  std::shared_ptr<Memory> memory;
};

constexpr const char* kProgram = R"((module
  (import "env" "memory" (memory 1 100 shared))
  (func (export "add") (param $n i32) (result i32)
    (loop $l
      (drop (i32.atomic.rmw.add (i32.const 0) (i32.const 1)))
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.atomic.load (i32.const 0)))
  ;; A lock of three states (free, taken, awaited) around a counter that is not atomic.
  (func $lock (local $c i32)
    (if (i32.eqz (i32.atomic.rmw.cmpxchg (i32.const 8) (i32.const 0) (i32.const 1))) (then (return)))
    (loop $again
      (if (i32.eqz (i32.atomic.rmw.xchg (i32.const 8) (i32.const 2))) (then (return)))
      (drop (memory.atomic.wait32 (i32.const 8) (i32.const 2) (i64.const -1)))
      (br $again)))
  (func $unlock
    (if (i32.eq (i32.atomic.rmw.xchg (i32.const 8) (i32.const 0)) (i32.const 2))
      (then (drop (memory.atomic.notify (i32.const 8) (i32.const 1))))))
  (func (export "locked") (param $n i32) (result i32)
    (loop $l
      (call $lock)
      (i32.store (i32.const 12) (i32.add (i32.load (i32.const 12)) (i32.const 1)))
      (call $unlock)
      (br_if $l (local.tee $n (i32.sub (local.get $n) (i32.const 1)))))
    (i32.const 0))
  (func (export "wait") (param i32 i64) (result i32)
    (memory.atomic.wait32 (i32.const 16) (local.get 0) (local.get 1)))
  (func (export "wait64") (param i64 i64) (result i32)
    (memory.atomic.wait64 (i32.const 16) (local.get 0) (local.get 1)))
  (func (export "notify") (param i32) (result i32) (memory.atomic.notify (i32.const 16) (local.get 0)))
  (func (export "grow") (result i32) (memory.grow (i32.const 1)))
  (func (export "last") (result i32)
    (i32.atomic.load8_u (i32.sub (i32.mul (memory.size) (i32.const 65536)) (i32.const 1))))
  (func (export "spin") (result i32) (loop $l (br $l)) (i32.const 0))
  (func $deep (param i32) (result i32)
    (if (result i32) (local.get 0)
      (then (i32.add (i32.const 1) (call $deep (i32.sub (local.get 0) (i32.const 1)))))
      (else (i32.const 0))))
  (func (export "deep") (param i32) (result i32) (call $deep (local.get 0)))))";

TEST_F(ThreadsTest, AtomicAdditionsAreNotLost) {
  auto code = compile(kProgram);
  on_threads([&](u32) {
    EXPECT_LT(Worker(*this, code).call("add", {Value::i32(2000)}), Worker::kTrapped);
  });
  EXPECT_EQ(word(0), 2000 * kThreads);
}

TEST_F(ThreadsTest, ALockOfWaitAndNotifyExcludes) {
  auto code = compile(kProgram);
  on_threads([&](u32) { EXPECT_EQ(Worker(*this, code).call("locked", {Value::i32(500)}), 0u); });
  EXPECT_EQ(word(12), 500 * kThreads);
  EXPECT_EQ(word(8), 0u);
}

TEST_F(ThreadsTest, WaitTellsWhyItEnds) {
  auto code = compile(kProgram);
  Worker w(*this, code);
  EXPECT_EQ(w.call("wait", {Value::i32(7), Value::i64(~u64{0})}), 1u) << "another value";
  EXPECT_EQ(w.call("wait64", {Value::i64(7), Value::i64(~u64{0})}), 1u);
  const auto start = std::chrono::steady_clock::now();
  EXPECT_EQ(w.call("wait", {Value::i32(0), Value::i64(20'000'000)}), 2u) << "timed out";
  EXPECT_EQ(w.call("wait64", {Value::i64(0), Value::i64(20'000'000)}), 2u);
  EXPECT_GE(std::chrono::steady_clock::now() - start, std::chrono::milliseconds(40));
  EXPECT_EQ(w.call("wait", {Value::i32(0), Value::i64(0)}), 2u) << "no time at all";
  EXPECT_EQ(w.call("notify", {Value::i32(10)}), 0u) << "nobody waits";
}

TEST_F(ThreadsTest, NotifyWakesWaitersOfOtherStores) {
  auto code = compile(kProgram);
  std::atomic<u32> woken = 0;
  std::atomic<bool> all_woken = false;
  std::thread notifier([&] {
    Worker w(*this, code);
    u64 total = 0;
    while (total < kThreads) total += w.call("notify", {Value::i32(2)});
    EXPECT_EQ(total, kThreads);
    all_woken = true;
  });
  on_threads([&](u32) {
    Worker w(*this, code);
    if (w.call("wait", {Value::i32(0), Value::i64(~u64{0})}) == 0) ++woken;
  });
  notifier.join();
  EXPECT_EQ(woken, kThreads);
  EXPECT_TRUE(all_woken);
}

TEST_F(ThreadsTest, GrowthIsSeenByAllAndHappensOnce) {
  auto code = compile(kProgram);
  std::atomic<u64> sum = 0;
  on_threads([&](u32) {
    Worker w(*this, code);
    for (int i = 0; i < 10; ++i) {
      sum += w.call("grow");
      EXPECT_EQ(w.call("last"), 0u);
    }
  });
  EXPECT_EQ(memory->size_in_pages(), 1 + 10 * kThreads);
  // Every old size from 1 on was returned exactly once.
  EXPECT_EQ(sum, u64{10 * kThreads} * (10 * kThreads + 1) / 2);
  Worker w(*this, code);
  for (u32 i = 1 + 10 * kThreads; i < 100; ++i) EXPECT_EQ(w.call("grow"), i);
  EXPECT_EQ(w.call("grow"), 0xffffffffu) << "the maximum";
}

TEST_F(ThreadsTest, TheEpochStopsAllStoresThatAskedForIt) {
  auto code = compile(kProgram);
  std::atomic<u32> spinning = 0;
  std::thread clock([&] {
    while (spinning < kThreads) std::this_thread::yield();
    engine->increment_epoch();
  });
  const u64 deadline = engine->epoch().load() + 1;
  on_threads([&](u32) {
    Worker w(*this, code);
    w.store.context.epoch_deadline = deadline;
    ++spinning;
    EXPECT_EQ(w.call("spin"), Worker::kTrapped + static_cast<u64>(TrapCode::kInterrupt));
    w.store.context.epoch_deadline = ~u64{0};
    EXPECT_EQ(w.call("deep", {Value::i32(10)}), 10u) << "usable afterwards";
  });
  clock.join();
}

TEST_F(ThreadsTest, EachStoreHasAStackOfItsOwn) {
  auto code = compile(kProgram);
  on_threads([&](u32) {
    Worker w(*this, code);
    EXPECT_EQ(w.call("deep", {Value::i32(3000)}), 3000u);
    EXPECT_EQ(w.call("deep", {Value::i32(~u32{0})}),
              Worker::kTrapped + static_cast<u64>(TrapCode::kStackOverflow));
    EXPECT_EQ(w.call("deep", {Value::i32(3000)}), 3000u);
  });
}

// All threads arrive at functions that nobody has called, in code that they share.
TEST_F(ThreadsTest, FunctionsAreMadeReadyOnce) {
  std::string text = "(module (import \"env\" \"memory\" (memory 1 100 shared))";
  for (int i = 0; i < 60; ++i) {
    text += "(func (export \"f" + std::to_string(i) +
            "\") (param i32) (result i32) (i32.add (local.get 0) (i32.const " + std::to_string(i) +
            ")))";
  }
  auto code = compile(text + ")");
  std::atomic<u32> ready = 0;
  on_threads([&](u32) {
    Worker w(*this, code);
    ++ready;
    while (ready < kThreads) std::this_thread::yield();
    for (u32 i = 0; i < 60; ++i) {
      EXPECT_EQ(w.call("f" + std::to_string(i), {Value::i32(1000)}), 1000 + i);
    }
  });
}

// Types are shared by all modules of an engine, and go with the last one that has them.
TEST_F(ThreadsTest, ModulesComeAndGo) {
  on_threads([&](u32 thread) {
    for (u32 i = 0; i < 20; ++i) {
      auto code = compile(
          "(module (rec (type $a (sub (struct (field i32 (ref null $b))))) (type $b (array (ref "
          "null $a))))"
          "  (type $own (func (param i64) (result i32 f64)))"
          "  (import \"env\" \"memory\" (memory 1 100 shared))"
          "  (func (export \"f\") (result i32) (struct.get $a 0 (struct.new $a (i32.const 5) "
          "(ref.null $b)))))");
      Worker w(*this, code);
      EXPECT_EQ(w.call("f"), 5u) << thread;
    }
  });
}

}  // namespace
}  // namespace wazuka

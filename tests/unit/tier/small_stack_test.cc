// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Frames that do not fit on the thread's stack: nothing behind its end is touched, neither by code
// nor by the signal that a trap is. The stack has no guard page here but readable memory below it,
// as a neighbour's stack would be.
#if defined(__x86_64__) && defined(__linux__)

#include <algorithm>
#include <pthread.h>
#include <sys/mman.h>

#include "unit/runtime/runtime_fixture.h"

namespace wazuka {
namespace {

constexpr size_t kStackBytes = size_t{256} << 10;
constexpr size_t kBelow = size_t{2} << 20;
constexpr u8 kMark = 0xa5;

/// Runs `body` on a stack of kStackBytes; whether the memory below it is as it was.
template <class Body>
bool leaves_memory_below_alone(Body body) {
  void* const memory = mmap(nullptr, kBelow + kStackBytes, PROT_READ | PROT_WRITE,
                            MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) return false;
  u8* const low = static_cast<u8*>(memory);
  std::fill_n(low, kBelow, kMark);
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  EXPECT_EQ(pthread_attr_setstack(&attributes, low + kBelow, kStackBytes), 0);
  auto start = [](void* argument) -> void* {
    (*static_cast<Body*>(argument))();
    return nullptr;
  };
  pthread_t thread;
  EXPECT_EQ(pthread_create(&thread, &attributes, start, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
  const bool untouched = std::all_of(low, low + kBelow, [](u8 b) { return b == kMark; });
  munmap(memory, kBelow + kStackBytes);
  return untouched;
}

EngineConfig config_with(bool signals) {
  EngineConfig config;
  config.signals_based_traps = signals;
  config.max_wasm_stack = u64{1} << 30;  // the thread's own stack is the limit
  return config;
}

struct SmallStack : RuntimeTest, testing::WithParamInterface<bool> {
  SmallStack() : RuntimeTest(config_with(GetParam())) {}

  void exhausts(const std::string& text) {
    Instance* instance = instantiate(text);
    ASSERT_NE(instance, nullptr);
    std::string error;
    EXPECT_TRUE(leaves_memory_below_alone([&] { error = call_error(instance, "f"); }));
    EXPECT_NE(error.find("call stack exhausted"), std::string::npos) << error;
    // And it goes on.
    u64 result = 0;
    EXPECT_TRUE(leaves_memory_below_alone([&] { result = call_u64(instance, "fits"); }));
    EXPECT_EQ(result, 42u);
  }
};

std::string repeat(const std::string& text, u32 times) {
  std::string all;
  for (u32 i = 0; i < times; ++i) all += text;
  return all;
}

constexpr const char* kFits = "(func (export \"fits\") (result i32) (i32.const 42))";

TEST_P(SmallStack, OneFrameLargerThanTheStack) {
  exhausts("(module " + std::string(kFits) + "(func (export \"f\") (result i64) (local" +
           repeat(" i64", 49'000) + ") (local.get 48999)))");
}

TEST_P(SmallStack, LargeFramesOneAfterTheOther) {
  exhausts("(module " + std::string(kFits) + "(func $f (export \"f\") (result i64) (local" +
           repeat(" i64", 3000) + ") (local.set 2999 (call $f)) (local.get 2999)))");
}

TEST_P(SmallStack, SmallFrames) {
  exhausts("(module " + std::string(kFits) + "(func $f (export \"f\") (call $f)))");
}

TEST_P(SmallStack, FramesThatTheOperandStackMakesLarge) {
  // v128 operands take twice the room that their number tells.
  exhausts("(module " + std::string(kFits) +
           "(func $v (result v128) (call $g) (v128.const i64x2 1 2))"
           "(func $g (export \"f\")" +
           repeat("(call $v)", 400) + repeat("(drop)", 400) + "))");
}

TEST_P(SmallStack, ArgumentsThatTakeTheStack) {
  exhausts("(module " + std::string(kFits) + "(func $f (param" + repeat(" v128", 900) +
           ") (result" + repeat(" v128", 900) + ")" + "(local.get 0)" +
           repeat("(local.get 1)", 899) + "(call $f))" +
           "(func (export \"f\") (v128.const i64x2 0 0)" + repeat("(v128.const i64x2 1 1)", 899) +
           "(call $f)" + repeat("(drop)", 900) + "))");
}

INSTANTIATE_TEST_SUITE_P(Traps, SmallStack, testing::Values(true, false),
                         [](const auto& p) { return p.param ? "BySignal" : "ByCall"; });

}  // namespace
}  // namespace wazuka

#endif

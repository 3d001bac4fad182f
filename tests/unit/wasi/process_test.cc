// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arguments, environment, clocks, randomness, exit.
#include "guest.h"

namespace wazuka::wasi::test {
namespace {

ContextOptions with_strings() {
  ContextOptions options;
  options.arguments = {"prog", "", "h\xc3\xa4"};
  options.environment = {{"A", "1"}, {"B", ""}};
  return options;
}

TEST(WasiArgs, SizesAndContents) {
  Guest g(with_strings());
  ASSERT_EQ(g.call("args_sizes_get", {0x100, 0x104}), Errno::kSuccess);
  EXPECT_EQ(g.get<u32>(0x100), 3u);
  EXPECT_EQ(g.get<u32>(0x104), 5u + 1 + 4);
  ASSERT_EQ(g.call("args_get", {0x200, 0x300}), Errno::kSuccess);
  EXPECT_EQ(g.get<u32>(0x200), 0x300u);
  EXPECT_EQ(g.get<u32>(0x204), 0x305u);
  EXPECT_EQ(g.get<u32>(0x208), 0x306u);
  EXPECT_EQ(g.text(0x300, 10), std::string("prog\0\0h\xc3\xa4\0", 10));
}

TEST(WasiArgs, Environment) {
  Guest g(with_strings());
  ASSERT_EQ(g.call("environ_sizes_get", {0x100, 0x104}), Errno::kSuccess);
  EXPECT_EQ(g.get<u32>(0x100), 2u);
  EXPECT_EQ(g.get<u32>(0x104), 4u + 3);
  ASSERT_EQ(g.call("environ_get", {0x200, 0x300}), Errno::kSuccess);
  EXPECT_EQ(g.text(0x300, 7), std::string("A=1\0B=\0", 7));
}

TEST(WasiArgs, BadPointersTrap) {
  Guest g(with_strings());
  EXPECT_EQ(g.outcome("args_get", {Guest::kSize, 0}).fault, GuestFault::kOutOfBounds);
  EXPECT_EQ(g.outcome("args_get", {0, Guest::kSize - 2}).fault, GuestFault::kOutOfBounds);
  EXPECT_EQ(g.outcome("args_get", {2, 0}).fault, GuestFault::kNotAligned);
  Outcome o = g.outcome("args_sizes_get", {0xfffffffc, 0});
  EXPECT_EQ(o.fault, GuestFault::kOutOfBounds);
  EXPECT_STREQ(o.type_name, "size");
}

TEST(WasiClock, RunsForward) {
  Guest g{ContextOptions{}};
  for (u64 id : {0, 1}) {
    ASSERT_EQ(g.call("clock_res_get", {id, 0x100}), Errno::kSuccess);
    EXPECT_GE(g.get<u64>(0x100), 1u);
    EXPECT_LE(g.get<u64>(0x100), 1'000'000'000u);
    ASSERT_EQ(g.call("clock_time_get", {id, 0, 0x100}), Errno::kSuccess);
    ASSERT_EQ(g.call("clock_time_get", {id, 0, 0x108}), Errno::kSuccess);
    EXPECT_LE(g.get<u64>(0x100), g.get<u64>(0x108));
  }
  EXPECT_LT(g.get<u64>(0x100), 60'000'000'000u);  // monotonic: counted from the guest's start
  ASSERT_EQ(g.call("clock_time_get", {0, 0, 0x100}), Errno::kSuccess);
  EXPECT_GT(g.get<u64>(0x100), 1'500'000'000'000'000'000u);
}

TEST(WasiClock, HasNoProcessorTime) {
  Guest g{ContextOptions{}};
  for (u64 id : {2, 3}) {
    EXPECT_EQ(g.call("clock_res_get", {id, 0x100}), Errno::kBadf);
    EXPECT_EQ(g.call("clock_time_get", {id, 0, 0x100}), Errno::kBadf);
  }
}

TEST(WasiClock, CanBeSimulated) {
  ContextOptions options;
  options.clocks = Clocks::simulated(1000, 10);
  Guest g(std::move(options));
  g.call("clock_time_get", {0, 0, 0x100});
  EXPECT_EQ(g.get<u64>(0x100), 1000u);
  g.call("clock_time_get", {1, 0, 0x100});
  EXPECT_EQ(g.get<u64>(0x100), 10u);
  g.call("clock_time_get", {0, 0, 0x100});
  EXPECT_EQ(g.get<u64>(0x100), 1020u);
  g.call("clock_res_get", {0, 0x100});
  EXPECT_EQ(g.get<u64>(0x100), 10u);
}

TEST(WasiRandom, FillsExactlyTheBuffer) {
  Guest g{ContextOptions{}};
  ASSERT_EQ(g.call("random_get", {0x100, 64}), Errno::kSuccess);
  std::string first = g.text(0x100, 64);
  EXPECT_NE(first, std::string(64, '\0'));
  EXPECT_EQ(g.text(0x140, 16), std::string(16, '\0'));
  ASSERT_EQ(g.call("random_get", {0x100, 64}), Errno::kSuccess);
  EXPECT_NE(g.text(0x100, 64), first);
  EXPECT_EQ(g.call("random_get", {0xffffffff, 0}), Errno::kSuccess);
  EXPECT_EQ(g.outcome("random_get", {0, 0xffffffff}).fault, GuestFault::kOutOfBounds);
  EXPECT_EQ(g.call("random_get", {0, Guest::kSize}), Errno::kSuccess);
}

TEST(WasiRandom, MakesNothingForABufferThatIsNotThere) {
  // Nor a copy of what was to go there: the generator would have moved on.
  std::string got[2];
  for (bool refused : {false, true}) {
    ContextOptions options;
    options.random = Random::seeded(42);
    Guest g(std::move(options));
    if (refused) {
      EXPECT_EQ(g.outcome("random_get", {Guest::kSize - 8, 1000}).fault, GuestFault::kOutOfBounds);
    }
    g.call("random_get", {0x100, 20});
    got[refused] = g.text(0x100, 20);
  }
  EXPECT_EQ(got[0], got[1]);
}

TEST(WasiRandom, CanBeSeeded) {
  std::string got[2];
  for (std::string& bytes : got) {
    ContextOptions options;
    options.random = Random::seeded(42);
    Guest g(std::move(options));
    g.call("random_get", {0x100, 20});
    bytes = g.text(0x100, 20);
  }
  EXPECT_EQ(got[0], got[1]);
  EXPECT_NE(got[0], std::string(20, '\0'));
}

TEST(WasiProcess, ExitHandsTheCodeOver) {
  Guest g{ContextOptions{}};
  for (u32 code : {0u, 1u, 125u, 126u, 0xffffffffu}) {
    Outcome o = g.outcome("proc_exit", {code});
    EXPECT_EQ(o.kind, Outcome::Kind::kExit);
    EXPECT_EQ(o.exit_code, code);
  }
}

TEST(WasiProcess, RaiseAndYield) {
  Guest g{ContextOptions{}};
  EXPECT_EQ(g.call("proc_raise", {6}), Errno::kNotsup);
  EXPECT_EQ(g.call("sched_yield", {}), Errno::kSuccess);
}

TEST(WasiContext, SaysWhyAPreopenFails) {
  ContextOptions options;
  options.preopens.push_back({"/nonexistent-directory", "/", Access::kReadWrite});
  auto context = Context::create(std::move(options));
  ASSERT_FALSE(context);
  EXPECT_EQ(context.error().message, "No such file or directory (os error 2)");
  options = {};
  options.preopens.push_back({"/dev/null", "/", Access::kReadWrite});
  EXPECT_EQ(Context::create(std::move(options)).error().message, "Not a directory (os error 20)");
}

}  // namespace
}  // namespace wazuka::wasi::test

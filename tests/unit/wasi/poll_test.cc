// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// poll_oneoff: timers, files, pipes; both snapshots' layouts.
#include "guest.h"

namespace wazuka::wasi::test {
namespace {

constexpr u32 kIn = 0x6000, kOut = 0x7000;
constexpr u64 kMilli = 1'000'000;
constexpr u32 kRealtime = 0, kMonotonic = 1;

class PollGuest : public Guest {
 public:
  using Guest::Guest;
  void timer(u32 index, u64 userdata, u32 clock, u64 timeout, u16 flags = 0) {
    u32 at = kIn + 48 * index;
    set<u64>(at, userdata);
    set<u64>(at + 8, 0);
    set<u64>(at + 16, clock);
    set<u64>(at + 24, timeout);
    set<u64>(at + 32, 0);
    set<u64>(at + 40, flags);
  }
  void descriptor(u32 index, u64 userdata, u8 type, u32 fd) {
    u32 at = kIn + 48 * index;
    set<u64>(at, userdata);
    set<u64>(at + 8, type);
    set<u64>(at + 16, fd);
  }
  Errno poll(u32 count) { return call("poll_oneoff", {kIn, kOut, count, kResult}); }
  u32 ready() { return get<u32>(kResult); }
  u64 userdata(u32 event) { return get<u64>(kOut + 32 * event); }
  u8 type(u32 event) { return get<u8>(kOut + 32 * event + 10); }
  u16 flags(u32 event) { return get<u16>(kOut + 32 * event + 24); }
};

ContextOptions simulated() {
  ContextOptions options;
  options.clocks = Clocks::simulated(1'000'000, 1);
  return options;
}

TEST(WasiPoll, NothingToWaitForIsInvalid) {
  PollGuest g{ContextOptions{}};
  EXPECT_EQ(g.poll(0), Errno::kInval);
}

TEST(WasiPoll, ARelativeTimerSleeps) {
  PollGuest g{ContextOptions{}};
  for (u32 clock : {kRealtime, kMonotonic}) {
    u64 before = g.context().clocks.monotonic_now();
    g.timer(0, 7, clock, 3 * kMilli);
    ASSERT_EQ(g.poll(1), Errno::kSuccess);
    EXPECT_GE(g.context().clocks.monotonic_now() - before, 3 * kMilli);
    EXPECT_EQ(g.ready(), 1u);
    EXPECT_EQ(g.userdata(0), 7u);
    EXPECT_EQ(g.type(0), 0);
  }
}

TEST(WasiPoll, AbsoluteTimers) {
  PollGuest g{ContextOptions{}};
  u64 start = g.context().clocks.monotonic_now();
  g.timer(0, 1, kMonotonic, start + 3 * kMilli, 1);
  ASSERT_EQ(g.poll(1), Errno::kSuccess);
  EXPECT_GE(g.context().clocks.monotonic_now(), start + 3 * kMilli);
  u64 wall = g.context().clocks.realtime_now();
  g.timer(0, 2, kRealtime, wall + 3 * kMilli, 1);
  ASSERT_EQ(g.poll(1), Errno::kSuccess);
  EXPECT_GE(g.context().clocks.realtime_now(), wall + 3 * kMilli);
  g.timer(0, 3, kRealtime, 5, 1);  // long ago
  ASSERT_EQ(g.poll(1), Errno::kSuccess);
  EXPECT_EQ(g.userdata(0), 3u);
}

TEST(WasiPoll, OnlyTheEarliestTimersFire) {
  PollGuest g(simulated());
  constexpr u64 kHour = 3'600'000 * kMilli;
  g.timer(0, 1, kMonotonic, 5 * kHour);
  g.timer(1, 2, kMonotonic, 2 * kHour);
  g.timer(2, 3, kMonotonic, 2 * kHour - 10);
  ASSERT_EQ(g.poll(3), Errno::kSuccess);
  ASSERT_EQ(g.ready(), 1u);
  EXPECT_EQ(g.userdata(0), 3u);
  g.timer(0, 1, kMonotonic, 0);
  g.timer(1, 2, kMonotonic, 0);
  ASSERT_EQ(g.poll(2), Errno::kSuccess);
  ASSERT_EQ(g.ready(), 2u);  // in subscription order
  EXPECT_EQ(g.userdata(0), 1u);
  EXPECT_EQ(g.userdata(1), 2u);
  g.timer(0, 9, kMonotonic, ~u64{0});  // the end of time does not wrap around
  ASSERT_EQ(g.poll(1), Errno::kSuccess);
  EXPECT_EQ(g.context().clocks.monotonic_now(), ~u64{0});
}

TEST(WasiPoll, BadSubscriptionsFailTheCall) {
  PollGuest g(simulated());
  g.timer(0, 1, 4, 1);
  EXPECT_EQ(g.poll(1), Errno::kInval);
  g.timer(0, 1, kMonotonic, 1, 2);
  EXPECT_EQ(g.poll(1), Errno::kInval);
  g.timer(0, 1, 2, 1, 1);  // processor time, absolute
  EXPECT_EQ(g.poll(1), Errno::kInval);
  g.timer(0, 1, 3, 1);
  g.timer(1, 2, kMonotonic, 1);
  EXPECT_EQ(g.poll(2), Errno::kInval);
  g.timer(0, 1, 3, 1);  // alone it is a sleep
  EXPECT_EQ(g.poll(1), Errno::kSuccess);
  g.descriptor(0, 1, 3, 0);
  EXPECT_EQ(g.poll(1), Errno::kInval);
  g.descriptor(0, 1, 1, 99);
  EXPECT_EQ(g.poll(1), Errno::kBadf);
  g.descriptor(0, 1, 1, 1);  // reading from standard output
  EXPECT_EQ(g.poll(1), Errno::kBadf);
  g.descriptor(0, 1, 2, 0);
  EXPECT_EQ(g.poll(1), Errno::kBadf);
  EXPECT_EQ(g.poll(~u32{0}), Errno::kNomem);
  EXPECT_EQ(g.outcome("poll_oneoff", {Guest::kSize - 8, kOut, 1, Guest::kResult}).fault,
            GuestFault::kOutOfBounds);
}

TEST(WasiPoll, TooManySubscriptionsAreRefusedBeforeTheyCost) {
  PollGuest g(simulated());
  EXPECT_EQ(g.poll((1 << 16) + 1), Errno::kNomem);
  EXPECT_EQ(g.poll(~u32{0}), Errno::kNomem);
}

TEST(WasiPoll, FilesAreAlwaysReady) {
  Sandbox box;
  box.write("file", "abc");
  PollGuest g(box);
  u32 fd = g.opened("file", 0, Guest::kRead | Guest::kWrite);
  g.descriptor(0, 1, 1, fd);
  g.descriptor(1, 2, 2, fd);
  g.timer(2, 3, kMonotonic, 1'000'000 * kMilli);
  ASSERT_EQ(g.poll(3), Errno::kSuccess);
  EXPECT_EQ(g.ready(), 2u);
  EXPECT_EQ(g.type(0), 1);
  EXPECT_EQ(g.type(1), 2);
  EXPECT_EQ(g.flags(0), 0);
  g.seek(fd, 0, 2);
  g.descriptor(0, 1, 1, fd);
  ASSERT_EQ(g.poll(1), Errno::kSuccess);
  EXPECT_EQ(g.flags(0), 1);  // hangup: at the end
  g.descriptor(0, 1, 1, 3);
  EXPECT_EQ(g.poll(1), Errno::kBadf);  // a directory
}

TEST(WasiPoll, StandardInputWakesWhenItHasData) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ContextOptions options;
  options.stdin_fd = pipe[0];
  PollGuest g(std::move(options));
  g.descriptor(0, 1, 1, 0);
  g.timer(1, 2, kMonotonic, 2 * kMilli);
  ASSERT_EQ(g.poll(2), Errno::kSuccess);
  ASSERT_EQ(g.ready(), 1u);
  EXPECT_EQ(g.userdata(0), 2u);  // nothing there: the timer
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  g.timer(1, 2, kMonotonic, 100'000 * kMilli);
  ASSERT_EQ(g.poll(2), Errno::kSuccess);
  ASSERT_EQ(g.ready(), 1u);
  EXPECT_EQ(g.userdata(0), 1u);
  ASSERT_EQ(g.read(0, 1), Errno::kSuccess);
  ::close(pipe[1]);
  ASSERT_EQ(g.poll(1), Errno::kSuccess);
  EXPECT_EQ(g.flags(0), 1);
  ::close(pipe[0]);
}

TEST(WasiPoll, OutputIsReady) {
  PollGuest g{ContextOptions{}};
  g.descriptor(0, 1, 2, 1);
  g.descriptor(1, 2, 2, 2);
  ASSERT_EQ(g.poll(2), Errno::kSuccess);
  EXPECT_EQ(g.ready(), 2u);
}

TEST(WasiPoll, SimulatedTimeStillSeesInput) {
  int pipe[2];
  ASSERT_EQ(::pipe(pipe), 0);
  ContextOptions options = simulated();
  options.stdin_fd = pipe[0];
  PollGuest g(std::move(options));
  g.descriptor(0, 1, 1, 0);
  g.timer(1, 2, kMonotonic, 1'000'000'000 * kMilli);
  ASSERT_EQ(g.poll(2), Errno::kSuccess);
  EXPECT_EQ(g.userdata(0), 2u);
  ASSERT_EQ(::write(pipe[1], "x", 1), 1);
  ASSERT_EQ(g.poll(2), Errno::kSuccess);
  EXPECT_EQ(g.userdata(0), 1u);
  ::close(pipe[0]);
  ::close(pipe[1]);
}

}  // namespace
}  // namespace wazuka::wasi::test

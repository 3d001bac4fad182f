// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// wasi_unstable: what differs from preview 1.
#include "guest.h"

namespace wazuka::wasi::test {
namespace {

struct Preview0Test : testing::Test {
  Preview0Test() { box.write("file", "hello"); }
  Sandbox box;
  Guest g{Guest::with_preopen(box), "wasi_unstable"};
};

TEST_F(Preview0Test, SeekCountsDifferently) {
  u32 fd = g.opened("file");
  ASSERT_EQ(g.seek(fd, 2, /*set=*/2), Errno::kSuccess);
  EXPECT_EQ(g.position(), 2u);
  ASSERT_EQ(g.seek(fd, 1, /*cur=*/0), Errno::kSuccess);
  EXPECT_EQ(g.position(), 3u);
  ASSERT_EQ(g.seek(fd, -1, /*end=*/1), Errno::kSuccess);
  EXPECT_EQ(g.position(), 4u);
  EXPECT_EQ(g.outcome("fd_seek", {fd, 0, 3, Guest::kResult}).fault, GuestFault::kInvalidCase);
}

TEST_F(Preview0Test, FilestatHasANarrowLinkCount) {
  ASSERT_EQ(g.link("file", "again"), Errno::kSuccess);
  g.put(Guest::kResult, std::string(64, '\xee'));
  ASSERT_EQ(g.stat("file"), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 4);
  EXPECT_EQ(g.get<u32>(Guest::kResult + 20), 2u);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 24), 5u);
  EXPECT_GT(g.get<u64>(Guest::kResult + 40), 1'500'000'000'000'000'000u);
  EXPECT_EQ(g.text(Guest::kResult + 56, 8), std::string(8, '\xee'));  // 56 bytes, no more
  u32 fd = g.opened("file");
  g.put(Guest::kResult, std::string(64, '\xee'));
  ASSERT_EQ(g.call("fd_filestat_get", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u32>(Guest::kResult + 20), 2u);
  EXPECT_EQ(g.text(Guest::kResult + 56, 8), std::string(8, '\xee'));
}

TEST_F(Preview0Test, PollHasALongerSubscription) {
  ContextOptions options;
  options.clocks = Clocks::simulated(0, 1);
  Guest timed(std::move(options), "wasi_unstable");
  for (u32 i = 0; i < 2; ++i) {
    u32 at = 0x6000 + 56 * i;
    timed.set<u64>(at, 100 + i);
    timed.set<u64>(at + 16, 0xdead);  // identifier, ignored
    timed.set<u64>(at + 24, 1);       // monotonic
    timed.set<u64>(at + 32, i == 0 ? 9000 : 50);
    timed.set<u64>(at + 40, 0);
    timed.set<u64>(at + 48, 0);
  }
  std::string before = timed.text(0x6000, 112);
  ASSERT_EQ(timed.call("poll_oneoff", {0x6000, 0x7000, 2, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(timed.get<u32>(Guest::kResult), 1u);
  EXPECT_EQ(timed.get<u64>(0x7000), 101u);
  EXPECT_EQ(timed.text(0x6000, 112), before);
  timed.set<u64>(0x6008, 2);  // fd_write
  timed.set<u64>(0x6010, 1);
  ASSERT_EQ(timed.call("poll_oneoff", {0x6000, 0x7000, 1, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(timed.get<u64>(0x7000), 100u);
}

TEST_F(Preview0Test, RightsLackAccept) {
  u32 fd = g.opened("file");
  ASSERT_EQ(g.call("fd_fdstat_get", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 8), ((u64{1} << 29) - 1) & ~Guest::kWrite);
  EXPECT_EQ(g.outcome("path_open", {3, 0, 0, 0, 0, u64{1} << 29, 0, 0, 0}).fault,
            GuestFault::kInvalidFlag);
}

TEST_F(Preview0Test, SocketsTrap) {
  Outcome o = g.outcome("sock_send", {3, 0, 0, 0, 0});
  EXPECT_EQ(o.fault, GuestFault::kUnsupported);
  EXPECT_EQ(trap_messages(o, "wasi_unstable", "sock_send")[0], "sock_send unsupported");
  EXPECT_EQ(g.outcome("sock_recv", {3, 0, 0, 0, 0, 0}).fault, GuestFault::kUnsupported);
  EXPECT_EQ(g.outcome("sock_shutdown", {3, 1}).fault, GuestFault::kUnsupported);
}

}  // namespace
}  // namespace wazuka::wasi::test

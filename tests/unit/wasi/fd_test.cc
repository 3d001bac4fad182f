// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Descriptors: status, attributes, preopens, closing, renumbering.
#include <sys/resource.h>

#include "guest.h"

namespace wazuka::wasi::test {
namespace {

size_t open_host_descriptors() {
  size_t count = 0;
  for ([[maybe_unused]] const auto& entry : fs::directory_iterator("/proc/self/fd")) ++count;
  return count;
}

struct FdTest : testing::Test {
  FdTest() {
    box.write("file", "hello world");
    box.mkdir("dir");
  }
  u64 base(u32 fd) {
    EXPECT_EQ(g.call("fd_fdstat_get", {fd, Guest::kResult}), Errno::kSuccess);
    return g.get<u64>(Guest::kResult + 8);
  }
  Sandbox box;
  Guest g{box};
};

TEST_F(FdTest, PreopensHaveNames) {
  ASSERT_EQ(g.call("fd_prestat_get", {3, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u8>(Guest::kResult), 0);
  EXPECT_EQ(g.get<u32>(Guest::kResult + 4), 1u);
  ASSERT_EQ(g.call("fd_prestat_dir_name", {3, Guest::kBuffer, 1}), Errno::kSuccess);
  EXPECT_EQ(g.text(Guest::kBuffer, 2), std::string("/\0", 2));
  EXPECT_EQ(g.call("fd_prestat_dir_name", {3, Guest::kBuffer, 0}), Errno::kNametoolong);
  u32 dir = g.opened("dir");
  u32 file = g.opened("file");
  for (u32 fd : {0u, dir, file, 99u}) {
    EXPECT_EQ(g.call("fd_prestat_get", {fd, Guest::kResult}), Errno::kBadf) << fd;
  }
  EXPECT_EQ(g.call("fd_prestat_dir_name", {dir, Guest::kBuffer, 9}), Errno::kNotdir);
  EXPECT_EQ(g.call("fd_prestat_dir_name", {99, Guest::kBuffer, 9}), Errno::kBadf);
}

TEST_F(FdTest, StatusTellsKindRightsAndFlags) {
  base(3);
  EXPECT_EQ(g.get<u8>(Guest::kResult), 3);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 8), 0x7b7fe00u);  // what Wasmtime reports
  EXPECT_EQ(g.get<u64>(Guest::kResult + 16), 0xff7ffffu);
  u32 reader = g.opened("file", 0, Guest::kRead, kAppend | kNonblock);
  u64 rights = base(reader);
  EXPECT_EQ(g.get<u8>(Guest::kResult), 4);
  EXPECT_EQ(g.get<u16>(Guest::kResult + 2), kAppend | kNonblock);
  EXPECT_EQ(rights, ((u64{1} << 30) - 1) & ~Guest::kWrite);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 16), rights);
  u32 writer = g.opened("file", 0, Guest::kWrite);
  EXPECT_EQ(base(writer) & (Guest::kRead | Guest::kWrite), Guest::kWrite);
  // Neither right: the file is opened for reading. Truncation implies writing.
  EXPECT_EQ(base(g.opened("file", 0, 0)) & (Guest::kRead | Guest::kWrite), Guest::kRead);
  EXPECT_EQ(base(g.opened("new", kCreat, 0)) & (Guest::kRead | Guest::kWrite),
            Guest::kRead | Guest::kWrite);
  u64 dir_rights = base(g.opened("dir"));
  EXPECT_EQ(dir_rights & (1 << 14), u64{1} << 14);  // fd_readdir
  EXPECT_EQ(dir_rights & (1 << 2), 0u);             // fd_seek
}

TEST_F(FdTest, FlagsCanBeChanged) {
  u32 fd = g.opened("file", 0, Guest::kWrite);
  EXPECT_EQ(g.call("fd_fdstat_set_flags", {fd, kAppend}), Errno::kSuccess);
  base(fd);
  EXPECT_EQ(g.get<u16>(Guest::kResult + 2), kAppend);
  EXPECT_EQ(g.write(fd, "!"), Errno::kSuccess);
  EXPECT_EQ(box.read("file"), "hello world!");
  EXPECT_EQ(g.call("fd_fdstat_set_flags", {fd, 0}), Errno::kSuccess);
  base(fd);
  EXPECT_EQ(g.get<u16>(Guest::kResult + 2), 0);
  for (u32 flag : {kDsync, kRsync, kSync}) {
    EXPECT_EQ(g.call("fd_fdstat_set_flags", {fd, flag}), Errno::kInval);
  }
  EXPECT_EQ(g.call("fd_fdstat_set_flags", {3, 0}), Errno::kBadf);
  EXPECT_EQ(g.call("fd_fdstat_set_flags", {1, 0}), Errno::kBadf);
}

TEST_F(FdTest, RightsAreNotManaged) {
  EXPECT_EQ(g.call("fd_fdstat_set_rights", {3, 0, 0}), Errno::kNotsup);
  EXPECT_EQ(g.call("fd_fdstat_set_rights", {0, 0, 0}), Errno::kBadf);
  EXPECT_EQ(g.call("fd_fdstat_set_rights", {50, 0, 0}), Errno::kBadf);
}

TEST_F(FdTest, Attributes) {
  u32 fd = g.opened("file");
  ASSERT_EQ(g.call("fd_filestat_get", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult), 1u);
  u64 inode = g.get<u64>(Guest::kResult + 8);
  EXPECT_EQ(g.stat_type(), 4);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 24), 1u);
  EXPECT_EQ(g.stat_size(), 11u);
  EXPECT_GT(g.get<u64>(Guest::kResult + 48), 1'500'000'000'000'000'000u);
  ASSERT_EQ(g.stat("dir/../file"), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 8), inode);
  ASSERT_EQ(g.stat("dir"), Errno::kSuccess);
  EXPECT_NE(g.get<u64>(Guest::kResult + 8), inode);
  // The standard streams have no attributes.
  ASSERT_EQ(g.call("fd_filestat_get", {0, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.text(Guest::kResult, 64), std::string(64, '\0'));
}

TEST_F(FdTest, SizeCanBeSet) {
  u32 fd = g.opened("file", 0, Guest::kWrite);
  EXPECT_EQ(g.call("fd_filestat_set_size", {fd, 5}), Errno::kSuccess);
  EXPECT_EQ(box.read("file"), "hello");
  EXPECT_EQ(g.call("fd_filestat_set_size", {fd, 7}), Errno::kSuccess);
  EXPECT_EQ(box.read("file"), std::string("hello\0\0", 7));
  EXPECT_EQ(g.call("fd_filestat_set_size", {fd, ~u64{0}}), Errno::kInval);
  EXPECT_EQ(g.call("fd_filestat_set_size", {g.opened("file"), 1}), Errno::kInval);
  EXPECT_EQ(g.call("fd_filestat_set_size", {3, 1}), Errno::kBadf);
}

TEST_F(FdTest, TimesCanBeSet) {
  u32 fd = g.opened("file", 0, Guest::kWrite);
  constexpr u64 kDay = 86'400'000'000'000;
  EXPECT_EQ(g.call("fd_filestat_set_times", {fd, kDay, 2 * kDay + 5, 1 | 4}), Errno::kSuccess);
  ASSERT_EQ(g.call("fd_filestat_get", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 40), kDay);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 48), 2 * kDay + 5);
  EXPECT_EQ(g.call("fd_filestat_set_times", {fd, 7, 7, 8}), Errno::kSuccess);  // mtime now
  ASSERT_EQ(g.call("fd_filestat_get", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 40), kDay);
  EXPECT_GT(g.get<u64>(Guest::kResult + 48), 1'500'000'000'000'000'000u);
  // Both at once makes no sense, and is noticed before the descriptor is.
  EXPECT_EQ(g.call("fd_filestat_set_times", {99, 0, 0, 1 | 2}), Errno::kInval);
  EXPECT_EQ(g.call("fd_filestat_set_times", {99, 0, 0, 4 | 8}), Errno::kInval);
  EXPECT_EQ(g.call("fd_filestat_set_times", {99, 0, 0, 1}), Errno::kBadf);
  EXPECT_EQ(g.call("fd_filestat_set_times", {0, 0, 0, 1}), Errno::kBadf);
  u32 dir = g.opened("dir");
  EXPECT_EQ(g.call("fd_filestat_set_times", {dir, kDay, kDay, 5}), Errno::kSuccess);
  ASSERT_EQ(g.stat("dir"), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 48), kDay);
}

TEST_F(FdTest, TimesFarAwayDoNotBreakStat) {
  timespec past[2] = {{-5, 0}, {-5, 0}};
  ::utimensat(AT_FDCWD, box.host("file").c_str(), past, 0);
  ASSERT_EQ(g.stat("file"), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 48), 0u);
  timespec future[2] = {{20'000'000'000, 0}, {20'000'000'000, 0}};
  if (::utimensat(AT_FDCWD, box.host("file").c_str(), future, 0) == 0) {
    struct stat now;
    ::stat(box.host("file").c_str(), &now);
    Errno expected = now.st_mtime == 20'000'000'000 ? Errno::kOverflow : Errno::kSuccess;
    EXPECT_EQ(g.stat("file"), expected);
  }
}

TEST_F(FdTest, AdviseAllocateSync) {
  u32 fd = g.opened("file", 0, Guest::kRead | Guest::kWrite);
  for (u64 advice = 0; advice < 6; ++advice) {
    EXPECT_EQ(g.call("fd_advise", {fd, 0, 10, advice}), Errno::kSuccess);
  }
  EXPECT_EQ(g.call("fd_advise", {fd, 0, 0, 3}), Errno::kSuccess);
  EXPECT_EQ(g.call("fd_advise", {fd, ~u64{0}, 1, 0}), Errno::kSuccess);
  EXPECT_EQ(g.call("fd_advise", {fd, 1, u64{1} << 63, 0}), Errno::kInval);
  EXPECT_EQ(g.call("fd_allocate", {fd, 0, 100}), Errno::kNotsup);
  EXPECT_EQ(g.call("fd_sync", {fd}), Errno::kSuccess);
  EXPECT_EQ(g.call("fd_datasync", {fd}), Errno::kSuccess);
  for (u32 other : {0u, 3u, 77u}) {
    EXPECT_EQ(g.call("fd_advise", {other, 0, 0, 0}), Errno::kBadf);
    EXPECT_EQ(g.call("fd_allocate", {other, 0, 0}), Errno::kBadf);
    EXPECT_EQ(g.call("fd_sync", {other}), Errno::kBadf);
    EXPECT_EQ(g.call("fd_datasync", {other}), Errno::kBadf);
  }
}

TEST_F(FdTest, ClosedNumbersAreStaleAndReusedHighestFirst) {
  u32 a = g.opened("file"), b = g.opened("file"), c = g.opened("file");
  EXPECT_EQ(a, 4u);
  EXPECT_EQ(c, 6u);
  EXPECT_EQ(g.call("fd_close", {a}), Errno::kSuccess);
  EXPECT_EQ(g.call("fd_close", {b}), Errno::kSuccess);
  EXPECT_EQ(g.call("fd_close", {a}), Errno::kBadf);
  EXPECT_EQ(g.read(a, 1), Errno::kBadf);
  EXPECT_EQ(g.opened("file"), b);
  EXPECT_EQ(g.opened("file"), a);
  EXPECT_EQ(g.opened("file"), 7u);
}

TEST_F(FdTest, APreopenCanBeClosed) {
  EXPECT_EQ(g.call("fd_close", {3}), Errno::kSuccess);
  EXPECT_EQ(g.open("file"), Errno::kBadf);
  EXPECT_EQ(g.call("fd_prestat_get", {3, Guest::kResult}), Errno::kBadf);
}

TEST_F(FdTest, RenumberMovesAndCloses) {
  u32 a = g.opened("file"), b = g.opened("dir");
  size_t before = open_host_descriptors();
  EXPECT_EQ(g.call("fd_renumber", {a, b}), Errno::kSuccess);
  EXPECT_EQ(open_host_descriptors(), before - 1);  // the target was closed
  EXPECT_EQ(g.read(a, 5), Errno::kBadf);
  ASSERT_EQ(g.read(b, 5), Errno::kSuccess);
  EXPECT_EQ(g.data(), "hello");
  EXPECT_EQ(g.call("fd_renumber", {b, b}), Errno::kSuccess);
  EXPECT_EQ(g.call("fd_renumber", {b, 50}), Errno::kBadf);
  EXPECT_EQ(g.call("fd_renumber", {50, b}), Errno::kBadf);
  EXPECT_EQ(g.opened("file"), a);
}

TEST_F(FdTest, RenumberOntoAPreopenAndBack) {
  u32 dir = g.opened("dir");
  EXPECT_EQ(g.call("fd_renumber", {dir, 3}), Errno::kSuccess);
  EXPECT_EQ(g.open("file"), Errno::kNoent);  // 3 is now "dir", no preopen any more
  EXPECT_EQ(g.call("fd_prestat_get", {3, Guest::kResult}), Errno::kBadf);
  EXPECT_EQ(g.open("new", kCreat, Guest::kWrite), Errno::kSuccess);
  EXPECT_TRUE(box.has("dir/new"));
  EXPECT_EQ(g.call("fd_renumber", {3, 0}), Errno::kSuccess);  // even onto standard input
  EXPECT_EQ(g.open("new", 0, Guest::kRead, 0, 1, 0), Errno::kSuccess);
}

TEST_F(FdTest, RenumberDoesNotLeak) {
  size_t before = open_host_descriptors();
  for (int i = 0; i < 200; ++i) {
    u32 a = g.opened("file"), b = g.opened("file");
    ASSERT_EQ(g.call("fd_renumber", {a, b}), Errno::kSuccess);
    ASSERT_EQ(g.call("fd_close", {b}), Errno::kSuccess);
  }
  EXPECT_EQ(open_host_descriptors(), before);
  EXPECT_EQ(g.opened("file"), 5u);
}

TEST(DescriptorTable, ReturnsWhatItOwns) {
  size_t before = open_host_descriptors();
  {
    Sandbox box;
    box.write("f", "");
    Guest g(box);
    for (int i = 0; i < 10; ++i) g.opened("f");
  }
  EXPECT_EQ(open_host_descriptors(), before);
}

TEST(DescriptorTable, HostLimitIsAnErrno) {
  Sandbox box;
  box.write("f", "");
  Guest g(box);
  rlimit old;
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &old), 0);
  rlimit low = old;
  low.rlim_cur = 64;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  Errno e = Errno::kSuccess;
  for (int i = 0; i < 100 && e == Errno::kSuccess; ++i) e = g.open("f");
  ::setrlimit(RLIMIT_NOFILE, &old);
  EXPECT_EQ(e, Errno::kMfile);
  EXPECT_EQ(g.open("f"), Errno::kSuccess);
}

}  // namespace
}  // namespace wazuka::wasi::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading, writing, seeking, on files and on standard streams.
#include <cerrno>

#include "guest.h"
#include "wasi/core/files.h"

namespace wazuka::wasi::test {
namespace {

constexpr u32 kSet = 0, kCur = 1, kEnd = 2;
constexpr u64 kReadWrite = Guest::kRead | Guest::kWrite;

struct IoTest : testing::Test {
  IoTest() { box.write("file", "hello world"); }
  Errno pread(u32 fd, u32 length, u64 offset) {
    g.iovs({{Guest::kBuffer, length}});
    return g.call("fd_pread", {fd, Guest::kIovs, 1, offset, Guest::kResult});
  }
  Errno pwrite(u32 fd, const std::string& data, u64 offset) {
    g.put(Guest::kBuffer, data);
    g.iovs({{Guest::kBuffer, static_cast<u32>(data.size())}});
    return g.call("fd_pwrite", {fd, Guest::kIovs, 1, offset, Guest::kResult});
  }
  Sandbox box;
  Guest g{box};
};

TEST_F(IoTest, ReadsAdvanceToTheEnd) {
  u32 fd = g.opened("file");
  ASSERT_EQ(g.read(fd, 5), Errno::kSuccess);
  EXPECT_EQ(g.data(), "hello");
  ASSERT_EQ(g.read(fd, 100), Errno::kSuccess);
  EXPECT_EQ(g.data(), " world");
  ASSERT_EQ(g.read(fd, 100), Errno::kSuccess);
  EXPECT_EQ(g.data(), "");
  ASSERT_EQ(g.call("fd_tell", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.position(), 11u);
}

TEST_F(IoTest, ScatterAndGather) {
  u32 fd = g.opened("file", 0, kReadWrite);
  g.iovs({{0x8000, 3}, {0xffffffff, 0}, {0x9000, 4}});
  ASSERT_EQ(g.call("fd_read", {fd, Guest::kIovs, 3, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u32>(Guest::kResult), 7u);
  EXPECT_EQ(g.text(0x8000, 3) + g.text(0x9000, 4), "hello w");
  ASSERT_EQ(g.seek(fd, 0, kSet), Errno::kSuccess);
  ASSERT_EQ(g.call("fd_write", {fd, Guest::kIovs, 3, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u32>(Guest::kResult), 7u);
  EXPECT_EQ(box.read("file"), "hello world");
  ASSERT_EQ(g.call("fd_read", {fd, Guest::kIovs, 0, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u32>(Guest::kResult), 0u);
}

TEST_F(IoTest, LongGatherListsWritePartOrAll) {
  u32 fd = g.opened("file", kTrunc, kReadWrite);
  for (u32 i = 0; i < 100; ++i) {
    g.set<u32>(0x6000 + 8 * i, 0x8000 + i);
    g.set<u32>(0x6004 + 8 * i, 1);
    g.set<u8>(0x8000 + i, static_cast<u8>('0' + i % 10));
  }
  ASSERT_EQ(g.call("fd_write", {fd, 0x6000, 100, Guest::kResult}), Errno::kSuccess);
  u32 written = g.get<u32>(Guest::kResult);
  EXPECT_EQ(written, GuestIovecs::kCapacity);
  EXPECT_EQ(box.read("file"), g.text(0x8000, written));
}

TEST_F(IoTest, BadBuffersTrapBeforeAnythingHappens) {
  u32 fd = g.opened("file", 0, kReadWrite);
  g.iovs({{0x8000, 1}, {Guest::kSize - 1, 2}});
  EXPECT_EQ(g.outcome("fd_write", {fd, Guest::kIovs, 2, Guest::kResult}).fault,
            GuestFault::kOutOfBounds);
  EXPECT_EQ(g.outcome("fd_read", {fd, Guest::kSize, 1, Guest::kResult}).fault,
            GuestFault::kOutOfBounds);
  EXPECT_EQ(g.outcome("fd_read", {fd, Guest::kIovs + 1, 1, Guest::kResult}).fault,
            GuestFault::kNotAligned);
  EXPECT_EQ(box.read("file"), "hello world");
  ASSERT_EQ(g.call("fd_tell", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.position(), 0u);
}

TEST_F(IoTest, WrongKindsOfDescriptors) {
  u32 reader = g.opened("file"), writer = g.opened("file", 0, Guest::kWrite);
  EXPECT_EQ(g.write(reader, "x"), Errno::kBadf);
  EXPECT_EQ(g.read(writer, 1), Errno::kBadf);
  EXPECT_EQ(g.read(3, 1), Errno::kBadf);
  EXPECT_EQ(g.write(3, "x"), Errno::kBadf);
  EXPECT_EQ(g.read(1, 1), Errno::kBadf);
  EXPECT_EQ(g.write(0, "x"), Errno::kBadf);
  EXPECT_EQ(g.read(99, 1), Errno::kBadf);
  EXPECT_EQ(pread(3, 1, 0), Errno::kBadf);
  EXPECT_EQ(pread(0, 1, 0), Errno::kSpipe);
  EXPECT_EQ(pread(1, 1, 0), Errno::kBadf);
  EXPECT_EQ(pwrite(1, "x", 0), Errno::kSpipe);
  EXPECT_EQ(pwrite(0, "x", 0), Errno::kBadf);
  EXPECT_EQ(g.seek(0, 0, kCur), Errno::kSpipe);
  EXPECT_EQ(g.seek(3, 0, kCur), Errno::kBadf);
  EXPECT_EQ(g.seek(99, 0, kCur), Errno::kBadf);
  EXPECT_EQ(g.call("fd_tell", {2, Guest::kResult}), Errno::kSpipe);
}

TEST_F(IoTest, SeekStaysInRange) {
  u32 fd = g.opened("file");
  ASSERT_EQ(g.seek(fd, 6, kSet), Errno::kSuccess);
  EXPECT_EQ(g.position(), 6u);
  ASSERT_EQ(g.seek(fd, -2, kCur), Errno::kSuccess);
  EXPECT_EQ(g.position(), 4u);
  ASSERT_EQ(g.seek(fd, -1, kEnd), Errno::kSuccess);
  EXPECT_EQ(g.position(), 10u);
  ASSERT_EQ(g.seek(fd, 100, kEnd), Errno::kSuccess);  // beyond the end is legal
  EXPECT_EQ(g.position(), 111u);
  ASSERT_EQ(g.read(fd, 1), Errno::kSuccess);
  EXPECT_EQ(g.data(), "");
  EXPECT_EQ(g.seek(fd, -1, kSet), Errno::kInval);
  EXPECT_EQ(g.seek(fd, -200, kCur), Errno::kInval);
  EXPECT_EQ(g.seek(fd, -12, kEnd), Errno::kInval);
  EXPECT_EQ(g.seek(fd, std::numeric_limits<i64>::min(), kCur), Errno::kInval);
  constexpr i64 kMax = std::numeric_limits<i64>::max();
  ASSERT_EQ(g.seek(fd, kMax, kSet), Errno::kSuccess);
  ASSERT_EQ(g.seek(fd, kMax, kCur), Errno::kSuccess);
  EXPECT_EQ(g.seek(fd, kMax, kCur), Errno::kInval);
  EXPECT_EQ(g.read(fd, 1), Errno::kInval);  // no host file reaches that far
}

TEST_F(IoTest, PositionedCallsLeaveThePositionAlone) {
  u32 fd = g.opened("file", 0, kReadWrite);
  ASSERT_EQ(pread(fd, 5, 6), Errno::kSuccess);
  EXPECT_EQ(g.data(), "world");
  ASSERT_EQ(pwrite(fd, "W", 6), Errno::kSuccess);
  ASSERT_EQ(g.read(fd, 7), Errno::kSuccess);
  EXPECT_EQ(g.data(), "hello W");
  EXPECT_EQ(pread(fd, 1, ~u64{0}), Errno::kInval);
  EXPECT_EQ(pwrite(fd, "x", u64{1} << 63), Errno::kInval);
  ASSERT_EQ(pread(fd, 1, 1000), Errno::kSuccess);
  EXPECT_EQ(g.data(), "");
  ASSERT_EQ(pwrite(fd, "end", 13), Errno::kSuccess);  // leaves a hole
  EXPECT_EQ(box.read("file"), std::string("hello World\0\0end", 16));
}

TEST_F(IoTest, AppendGoesToTheEnd) {
  u32 fd = g.opened("file", 0, kReadWrite, kAppend);
  ASSERT_EQ(g.write(fd, "!"), Errno::kSuccess);
  EXPECT_EQ(box.read("file"), "hello world!");
  ASSERT_EQ(g.call("fd_tell", {fd, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.position(), 12u);
  ASSERT_EQ(g.seek(fd, 0, kSet), Errno::kSuccess);
  ASSERT_EQ(g.write(fd, "?"), Errno::kSuccess);
  ASSERT_EQ(pwrite(fd, "#", 0), Errno::kSuccess);  // as on Linux
  EXPECT_EQ(box.read("file"), "hello world!?#");
}

TEST_F(IoTest, PipesBelowAPreopenWork) {
  ASSERT_EQ(::mkfifo(box.host("pipe").c_str(), 0600), 0);
  int keep = ::open(box.host("pipe").c_str(), O_RDWR);
  u32 writer = g.opened("pipe", 0, Guest::kWrite), reader = g.opened("pipe");
  ASSERT_EQ(g.write(writer, "ab"), Errno::kSuccess);
  ASSERT_EQ(g.read(reader, 10), Errno::kSuccess);
  EXPECT_EQ(g.data(), "ab");
  ::close(keep);
}

/// A guest whose standard streams are pipes that the test holds.
struct StreamTest : testing::Test {
  StreamTest() {
    ::signal(SIGPIPE, SIG_IGN);
    EXPECT_EQ(::pipe(in), 0);
    EXPECT_EQ(::pipe(out), 0);
    ContextOptions options;
    options.stdin_fd = in[0];
    options.stdout_fd = out[1];
    g = std::make_unique<Guest>(std::move(options));
  }
  ~StreamTest() override {
    for (int fd : {in[0], in[1], out[0], out[1]}) ::close(fd);
  }
  int in[2], out[2];
  std::unique_ptr<Guest> g;
};

TEST_F(StreamTest, ReadWhatIsThere) {
  ASSERT_EQ(::write(in[1], "line\n", 5), 5);
  ASSERT_EQ(g->read(0, 100), Errno::kSuccess);
  EXPECT_EQ(g->data(), "line\n");
  ASSERT_EQ(g->read(0, 0), Errno::kSuccess);
  EXPECT_EQ(g->data(), "");
  ::close(std::exchange(in[1], ::dup(0)));
  ASSERT_EQ(g->read(0, 100), Errno::kSuccess);
  EXPECT_EQ(g->data(), "");
}

TEST_F(StreamTest, ReadWaitsEvenIfTheHostDescriptorDoesNotBlock) {
  ::fcntl(in[0], F_SETFL, O_NONBLOCK);
  pid_t child = ::fork();
  if (child == 0) {
    ::usleep(20'000);
    ::_exit(::write(in[1], "late", 4) == 4 ? 0 : 1);
  }
  ASSERT_EQ(g->read(0, 100), Errno::kSuccess);
  EXPECT_EQ(g->data(), "late");
  ::waitpid(child, nullptr, 0);
}

TEST_F(StreamTest, WritesAreComplete) {
  // More than a pipe holds, through a descriptor that would give up half-way.
  ::fcntl(out[1], F_SETFL, O_NONBLOCK);
  constexpr u32 kTotal = 0x18000;
  pid_t child = ::fork();
  if (child == 0) {
    ::close(out[1]);
    u32 got = 0;
    char buffer[999];
    for (ssize_t n; got < kTotal && (n = ::read(out[0], buffer, sizeof buffer)) > 0;) {
      got += static_cast<u32>(n);
      ::usleep(50);
    }
    ::_exit(got == kTotal ? 0 : 1);
  }
  g->iovs({{0x8000, 0x10000}, {0x8000, 0x8000}});
  ASSERT_EQ(g->call("fd_write", {1, Guest::kIovs, 2, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g->get<u32>(Guest::kResult), kTotal);
  int status = 1;
  ::waitpid(child, &status, 0);
  EXPECT_EQ(status, 0);
}

TEST_F(StreamTest, ABrokenPipeIsAnErrno) {
  ::close(std::exchange(out[0], ::dup(0)));
  EXPECT_EQ(g->write(1, "x"), Errno::kPipe);
}

TEST_F(StreamTest, StatusOfStreams) {
  ASSERT_EQ(g->call("fd_fdstat_get", {0, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g->get<u8>(Guest::kResult), 0);  // no terminal
  EXPECT_EQ(g->get<u64>(Guest::kResult + 8), Guest::kRead);
  EXPECT_EQ(g->get<u64>(Guest::kResult + 16), Guest::kRead);
  ASSERT_EQ(g->call("fd_fdstat_get", {1, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g->get<u64>(Guest::kResult + 8), Guest::kWrite);
}

TEST_F(StreamTest, AMissingStreamIsEmptyAndSwallows) {
  ASSERT_EQ(g->write(2, "lost"), Errno::kSuccess);  // stderr was not given
  EXPECT_EQ(g->get<u32>(Guest::kResult), 4u);
  Guest none{ContextOptions{}};
  ASSERT_EQ(none.read(0, 4), Errno::kSuccess);
  EXPECT_EQ(none.data(), "");
}

TEST(Streams, ATerminalIsACharacterDevice) {
  int master = ::posix_openpt(O_RDWR | O_NOCTTY);
  ASSERT_GE(master, 0);
  ASSERT_EQ(::grantpt(master), 0);
  ASSERT_EQ(::unlockpt(master), 0);
  int slave = ::open(::ptsname(master), O_RDWR | O_NOCTTY);
  ASSERT_GE(slave, 0);
  ContextOptions options;
  options.stdout_fd = slave;
  Guest g(std::move(options));
  ASSERT_EQ(g.call("fd_fdstat_get", {1, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.get<u8>(Guest::kResult), 2);
  ASSERT_EQ(g.call("fd_filestat_get", {1, Guest::kResult}), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 2);
  EXPECT_EQ(g.seek(1, 0, kCur), Errno::kSpipe);
  ::close(slave);
  ::close(master);
}

struct Taken {
  std::string text;
  i64 most = 1000;
};

i64 take(void* env, const u8* bytes, size_t size) {
  Taken& taken = *static_cast<Taken*>(env);
  if (taken.most < 0) return taken.most;
  const size_t n = std::min<size_t>(size, static_cast<size_t>(taken.most));
  taken.text.append(reinterpret_cast<const char*>(bytes), n);
  return static_cast<i64>(n);
}

// What an embedder takes, it takes in order; taking less, or failing, is seen by the guest.
TEST(OutputSink, TakesWhatTheGuestWrites) {
  Taken taken;
  Stdio stream;
  stream.direction = Stdio::Direction::kOutput;
  stream.sink = {take, &taken};
  char one[] = "abc", two[] = "defg";
  const iovec buffers[] = {{one, 3}, {two, 4}};
  EXPECT_EQ(write_stream(stream, buffers), 7u);
  EXPECT_EQ(taken.text, "abcdefg");
  taken.most = 2;
  EXPECT_EQ(write_stream(stream, buffers), 2u);
  EXPECT_EQ(taken.text, "abcdefgab");
  taken.most = -EIO;
  auto failed = write_stream(stream, buffers);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error(), Errno::kIo);
}

}  // namespace
}  // namespace wazuka::wasi::test

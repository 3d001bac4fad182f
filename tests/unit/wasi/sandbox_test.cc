// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The sandbox holds: each way out that some runtime once left open, with both resolvers.
#include <chrono>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <thread>

#include "guest.h"

namespace wazuka::wasi::test {
namespace {

constexpr u64 kReadWrite = Guest::kRead | Guest::kWrite;

struct SandboxTest : testing::TestWithParam<Resolver::Method> {
  Sandbox box;
  Guest g{box, Access::kReadWrite, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, SandboxTest,
                         testing::Values(Resolver::Method::kAutomatic, Resolver::Method::kKernel,
                                         Resolver::Method::kWalk),
                         resolver_name);

TEST_P(SandboxTest, NoPathLeavesIt) {
  box.mkdir("dir/sub");
  for (const char* path :
       {"..", "../", "../.", "../outside", "../outside/secret", "../box", "../box/dir", "dir/../..",
        "dir/../../outside/secret", "dir/sub/../../../outside", "./..", ".//../outside", "/", "//",
        "/etc/passwd", "/tmp", "dir/sub/../../..", "../../../../../../../etc/passwd"}) {
    EXPECT_EQ(g.open(path), Errno::kPerm) << path;
    EXPECT_EQ(g.stat(path), Errno::kPerm) << path;
    EXPECT_EQ(g.stat(path, 0), Errno::kPerm) << path;
    EXPECT_EQ(g.mkdir(path), Errno::kPerm) << path;
    EXPECT_EQ(g.rmdir(path), Errno::kPerm) << path;
    EXPECT_EQ(g.unlink(path), Errno::kPerm) << path;
    EXPECT_EQ(g.readlink(path), Errno::kPerm) << path;
    EXPECT_EQ(g.symlink("x", path), Errno::kPerm) << path;
    EXPECT_EQ(g.rename(path, "x"), Errno::kPerm) << path;
    EXPECT_EQ(g.rename("dir", path), Errno::kPerm) << path;
    EXPECT_EQ(g.link(path, "x"), Errno::kPerm) << path;
    EXPECT_EQ(g.link("dir", path), Errno::kPerm) << path;
    EXPECT_EQ(g.open(path, kCreat, kReadWrite), Errno::kPerm) << path;
  }
  EXPECT_EQ(box.read("../outside/secret"), "secret");
}

TEST_P(SandboxTest, NoSymlinkLeavesIt) {
  std::string outside = box.host("../outside");
  box.link("../outside", "up");
  box.link("../outside/", "up_slash");
  box.link("../outside/.", "up_dot");
  box.link("../outside/secret", "secret");
  box.link("../outside/new", "new");  // dangling: creating through it would be an escape
  box.link(outside, "absolute");
  box.link(outside + "/", "absolute_slash");
  box.link("/", "root");
  box.link("up", "chain");
  box.link("chain/", "chain_slash");
  box.link("up/../outside", "back");
  for (const char* name : {"up", "up_slash", "up_dot", "absolute", "absolute_slash", "root",
                           "chain", "chain_slash", "back"}) {
    std::string link = name;
    for (const std::string& path : {link + "/", link + "//", link + "/.", link + "/..",
                                    link + "/secret", link + "/secret/", link}) {
      EXPECT_EQ(g.open(path), Errno::kPerm) << path;
      EXPECT_EQ(g.open(path, kDirectory), Errno::kPerm) << path;
      EXPECT_EQ(g.stat(path), Errno::kPerm) << path;
    }
    for (const std::string& path : {link + "/", link + "/new", link + "/."}) {
      EXPECT_EQ(g.unlink(path), Errno::kPerm) << path;
      EXPECT_EQ(g.rmdir(path), Errno::kPerm) << path;
    }
    EXPECT_EQ(g.open(link + "/new", kCreat, kReadWrite), Errno::kPerm);
    EXPECT_EQ(g.open(link + "/.", kCreat, kReadWrite), Errno::kPerm);
    EXPECT_EQ(g.open(link + "/", kCreat, kReadWrite), Errno::kIsdir);
    EXPECT_EQ(g.rename("up", link + "/new"), Errno::kPerm);
    EXPECT_EQ(g.mkdir(link + "/new"), Errno::kPerm);
    EXPECT_EQ(g.symlink("x", link + "/new"), Errno::kPerm);
    EXPECT_EQ(g.link("up", link + "/new"), Errno::kPerm);
    EXPECT_EQ(g.link(link + "/secret", "stolen"), Errno::kPerm);
    EXPECT_EQ(g.rename(link + "/secret", "stolen"), Errno::kPerm);
  }
  EXPECT_EQ(g.open("secret"), Errno::kPerm);
  EXPECT_EQ(g.open("secret", kTrunc, kReadWrite), Errno::kPerm);
  EXPECT_EQ(g.open("new", kCreat, kReadWrite), Errno::kPerm);
  EXPECT_EQ(g.open("new/", kCreat, kReadWrite), Errno::kIsdir);
  EXPECT_FALSE(box.has("../outside/new"));
  EXPECT_FALSE(box.has("stolen"));
  EXPECT_EQ(box.read("../outside/secret"), "secret");
  EXPECT_EQ(std::distance(fs::directory_iterator(outside), fs::directory_iterator()), 1);
}

TEST_P(SandboxTest, LinksThatStayInsideWork) {
  box.mkdir("a/b");
  box.write("a/b/file", "in");
  box.link("../a/b/../b/file", "a/loop");
  box.link("a/b/", "slash");
  box.link("slash/file", "through");
  box.link(".", "self");
  for (const char* path :
       {"a/loop", "slash/file", "through", "self/self/a/b/file", "slash/../b/file"}) {
    EXPECT_EQ(g.open(path), Errno::kSuccess) << path;
  }
  EXPECT_EQ(g.open("slash/", kDirectory), Errno::kSuccess);
  EXPECT_EQ(g.open("through/"), Errno::kNotdir);
}

TEST_P(SandboxTest, MagicLinksOfProcDoNotHelp) {
  ContextOptions options;
  options.preopens.push_back({"/proc/self", "/", Access::kReadWrite});
  options.resolver = GetParam();
  Guest proc(std::move(options));
  for (const char* path : {"root", "root/", "root/etc/passwd", "cwd", "cwd/", "exe"}) {
    Errno e = proc.open(path);
    EXPECT_TRUE(e == Errno::kLoop || e == Errno::kPerm) << path << " " << errno_name(e);
  }
  EXPECT_EQ(proc.open("status"), Errno::kSuccess);
}

TEST_P(SandboxTest, ARacingSymlinkSwapNeverEscapes) {
  box.mkdir("swap");
  box.write("swap/secret", "inside");
  box.link("../outside", "other");
  std::atomic<bool> stop = false;
  std::atomic<int> swaps = 0;
  std::thread swapper([&] {
    // "swap" is by turns a directory of the sandbox and a link out of it. Either stays for a
    // moment, also where both threads have to share a processor.
    const std::string swap = box.host("swap"), other = box.host("other"), spare = box.host("spare");
    for (; !stop; ++swaps) {
      if (::renameat2(AT_FDCWD, swap.c_str(), AT_FDCWD, other.c_str(), RENAME_EXCHANGE) != 0) {
        ::rename(swap.c_str(), spare.c_str());
        ::rename(other.c_str(), swap.c_str());
        ::rename(spare.c_str(), other.c_str());
      }
      std::this_thread::yield();
    }
  });
  const auto enough = std::chrono::steady_clock::now() + std::chrono::seconds(2);
  int successes = 0;
  for (int i = 0; i < 3000 || (swaps < 3000 && std::chrono::steady_clock::now() < enough); ++i) {
    if (g.open("swap/secret") != Errno::kSuccess) continue;
    u32 fd = g.fd();
    ASSERT_EQ(g.read(fd, 100), Errno::kSuccess);
    EXPECT_EQ(g.data(), "inside");
    ++successes;
    g.call("fd_close", {fd});
  }
  stop = true;
  swapper.join();
  EXPECT_GT(successes, 0);
}

TEST_P(SandboxTest, ADirectoryMovedOutIsNoWayUp) {
  box.mkdir("dir/sub");
  u32 sub = g.opened("dir/sub");
  fs::rename(box.host("dir/sub"), box.host("../outside/sub"));
  EXPECT_EQ(g.open("..", 0, 2, 0, 1, sub), Errno::kPerm);
  EXPECT_EQ(g.open("../secret", 0, 2, 0, 1, sub), Errno::kPerm);
}

/// Makes openat2 fail with `error` for the rest of this process, as old kernels and containers do.
bool forbid_openat2(u32 error) {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_openat2, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | error),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter = {std::size(program), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(SandboxFallback, WorksWhereOpenat2DoesNot) {
  for (u32 error : {ENOSYS, EPERM}) {
    Sandbox box;
    box.write("file", "x");
    box.link("../outside", "up");
    pid_t child = ::fork();
    if (child == 0) {
      if (!forbid_openat2(error)) ::_exit(77);
      Guest automatic(box);
      bool good = automatic.open("file") == Errno::kSuccess &&
                  automatic.open("up/secret") == Errno::kPerm &&
                  automatic.open("nope") == Errno::kNoent && automatic.open("..") == Errno::kPerm;
      Guest kernel(box, Access::kReadWrite, Resolver::Method::kKernel);
      good = good && kernel.open("file") == from_host_errno(static_cast<int>(error));
      ::_exit(good ? 0 : 1);
    }
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "no seccomp here";
    EXPECT_EQ(status, 0) << error;
  }
}

/// A read-only preopen (3) beside a read-write one (4) of the same directory.
struct ReadOnlyTest : testing::Test {
  ReadOnlyTest() {
    box.write("file", "data");
    box.mkdir("dir");
    box.write("dir/inner", "x");
    ContextOptions options = Guest::with_preopen(box, Access::kReadOnly);
    options.preopens.push_back({box.host(), "/rw", Access::kReadWrite});
    g = std::make_unique<Guest>(std::move(options));
  }
  Sandbox box;
  std::unique_ptr<Guest> g;
};

TEST_F(ReadOnlyTest, ReadingWorks) {
  u32 fd = g->opened("file");
  ASSERT_EQ(g->read(fd, 10), Errno::kSuccess);
  EXPECT_EQ(g->data(), "data");
  EXPECT_EQ(g->stat("file"), Errno::kSuccess);
  EXPECT_EQ(g->call("fd_readdir", {3, Guest::kBuffer, 100, 0, Guest::kResult}), Errno::kSuccess);
}

TEST_F(ReadOnlyTest, NothingChanges) {
  EXPECT_EQ(g->open("file", 0, Guest::kWrite), Errno::kPerm);
  EXPECT_EQ(g->open("file", kTrunc, Guest::kRead), Errno::kPerm);  // truncation writes
  EXPECT_EQ(g->open("new", kCreat, Guest::kRead), Errno::kPerm);
  EXPECT_EQ(g->open("file", kCreat, Guest::kRead), Errno::kPerm);
  EXPECT_EQ(g->mkdir("new"), Errno::kPerm);
  EXPECT_EQ(g->rmdir("dir"), Errno::kPerm);
  EXPECT_EQ(g->unlink("file"), Errno::kPerm);
  EXPECT_EQ(g->symlink("file", "new"), Errno::kPerm);
  g->put(Guest::kPath, "file");
  EXPECT_EQ(g->call("path_filestat_set_times", {3, 1, Guest::kPath, 4, 0, 0, 5}), Errno::kPerm);
  u32 fd = g->opened("file");
  EXPECT_EQ(g->call("fd_filestat_set_times", {fd, 0, 0, 5}), Errno::kPerm);
  EXPECT_EQ(g->call("fd_filestat_set_size", {fd, 0}), Errno::kPerm);
  EXPECT_EQ(g->write(fd, "x"), Errno::kBadf);
  EXPECT_EQ(box.read("file"), "data");
}

TEST_F(ReadOnlyTest, BothDirectoriesOfALinkOrRenameCount) {
  EXPECT_EQ(g->rename("file", "moved", 3, 4), Errno::kPerm);
  EXPECT_EQ(g->rename("file", "moved", 4, 3), Errno::kPerm);
  EXPECT_EQ(g->rename("file", "moved", 3, 3), Errno::kPerm);
  EXPECT_EQ(g->link("file", "linked", 0, 3, 4), Errno::kPerm);
  EXPECT_EQ(g->link("file", "linked", 0, 4, 3), Errno::kPerm);
  EXPECT_FALSE(box.has("moved"));
  EXPECT_FALSE(box.has("linked"));
  EXPECT_EQ(g->link("file", "linked", 0, 4, 4), Errno::kSuccess);
}

TEST_F(ReadOnlyTest, IsInherited) {
  u32 dir = g->opened("dir");
  EXPECT_EQ(g->open("inner", 0, Guest::kWrite, 0, 1, dir), Errno::kPerm);
  EXPECT_EQ(g->open("inner", kTrunc, 0, 0, 1, dir), Errno::kPerm);
  EXPECT_EQ(g->path_call("path_unlink_file", "inner", dir), Errno::kPerm);
  EXPECT_EQ(box.read("dir/inner"), "x");
}

}  // namespace
}  // namespace wazuka::wasi::test

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that take paths, with both resolvers.
#include "guest.h"

namespace wazuka::wasi::test {
namespace {

constexpr u64 kReadWrite = Guest::kRead | Guest::kWrite;

struct PathTest : testing::TestWithParam<Resolver::Method> {
  PathTest() {
    box.write("file", "hello");
    box.mkdir("dir/sub");
    box.write("dir/inner", "x");
    box.link("file", "link");
    box.link("dir", "dirlink");
    box.link("nowhere", "dangling");
  }
  Sandbox box;
  Guest g{box, Access::kReadWrite, GetParam()};
};

INSTANTIATE_TEST_SUITE_P(, PathTest,
                         testing::Values(Resolver::Method::kKernel, Resolver::Method::kWalk),
                         resolver_name);

TEST_P(PathTest, OpenFindsFilesAndDirectories) {
  for (const char* path :
       {"file", "./file", "dir/../file", "dirlink/../file", "link", "dir/sub/../../file",
        "dir//sub///..//inner", "dirlink/inner", "dir/./inner"}) {
    EXPECT_EQ(g.open(path), Errno::kSuccess) << path;
  }
  for (const char* path :
       {"dir", "dir/", "dir/.", "dirlink", "dirlink/", "dir/sub/..", ".", "./", "dir/.."}) {
    EXPECT_EQ(g.open(path, kDirectory), Errno::kSuccess) << path;
  }
  EXPECT_EQ(g.open(""), Errno::kNoent);
  EXPECT_EQ(g.open("nope"), Errno::kNoent);
  EXPECT_EQ(g.open("nope/x"), Errno::kNoent);
  EXPECT_EQ(g.open("dangling"), Errno::kNoent);
  EXPECT_EQ(g.open("file/"), Errno::kNotdir);
  EXPECT_EQ(g.open("file/x"), Errno::kNotdir);
  EXPECT_EQ(g.open("file/.."), Errno::kNotdir);
  EXPECT_EQ(g.open("link/"), Errno::kNotdir);
  EXPECT_EQ(g.open(std::string(300, 'n')), Errno::kNametoolong);
  EXPECT_EQ(g.open(std::string("a\0b", 3)), Errno::kInval);
  EXPECT_EQ(g.open("\xff"), Errno::kIlseq);
}

TEST_P(PathTest, OpenNeedsADirectory) {
  u32 file = g.opened("file");
  EXPECT_EQ(g.open("x", 0, 2, 0, 1, file), Errno::kNotdir);
  EXPECT_EQ(g.open("x", 0, 2, 0, 1, 0), Errno::kBadf);
  EXPECT_EQ(g.open("x", 0, 2, 0, 1, 99), Errno::kBadf);
  u32 dir = g.opened("dir");
  EXPECT_EQ(g.open("inner", 0, 2, 0, 1, dir), Errno::kSuccess);
  EXPECT_EQ(g.open("../file", 0, 2, 0, 1, dir),
            Errno::kPerm);  // each descriptor is its own sandbox
}

TEST_P(PathTest, OpenFlags) {
  EXPECT_EQ(g.open("file", kDirectory), Errno::kNotdir);
  EXPECT_EQ(g.open("dir", 0, kReadWrite), Errno::kIsdir);
  for (u32 bad : {kDirectory | kCreat, kDirectory | kExcl, kDirectory | kTrunc}) {
    EXPECT_EQ(g.open("dir", bad), Errno::kInval);
  }
  EXPECT_EQ(g.open("file", kCreat | kExcl, kReadWrite), Errno::kExist);
  EXPECT_EQ(g.open("link", kCreat | kExcl, kReadWrite), Errno::kExist);
  EXPECT_EQ(g.open("dangling", kCreat | kExcl, kReadWrite), Errno::kExist);
  EXPECT_EQ(g.open("new", kCreat | kExcl, kReadWrite), Errno::kSuccess);
  EXPECT_EQ(g.open("new/", kCreat, kReadWrite), Errno::kIsdir);
  EXPECT_EQ(g.open("other/", kCreat, kReadWrite), Errno::kIsdir);
  EXPECT_EQ(g.open("dir", kCreat, kReadWrite), Errno::kIsdir);
  EXPECT_FALSE(box.has("other"));
  EXPECT_EQ(g.open("file", kTrunc, kReadWrite), Errno::kSuccess);
  EXPECT_EQ(box.read("file"), "");
  for (u32 sync : {kDsync, kRsync, kSync}) {
    EXPECT_EQ(g.open("file", 0, Guest::kRead, sync), Errno::kNotsup);
  }
}

TEST_P(PathTest, OpenFollowsOnlyIfAsked) {
  EXPECT_EQ(g.open("link", 0, Guest::kRead, 0, /*follow=*/0), Errno::kLoop);
  EXPECT_EQ(g.open("dirlink", 0, Guest::kRead, 0, 0), Errno::kLoop);
  EXPECT_EQ(g.open("dirlink/", 0, Guest::kRead, 0, 0), Errno::kSuccess);
  EXPECT_EQ(g.open("dirlink/inner", 0, Guest::kRead, 0, 0), Errno::kSuccess);
  EXPECT_EQ(g.open("dangling", kCreat, kReadWrite), Errno::kSuccess);  // creates the target
  EXPECT_TRUE(box.has("nowhere"));
}

TEST_P(PathTest, SymlinkLoopsEnd) {
  box.link("b", "a");
  box.link("a", "b");
  box.link("self/x", "self");
  EXPECT_EQ(g.open("a"), Errno::kLoop);
  EXPECT_EQ(g.open("self"), Errno::kLoop);
  EXPECT_EQ(g.stat("a"), Errno::kLoop);
  EXPECT_EQ(g.stat("a", 0), Errno::kSuccess);
  box.link("file", "chain0");
  for (int i = 1; i <= 45; ++i) {
    box.link("chain" + std::to_string(i - 1), "chain" + std::to_string(i));
  }
  EXPECT_EQ(g.open("chain39"), Errno::kSuccess);
  EXPECT_EQ(g.open("chain40"), Errno::kLoop);
}

TEST_P(PathTest, Stat) {
  ASSERT_EQ(g.stat("link"), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 4);
  EXPECT_EQ(g.stat_size(), 5u);
  ASSERT_EQ(g.stat("link", 0), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 7);
  EXPECT_EQ(g.stat_size(), 4u);
  ASSERT_EQ(g.stat("dangling", 0), Errno::kSuccess);
  EXPECT_EQ(g.stat("dangling"), Errno::kNoent);
  ASSERT_EQ(g.stat("."), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 3);
  EXPECT_EQ(g.stat("file/"), Errno::kNotdir);
  EXPECT_EQ(g.stat("file/x"), Errno::kNotdir);
  EXPECT_EQ(g.stat(""), Errno::kNoent);
  // Wasmtime's lstat looks at a single name itself, whatever slashes or dots follow.
  ASSERT_EQ(g.stat("dirlink/", 0), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 7);
  ASSERT_EQ(g.stat("dir/../dirlink/", 0), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 3);
}

TEST_P(PathTest, SetTimes) {
  auto set = [&](const std::string& path, u32 follow, u32 flags) {
    g.put(Guest::kPath, path);
    return g.call("path_filestat_set_times",
                  {3, follow, Guest::kPath, path.size(), 1'000'000'000, 2'000'000'003, flags});
  };
  EXPECT_EQ(set("link", 1, 5), Errno::kSuccess);
  ASSERT_EQ(g.stat("file"), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 40), 1'000'000'000u);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 48), 2'000'000'003u);
  EXPECT_EQ(set("dangling", 0, 4), Errno::kSuccess);
  ASSERT_EQ(g.stat("dangling", 0), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 48), 2'000'000'003u);
  EXPECT_EQ(set("dir", 1, 4), Errno::kSuccess);
  EXPECT_EQ(set("dangling", 1, 4), Errno::kNoent);
  EXPECT_EQ(set("file", 1, 1 | 2), Errno::kInval);
  EXPECT_EQ(set("file", 1, 4 | 8), Errno::kInval);
  EXPECT_EQ(set("../x", 1, 4), Errno::kPerm);
}

TEST_P(PathTest, MakeAndRemoveDirectories) {
  EXPECT_EQ(g.mkdir("new"), Errno::kSuccess);
  EXPECT_EQ(g.mkdir("new"), Errno::kExist);
  EXPECT_EQ(g.mkdir("new/a/"), Errno::kSuccess);
  EXPECT_EQ(g.mkdir("nope/a"), Errno::kNoent);
  EXPECT_EQ(g.mkdir("file/a"), Errno::kNotdir);
  EXPECT_EQ(g.mkdir("link"), Errno::kExist);
  EXPECT_EQ(g.mkdir("dangling"), Errno::kExist);
  EXPECT_EQ(g.mkdir("."), Errno::kExist);
  EXPECT_EQ(g.mkdir(".."), Errno::kPerm);
  EXPECT_EQ(g.mkdir(""), Errno::kNoent);
  EXPECT_EQ(g.rmdir("new"), Errno::kNotempty);
  EXPECT_EQ(g.rmdir("new/a"), Errno::kSuccess);
  EXPECT_EQ(g.rmdir("new/"), Errno::kInval);  // as in Wasmtime: the path means "new/."
  EXPECT_EQ(g.rmdir("new"), Errno::kSuccess);
  EXPECT_EQ(g.rmdir("new"), Errno::kNoent);
  EXPECT_EQ(g.rmdir("file"), Errno::kNotdir);
  EXPECT_EQ(g.rmdir("dirlink"), Errno::kNotdir);
  EXPECT_EQ(g.rmdir("."), Errno::kInval);
  EXPECT_EQ(g.rmdir(".."), Errno::kPerm);
}

TEST_P(PathTest, Unlink) {
  EXPECT_EQ(g.unlink("file/"), Errno::kNotdir);
  EXPECT_EQ(g.unlink("dir"), Errno::kIsdir);
  EXPECT_EQ(g.unlink("dir/"), Errno::kIsdir);
  EXPECT_EQ(g.unlink("dirlink"), Errno::kSuccess);  // the link, not the directory
  EXPECT_TRUE(box.has("dir"));
  EXPECT_EQ(g.unlink("link"), Errno::kSuccess);
  EXPECT_TRUE(box.has("file"));
  EXPECT_EQ(g.unlink("file"), Errno::kSuccess);
  EXPECT_EQ(g.unlink("file"), Errno::kNoent);
  EXPECT_EQ(g.unlink("../outside/secret"), Errno::kPerm);
  EXPECT_EQ(g.unlink("."), Errno::kIsdir);
}

TEST_P(PathTest, SymlinksAndTheirText) {
  EXPECT_EQ(g.symlink("dir/inner", "new"), Errno::kSuccess);
  EXPECT_EQ(g.readlink("new"), Errno::kSuccess);
  EXPECT_EQ(g.data(), "dir/inner");
  EXPECT_EQ(g.readlink("new", 3), Errno::kSuccess);
  EXPECT_EQ(g.data(), "dir");
  EXPECT_EQ(g.readlink("new", 0), Errno::kSuccess);
  EXPECT_EQ(g.open("new"), Errno::kSuccess);
  EXPECT_EQ(g.symlink("x", "new"), Errno::kExist);
  EXPECT_EQ(g.symlink("", "empty"), Errno::kNoent);
  EXPECT_EQ(g.symlink("/etc", "absolute"), Errno::kPerm);
  EXPECT_EQ(g.symlink("../outside", "escape"), Errno::kSuccess);  // harmless until followed
  EXPECT_EQ(g.open("escape/secret"), Errno::kPerm);
  EXPECT_EQ(g.symlink("x", "../outside/new"), Errno::kPerm);
  EXPECT_EQ(g.readlink("file"), Errno::kInval);
  EXPECT_EQ(g.readlink("nope"), Errno::kNoent);
  box.link("/etc/passwd", "abs");
  EXPECT_EQ(g.readlink("abs"), Errno::kPerm);
  EXPECT_EQ(g.symlink("x", "made/"), Errno::kNoent);
  EXPECT_EQ(g.symlink("x", "dir/"), Errno::kExist);
}

TEST_P(PathTest, HardLinks) {
  EXPECT_EQ(g.link("file", "again"), Errno::kSuccess);
  ASSERT_EQ(g.stat("again"), Errno::kSuccess);
  EXPECT_EQ(g.get<u64>(Guest::kResult + 24), 2u);
  EXPECT_EQ(g.link("file", "again"), Errno::kExist);
  EXPECT_EQ(g.link("nope", "x"), Errno::kNoent);
  EXPECT_EQ(g.link("dir", "x"), Errno::kPerm);
  EXPECT_EQ(g.link("link", "x", /*follow=*/1), Errno::kInval);
  EXPECT_EQ(g.link("link", "x"), Errno::kSuccess);  // links the link
  ASSERT_EQ(g.stat("x", 0), Errno::kSuccess);
  EXPECT_EQ(g.stat_type(), 7);
  EXPECT_EQ(g.link("file/", "y"), Errno::kNotdir);
  EXPECT_EQ(g.link("file", "y/"), Errno::kNoent);
  EXPECT_EQ(g.link("../outside/secret", "y"), Errno::kPerm);
  EXPECT_EQ(g.link("file", "../outside/y"), Errno::kPerm);
}

TEST_P(PathTest, Rename) {
  EXPECT_EQ(g.rename("file", "moved"), Errno::kSuccess);
  EXPECT_EQ(box.read("moved"), "hello");
  EXPECT_EQ(g.rename("moved", "dir/inner"), Errno::kSuccess);  // replaces
  EXPECT_EQ(box.read("dir/inner"), "hello");
  EXPECT_EQ(g.rename("dir/", "dir2/"), Errno::kSuccess);
  EXPECT_EQ(g.rename("dir2/inner", "x/"), Errno::kNotdir);
  EXPECT_EQ(g.rename("dir2/inner/", "x"), Errno::kNotdir);
  EXPECT_EQ(g.rename("dirlink/", "x"), Errno::kNotdir);
  EXPECT_EQ(g.rename("nope", "x"), Errno::kNoent);
  EXPECT_EQ(g.rename("dir2", "dir2/sub/in"), Errno::kInval);
  EXPECT_EQ(g.mkdir("full"), Errno::kSuccess);
  EXPECT_EQ(g.rename("full", "dir2"), Errno::kNotempty);
  EXPECT_EQ(g.rename("dir2/inner", "full"), Errno::kIsdir);
  EXPECT_EQ(g.rename("full", "dir2/inner"), Errno::kNotdir);
  EXPECT_EQ(g.rename("dangling", "still"), Errno::kSuccess);  // the link itself
  EXPECT_EQ(g.rename("full", "../outside/x"), Errno::kPerm);
  EXPECT_EQ(g.rename("../outside/secret", "x"), Errno::kPerm);
  EXPECT_EQ(g.rename(".", "x"), Errno::kBusy);
}

TEST_P(PathTest, PathsNeedADirectory) {
  u32 file = g.opened("file");
  for (u32 fd : {0u, file, 99u}) {
    EXPECT_EQ(g.path_call("path_create_directory", "x", fd), Errno::kBadf);
    EXPECT_EQ(g.path_call("path_remove_directory", "x", fd), Errno::kBadf);
    EXPECT_EQ(g.path_call("path_unlink_file", "x", fd), Errno::kBadf);
    EXPECT_EQ(g.rename("a", "b", fd, 3), Errno::kBadf);
    EXPECT_EQ(g.rename("a", "b", 3, fd), Errno::kBadf);
    EXPECT_EQ(g.link("a", "b", 0, fd, 3), Errno::kBadf);
    EXPECT_EQ(g.link("a", "b", 0, 3, fd), Errno::kBadf);
  }
}

}  // namespace
}  // namespace wazuka::wasi::test

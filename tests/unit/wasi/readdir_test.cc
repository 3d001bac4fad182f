// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Directory listings: entries, cookies, truncated buffers, changes while reading.
#include <map>

#include "guest.h"
#include "wasi/core/files.h"

namespace wazuka::wasi::test {
namespace {

struct Listed {
  std::string name;
  u8 type;
  u64 inode;
  u64 next;
};

struct ReaddirTest : testing::Test {
  /// One call with a buffer of `size`; complete entries only.
  std::vector<Listed> list(u64 cookie = 0, u32 size = 0x4000, u32 fd = 3) {
    EXPECT_EQ(g.call("fd_readdir", {fd, Guest::kBuffer, size, cookie, Guest::kResult}),
              Errno::kSuccess);
    used = g.get<u32>(Guest::kResult);
    EXPECT_LE(used, size);
    std::vector<Listed> entries;
    for (u32 at = 0; at + 24 <= used;) {
      u32 entry = Guest::kBuffer + at;
      u32 length = g.get<u32>(entry + 16);
      if (at + 24 + length > used) break;
      entries.push_back({g.text(entry + 24, length), g.get<u8>(entry + 20), g.get<u64>(entry + 8),
                         g.get<u64>(entry)});
      at += 24 + length;
    }
    return entries;
  }
  /// Reads with a small buffer until the end, as a C library does.
  std::vector<std::string> all(u32 size, void (*between)(ReaddirTest&) = nullptr) {
    std::vector<std::string> names;
    u64 cookie = 0;
    for (int round = 0; round < 10'000; ++round) {
      std::vector<Listed> part = list(cookie, size);
      for (const Listed& e : part) names.push_back(e.name);
      if (used < size) return names;
      EXPECT_FALSE(part.empty());
      cookie = part.back().next;
      if (between != nullptr) between(*this);
    }
    ADD_FAILURE() << "no end";
    return names;
  }
  Sandbox box;
  Guest g{box};
  u32 used = 0;
};

TEST_F(ReaddirTest, AnEmptyDirectoryHasDots) {
  auto entries = list();
  ASSERT_EQ(entries.size(), 2u);
  EXPECT_EQ(entries[0].name, ".");
  EXPECT_EQ(entries[1].name, "..");
  EXPECT_EQ(entries[0].type, 3);
  EXPECT_EQ(entries[0].next, 1u);
  EXPECT_EQ(entries[1].next, 2u);
  ASSERT_EQ(g.stat("."), Errno::kSuccess);
  EXPECT_EQ(entries[0].inode, g.get<u64>(Guest::kResult + 8));
  EXPECT_EQ(entries[1].inode, entries[0].inode);  // the true parent is not revealed
}

TEST_F(ReaddirTest, EntriesHaveTypesAndInodes) {
  box.write("file", "");
  box.mkdir("dir");
  box.link("x", "link");
  std::map<std::string, Listed> by_name;
  for (const Listed& e : list()) by_name[e.name] = e;
  ASSERT_EQ(by_name.size(), 5u);
  EXPECT_EQ(by_name["file"].type, 4);
  EXPECT_EQ(by_name["dir"].type, 3);
  EXPECT_EQ(by_name["link"].type, 7);
  for (const char* name : {"file", "dir", "link"}) {
    ASSERT_EQ(g.stat(name, 0), Errno::kSuccess);
    EXPECT_EQ(by_name[name].inode, g.get<u64>(Guest::kResult + 8)) << name;
  }
}

TEST_F(ReaddirTest, AnyBufferSizeSeesEverythingOnce) {
  for (int i = 0; i < 50; ++i) box.write("name" + std::to_string(i), "");
  for (u32 size : {40u, 57u, 100u, 1000u, 0x4000u}) {
    std::vector<std::string> names = all(size);
    std::set<std::string> unique(names.begin(), names.end());
    EXPECT_EQ(names.size(), 52u) << size;
    EXPECT_EQ(unique.size(), 52u) << size;
  }
}

TEST_F(ReaddirTest, ATooSmallBufferIsFull) {
  box.write("name", "");
  for (u32 size : {0u, 1u, 23u, 24u}) {
    list(0, size);
    EXPECT_EQ(used, size);
  }
}

TEST_F(ReaddirTest, RemovingWhileReadingSkipsNothing) {
  for (int i = 0; i < 40; ++i) box.write("name" + std::to_string(i), "");
  // What "rm -r" does: unlink each name as soon as it is seen.
  std::set<std::string> seen;
  u64 cookie = 0;
  do {
    auto part = list(cookie, 100);
    for (const Listed& e : part) {
      seen.insert(e.name);
      if (e.name[0] == 'n') {
        EXPECT_EQ(g.unlink(e.name), Errno::kSuccess);
      }
      cookie = e.next;
    }
  } while (used == 100);
  EXPECT_EQ(seen.size(), 42u);
  EXPECT_EQ(list().size(), 2u);
}

TEST_F(ReaddirTest, AddingWhileReadingRepeatsNothing) {
  for (int i = 0; i < 40; ++i) box.write("name" + std::to_string(i), "");
  static int fresh = 0;
  auto names = all(100, [](ReaddirTest& t) { t.box.write("fresh" + std::to_string(fresh++), ""); });
  std::map<std::string, int> count;
  for (const std::string& name : names) ++count[name];
  for (int i = 0; i < 40; ++i) EXPECT_EQ(count["name" + std::to_string(i)], 1);
}

TEST_F(ReaddirTest, RewindingSeesChanges) {
  EXPECT_EQ(list().size(), 2u);
  box.write("a", "");
  EXPECT_EQ(list().size(), 3u);
  list(0, 30);  // leave a listing unfinished
  box.write("b", "");
  EXPECT_EQ(list().size(), 4u);
}

TEST_F(ReaddirTest, CookiesBeyondTheEndAreTheEnd) {
  for (u64 cookie : {u64{2}, u64{100}, u64{1} << 32, ~u64{0}}) {
    EXPECT_TRUE(list(cookie).empty());
    EXPECT_EQ(used, 0u);
  }
}

TEST_F(ReaddirTest, OldListingsAreDroppedWhenTheyAddUp) {
  DescriptorTable table;
  constexpr size_t kEach = DescriptorTable::kMaxSnapshotEntries / 2;
  std::vector<Directory*> dirs;
  for (int i = 0; i < 5; ++i) ASSERT_TRUE(table.insert(Directory{}));
  for (u32 i = 0; i < 5; ++i) {
    auto snapshot = std::make_unique<DirectorySnapshot>();
    snapshot->entries.resize(kEach);
    dirs.push_back(table.find_as<Directory>(i));
    table.keep_snapshot(*dirs[i], std::move(snapshot));
  }
  for (int i = 0; i < 5; ++i) EXPECT_EQ(dirs[i]->snapshot != nullptr, i >= 2) << i;
}

TEST(ReadDirectory, TakesBoundedMemory) {
  Sandbox box;
  for (char c = 'a'; c <= 'z'; ++c) box.write(std::string(200, c), "");
  os::OwnedFd dir(::open(box.host().c_str(), O_RDONLY | O_DIRECTORY));
  EXPECT_EQ(read_directory(dir.get(), 26 * 200).error(), Errno::kNomem);
  auto all = read_directory(dir.get(), 26 * 300);
  ASSERT_TRUE(all);
  EXPECT_EQ((*all)->entries.size(), 28u);
}

TEST_F(ReaddirTest, NamesThatAreNotTextAreAnError) {
  box.write("bad\xff", "");
  EXPECT_EQ(g.call("fd_readdir", {3, Guest::kBuffer, 100, 0, Guest::kResult}), Errno::kIlseq);
}

TEST_F(ReaddirTest, OnlyDirectories) {
  box.write("file", "");
  EXPECT_EQ(g.call("fd_readdir", {g.opened("file"), 0, 0, 0, Guest::kResult}), Errno::kBadf);
  EXPECT_EQ(g.call("fd_readdir", {0, 0, 0, 0, Guest::kResult}), Errno::kBadf);
  box.mkdir("dir");
  box.write("dir/in", "");
  EXPECT_EQ(list(0, 1000, g.opened("dir")).size(), 3u);
  EXPECT_EQ(g.outcome("fd_readdir", {3, Guest::kSize - 8, 100, 0, Guest::kResult}).fault,
            GuestFault::kOutOfBounds);
}

}  // namespace
}  // namespace wazuka::wasi::test

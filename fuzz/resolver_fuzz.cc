// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The sandbox's path resolver on arbitrary trees and paths. The input describes a tree of
// directories, files and links, then paths. In a tree at rest both resolvers must do what the model
// of the unit tests does. In a tree in which a second thread renames all the time, and moves
// directories out of the sandbox and back, no operation may reach or change what lies outside.
#include <algorithm>
#include <atomic>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <set>
#include <span>
#include <string_view>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>
#include <vector>

#include "unit/wasi/resolver_model.h"
#include "wasi/core/directories.h"

namespace wazuka::wasi {
namespace {

using test::Model;
using test::Node;

constexpr size_t kMaxNodes = 40;
constexpr size_t kMaxPaths = 30;
constexpr size_t kMaxPieces = 16;
constexpr size_t kMaxRenames = 16;

struct Input {
  std::span<const u8> bytes;

  bool empty() const { return bytes.empty(); }
  u8 byte() {
    if (bytes.empty()) return 0;
    u8 b = bytes.front();
    bytes = bytes.subspan(1);
    return b;
  }
  /// Pieces of text up to an end mark.
  std::string path() {
    static constexpr const char* kPieces[] = {"a",  "b",   "c",  "d",  "/",  "/",   "//", ".",
                                              "..", "/..", "/.", "a/", "b/", "../", "c/d"};
    std::string text;
    for (size_t i = 0; i < kMaxPieces && !empty(); ++i) {
      u8 piece = byte() % 16;
      if (piece == 15) break;
      text += kPieces[piece];
    }
    return text;
  }
};

void check(bool ok, const char* what, const std::string& path = "") {
  if (ok) return;
  std::fprintf(stderr, "%s: '%s'\n", what, path.c_str());
  std::abort();
}

u64 inode_at(int dir, const char* name) {
  struct stat s;
  check(::fstatat(dir, name, &s, AT_SYMLINK_NOFOLLOW) == 0, "fstatat", name);
  return s.st_ino;
}

/// A folder with `box`, the sandbox, and `outside`, which nobody may touch.
class Place {
 public:
  Place() {
    std::string base = ::access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    path_ = base + "/resolver-fuzz-XXXXXX";
    check(::mkdtemp(path_.data()) != nullptr, "mkdtemp");
    top_ = os::OwnedFd(::open(path_.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
    ::mkdirat(top_.get(), "box", 0777);
    ::mkdirat(top_.get(), "outside", 0777);
    os::OwnedFd secret(
        ::openat(top_.get(), "outside/secret", O_WRONLY | O_CREAT | O_CLOEXEC, 0666));
    check(::write(secret.get(), "secret", 6) == 6, "write");
    box_ = os::OwnedFd(::openat(top_.get(), "box", O_PATH | O_DIRECTORY | O_CLOEXEC));
    for (const char* name : {".", "outside", "outside/secret"}) {
      forbidden_.insert(inode_at(top_.get(), name));
    }
  }
  ~Place() {
    std::error_code ignored;
    std::filesystem::remove_all(path_, ignored);
  }
  Place(const Place&) = delete;

  int top() const { return top_.get(); }
  int box() const { return box_.get(); }
  const std::string& path() const { return path_; }

  void check_inside(int fd, const std::string& path) const {
    struct stat s;
    check(::fstat(fd, &s) == 0, "fstat", path);
    check(!forbidden_.contains(s.st_ino), "escaped", path);
  }
  void check_outside_unchanged() const {
    struct stat secret, dir;
    check(::fstatat(top(), "outside/secret", &secret, AT_SYMLINK_NOFOLLOW) == 0, "secret is gone");
    check(secret.st_size == 6 && secret.st_nlink == 1, "secret has changed");
    check(::fstatat(top(), "outside", &dir, AT_SYMLINK_NOFOLLOW) == 0, "outside is gone");
    check(dir.st_nlink == 2, "outside has a new directory");
    size_t entries = 0;
    std::error_code ignored;
    for ([[maybe_unused]] const auto& entry :
         std::filesystem::directory_iterator(path_ + "/outside", ignored)) {
      ++entries;
    }
    check(entries == 1, "outside has a new entry");
  }

 private:
  std::string path_;
  os::OwnedFd top_, box_;
  std::set<u64> forbidden_;
};

/// The tree of the input, on the host and as a model.
class Tree {
 public:
  Tree(Input& in, const Place& place) {
    root_.inode = inode_at(place.box(), ".");
    dirs_.push_back({&root_, "."});
    size_t count = in.byte() % kMaxNodes;
    for (size_t i = 0; i < count && !in.empty(); ++i) add(in, place);
  }

  const Node& root() const { return root_; }
  /// The host path of a directory below the sandbox.
  const std::string& dir_path(u8 number) const { return dirs_[number % dirs_.size()].path; }

 private:
  struct Dir {
    Node* node;
    std::string path;
  };

  void add(Input& in, const Place& place) {
    u8 what = in.byte();
    Dir at = dirs_[(what >> 4) % dirs_.size()];
    std::string name(1, static_cast<char>('a' + (what & 3)));
    if (at.node->children.contains(name)) return;
    std::string path = at.path + "/" + name;
    auto node = std::make_unique<Node>();
    node->parent = at.node;
    int made = -1;
    switch (what >> 2 & 3) {
      case 0:
        made = ::mkdirat(place.box(), path.c_str(), 0777);
        dirs_.push_back({node.get(), path});
        break;
      case 1: {
        node->kind = Node::Kind::kFile;
        made = ::openat(place.box(), path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
        os::OwnedFd closes(made);
        break;
      }
      default:
        node->kind = Node::Kind::kLink;
        node->target = target(in, place);
        made = ::symlinkat(node->target.c_str(), place.box(), path.c_str());
        break;
    }
    check(made >= 0, "cannot build the tree", path);
    node->inode = inode_at(place.box(), path.c_str());
    at.node->children[name] = std::move(node);
  }

  static std::string target(Input& in, const Place& place) {
    switch (in.byte() % 8) {
      case 0: return "../outside";
      case 1: return "../outside/secret";
      case 2: return place.path() + "/outside";
      case 3: return "../../outside/";
      default: break;
    }
    std::string path = in.path();
    return path.empty() ? "." : path;
  }

  Node root_;
  std::vector<Dir> dirs_;
};

void compare_with_model(Input& in, const Place& place, const Tree& tree) {
  Model model(tree.root());
  for (size_t i = 0; i < kMaxPaths && !in.empty(); ++i) {
    bool follow = (in.byte() & 1) != 0;
    std::string path = in.path();
    auto expected = model.resolve(path, follow);
    for (auto method : {Resolver::Method::kKernel, Resolver::Method::kWalk}) {
      Resolver resolver(method);
      auto got = resolver.open(place.box(), path, follow ? O_PATH : O_PATH | O_NOFOLLOW);
      check(got.has_value() == expected.has_value(), "the model says otherwise", path);
      if (!got) {
        check(got.error() == expected.error(), "another error", path);
        continue;
      }
      struct stat s;
      check(::fstat(got->get(), &s) == 0, "fstat", path);
      check(s.st_ino == (*expected)->inode, "another file", path);
    }
  }
}

/// A directory below `top`, opened without following any link: a step of the path that has turned
/// into a link since the path was made must not lead the renamer, which has no sandbox, outside.
os::OwnedFd open_without_links(int top, std::string_view path) {
  constexpr int kFlags = O_PATH | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC;
  os::OwnedFd at(::openat(top, ".", kFlags));
  while (at && !path.empty()) {
    size_t end = std::min(path.find('/'), path.size());
    at = os::OwnedFd(::openat(at.get(), std::string(path.substr(0, end)).c_str(), kFlags));
    path.remove_prefix(std::min(end + 1, path.size()));
  }
  return at;
}

/// Renames inside of the sandbox and out of it until told to stop; everything ends up inside.
class Renamer {
 public:
  Renamer(Input& in, const Place& place, const Tree& tree) : place_(place) {
    size_t count = 1 + in.byte() % kMaxRenames;
    for (size_t i = 0; i < count; ++i) {
      u8 where = in.byte(), names = in.byte();
      auto entry = [&](int dir, int name) {
        return Entry{tree.dir_path(static_cast<u8>(dir)), {static_cast<char>('a' + name % 4)}};
      };
      steps_.push_back(
          {entry(where & 15, names & 3), entry(where >> 4, names >> 2 & 3), names >> 4});
    }
    thread_ = std::thread([this] {
      while (!stop_) {
        for (const Step& step : steps_) rename(step);
      }
    });
  }
  ~Renamer() {
    stop_ = true;
    thread_.join();
  }
  Renamer(const Renamer&) = delete;

 private:
  struct Entry {
    std::string dir, name;
  };
  struct Step {
    Entry from, to;
    int how;
  };

  void rename(const Step& step) {
    int top = place_.top();
    os::OwnedFd from = open_without_links(place_.box(), step.from.dir);
    os::OwnedFd to = open_without_links(place_.box(), step.to.dir);
    if (!from || !to) return;
    const char* name = step.from.name.c_str();
    const char* new_name = step.to.name.c_str();
    if (step.how % 4 == 0) {
      // Out of the sandbox and back, to where it may mean something else.
      if (::renameat(from.get(), name, top, "moved") == 0 &&
          ::renameat(top, "moved", to.get(), new_name) != 0) {
        ::renameat2(top, "moved", from.get(), name, RENAME_NOREPLACE);
      }
    } else {
      unsigned flags = step.how % 4 == 1 ? 0 : RENAME_EXCHANGE;
      ::renameat2(from.get(), name, to.get(), new_name, flags);
    }
  }

  const Place& place_;
  std::vector<Step> steps_;
  std::atomic<bool> stop_ = false;
  std::thread thread_;
};

void operate(u8 what, const Place& place, const Directory& dir, Resolver& resolver,
             const std::string& path, const std::string& second) {
  switch (what % 10) {
    case 0: static_cast<void>(create_directory(resolver, dir, path)); break;
    case 1: static_cast<void>(remove_directory(resolver, dir, path)); break;
    case 2: static_cast<void>(unlink_file(resolver, dir, path)); break;
    case 3: static_cast<void>(rename_path(resolver, dir, path, dir, second)); break;
    case 4: static_cast<void>(make_link(resolver, dir, path, dir, second)); break;
    case 5: static_cast<void>(make_symlink(resolver, second, dir, path)); break;
    case 6: static_cast<void>(set_path_times(resolver, dir, path, true, {})); break;
    case 7: {
      OpenRequest request;
      request.follow = (what & 16) != 0;
      request.create = (what & 32) != 0;
      request.truncate = (what & 64) != 0;
      request.write = request.truncate;
      auto opened = open_path(resolver, dir, path, request);
      if (!opened) break;
      if (auto* file = std::get_if<File>(&*opened)) place.check_inside(file->fd.get(), path);
      if (auto* sub = std::get_if<Directory>(&*opened)) place.check_inside(sub->fd.get(), path);
      break;
    }
    default: {
      auto opened = resolver.open(dir.fd.get(), path, O_PATH | (what & 16 ? O_NOFOLLOW : 0));
      if (opened) place.check_inside(opened->get(), path);
      break;
    }
  }
}

void race(Input& in, const Place& place, const Tree& tree) {
  Renamer renamer(in, place, tree);
  Directory dir;
  dir.fd = os::OwnedFd(::dup(place.box()));
  for (size_t i = 0; i < kMaxPaths && !in.empty(); ++i) {
    u8 what = in.byte();
    std::string path = in.path(), second = in.path();
    for (auto method : {Resolver::Method::kKernel, Resolver::Method::kWalk}) {
      Resolver resolver(method);
      for (int n = 0; n < 8; ++n) operate(what, place, dir, resolver, path, second);
    }
  }
}

}  // namespace
}  // namespace wazuka::wasi

extern "C" int LLVMFuzzerTestOneInput(const wazuka::u8* data, size_t size) {
  using namespace wazuka::wasi;
  Input in{{data, size}};
  bool racing = (in.byte() & 1) != 0;
  Place place;
  Tree tree(in, place);
  racing ? race(in, place, tree) : compare_with_model(in, place, tree);
  place.check_outside_unchanged();
  return 0;
}

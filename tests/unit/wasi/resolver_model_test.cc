// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Path resolution against a model: random trees with links of every kind and random paths. Both
// real resolvers must reach the same file or fail with the same error as the model. Seeds are
// fixed, so a failure repeats; fuzz/resolver_fuzz.cc searches further.
#include "resolver_model.h"

#include <map>
#include <random>

#include "guest.h"
#include "wasi/core/resolver.h"

namespace wazuka::wasi::test {
namespace {

constexpr int kTrees = 60;
constexpr int kPathsPerTree = 150;

class Trial {
 public:
  explicit Trial(u32 seed) : random_(seed) { grow(root_, box_.host(), 0); }

  void run(u32 seed) {
    os::OwnedFd root(::open(box_.host().c_str(), O_PATH | O_DIRECTORY));
    Model model(root_);
    for (int i = 0; i < kPathsPerTree; ++i) {
      std::string path = random_path();
      bool follow = pick(2) == 0;
      Resolved expected = model.resolve(path, follow);
      for (auto method : {Resolver::Method::kKernel, Resolver::Method::kWalk}) {
        Resolver resolver(method);
        auto got = resolver.open(root.get(), path, follow ? O_PATH : O_PATH | O_NOFOLLOW);
        std::string what = "seed " + std::to_string(seed) + " path '" + path + "' follow " +
                           std::to_string(follow) + " method " +
                           std::to_string(static_cast<int>(method));
        ASSERT_EQ(got.has_value(), expected.has_value())
            << what << " " << errno_name(got ? Errno::kSuccess : got.error()) << " model "
            << errno_name(expected ? Errno::kSuccess : expected.error());
        if (!expected) {
          ASSERT_EQ(got.error(), expected.error()) << what;
        } else {
          ASSERT_EQ(os::stat_fd(got->get())->inode, (*expected)->inode) << what;
        }
      }
      ++count_[expected ? Errno::kSuccess : expected.error()];
    }
  }
  const std::map<Errno, int>& count() const { return count_; }

 private:
  u32 pick(u32 n) { return static_cast<u32>(random_() % n); }

  std::string random_name() { return std::string(1, static_cast<char>('a' + pick(5))); }

  std::string random_path() {
    std::string path;
    u32 components = 1 + pick(5);
    for (u32 i = 0; i < components; ++i) {
      if (i > 0) path += pick(6) == 0 ? "//" : "/";
      u32 kind = pick(8);
      path += kind == 0 ? std::string("..") : kind == 1 ? std::string(".") : random_name();
    }
    u32 tail = pick(10);
    if (tail == 0) path += '/';
    if (tail == 1) path += "/.";
    if (tail == 2) path += "//";
    if (pick(40) == 0) path = "/" + path;
    if (pick(60) == 0) path.clear();
    return path;
  }

  std::string random_target() {
    switch (pick(12)) {
      case 0: return "..";
      case 1: return "../outside";
      case 2: return "../outside/";
      case 3: return box_.host();
      case 4: return ".";
      default: break;
    }
    std::string path = random_path();
    return path.empty() ? "a" : path;
  }

  void grow(Node& dir, const std::string& host, int depth) {
    dir.inode = os::stat_at(AT_FDCWD, host.c_str(), true)->inode;
    for (char c = 'a'; c <= 'e'; ++c) {
      u32 kind = pick(6);
      if (kind == 0) continue;
      std::string name(1, c), path = host + "/" + name;
      auto node = std::make_unique<Node>();
      node->parent = &dir;
      if (kind <= 2 && depth < 3) {
        fs::create_directory(path);
        grow(*node, path, depth + 1);
      } else if (kind <= 4) {
        node->kind = Node::Kind::kLink;
        node->target = random_target();
        fs::create_symlink(node->target, path);
        node->inode = os::stat_at(AT_FDCWD, path.c_str(), false)->inode;
      } else {
        node->kind = Node::Kind::kFile;
        std::ofstream(path) << "x";
        node->inode = os::stat_at(AT_FDCWD, path.c_str(), false)->inode;
      }
      dir.children[name] = std::move(node);
    }
  }

  std::mt19937 random_;
  Sandbox box_;
  Node root_;
  std::map<Errno, int> count_;
};

TEST(ResolverModel, BothResolversAgreeWithIt) {
  std::map<Errno, int> total;
  for (u32 seed = 1; seed <= kTrees; ++seed) {
    Trial trial(seed);
    trial.run(seed);
    if (testing::Test::HasFatalFailure()) return;
    for (auto [error, count] : trial.count()) total[error] += count;
  }
  // The trial means something only if every kind of answer occurs.
  for (Errno e : {Errno::kSuccess, Errno::kNoent, Errno::kNotdir, Errno::kPerm, Errno::kLoop}) {
    EXPECT_GT(total[e], 50) << errno_name(e);
  }
}

/// Random changes through the host functions: the two resolvers must agree on every answer, and
/// nothing outside the sandbox may change.
std::vector<std::string> run_changes(u32 seed, Resolver::Method method) {
  std::mt19937 random(seed);
  auto pick = [&](u32 n) { return static_cast<u32>(random() % n); };
  Sandbox box;
  Guest g(box, Access::kReadWrite, method);
  std::vector<std::string> log;
  auto path = [&] {
    std::string p;
    for (u32 i = 0, n = 1 + pick(3); i < n; ++i) {
      u32 kind = pick(9);
      if (i > 0) p += '/';
      if (kind == 0) p += "..";
      if (kind == 1) p += '.';
      if (kind > 1) p += static_cast<char>('a' + pick(4));
    }
    if (pick(6) == 0) p += '/';
    return p;
  };
  for (int i = 0; i < 80; ++i) {
    std::string one = path(), two = path();
    Errno e = Errno::kSuccess;
    switch (pick(9)) {
      case 0: e = g.mkdir(one); break;
      case 1: e = g.rmdir(one); break;
      case 2: e = g.unlink(one); break;
      case 3: e = g.rename(one, two); break;
      case 4: e = g.link(one, two); break;
      case 5: e = g.symlink(pick(3) == 0 ? "../outside" : one, two); break;
      case 6: e = g.stat(one, pick(2)); break;
      case 7: e = g.readlink(one); break;
      default: e = g.open(one, pick(2) * kCreat, Guest::kRead, 0, pick(2)); break;
    }
    log.push_back(one + " " + two + " " + std::string(errno_name(e)));
  }
  EXPECT_EQ(box.read("../outside/secret"), "secret") << seed;
  EXPECT_EQ(std::distance(fs::directory_iterator(box.host("../outside")), fs::directory_iterator()),
            1)
      << seed;
  EXPECT_EQ(std::distance(fs::directory_iterator(box.host("..")), fs::directory_iterator()), 2)
      << seed;
  return log;
}

TEST(ResolverModel, ChangesAgreeAndStayInside) {
  for (u32 seed = 1; seed <= 60; ++seed) {
    ASSERT_EQ(run_changes(seed, Resolver::Method::kKernel),
              run_changes(seed, Resolver::Method::kWalk))
        << seed;
  }
}

}  // namespace
}  // namespace wazuka::wasi::test

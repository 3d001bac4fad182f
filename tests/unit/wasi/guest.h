// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A guest without wasm: a byte vector as memory, a temporary directory as sandbox, and host
// functions called by name through the same table a runtime links.
#pragma once

#include <atomic>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <initializer_list>
#include <limits>
#include <memory>
#include <set>
#include <signal.h>
#include <sstream>
#include <string>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>
#include <vector>

#include "wasi/host_functions.h"

namespace wazuka::wasi {

inline std::ostream& operator<<(std::ostream& out, Errno e) {
  return out << errno_name(e);
}

namespace test {

namespace fs = std::filesystem;

/// A directory `box` to preopen, beside things that must stay out of reach.
class Sandbox {
 public:
  Sandbox() {
    std::string pattern = (fs::temp_directory_path() / "wasi-test-XXXXXX").string();
    root_ = ::mkdtemp(pattern.data());
    fs::create_directories(root_ / "box");
    fs::create_directories(root_ / "outside");
    write("../outside/secret", "secret");
  }
  ~Sandbox() {
    std::error_code ignored;
    fs::remove_all(root_, ignored);
  }
  Sandbox(const Sandbox&) = delete;

  std::string host(const std::string& name = ".") const { return (root_ / "box" / name).string(); }
  void write(const std::string& name, const std::string& text) const {
    std::ofstream(host(name), std::ios::binary) << text;
  }
  std::string read(const std::string& name) const {
    std::ifstream in(host(name), std::ios::binary);
    std::stringstream all;
    all << in.rdbuf();
    return all.str();
  }
  void mkdir(const std::string& name) const { fs::create_directories(host(name)); }
  void link(const std::string& target, const std::string& name) const {
    fs::create_symlink(target, host(name));
  }
  /// Whether an entry is there; links are not followed.
  bool has(const std::string& name) const {
    return fs::symlink_status(host(name)).type() != fs::file_type::not_found;
  }

 private:
  fs::path root_;
};

class Guest {
 public:
  static constexpr u32 kPath = 0x1000;    // where paths are put
  static constexpr u32 kPath2 = 0x2800;   // and second paths
  static constexpr u32 kResult = 0x4000;  // where results are wanted
  static constexpr u32 kIovs = 0x5000;
  static constexpr u32 kBuffer = 0x8000;
  static constexpr u32 kSize = 0x20000;
  static constexpr u64 kRead = 0x2;
  static constexpr u64 kWrite = 0x40;

  explicit Guest(ContextOptions options, std::string module = "wasi_snapshot_preview1")
      : module_(std::move(module)), bytes_(kSize) {
    auto created = Context::create(std::move(options));
    if (created) context_ = std::move(*created);
  }
  /// A guest with one preopen, descriptor 3.
  explicit Guest(const Sandbox& sandbox, Access access = Access::kReadWrite,
                 Resolver::Method method = Resolver::Method::kAutomatic)
      : Guest(with_preopen(sandbox, access, method)) {}

  static ContextOptions with_preopen(const Sandbox& sandbox, Access access = Access::kReadWrite,
                                     Resolver::Method method = Resolver::Method::kAutomatic) {
    ContextOptions options;
    options.preopens.push_back({sandbox.host(), "/", access});
    options.resolver = method;
    return options;
  }

  Context& context() { return *context_; }
  GuestMemory memory() { return {bytes_.data(), bytes_.size()}; }

  Outcome outcome(const std::string& name, std::vector<u64> arguments) {
    const HostFunction* function = find_host_function(module_, name);
    EXPECT_NE(function, nullptr) << name;
    EXPECT_EQ(arguments.size(), std::string(function->signature).find(':')) << name;
    arguments.push_back(0);
    return invoke(*function, *context_, memory(), arguments.data());
  }
  /// For calls that must neither trap nor exit.
  Errno call(const std::string& name, std::vector<u64> arguments) {
    Outcome o = outcome(name, std::move(arguments));
    EXPECT_EQ(o.kind, Outcome::Kind::kErrno) << name;
    return o.error;
  }

  template <class T>
  T get(u32 at) {
    T value;
    std::memcpy(&value, &bytes_.at(at), sizeof value);
    return value;
  }
  template <class T>
  void set(u32 at, T value) {
    std::memcpy(&bytes_.at(at), &value, sizeof value);
  }
  void put(u32 at, const std::string& text) {
    std::memcpy(&bytes_.at(at), text.data(), text.size());
  }
  std::string text(u32 at, u32 length) {
    return std::string(reinterpret_cast<char*>(&bytes_.at(at)), length);
  }

  // Shorthands; `fd` and other results are left in last_fd() and so on.
  Errno open(const std::string& path, u32 oflags = 0, u64 rights = kRead, u32 fdflags = 0,
             u32 follow = 1, u32 dir = 3) {
    put(kPath, path);
    return call("path_open",
                {dir, follow, kPath, path.size(), oflags, rights, 0, fdflags, kResult});
  }
  u32 fd() { return get<u32>(kResult); }
  /// Opens and returns the number; ~0 on failure.
  u32 opened(const std::string& path, u32 oflags = 0, u64 rights = kRead, u32 fdflags = 0) {
    Errno e = open(path, oflags, rights, fdflags);
    EXPECT_EQ(e, Errno::kSuccess) << path;
    return e == Errno::kSuccess ? fd() : ~u32{0};
  }
  Errno path_call(const std::string& name, const std::string& path, u32 dir = 3) {
    put(kPath, path);
    return call(name, {dir, kPath, path.size()});
  }
  Errno mkdir(const std::string& path) { return path_call("path_create_directory", path); }
  Errno rmdir(const std::string& path) { return path_call("path_remove_directory", path); }
  Errno unlink(const std::string& path) { return path_call("path_unlink_file", path); }
  Errno stat(const std::string& path, u32 follow = 1) {
    put(kPath, path);
    return call("path_filestat_get", {3, follow, kPath, path.size(), kResult});
  }
  u8 stat_type() { return get<u8>(kResult + 16); }
  u64 stat_size() { return get<u64>(kResult + 32); }
  Errno rename(const std::string& from, const std::string& to, u32 from_dir = 3, u32 to_dir = 3) {
    put(kPath, from);
    put(kPath2, to);
    return call("path_rename", {from_dir, kPath, from.size(), to_dir, kPath2, to.size()});
  }
  Errno link(const std::string& from, const std::string& to, u32 flags = 0, u32 from_dir = 3,
             u32 to_dir = 3) {
    put(kPath, from);
    put(kPath2, to);
    return call("path_link", {from_dir, flags, kPath, from.size(), to_dir, kPath2, to.size()});
  }
  Errno symlink(const std::string& target, const std::string& path) {
    put(kPath, target);
    put(kPath2, path);
    return call("path_symlink", {kPath, target.size(), 3, kPath2, path.size()});
  }
  Errno readlink(const std::string& path, u32 length = 100) {
    put(kPath, path);
    return call("path_readlink", {3, kPath, path.size(), kBuffer, length, kResult});
  }
  Errno write(u32 fd, const std::string& data) {
    put(kBuffer, data);
    iovs({{kBuffer, static_cast<u32>(data.size())}});
    return call("fd_write", {fd, kIovs, 1, kResult});
  }
  Errno read(u32 fd, u32 length) {
    iovs({{kBuffer, length}});
    return call("fd_read", {fd, kIovs, 1, kResult});
  }
  std::string data() { return text(kBuffer, get<u32>(kResult)); }
  void iovs(std::initializer_list<std::pair<u32, u32>> buffers) {
    u32 at = kIovs;
    for (auto [start, length] : buffers) {
      set<u32>(at, start);
      set<u32>(at + 4, length);
      at += 8;
    }
  }
  Errno seek(u32 fd, i64 offset, u32 whence) {
    return call("fd_seek", {fd, static_cast<u64>(offset), whence, kResult});
  }
  u64 position() { return get<u64>(kResult); }

 private:
  std::string module_;
  std::vector<u8> bytes_;
  std::unique_ptr<Context> context_;
};

/// Test name suffix of a resolver method.
inline std::string resolver_name(const testing::TestParamInfo<Resolver::Method>& info) {
  switch (info.param) {
    case Resolver::Method::kAutomatic: return "automatic";
    case Resolver::Method::kKernel: return "openat2";
    case Resolver::Method::kWalk: return "walk";
  }
  return "";
}

// oflags and fdflags
constexpr u32 kCreat = 1, kDirectory = 2, kExcl = 4, kTrunc = 8;
constexpr u32 kAppend = 1, kDsync = 2, kNonblock = 4, kRsync = 8, kSync = 16;

}  // namespace test
}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/resolver.h"

#include <fcntl.h>
#include <string_view>
#include <sys/stat.h>
#include <vector>

namespace wazuka::wasi {
namespace {

using os::HostResult;
using os::OwnedFd;

constexpr int kMaxSymlinks = 40;  // the kernel's MAXSYMLINKS
constexpr int kEscape = EXDEV;    // what openat2 says of an escape; open() gives no other EXDEV
constexpr int kMaxRaceRetries = 4;

/// The walk: a stack of the directories entered so far and the text still to be resolved.
class Walk {
 public:
  Walk(int start, int flags, u32 mode) : start_(start), flags_(flags), mode_(mode) {}

  HostResult<OwnedFd> run(std::string path) {
    if (path.empty()) return std::unexpected(ENOENT);
    rest_ = std::move(path);
    at_ = 0;
    for (;;) {
      if (rest_.front() == '/') return std::unexpected(kEscape);
      // Each turn of the inner loop consumes one component; a link restarts it with new text.
      auto step = walk_components();
      if (!step) return std::unexpected(step.error());
      if (*step) return std::move(*step);
    }
  }

 private:
  int current() const { return dirs_.empty() ? start_ : dirs_.back().get(); }

  /// The opened file, or an empty descriptor after a link was spliced into rest_.
  HostResult<OwnedFd> walk_components() {
    for (;;) {
      size_t end = std::min(rest_.find('/', at_), rest_.size());
      size_t next = std::min(rest_.find_first_not_of('/', end), rest_.size());
      std::string name = rest_.substr(at_, end - at_);
      bool slash = end < rest_.size();
      bool last = next == rest_.size();
      at_ = next;
      if (name == "..") {
        if (dirs_.empty()) return std::unexpected(kEscape);
        dirs_.pop_back();
      }
      bool dots = name == "." || name == "..";
      if (last && dots) return os::open_at(current(), ".", flags_ & ~O_NOFOLLOW, mode_);
      if (dots) continue;
      if (last && !slash) return open_last(name);
      if (last && (flags_ & O_CREAT) != 0) return std::unexpected(EISDIR);
      auto entered = enter(name, last);
      if (!entered) return std::unexpected(entered.error());
      if (!*entered) return OwnedFd();
      if (last) return os::open_at(current(), ".", flags_ & ~O_NOFOLLOW, mode_);
    }
  }

  /// Descends into the directory `name`: true; or splices in the link `name`: false.
  HostResult<bool> enter(const std::string& name, bool last) {
    auto child = os::open_at(current(), name.c_str(), O_PATH | O_NOFOLLOW);
    if (!child) return std::unexpected(child.error());
    auto info = os::stat_fd(child->get());
    if (!info) return std::unexpected(info.error());
    if (S_ISLNK(info->mode)) {
      auto target = os::read_link_at(child->get(), "");
      if (!target) return std::unexpected(target.error());
      if (auto ok = splice(std::move(*target), last); !ok) return std::unexpected(ok.error());
      return false;
    }
    if (!S_ISDIR(info->mode)) return std::unexpected(ENOTDIR);
    dirs_.push_back(std::move(*child));
    return true;
  }

  /// Opens the final component, following it if it is a link and the flags allow.
  HostResult<OwnedFd> open_last(const std::string& name) {
    bool follow = (flags_ & O_NOFOLLOW) == 0 && (flags_ & (O_CREAT | O_EXCL)) != (O_CREAT | O_EXCL);
    for (int attempt = 0; attempt < kMaxRaceRetries; ++attempt) {
      auto file = os::open_at(current(), name.c_str(), flags_ | O_NOFOLLOW, mode_);
      if (!follow) return file;
      if (file && (flags_ & O_PATH) == 0) return file;
      // O_PATH opens the link itself, O_DIRECTORY reports ENOTDIR for it, the rest ELOOP.
      if (!file && file.error() != ELOOP && file.error() != ENOTDIR) return file;
      auto target =
          file ? os::read_link_at(file->get(), "") : os::read_link_at(current(), name.c_str());
      if (target) {
        if (auto ok = splice(std::move(*target), /*directory=*/false); !ok) {
          return std::unexpected(ok.error());
        }
        return OwnedFd();
      }
      if (file) return file;  // not a link
      // ENOTDIR for something that is no link is final; after ELOOP the entry has just changed.
      if (file.error() == ENOTDIR) return file;
      if (target.error() != EINVAL && target.error() != ENOENT) {
        return std::unexpected(target.error());
      }
    }
    return std::unexpected(EAGAIN);
  }

  HostResult<void> splice(std::string target, bool directory) {
    if (++symlinks_ > kMaxSymlinks) return std::unexpected(ELOOP);
    if (target.empty()) return std::unexpected(ENOENT);
    bool more = at_ < rest_.size();
    if (directory || more) target += '/';
    target.append(rest_, at_);
    rest_ = std::move(target);
    at_ = 0;
    return {};
  }

  int start_;
  int flags_;
  u32 mode_;
  std::string rest_;  // resolved up to at_
  size_t at_ = 0;
  std::vector<OwnedFd> dirs_;
  int symlinks_ = 0;
};

HostResult<OwnedFd> open_by_kernel(int dir, const std::string& path, int flags, u32 mode) {
  // EAGAIN says that a rename or mount raced with a `..`.
  for (int attempt = 0;; ++attempt) {
    auto file = os::open_at_beneath(dir, path.c_str(), flags, mode);
    if (file || file.error() != EAGAIN || attempt == kMaxRaceRetries) return file;
  }
}

WasiResult<OwnedFd> translate(HostResult<OwnedFd> file) {
  if (file) return std::move(*file);
  if (file.error() == kEscape) return std::unexpected(Errno::kPerm);
  return host_failure(file.error());
}

/// A path that ends in "/" or "/." names a directory, whatever its last component is.
bool names_directory(std::string_view path) {
  return path.ends_with('/') || path.ends_with("/.");
}

}  // namespace

WasiResult<OwnedFd> Resolver::open(int dir, const std::string& path, int flags, u32 mode) {
  Method method = method_.load(std::memory_order_relaxed);
  if (method != Method::kWalk) {
    auto file = open_by_kernel(dir, path, flags, mode);
    if (method == Method::kKernel || file) return translate(std::move(file));
    // EPERM may be a seccomp filter's answer; where it is the file's own, the walk repeats it.
    int error = file.error();
    if (error != ENOSYS && error != EPERM && error != EAGAIN) return translate(std::move(file));
    if (error == ENOSYS) method_ = Method::kWalk;
  }
  return translate(Walk(dir, flags, mode).run(path));
}

WasiResult<Resolver::Parent> Resolver::open_parent(int dir, const std::string& path) {
  if (path.empty()) return std::unexpected(Errno::kNoent);
  size_t split = path.find_last_of('/') + 1;  // 0 if there is no slash
  std::string name = path.substr(split);
  std::string parent = path.substr(0, split);
  if (names_directory(path) || name == "..") {
    parent = path;
    name.assign(1, '.');
  }
  Parent result;
  result.fd = dir;
  result.name = std::move(name);
  if (!parent.empty()) {
    auto opened = open(dir, parent, O_PATH | O_DIRECTORY);
    if (!opened) return std::unexpected(opened.error());
    result.owned = std::move(*opened);
    result.fd = result.owned.get();
  }
  return result;
}

}  // namespace wazuka::wasi

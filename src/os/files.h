// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Host files: thin, typed wrappers over the system calls that the WASI host needs. They add only
// what every caller would otherwise repeat: retry on EINTR, close-on-exec, ownership, and the host
// error number as a value. They know nothing of sandboxes; the rule which paths may be opened lives
// in wasi/core/resolver.h.
#pragma once

#include <cerrno>
#include <expected>
#include <span>
#include <string>
#include <sys/uio.h>
#include <utility>

#include "base/ints.h"

namespace wazuka::os {

/// A value, or the host's error number (errno).
template <class T>
using HostResult = std::expected<T, int>;

/// Owns one file descriptor; closes it on destruction. Move only; -1 when empty.
class OwnedFd {
 public:
  OwnedFd() = default;
  explicit OwnedFd(int fd) : fd_(fd) {}
  OwnedFd(OwnedFd&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  OwnedFd& operator=(OwnedFd&& other) noexcept {
    if (this != &other) {
      reset();
      fd_ = std::exchange(other.fd_, -1);
    }
    return *this;
  }
  OwnedFd(const OwnedFd&) = delete;
  OwnedFd& operator=(const OwnedFd&) = delete;
  ~OwnedFd() { reset(); }

  int get() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }
  int release() { return std::exchange(fd_, -1); }
  void reset();

 private:
  int fd_ = -1;
};

/// Seconds and nanoseconds since the Unix epoch; nanoseconds < 10^9.
struct Timespec {
  i64 seconds = 0;
  u32 nanoseconds = 0;
};

/// What statx tells about a file. `birth` is meaningful only if `has_birth`.
struct FileInfo {
  u64 device = 0;
  u64 inode = 0;
  u64 links = 0;
  u64 size = 0;
  u32 mode = 0;  // S_IFMT and permission bits
  Timespec access;
  Timespec modification;
  Timespec birth;
  bool has_birth = false;
};

/// openat(2). O_CLOEXEC is always added.
HostResult<OwnedFd> open_at(int dir, const char* path, int flags, u32 mode = 0);

/// openat2(2) with RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS: no component, no symbolic link and no
/// `..` leads outside `dir`. ENOSYS on kernels before 5.6; EXDEV for an attempt to escape.
HostResult<OwnedFd> open_at_beneath(int dir, const char* path, int flags, u32 mode);

/// statx(2) of the entry `name` of `dir`; with an empty name, of `dir` itself.
HostResult<FileInfo> stat_at(int dir, const char* name, bool follow);
inline HostResult<FileInfo> stat_fd(int fd) {
  return stat_at(fd, "", false);
}

/// readlinkat(2) without truncation. An empty name reads the link that `dir` (O_PATH) refers to.
HostResult<std::string> read_link_at(int dir, const char* name);

/// One name in a directory, as getdents64(2) gives it. `type` is a DT_* value.
struct DirectoryEntry {
  u64 inode = 0;
  u8 type = 0;
  std::string name;
};

/// Reads directory entries one by one from a descriptor that it owns.
class DirectoryReader {
 public:
  explicit DirectoryReader(OwnedFd fd) : fd_(std::move(fd)) {}
  /// Fills `entry` and returns true, or returns false at the end.
  HostResult<bool> next(DirectoryEntry& entry);

 private:
  OwnedFd fd_;
  alignas(8) char buffer_[8192];
  size_t position_ = 0;
  size_t end_ = 0;
};

/// preadv/pwritev at an explicit offset; EINVAL if the offset is not representable.
HostResult<u64> read_vectored_at(int fd, std::span<const iovec> buffers, u64 offset);
HostResult<u64> write_vectored_at(int fd, std::span<const iovec> buffers, u64 offset);
/// Appends at the end of the file whatever the flags of the descriptor are.
HostResult<u64> append_vectored(int fd, std::span<const iovec> buffers);
/// readv/writev at the descriptor's own position (pipes, terminals).
HostResult<u64> read_vectored(int fd, std::span<const iovec> buffers);
HostResult<u64> write_vectored(int fd, std::span<const iovec> buffers);

/// Turns the convention "-1 and errno" into a HostResult<void>.
inline HostResult<void> check(int result) {
  if (result < 0) return std::unexpected(errno);
  return {};
}

}  // namespace wazuka::os

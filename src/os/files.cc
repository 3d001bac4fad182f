// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/files.h"

#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <linux/openat2.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <unistd.h>

namespace wazuka::os {
namespace {

/// Repeats a system call that a signal interrupted.
template <class Call>
auto retry(Call call) {
  for (;;) {
    auto result = call();
    if (result >= 0 || errno != EINTR) return result;
  }
}

HostResult<u64> byte_count(ssize_t result) {
  if (result < 0) return std::unexpected(errno);
  return static_cast<u64>(result);
}

bool representable_offset(u64 offset) {
  return offset <= static_cast<u64>(std::numeric_limits<i64>::max());
}

Timespec to_timespec(const statx_timestamp& t) {
  return {t.tv_sec, t.tv_nsec};
}

/// The record of getdents64(2); the libc declares it only under a feature macro.
struct RawEntry {
  u64 inode;
  i64 offset;
  u16 record_length;
  u8 type;
  char name[];
};
constexpr size_t kNameOffset = 19;

}  // namespace

void OwnedFd::reset() {
  // Linux releases the descriptor even if close is interrupted, so a retry could close another one.
  if (fd_ >= 0) ::close(std::exchange(fd_, -1));
}

HostResult<OwnedFd> open_at(int dir, const char* path, int flags, u32 mode) {
  int fd = retry([&] { return ::openat(dir, path, flags | O_CLOEXEC, mode); });
  if (fd < 0) return std::unexpected(errno);
  return OwnedFd(fd);
}

HostResult<OwnedFd> open_at_beneath(int dir, const char* path, int flags, u32 mode) {
  open_how how = {};
  how.flags = static_cast<u64>(static_cast<u32>(flags | O_CLOEXEC));
  how.mode = (flags & O_CREAT) != 0 ? mode : 0;
  how.resolve = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;
  long fd = retry([&] { return ::syscall(SYS_openat2, dir, path, &how, sizeof how); });
  if (fd < 0) return std::unexpected(errno);
  return OwnedFd(static_cast<int>(fd));
}

HostResult<FileInfo> stat_at(int dir, const char* name, bool follow) {
  struct statx raw;
  int flags = follow ? 0 : AT_SYMLINK_NOFOLLOW;
  if (name[0] == '\0') flags |= AT_EMPTY_PATH;
  if (::statx(dir, name, flags, STATX_BASIC_STATS | STATX_BTIME, &raw) < 0) {
    return std::unexpected(errno);
  }
  FileInfo info;
  info.device = makedev(raw.stx_dev_major, raw.stx_dev_minor);
  info.inode = raw.stx_ino;
  info.links = raw.stx_nlink;
  info.size = raw.stx_size;
  info.mode = raw.stx_mode;
  info.access = to_timespec(raw.stx_atime);
  info.modification = to_timespec(raw.stx_mtime);
  info.has_birth = (raw.stx_mask & STATX_BTIME) != 0;
  if (info.has_birth) info.birth = to_timespec(raw.stx_btime);
  return info;
}

HostResult<std::string> read_link_at(int dir, const char* name) {
  // A link target is at most PATH_MAX long on Linux; a full buffer would mean truncation.
  char buffer[4097];
  ssize_t length = ::readlinkat(dir, name, buffer, sizeof buffer);
  if (length < 0) return std::unexpected(errno);
  if (static_cast<size_t>(length) == sizeof buffer) return std::unexpected(ENAMETOOLONG);
  return std::string(buffer, static_cast<size_t>(length));
}

HostResult<bool> DirectoryReader::next(DirectoryEntry& entry) {
  if (position_ == end_) {
    long count =
        retry([&] { return ::syscall(SYS_getdents64, fd_.get(), buffer_, sizeof buffer_); });
    if (count < 0) return std::unexpected(errno);
    if (count == 0) return false;
    position_ = 0;
    end_ = static_cast<size_t>(count);
  }
  RawEntry head;
  std::memcpy(&head, buffer_ + position_, kNameOffset);
  const char* name = buffer_ + position_ + kNameOffset;
  entry.inode = head.inode;
  entry.type = head.type;
  entry.name.assign(name, ::strnlen(name, head.record_length - kNameOffset));
  position_ += head.record_length;
  return true;
}

HostResult<u64> read_vectored_at(int fd, std::span<const iovec> buffers, u64 offset) {
  if (!representable_offset(offset)) return std::unexpected(EINVAL);
  return byte_count(retry([&] {
    return ::preadv(fd, buffers.data(), static_cast<int>(buffers.size()),
                    static_cast<off_t>(offset));
  }));
}

HostResult<u64> write_vectored_at(int fd, std::span<const iovec> buffers, u64 offset) {
  if (!representable_offset(offset)) return std::unexpected(EINVAL);
  return byte_count(retry([&] {
    return ::pwritev(fd, buffers.data(), static_cast<int>(buffers.size()),
                     static_cast<off_t>(offset));
  }));
}

HostResult<u64> append_vectored(int fd, std::span<const iovec> buffers) {
  int count = static_cast<int>(buffers.size());
  auto result =
      byte_count(retry([&] { return ::pwritev2(fd, buffers.data(), count, 0, RWF_APPEND); }));
  if (result || (result.error() != ENOSYS && result.error() != EOPNOTSUPP)) return result;
  // Old kernels: the descriptor is ours alone, so its flags may change for the duration of a write.
  int flags = ::fcntl(fd, F_GETFL);
  if (flags < 0 || ::fcntl(fd, F_SETFL, flags | O_APPEND) < 0) return std::unexpected(errno);
  result = write_vectored(fd, buffers);
  ::fcntl(fd, F_SETFL, flags);
  return result;
}

HostResult<u64> read_vectored(int fd, std::span<const iovec> buffers) {
  return byte_count(
      retry([&] { return ::readv(fd, buffers.data(), static_cast<int>(buffers.size())); }));
}

HostResult<u64> write_vectored(int fd, std::span<const iovec> buffers) {
  return byte_count(
      retry([&] { return ::writev(fd, buffers.data(), static_cast<int>(buffers.size())); }));
}

}  // namespace wazuka::os

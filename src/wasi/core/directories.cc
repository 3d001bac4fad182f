// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/directories.h"

#include <algorithm>
#include <fcntl.h>
#include <stdio.h>
#include <string_view>
#include <sys/stat.h>
#include <unistd.h>

#include "wasi/core/utf8.h"

namespace wazuka::wasi {
namespace {

constexpr u32 kNewFileMode = 0666;       // less the process's umask
constexpr u32 kNewDirectoryMode = 0777;  // likewise

WasiResult<void> done(int result) {
  if (result < 0) return host_failure(errno);
  return {};
}

bool is_writable(const Directory& dir) {
  return dir.access == Access::kReadWrite;
}

/// "a//" → "a", "/" stays: what mkdir and rename accept after the name of a directory.
std::string strip_trailing_slashes(std::string_view path) {
  while (path.size() > 1 && path.ends_with('/')) path.remove_suffix(1);
  return std::string(path);
}

/// The name in a path like "name", "name//" or "name/./", else nothing. Wasmtime's lstat looks at
/// such a name itself, where POSIX would follow a link before a trailing slash.
std::string lone_name(std::string_view path) {
  size_t end = std::min(path.find('/'), path.size());
  std::string_view name = path.substr(0, end);
  if (name == "." || name == "..") return {};
  for (size_t i = end; i < path.size(); ++i) {
    if (path[i] == '/') continue;
    bool dot = path[i] == '.' && (i + 1 == path.size() || path[i + 1] == '/');
    if (!dot) return {};
  }
  return std::string(name);
}

int open_flags(const OpenRequest& r) {
  bool write = r.write || r.create || r.truncate;
  bool read = r.read || !r.write;  // without the write right a file can at least be opened
  int flags = write ? (read ? O_RDWR : O_WRONLY) : O_RDONLY;
  if (r.create) flags |= r.exclusive ? O_CREAT | O_EXCL : O_CREAT;
  if (r.truncate && !(r.create && r.exclusive)) flags |= O_TRUNC;
  if (!r.follow) flags |= O_NOFOLLOW;
  return flags;
}

WasiResult<void> check_request(const Directory& dir, const OpenRequest& r) {
  if (r.synchronous) return std::unexpected(Errno::kNotsup);
  if (r.directory && (r.create || r.exclusive || r.truncate)) return std::unexpected(Errno::kInval);
  // Truncation and creation write, whatever rights the guest named.
  if (!is_writable(dir) && (r.create || r.truncate || r.write)) {
    return std::unexpected(Errno::kPerm);
  }
  return {};
}

}  // namespace

WasiResult<Descriptor> open_path(Resolver& resolver, const Directory& dir, const std::string& path,
                                 const OpenRequest& request) {
  if (auto ok = check_request(dir, request); !ok) return std::unexpected(ok.error());
  int flags = open_flags(request);
  auto fd = resolver.open(dir.fd.get(), path, flags | O_NOCTTY, kNewFileMode);
  if (!fd) return std::unexpected(fd.error());
  auto info = os::stat_fd(fd->get());
  if (!info) return host_failure(info.error());
  if (S_ISDIR(info->mode)) {
    Directory opened;
    opened.fd = std::move(*fd);
    opened.access = dir.access;
    return Descriptor(std::move(opened));
  }
  if (request.directory) return std::unexpected(Errno::kNotdir);
  File file;
  file.fd = std::move(*fd);
  file.readable = (flags & O_ACCMODE) != O_WRONLY;
  file.writable = (flags & O_ACCMODE) != O_RDONLY;
  file.append = request.append;
  file.nonblocking = request.nonblocking;
  file.regular = S_ISREG(info->mode);
  file.access = dir.access;
  return Descriptor(std::move(file));
}

WasiResult<FileStat> stat_path(Resolver& resolver, const Directory& dir, const std::string& path,
                               bool follow) {
  if (std::string name = lone_name(path); !follow && !name.empty()) {
    auto info = os::stat_at(dir.fd.get(), name.c_str(), /*follow=*/false);
    if (!info) return host_failure(info.error());
    return to_file_stat(*info);
  }
  auto fd = resolver.open(dir.fd.get(), path, follow ? O_PATH : O_PATH | O_NOFOLLOW);
  if (!fd) return std::unexpected(fd.error());
  return stat_descriptor(fd->get());
}

WasiResult<void> set_path_times(Resolver& resolver, const Directory& dir, const std::string& path,
                                bool follow, const NewTimes& times) {
  if (!is_writable(dir)) return std::unexpected(Errno::kPerm);
  if (!follow) {
    auto parent = resolver.open_parent(dir.fd.get(), path);
    if (!parent) return std::unexpected(parent.error());
    return set_entry_times(parent->fd, parent->name.c_str(), times);
  }
  // O_PATH: to set times one must own the file, not be able to read or write it.
  auto fd = resolver.open(dir.fd.get(), path, O_PATH);
  if (!fd) return std::unexpected(fd.error());
  return set_path_descriptor_times(fd->get(), times);
}

WasiResult<void> create_directory(Resolver& resolver, const Directory& dir,
                                  const std::string& path) {
  if (!is_writable(dir)) return std::unexpected(Errno::kPerm);
  auto parent = resolver.open_parent(dir.fd.get(), strip_trailing_slashes(path));
  if (!parent) return std::unexpected(parent.error());
  return done(::mkdirat(parent->fd, parent->name.c_str(), kNewDirectoryMode));
}

WasiResult<void> remove_directory(Resolver& resolver, const Directory& dir,
                                  const std::string& path) {
  if (!is_writable(dir)) return std::unexpected(Errno::kPerm);
  auto parent = resolver.open_parent(dir.fd.get(), path);
  if (!parent) return std::unexpected(parent.error());
  return done(::unlinkat(parent->fd, parent->name.c_str(), AT_REMOVEDIR));
}

WasiResult<void> unlink_file(Resolver& resolver, const Directory& dir, const std::string& path) {
  if (!is_writable(dir)) return std::unexpected(Errno::kPerm);
  auto parent = resolver.open_parent(dir.fd.get(), path);
  if (!parent) return std::unexpected(parent.error());
  return done(::unlinkat(parent->fd, parent->name.c_str(), 0));
}

WasiResult<std::string> read_link(Resolver& resolver, const Directory& dir,
                                  const std::string& path) {
  auto parent = resolver.open_parent(dir.fd.get(), path);
  if (!parent) return std::unexpected(parent.error());
  auto target = os::read_link_at(parent->fd, parent->name.c_str());
  if (!target) return host_failure(target.error());
  if (target->starts_with('/')) return std::unexpected(Errno::kPerm);
  if (!is_utf8(*target)) return std::unexpected(Errno::kIlseq);
  return std::move(*target);
}

WasiResult<void> make_symlink(Resolver& resolver, const std::string& target, const Directory& dir,
                              const std::string& path) {
  if (!is_writable(dir) || target.starts_with('/')) return std::unexpected(Errno::kPerm);
  auto parent = resolver.open_parent(dir.fd.get(), path);
  if (!parent) return std::unexpected(parent.error());
  return done(::symlinkat(target.c_str(), parent->fd, parent->name.c_str()));
}

WasiResult<void> make_link(Resolver& resolver, const Directory& old_dir,
                           const std::string& old_path, const Directory& new_dir,
                           const std::string& new_path) {
  if (!is_writable(old_dir) || !is_writable(new_dir)) return std::unexpected(Errno::kPerm);
  auto from = resolver.open_parent(old_dir.fd.get(), old_path);
  if (!from) return std::unexpected(from.error());
  auto to = resolver.open_parent(new_dir.fd.get(), new_path);
  if (!to) return std::unexpected(to.error());
  return done(::linkat(from->fd, from->name.c_str(), to->fd, to->name.c_str(), 0));
}

WasiResult<void> rename_path(Resolver& resolver, const Directory& old_dir,
                             const std::string& old_path, const Directory& new_dir,
                             const std::string& new_path) {
  if (!is_writable(old_dir) || !is_writable(new_dir)) return std::unexpected(Errno::kPerm);
  auto from = resolver.open_parent(old_dir.fd.get(), strip_trailing_slashes(old_path));
  if (!from) return std::unexpected(from.error());
  auto to = resolver.open_parent(new_dir.fd.get(), strip_trailing_slashes(new_path));
  if (!to) return std::unexpected(to.error());
  // The kernel requires directories before these slashes, and follows no link at the end in any
  // case.
  if (old_path.ends_with('/')) from->name += '/';
  if (new_path.ends_with('/')) to->name += '/';
  return done(::renameat(from->fd, from->name.c_str(), to->fd, to->name.c_str()));
}

}  // namespace wazuka::wasi

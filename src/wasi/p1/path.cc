// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Functions that take paths. Each reads its paths out of guest memory once, then leaves the rest to
// core/directories.h; no path reaches the host except through the resolver there.
#include <algorithm>

#include "wasi/core/directories.h"
#include "wasi/p1/functions.h"
#include "wasi/p1/records.h"

namespace wazuka::wasi::p1 {

Outcome path_create_directory(Context& context, GuestMemory memory, Fd fd, GuestPtr path,
                              u32 path_len) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  WASI_ASSIGN(std::string name, memory.read_path(path, path_len));
  WASI_TRY(create_directory(context.resolver, *dir, name));
  return Errno::kSuccess;
}

Outcome path_filestat_get(Context& context, GuestMemory memory, Fd fd, LookupFlags flags,
                          GuestPtr path, u32 path_len, GuestPtr stat) {
  return path_filestat(context, memory, fd, flags.has(LookupFlag::kSymlinkFollow), path, path_len,
                       stat, kPreview1Filestat);
}

Outcome path_filestat_set_times(Context& context, GuestMemory memory, Fd fd, LookupFlags flags,
                                GuestPtr path, u32 path_len, u64 atim, u64 mtim,
                                FstFlags fst_flags) {
  WASI_ASSIGN(NewTimes times, new_times(atim, mtim, fst_flags));
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  WASI_ASSIGN(std::string name, memory.read_path(path, path_len));
  bool follow = flags.has(LookupFlag::kSymlinkFollow);
  WASI_TRY(set_path_times(context.resolver, *dir, name, follow, times));
  return Errno::kSuccess;
}

Outcome path_link(Context& context, GuestMemory memory, Fd old_fd, LookupFlags old_flags,
                  GuestPtr old_path, u32 old_path_len, Fd new_fd, GuestPtr new_path,
                  u32 new_path_len) {
  WASI_ASSIGN(Directory * old_dir, directory_at(context, old_fd));
  WASI_ASSIGN(Directory * new_dir, directory_at(context, new_fd));
  WASI_ASSIGN(std::string from, memory.read_path(old_path, old_path_len));
  WASI_ASSIGN(std::string to, memory.read_path(new_path, new_path_len));
  // Not offered by Wasmtime; and a followed link would have to be opened before it is linked.
  if (old_flags.has(LookupFlag::kSymlinkFollow)) return Errno::kInval;
  WASI_TRY(make_link(context.resolver, *old_dir, from, *new_dir, to));
  return Errno::kSuccess;
}

Outcome path_open(Context& context, GuestMemory memory, Fd fd, LookupFlags dirflags, GuestPtr path,
                  u32 path_len, OFlags oflags, Rights base, Rights /*inheriting*/, FdFlags fdflags,
                  GuestPtr opened_fd) {
  WASI_ASSIGN(std::string name, memory.read_path(path, path_len));
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  Directory* dir = std::get_if<Directory>(descriptor);
  if (dir == nullptr) {
    return std::holds_alternative<File>(*descriptor) ? Errno::kNotdir : Errno::kBadf;
  }
  OpenRequest request;
  request.follow = dirflags.has(LookupFlag::kSymlinkFollow);
  request.create = oflags.has(OFlag::kCreat);
  request.directory = oflags.has(OFlag::kDirectory);
  request.exclusive = oflags.has(OFlag::kExcl);
  request.truncate = oflags.has(OFlag::kTrunc);
  request.read = base.has(Right::kFdRead);
  request.write = base.has(Right::kFdWrite);
  request.append = fdflags.has(FdFlag::kAppend);
  request.nonblocking = fdflags.has(FdFlag::kNonblock);
  request.synchronous =
      fdflags.has(FdFlag::kSync) || fdflags.has(FdFlag::kDsync) || fdflags.has(FdFlag::kRsync);
  WASI_ASSIGN(Descriptor opened, while_waiting(context, fd, [&] {
                return open_path(context.resolver, *dir, name, request);  // a pipe may wait
              }));
  WASI_ASSIGN(u32 number, context.descriptors.insert(std::move(opened)));
  return write_result<u32>(memory, opened_fd, "fd", number);
}

Outcome path_readlink(Context& context, GuestMemory memory, Fd fd, GuestPtr path, u32 path_len,
                      GuestPtr buf, u32 buf_len, GuestPtr bufused) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  WASI_ASSIGN(std::string name, memory.read_path(path, path_len));
  WASI_ASSIGN(std::string target, read_link(context.resolver, *dir, name));
  u32 used = static_cast<u32>(std::min<size_t>(target.size(), buf_len));
  WASI_TRY(memory.write(buf, {reinterpret_cast<const u8*>(target.data()), used}));
  return write_result<u32>(memory, bufused, "size", used);
}

Outcome path_remove_directory(Context& context, GuestMemory memory, Fd fd, GuestPtr path,
                              u32 path_len) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  WASI_ASSIGN(std::string name, memory.read_path(path, path_len));
  WASI_TRY(remove_directory(context.resolver, *dir, name));
  return Errno::kSuccess;
}

Outcome path_rename(Context& context, GuestMemory memory, Fd fd, GuestPtr old_path,
                    u32 old_path_len, Fd new_fd, GuestPtr new_path, u32 new_path_len) {
  WASI_ASSIGN(Directory * old_dir, directory_at(context, fd));
  WASI_ASSIGN(Directory * new_dir, directory_at(context, new_fd));
  WASI_ASSIGN(std::string from, memory.read_path(old_path, old_path_len));
  WASI_ASSIGN(std::string to, memory.read_path(new_path, new_path_len));
  WASI_TRY(rename_path(context.resolver, *old_dir, from, *new_dir, to));
  return Errno::kSuccess;
}

Outcome path_symlink(Context& context, GuestMemory memory, GuestPtr old_path, u32 old_path_len,
                     Fd fd, GuestPtr new_path, u32 new_path_len) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  WASI_ASSIGN(std::string target, memory.read_path(old_path, old_path_len));
  WASI_ASSIGN(std::string name, memory.read_path(new_path, new_path_len));
  WASI_TRY(make_symlink(context.resolver, target, *dir, name));
  return Errno::kSuccess;
}

Outcome path_unlink_file(Context& context, GuestMemory memory, Fd fd, GuestPtr path, u32 path_len) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  WASI_ASSIGN(std::string name, memory.read_path(path, path_len));
  WASI_TRY(unlink_file(context.resolver, *dir, name));
  return Errno::kSuccess;
}

}  // namespace wazuka::wasi::p1

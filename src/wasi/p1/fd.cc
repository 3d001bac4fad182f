// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Descriptors as such: status, attributes, preopens, closing and renumbering.
#include "wasi/core/sockets.h"
#include "wasi/p1/functions.h"
#include "wasi/p1/records.h"

namespace wazuka::wasi {
namespace {

template <class... Rest>
constexpr u64 rights(Right first, Rest... rest) {
  return static_cast<u64>(first) | (u64{0} | ... | static_cast<u64>(rest));
}

// What Wasmtime reports for preopened directories: a fixed set that C libraries look at.
constexpr u64 kPreopenRights =
    rights(Right::kPathCreateDirectory, Right::kPathCreateFile, Right::kPathLinkSource,
           Right::kPathLinkTarget, Right::kPathOpen, Right::kFdReaddir, Right::kPathReadlink,
           Right::kPathRenameSource, Right::kPathRenameTarget, Right::kPathSymlink,
           Right::kPathRemoveDirectory, Right::kPathUnlinkFile, Right::kPathFilestatGet,
           Right::kPathFilestatSetTimes, Right::kFdFilestatGet, Right::kFdFilestatSetTimes);
constexpr u64 kPreopenInheriting =
    kPreopenRights | rights(Right::kFdDatasync, Right::kFdRead, Right::kFdSeek,
                            Right::kFdFdstatSetFlags, Right::kFdSync, Right::kFdTell,
                            Right::kFdWrite, Right::kFdAdvise, Right::kFdAllocate,
                            Right::kFdFilestatSetSize, Right::kPollFdReadwrite);
constexpr u64 kOpenedDirectoryRights =
    Rights::kAllBits & ~rights(Right::kFdSeek, Right::kFdFilestatSetSize,
                               Right::kPathFilestatSetSize, Right::kFdWrite);
constexpr u64 kSocketRights =
    rights(Right::kFdRead, Right::kFdWrite, Right::kFdFdstatSetFlags, Right::kFdFilestatGet,
           Right::kPollFdReadwrite, Right::kSockShutdown, Right::kSockAccept);

struct FdStat {
  FileType type = FileType::kUnknown;
  u16 flags = 0;
  u64 base = 0;
  u64 inheriting = 0;
};

FileType stream_type(const Stdio& stream) {
  return stream.terminal ? FileType::kCharacterDevice : FileType::kUnknown;
}

u16 fd_flags(bool append, bool nonblocking) {
  u16 flags = append ? static_cast<u16>(FdFlag::kAppend) : u16{0};
  if (nonblocking) flags = static_cast<u16>(flags | static_cast<u16>(FdFlag::kNonblock));
  return flags;
}

WasiResult<FdStat> status_of(const Descriptor& descriptor) {
  FdStat s;
  if (const Stdio* stream = std::get_if<Stdio>(&descriptor)) {
    s.type = stream_type(*stream);
    s.base = s.inheriting =
        rights(stream->direction == Stdio::Direction::kInput ? Right::kFdRead : Right::kFdWrite);
  } else if (const Directory* dir = std::get_if<Directory>(&descriptor)) {
    s.type = FileType::kDirectory;
    s.base = dir->preopen_name ? kPreopenRights : kOpenedDirectoryRights;
    s.inheriting = dir->preopen_name ? kPreopenInheriting : kOpenedDirectoryRights;
  } else if (const Socket* socket = std::get_if<Socket>(&descriptor)) {
    s.type = FileType::kSocketStream;
    s.flags = fd_flags(false, socket->nonblocking);
    s.base = s.inheriting = kSocketRights;
  } else if (const File* file = std::get_if<File>(&descriptor)) {
    auto info = os::stat_fd(file->fd.get());
    if (!info) return host_failure(info.error());
    s.type = file_type_of_mode(info->mode);
    s.flags = fd_flags(file->append, file->nonblocking);
    s.base = Rights::kAllBits;
    if (!file->readable) s.base &= ~rights(Right::kFdRead, Right::kFdReaddir);
    if (!file->writable) s.base &= ~rights(Right::kFdWrite);
    s.inheriting = s.base;
  }
  return s;
}

Outcome write_filestat(GuestMemory memory, GuestPtr at, const FileStat& stat, u64 device,
                       FilestatLayout layout) {
  ResultWriter out(memory, at, "filestat");
  out.put<u64>(0, device).put<u64>(8, stat.identity).put<u8>(16, static_cast<u8>(stat.type));
  u64 next = 24;
  if (layout.wide_links) {
    out.put<u64>(24, stat.links);
    next = 32;
  } else {
    out.put<u32>(20, static_cast<u32>(std::min<u64>(stat.links, ~u32{0})));
  }
  return out.put<u64>(next, stat.size)
      .put<u64>(next + 8, stat.accessed)
      .put<u64>(next + 16, stat.modified)
      .put<u64>(next + 24, stat.created)
      .finish();
}

// All files are on one device: the identity already tells devices apart.
constexpr u64 kFileDevice = 1;

}  // namespace

WasiResult<Directory*> directory_at(Context& context, Fd fd) {
  Directory* dir = context.descriptors.find_as<Directory>(static_cast<u32>(fd));
  if (dir == nullptr) return std::unexpected(Errno::kBadf);
  return dir;
}

WasiResult<File*> file_at(Context& context, Fd fd) {
  File* file = context.descriptors.find_as<File>(static_cast<u32>(fd));
  if (file == nullptr) return std::unexpected(Errno::kBadf);
  return file;
}

WasiResult<NewTimes> new_times(u64 atim, u64 mtim, FstFlags flags) {
  auto one = [](bool set, bool now, u64 value) -> WasiResult<NewTime> {
    if (set && now) return std::unexpected(Errno::kInval);
    if (set) return NewTime{NewTime::Kind::kAt, value};
    return NewTime{now ? NewTime::Kind::kNow : NewTime::Kind::kKeep, 0};
  };
  auto access = one(flags.has(FstFlag::kAtim), flags.has(FstFlag::kAtimNow), atim);
  auto modification = one(flags.has(FstFlag::kMtim), flags.has(FstFlag::kMtimNow), mtim);
  if (!access || !modification) return std::unexpected(Errno::kInval);
  return NewTimes{*access, *modification};
}

Outcome fd_fdstat(Context& context, GuestMemory memory, Fd fd, GuestPtr stat, u64 rights_mask) {
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  WASI_ASSIGN(FdStat s, status_of(*descriptor));
  return ResultWriter(memory, stat, "fdstat")
      .put<u8>(0, static_cast<u8>(s.type))
      .put<u16>(2, s.flags)
      .put<u64>(8, s.base & rights_mask)
      .put<u64>(16, s.inheriting & rights_mask)
      .finish();
}

Outcome fd_filestat(Context& context, GuestMemory memory, Fd fd, GuestPtr stat,
                    FilestatLayout layout) {
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  FileStat result;
  u64 device = kFileDevice;
  if (Stdio* stream = std::get_if<Stdio>(descriptor)) {
    result.type = stream_type(*stream);
    device = 0;
  } else if (std::holds_alternative<Socket>(*descriptor)) {
    result.type = FileType::kSocketStream;
    device = 0;
  } else if (Directory* dir = std::get_if<Directory>(descriptor)) {
    WASI_ASSIGN(result, stat_descriptor(dir->fd.get()));
  } else if (File* file = std::get_if<File>(descriptor)) {
    WASI_ASSIGN(result, stat_descriptor(file->fd.get()));
  }
  if (device != 0) context.files.apply(result);
  return write_filestat(memory, stat, result, device, layout);
}

Outcome path_filestat(Context& context, GuestMemory memory, Fd fd, bool follow, GuestPtr path,
                      u32 path_len, GuestPtr stat, FilestatLayout layout) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  WASI_ASSIGN(std::string name, memory.read_path(path, path_len));
  WASI_ASSIGN(FileStat result, stat_path(context.resolver, *dir, name, follow));
  context.files.apply(result);
  return write_filestat(memory, stat, result, kFileDevice, layout);
}

namespace p1 {

Outcome fd_advise(Context& context, GuestMemory /*memory*/, Fd fd, u64 offset, u64 len,
                  AdviceCase advice) {
  WASI_ASSIGN(File * file, file_at(context, fd));
  WASI_TRY(advise_file(*file, offset, len, static_cast<Advice>(advice.value)));
  return Errno::kSuccess;
}

Outcome fd_allocate(Context& context, GuestMemory /*memory*/, Fd fd, u64 /*offset*/, u64 /*len*/) {
  WASI_TRY(file_at(context, fd));
  return Errno::kNotsup;  // as Wasmtime: hosts differ too much in what they can promise
}

Outcome fd_close(Context& context, GuestMemory /*memory*/, Fd fd) {
  WASI_TRY(context.descriptors.close(static_cast<u32>(fd)));
  return Errno::kSuccess;
}

Outcome fd_datasync(Context& context, GuestMemory /*memory*/, Fd fd) {
  WASI_ASSIGN(File * file, file_at(context, fd));
  WASI_TRY(while_waiting(context, fd, [&] { return sync_file(*file, /*data_only=*/true); }));
  return Errno::kSuccess;
}

Outcome fd_sync(Context& context, GuestMemory /*memory*/, Fd fd) {
  WASI_ASSIGN(File * file, file_at(context, fd));
  WASI_TRY(while_waiting(context, fd, [&] { return sync_file(*file, /*data_only=*/false); }));
  return Errno::kSuccess;
}

Outcome fd_fdstat_get(Context& context, GuestMemory memory, Fd fd, GuestPtr stat) {
  return fd_fdstat(context, memory, fd, stat, Rights::kAllBits);
}

Outcome fd_fdstat_set_flags(Context& context, GuestMemory /*memory*/, Fd fd, FdFlags flags) {
  if (Socket* socket = context.descriptors.find_as<Socket>(static_cast<u32>(fd))) {
    WASI_TRY(set_nonblocking(*socket, flags.has(FdFlag::kNonblock)));
    return Errno::kSuccess;
  }
  WASI_ASSIGN(File * file, file_at(context, fd));
  if (flags.has(FdFlag::kDsync) || flags.has(FdFlag::kSync) || flags.has(FdFlag::kRsync)) {
    return Errno::kInval;
  }
  file->append = flags.has(FdFlag::kAppend);
  file->nonblocking = flags.has(FdFlag::kNonblock);
  return Errno::kSuccess;
}

Outcome fd_fdstat_set_rights(Context& context, GuestMemory /*memory*/, Fd fd, Rights /*base*/,
                             Rights /*inheriting*/) {
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr || std::holds_alternative<Stdio>(*descriptor)) return Errno::kBadf;
  return Errno::kNotsup;  // rights are reported, not managed
}

Outcome fd_filestat_get(Context& context, GuestMemory memory, Fd fd, GuestPtr stat) {
  return fd_filestat(context, memory, fd, stat, kPreview1Filestat);
}

Outcome fd_filestat_set_size(Context& context, GuestMemory /*memory*/, Fd fd, u64 size) {
  WASI_ASSIGN(File * file, file_at(context, fd));
  WASI_TRY(set_file_size(*file, size));
  return Errno::kSuccess;
}

Outcome fd_filestat_set_times(Context& context, GuestMemory /*memory*/, Fd fd, u64 atim, u64 mtim,
                              FstFlags flags) {
  WASI_ASSIGN(NewTimes times, new_times(atim, mtim, flags));
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  File* file = std::get_if<File>(descriptor);
  Directory* dir = std::get_if<Directory>(descriptor);
  if (file == nullptr && dir == nullptr) return Errno::kBadf;
  if ((file != nullptr ? file->access : dir->access) == Access::kReadOnly) return Errno::kPerm;
  WASI_TRY(set_descriptor_times(file != nullptr ? file->fd.get() : dir->fd.get(), times));
  return Errno::kSuccess;
}

Outcome fd_prestat_get(Context& context, GuestMemory memory, Fd fd, GuestPtr prestat) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  if (!dir->preopen_name) return Errno::kBadf;
  return ResultWriter(memory, prestat, "prestat")
      .put<u8>(0, 0)  // the tag of $dir, the only case
      .put<u32>(4, static_cast<u32>(dir->preopen_name->size()))
      .finish();
}

Outcome fd_prestat_dir_name(Context& context, GuestMemory memory, Fd fd, GuestPtr path,
                            u32 path_len) {
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  Directory* dir = std::get_if<Directory>(descriptor);
  if (dir == nullptr || !dir->preopen_name) return Errno::kNotdir;
  const std::string& name = *dir->preopen_name;
  if (name.size() > path_len) return Errno::kNametoolong;
  WASI_TRY(memory.write(path, {reinterpret_cast<const u8*>(name.data()), name.size()}));
  return Errno::kSuccess;
}

Outcome fd_renumber(Context& context, GuestMemory /*memory*/, Fd fd, Fd to) {
  WASI_TRY(context.descriptors.renumber(static_cast<u32>(fd), static_cast<u32>(to)));
  return Errno::kSuccess;
}

}  // namespace p1
}  // namespace wazuka::wasi

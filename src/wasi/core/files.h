// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What can be done with an open file, directory or stream: the part of the WASI host that does not
// depend on paths or on a guest's memory layout. All functions return the error the guest shall
// see.
#pragma once

#include <span>

#include "wasi/core/descriptors.h"
#include "wasi/core/errno.h"

namespace wazuka::wasi {

/// Attributes of a file; times in nanoseconds since the Unix epoch, 0 where the host has none.
struct FileStat {
  u64 identity = 0;  // stands for (device, inode); equal for equal files only
  FileType type = FileType::kUnknown;
  u64 links = 0;
  u64 size = 0;
  u64 accessed = 0;
  u64 modified = 0;
  u64 created = 0;  // Wasmtime reports the time of birth where the witx says "ctim"
};

/// Wasmtime's inode numbers: SipHash-1-3 of (device, inode), so that host inode numbers stay
/// private and files on different devices do not collide.
u64 metadata_hash(u64 device, u64 inode);

FileType file_type_of_mode(u32 mode);

/// kOverflow for times beyond the year 2554; times before 1970 count as missing.
WasiResult<FileStat> to_file_stat(const os::FileInfo& info);
WasiResult<FileStat> stat_descriptor(int fd);

/// One transfer at an offset, which pipes and terminals ignore. `append`: at the end, as on Linux.
WasiResult<u64> read_at(int fd, std::span<const iovec> buffers, u64 offset);
WasiResult<u64> write_at(int fd, bool append, std::span<const iovec> buffers, u64 offset);

/// One transfer at the file's position, which moves. Regular files only: others may wait.
WasiResult<u64> read_file(File& file, std::span<const iovec> buffers);
WasiResult<u64> write_file(File& file, std::span<const iovec> buffers);

/// Reads what is there (at least one byte unless at the end), as a terminal or pipe gives it.
WasiResult<u64> read_stream(const Stdio& stream, std::span<const iovec> buffers);
/// Writes everything.
WasiResult<u64> write_stream(const Stdio& stream, std::span<const iovec> buffers);

enum class Whence : u8 { kSet, kCurrent, kEnd };
/// The new position; kInval if it would be negative or beyond 2^64.
WasiResult<u64> seek_file(File& file, i64 offset, Whence whence);

enum class Advice : u8 { kNormal, kSequential, kRandom, kWillNeed, kDontNeed, kNoReuse };
WasiResult<void> advise_file(const File& file, u64 offset, u64 length, Advice advice);
WasiResult<void> set_file_size(const File& file, u64 size);
WasiResult<void> sync_file(const File& file, bool data_only);

/// How to change one timestamp.
struct NewTime {
  enum class Kind : u8 { kKeep, kNow, kAt };
  Kind kind = Kind::kKeep;
  u64 nanoseconds = 0;  // kAt only
};
struct NewTimes {
  NewTime access;
  NewTime modification;
};
/// Sets the times of what `fd` refers to.
WasiResult<void> set_descriptor_times(int fd, const NewTimes& times);
/// The same for an O_PATH descriptor.
WasiResult<void> set_path_descriptor_times(int fd, const NewTimes& times);
/// Sets the times of the entry `name` of `dir` itself, even if it is a link.
WasiResult<void> set_entry_times(int dir, const char* name, const NewTimes& times);

/// What one listing may take on the host: guests can fill directories.
inline constexpr u64 kMaxListingBytes = u64{128} << 20;

/// Reads the whole directory that `fd` refers to. kIlseq if a name is not UTF-8, kNomem if it takes
/// more than `max_bytes`.
WasiResult<std::unique_ptr<DirectorySnapshot>> read_directory(int fd,
                                                              u64 max_bytes = kMaxListingBytes);

}  // namespace wazuka::wasi

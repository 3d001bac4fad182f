// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/files.h"

#include <algorithm>
#include <dirent.h>
#include <fcntl.h>
#include <limits>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/clock.h"
#include "wasi/core/utf8.h"

namespace wazuka::wasi {
namespace {

constexpr u64 kNanosPerSecond = 1'000'000'000;

template <class T>
WasiResult<T> to_wasi(os::HostResult<T> result) {
  if (!result) return host_failure(result.error());
  return std::move(*result);
}

WasiResult<void> to_wasi(os::HostResult<void> result) {
  if (!result) return host_failure(result.error());
  return {};
}

WasiResult<u64> to_nanoseconds(const os::Timespec& t) {
  if (t.seconds < 0) return 0;
  u64 seconds = static_cast<u64>(t.seconds);
  constexpr u64 kMax = std::numeric_limits<u64>::max();
  if (seconds > kMax / kNanosPerSecond) return std::unexpected(Errno::kOverflow);
  u64 whole = seconds * kNanosPerSecond;
  if (whole > kMax - t.nanoseconds) return std::unexpected(Errno::kOverflow);
  return whole + t.nanoseconds;
}

timespec to_native(const NewTime& time, u64 now) {
  timespec t = {};
  if (time.kind == NewTime::Kind::kKeep) {
    t.tv_nsec = UTIME_OMIT;
    return t;
  }
  u64 value = time.kind == NewTime::Kind::kNow ? now : time.nanoseconds;
  t.tv_sec = static_cast<time_t>(value / kNanosPerSecond);
  t.tv_nsec = static_cast<long>(value % kNanosPerSecond);
  return t;
}

struct NativeTimes {
  timespec values[2];  // access, modification
};

NativeTimes to_native(const NewTimes& times) {
  // The precise clock, not UTIME_NOW: the kernel's coarse one may lie before what the guest just
  // read.
  u64 now = os::clock_now(os::HostClock::kRealtime);
  return {{to_native(times.access, now), to_native(times.modification, now)}};
}

/// Waits until a descriptor that the host had put into non-blocking mode is ready.
void wait_ready(int fd, short events) {
  pollfd p = {fd, events, 0};
  ::poll(&p, 1, -1);
}

u64 total_length(std::span<const iovec> buffers) {
  u64 total = 0;
  for (const iovec& b : buffers) total += b.iov_len;
  return total;
}

FileType type_of_entry(int dir, const os::DirectoryEntry& entry) {
  if (entry.type != DT_UNKNOWN) return file_type_of_mode(static_cast<u32>(DTTOIF(entry.type)));
  auto info = os::stat_at(dir, entry.name.c_str(), /*follow=*/false);
  return info ? file_type_of_mode(info->mode) : FileType::kUnknown;
}

}  // namespace

u64 metadata_hash(u64 device, u64 inode) {
  u64 v0 = 0x736f6d6570736575, v1 = 0x646f72616e646f6d;
  u64 v2 = 0x6c7967656e657261, v3 = 0x7465646279746573;
  auto rotate = [](u64 x, int n) { return x << n | x >> (64 - n); };
  auto round = [&] {
    v0 += v1, v1 = rotate(v1, 13) ^ v0, v0 = rotate(v0, 32);
    v2 += v3, v3 = rotate(v3, 16) ^ v2;
    v0 += v3, v3 = rotate(v3, 21) ^ v0;
    v2 += v1, v1 = rotate(v1, 17) ^ v2, v2 = rotate(v2, 32);
  };
  for (u64 word : {device, inode, u64{16} << 56}) {  // the last word holds the length in bytes
    v3 ^= word;
    round();
    v0 ^= word;
  }
  v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) round();
  return v0 ^ v1 ^ v2 ^ v3;
}

FileType file_type_of_mode(u32 mode) {
  switch (mode & S_IFMT) {
    case S_IFDIR: return FileType::kDirectory;
    case S_IFLNK: return FileType::kSymbolicLink;
    case S_IFREG: return FileType::kRegularFile;
    case S_IFBLK: return FileType::kBlockDevice;
    case S_IFCHR: return FileType::kCharacterDevice;
    default: return FileType::kUnknown;  // preview 1 has no name for a fifo or a socket file
  }
}

WasiResult<FileStat> to_file_stat(const os::FileInfo& info) {
  FileStat stat;
  stat.identity = metadata_hash(info.device, info.inode);
  stat.type = file_type_of_mode(info.mode);
  stat.links = info.links;
  stat.size = info.size;
  auto accessed = to_nanoseconds(info.access);
  auto modified = to_nanoseconds(info.modification);
  auto created = info.has_birth ? to_nanoseconds(info.birth) : WasiResult<u64>(0);
  if (!accessed || !modified || !created) return std::unexpected(Errno::kOverflow);
  stat.accessed = *accessed;
  stat.modified = *modified;
  stat.created = *created;
  return stat;
}

WasiResult<FileStat> stat_descriptor(int fd) {
  auto info = os::stat_fd(fd);
  if (!info) return host_failure(info.error());
  return to_file_stat(*info);
}

WasiResult<u64> read_at(int fd, std::span<const iovec> buffers, u64 offset) {
  auto count = os::read_vectored_at(fd, buffers, offset);
  // Pipes and terminals below a preopen have no position.
  if (!count && count.error() == ESPIPE) count = os::read_vectored(fd, buffers);
  return to_wasi(std::move(count));
}

WasiResult<u64> write_at(int fd, bool append, std::span<const iovec> buffers, u64 offset) {
  if (append) return to_wasi(os::append_vectored(fd, buffers));
  auto count = os::write_vectored_at(fd, buffers, offset);
  if (!count && count.error() == ESPIPE) count = os::write_vectored(fd, buffers);
  return to_wasi(std::move(count));
}

WasiResult<u64> read_file(File& file, std::span<const iovec> buffers) {
  auto count = read_at(file.fd.get(), buffers, file.position);
  if (count) file.position += *count;
  return count;
}

WasiResult<u64> write_file(File& file, std::span<const iovec> buffers) {
  auto count = write_at(file.fd.get(), file.append, buffers, file.position);
  if (!count) return count;
  if (!file.append) {
    file.position += *count;
    return count;
  }
  auto stat = stat_descriptor(file.fd.get());
  if (!stat) return std::unexpected(stat.error());
  file.position = stat->size;
  return count;
}

WasiResult<u64> read_stream(const Stdio& stream, std::span<const iovec> buffers) {
  if (stream.fd < 0 || buffers.empty()) return 0;
  for (;;) {
    auto count = os::read_vectored(stream.fd, buffers);
    if (count) return *count;
    if (count.error() != EAGAIN) return host_failure(count.error());
    wait_ready(stream.fd, POLLIN);
  }
}

namespace {

WasiResult<u64> write_sink(const OutputSink& sink, std::span<const iovec> buffers) {
  u64 total = 0;
  for (const iovec& buffer : buffers) {
    const i64 taken = sink.write(sink.env, static_cast<const u8*>(buffer.iov_base), buffer.iov_len);
    if (taken < 0) return host_failure(static_cast<int>(-taken));
    total += std::min<u64>(static_cast<u64>(taken), buffer.iov_len);
    if (static_cast<u64>(taken) < buffer.iov_len) break;
  }
  return total;
}

}  // namespace

WasiResult<u64> write_stream(const Stdio& stream, std::span<const iovec> buffers) {
  if (stream.fd < 0 && stream.sink.write != nullptr) return write_sink(stream.sink, buffers);
  u64 total = total_length(buffers);
  if (stream.fd < 0) return total;
  constexpr size_t kBatch = 16;
  iovec pending[kBatch];
  while (!buffers.empty()) {
    size_t batch = std::min(buffers.size(), kBatch);
    std::copy_n(buffers.begin(), batch, pending);
    buffers = buffers.subspan(batch);
    std::span<iovec> rest(pending, batch);
    while (!rest.empty()) {
      auto written = os::write_vectored(stream.fd, rest);
      if (!written && written.error() == EAGAIN) {
        wait_ready(stream.fd, POLLOUT);
        continue;
      }
      if (!written) return host_failure(written.error());
      u64 count = *written;
      while (!rest.empty() && count >= rest.front().iov_len) {
        count -= rest.front().iov_len;
        rest = rest.subspan(1);
      }
      if (rest.empty()) break;
      rest.front().iov_base = static_cast<char*>(rest.front().iov_base) + count;
      rest.front().iov_len -= count;
    }
  }
  return total;
}

WasiResult<u64> seek_file(File& file, i64 offset, Whence whence) {
  u64 base = 0;
  if (whence == Whence::kCurrent) base = file.position;
  if (whence == Whence::kEnd) {
    auto stat = stat_descriptor(file.fd.get());
    if (!stat) return std::unexpected(stat.error());
    base = stat->size;
  }
  u64 magnitude = offset < 0 ? u64{0} - static_cast<u64>(offset) : static_cast<u64>(offset);
  if (offset < 0 ? magnitude > base : magnitude > std::numeric_limits<u64>::max() - base) {
    return std::unexpected(Errno::kInval);
  }
  file.position = base + static_cast<u64>(offset);  // wraps to the intended difference
  return file.position;
}

WasiResult<void> advise_file(const File& file, u64 offset, u64 length, Advice advice) {
  static constexpr int kNative[] = {POSIX_FADV_NORMAL,   POSIX_FADV_SEQUENTIAL, POSIX_FADV_RANDOM,
                                    POSIX_FADV_WILLNEED, POSIX_FADV_DONTNEED,   POSIX_FADV_NOREUSE};
  constexpr u64 kMax = static_cast<u64>(std::numeric_limits<i64>::max());
  if (length > kMax) return std::unexpected(Errno::kInval);  // any offset will do, as on Linux
  int error = ::posix_fadvise(file.fd.get(), static_cast<off_t>(offset), static_cast<off_t>(length),
                              kNative[static_cast<size_t>(advice)]);
  if (error != 0) return host_failure(error);
  return {};
}

WasiResult<void> set_file_size(const File& file, u64 size) {
  if (file.access == Access::kReadOnly) return std::unexpected(Errno::kPerm);
  if (size > static_cast<u64>(std::numeric_limits<i64>::max())) {
    return std::unexpected(Errno::kInval);
  }
  return to_wasi(os::check(::ftruncate(file.fd.get(), static_cast<off_t>(size))));
}

WasiResult<void> sync_file(const File& file, bool data_only) {
  return to_wasi(os::check(data_only ? ::fdatasync(file.fd.get()) : ::fsync(file.fd.get())));
}

WasiResult<void> set_descriptor_times(int fd, const NewTimes& times) {
  return to_wasi(os::check(::futimens(fd, to_native(times).values)));
}

WasiResult<void> set_path_descriptor_times(int fd, const NewTimes& times) {
  NativeTimes native = to_native(times);
  int result = ::utimensat(fd, "", native.values, AT_EMPTY_PATH);
  if (result < 0 && errno == EINVAL) {  // kernels before 5.8
    char path[32];
    std::snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    result = ::utimensat(AT_FDCWD, path, native.values, 0);
  }
  return to_wasi(os::check(result));
}

WasiResult<void> set_entry_times(int dir, const char* name, const NewTimes& times) {
  return to_wasi(os::check(::utimensat(dir, name, to_native(times).values, AT_SYMLINK_NOFOLLOW)));
}

WasiResult<std::unique_ptr<DirectorySnapshot>> read_directory(int fd, u64 max_bytes) {
  // A descriptor of its own: it has its own read position, and preopens are O_PATH.
  auto own = os::open_at(fd, ".", O_RDONLY | O_DIRECTORY);
  if (!own) return host_failure(own.error());
  auto info = os::stat_fd(own->get());
  if (!info) return host_failure(info.error());
  int raw = own->get();
  os::DirectoryReader reader(std::move(*own));

  auto snapshot = std::make_unique<DirectorySnapshot>();
  u64 self = metadata_hash(info->device, info->inode);
  snapshot->entries.push_back({self, FileType::kDirectory, "."});
  // The parent may lie outside the sandbox, so its number is not revealed.
  snapshot->entries.push_back({self, FileType::kDirectory, ".."});
  u64 bytes = 0;
  os::DirectoryEntry entry;
  for (;;) {
    auto more = reader.next(entry);
    if (!more) return host_failure(more.error());
    if (!*more) return snapshot;
    if (entry.name == "." || entry.name == "..") continue;
    if (!is_utf8(entry.name)) return std::unexpected(Errno::kIlseq);
    bytes += sizeof(DirectorySnapshot::Entry) + entry.name.size();
    if (bytes > max_bytes) return std::unexpected(Errno::kNomem);
    FileType type = type_of_entry(raw, entry);
    snapshot->entries.push_back({metadata_hash(info->device, entry.inode), type, entry.name});
  }
}

}  // namespace wazuka::wasi

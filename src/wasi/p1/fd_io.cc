// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reading, writing, positions and directory listings.
#include <algorithm>

#include "wasi/core/sockets.h"
#include "wasi/p1/functions.h"
#include "wasi/p1/records.h"

namespace wazuka::wasi {

Outcome seek(Context& context, GuestMemory memory, Fd fd, i64 offset, Whence whence,
             GuestPtr newoffset) {
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr || std::holds_alternative<Directory>(*descriptor)) return Errno::kBadf;
  File* file = std::get_if<File>(descriptor);
  if (file == nullptr) return Errno::kSpipe;
  WASI_ASSIGN(u64 position, seek_file(*file, offset, whence));
  return write_result<u64>(memory, newoffset, "filesize", position);
}

namespace p1 {
namespace {

constexpr u32 kDirentSize = 24;

/// Counts fit 32 bits: the host moves at most 2 GiB per call.
Outcome write_count(GuestMemory memory, GuestPtr at, u64 count) {
  return write_result<u32>(memory, at, "size", static_cast<u32>(count));
}

bool is_stream(const Descriptor& descriptor, Stdio::Direction direction) {
  const Stdio* stream = std::get_if<Stdio>(&descriptor);
  return stream != nullptr && stream->direction == direction;
}

WasiResult<u64> read_at_position(Context& context, Fd fd, File& file,
                                 std::span<const iovec> buffers) {
  if (file.regular) return read_file(file, buffers);
  std::shared_ptr<Descriptor> keep = context.descriptors.share(static_cast<u32>(fd));
  auto count = while_waiting(
      context, fd, [&, at = file.position] { return read_at(file.fd.get(), buffers, at); });
  if (count) file.position += *count;
  return count;
}

WasiResult<u64> write_at_position(Context& context, Fd fd, File& file,
                                  std::span<const iovec> buffers) {
  if (file.regular) return write_file(file, buffers);
  std::shared_ptr<Descriptor> keep = context.descriptors.share(static_cast<u32>(fd));
  auto count = while_waiting(context, fd, [&, at = file.position] {
    return write_at(file.fd.get(), /*append=*/false, buffers, at);
  });
  if (count) file.position += *count;
  return count;
}

/// Appends to a guest buffer until it is full.
class BufferWriter {
 public:
  BufferWriter(GuestMemory memory, GuestPtr at, u32 capacity)
      : memory_(memory), at_(at), capacity_(capacity) {}

  bool full() const { return used_ == capacity_; }
  u32 used() const { return used_; }

  /// Writes as much of `bytes` as fits.
  Checked<void> append(std::span<const u8> bytes) {
    bytes = bytes.first(std::min<size_t>(bytes.size(), capacity_ - used_));
    auto to = GuestMemory::add(at_, used_);
    if (!to) return std::unexpected(to.error());
    used_ += static_cast<u32>(bytes.size());
    return memory_.write(*to, bytes);
  }

 private:
  GuestMemory memory_;
  GuestPtr at_;
  u32 capacity_;
  u32 used_ = 0;
};

/// dirent: d_next, d_ino, d_namlen, d_type, little-endian, 3 bytes of padding.
std::array<u8, kDirentSize> encode_dirent(const DirectorySnapshot::Entry& entry, u64 next) {
  std::array<u8, kDirentSize> bytes = {};
  auto put = [&](size_t at, u64 value, size_t width) {
    for (size_t i = 0; i < width; ++i) bytes[at + i] = static_cast<u8>(value >> (8 * i));
  };
  put(0, next, 8);
  put(8, entry.inode, 8);
  put(16, entry.name.size(), 4);
  put(20, static_cast<u64>(entry.type), 1);
  return bytes;
}

}  // namespace

Outcome fd_pread(Context& context, GuestMemory memory, Fd fd, GuestPtr iovs, u32 iovs_len,
                 u64 offset, GuestPtr nread) {
  GuestIovecs list;
  WASI_TRY(memory.read_iovecs(iovs, iovs_len, list));
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  File* file = std::get_if<File>(descriptor);
  if (file == nullptr) {
    return is_stream(*descriptor, Stdio::Direction::kInput) ? Errno::kSpipe : Errno::kBadf;
  }
  HostIovecs buffers;
  WASI_TRY(memory.map_iovecs(list, buffers));
  WASI_ASSIGN(u64 count, while_waiting(context, fd, [&] {
                return read_at(file->fd.get(), buffers.view(), offset);
              }));
  return write_count(memory, nread, count);
}

Outcome fd_pwrite(Context& context, GuestMemory memory, Fd fd, GuestPtr iovs, u32 iovs_len,
                  u64 offset, GuestPtr nwritten) {
  GuestIovecs list;
  WASI_TRY(memory.read_iovecs(iovs, iovs_len, list));
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  File* file = std::get_if<File>(descriptor);
  if (file == nullptr) {
    return is_stream(*descriptor, Stdio::Direction::kOutput) ? Errno::kSpipe : Errno::kBadf;
  }
  HostIovecs buffers;
  WASI_TRY(memory.map_iovecs(list, buffers));
  WASI_ASSIGN(u64 count, while_waiting(context, fd, [&, append = file->append] {
                return write_at(file->fd.get(), append, buffers.view(), offset);
              }));
  return write_count(memory, nwritten, count);
}

Outcome fd_read(Context& context, GuestMemory memory, Fd fd, GuestPtr iovs, u32 iovs_len,
                GuestPtr nread) {
  GuestIovecs list;
  WASI_TRY(memory.read_iovecs(iovs, iovs_len, list));
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  HostIovecs buffers;
  if (File* file = std::get_if<File>(descriptor)) {
    WASI_TRY(memory.map_iovecs(list, buffers));
    WASI_ASSIGN(u64 count, read_at_position(context, fd, *file, buffers.view()));
    return write_count(memory, nread, count);
  }
  if (is_stream(*descriptor, Stdio::Direction::kInput)) {
    WASI_TRY(memory.map_iovecs(list, buffers));
    WASI_ASSIGN(u64 count, while_waiting(context, fd, [&] {
                  return read_stream(*std::get_if<Stdio>(descriptor), buffers.view());
                }));
    return write_count(memory, nread, count);
  }
  if (Socket* socket = std::get_if<Socket>(descriptor)) {
    WASI_TRY(memory.map_iovecs(list, buffers));
    WASI_ASSIGN(Received got, while_waiting(context, fd, [&] {
                  return receive(*socket, buffers.view(), /*peek=*/false, /*wait_all=*/false);
                }));
    return write_count(memory, nread, got.count);
  }
  return Errno::kBadf;
}

Outcome fd_write(Context& context, GuestMemory memory, Fd fd, GuestPtr iovs, u32 iovs_len,
                 GuestPtr nwritten) {
  GuestIovecs list;
  WASI_TRY(memory.read_iovecs(iovs, iovs_len, list));
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return Errno::kBadf;
  HostIovecs buffers;
  if (File* file = std::get_if<File>(descriptor)) {
    WASI_TRY(memory.map_iovecs(list, buffers));
    WASI_ASSIGN(u64 count, write_at_position(context, fd, *file, buffers.view()));
    return write_count(memory, nwritten, count);
  }
  if (is_stream(*descriptor, Stdio::Direction::kOutput)) {
    WASI_TRY(memory.map_iovecs(list, buffers));
    WASI_ASSIGN(u64 count, while_waiting(context, fd, [&] {
                  return write_stream(*std::get_if<Stdio>(descriptor), buffers.view());
                }));
    return write_count(memory, nwritten, count);
  }
  if (Socket* socket = std::get_if<Socket>(descriptor)) {
    WASI_TRY(memory.map_iovecs(list, buffers));
    WASI_ASSIGN(u64 count,
                while_waiting(context, fd, [&] { return send(*socket, buffers.view()); }));
    return write_count(memory, nwritten, count);
  }
  return Errno::kBadf;
}

Outcome fd_seek(Context& context, GuestMemory memory, Fd fd, i64 offset, WhenceCase whence,
                GuestPtr newoffset) {
  static constexpr Whence kWhence[] = {Whence::kSet, Whence::kCurrent, Whence::kEnd};
  return seek(context, memory, fd, offset, kWhence[static_cast<size_t>(whence.value)], newoffset);
}

Outcome fd_tell(Context& context, GuestMemory memory, Fd fd, GuestPtr offset) {
  return seek(context, memory, fd, 0, Whence::kCurrent, offset);
}

Outcome fd_readdir(Context& context, GuestMemory memory, Fd fd, GuestPtr buf, u32 buf_len,
                   u64 cookie, GuestPtr bufused) {
  WASI_ASSIGN(Directory * dir, directory_at(context, fd));
  if (cookie == 0 || dir->snapshot == nullptr) {
    WASI_ASSIGN(std::unique_ptr<DirectorySnapshot> fresh, read_directory(dir->fd.get()));
    context.files.apply(*fresh);
    context.descriptors.keep_snapshot(*dir, std::move(fresh));
  }
  BufferWriter out(memory, buf, buf_len);
  const auto& entries = dir->snapshot->entries;
  for (u64 i = cookie; i < entries.size() && !out.full(); ++i) {
    const DirectorySnapshot::Entry& entry = entries[i];
    WASI_TRY(out.append(encode_dirent(entry, i + 1)));
    WASI_TRY(out.append({reinterpret_cast<const u8*>(entry.name.data()), entry.name.size()}));
  }
  u32 used = out.used();
  // Having seen the end, the guest starts over or stops: the next call reads afresh.
  if (!out.full()) dir->snapshot.reset();
  return write_result<u32>(memory, bufused, "size", used);
}

}  // namespace p1
}  // namespace wazuka::wasi

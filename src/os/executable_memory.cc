// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/executable_memory.h"

#include <atomic>
#include <cerrno>
#include <fcntl.h>
#include <mutex>
#include <pthread.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#ifndef MFD_CLOEXEC
#define MFD_CLOEXEC 1U
#endif
#ifndef MFD_EXEC
#define MFD_EXEC 0x10U
#endif

namespace wazuka::os {

namespace {

std::atomic<u32> forks_seen = 0;  // by this process: as parent or as child
std::atomic<u32> generation = 0;  // counts up in children

void forked_parent() {
  forks_seen.fetch_add(1, std::memory_order_relaxed);
}
void forked_child() {
  forks_seen.fetch_add(1, std::memory_order_relaxed);
  generation.fetch_add(1, std::memory_order_relaxed);
}

}  // namespace

#if defined(__linux__)
int open_code_file() {
  // Where the host forbids executable files by default, the flag asks for one; old kernels do not
  // know it.
  int fd = memfd_create("wazuka-code", MFD_CLOEXEC | MFD_EXEC);
  if (fd < 0 && errno == EINVAL) fd = memfd_create("wazuka-code", MFD_CLOEXEC);
  return fd;
}
#else
int open_code_file() {
  errno = ENOSYS;
  return -1;
}
#endif

struct CodeFile {
  int fd = -1;
  u64 used = 0;
  u32 forks = forks_seen.load(std::memory_order_relaxed);
  u32 made_in = generation.load(std::memory_order_relaxed);

  ~CodeFile() {
    if (fd >= 0) close(fd);
  }
  /// Whether no other process has it.
  bool is_own() const { return forks == forks_seen.load(std::memory_order_relaxed); }
};

namespace {

struct CurrentFile {
  std::mutex lock;
  std::shared_ptr<CodeFile> file;
};
CurrentFile& current() {
  static auto* const c = [] {
    pthread_atfork(nullptr, forked_parent, forked_child);
    return new CurrentFile;
  }();
  return *c;
}

struct FileRange {
  std::shared_ptr<CodeFile> file;
  u64 offset = 0;
};

/// A new range of the file; no file if the host refuses.
FileRange take_range(size_t bytes) {
  CurrentFile& c = current();
  std::lock_guard<std::mutex> guard(c.lock);
  if (c.file == nullptr || !c.file->is_own()) {
    auto file = std::make_shared<CodeFile>();
    file->fd = open_code_file();
    if (file->fd < 0) return {};
    c.file = std::move(file);
  }
  const u64 offset = c.file->used;
  // Growing a file beyond this limit would end the process by a signal.
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || offset + bytes > limit.rlim_cur) return {};
  if (ftruncate(c.file->fd, static_cast<off_t>(offset + bytes)) != 0) return {};
  c.file->used = offset + bytes;
  return {c.file, offset};
}

}  // namespace

ExecutableRegion& ExecutableRegion::operator=(ExecutableRegion&& other) noexcept {
  std::swap(space_, other.space_);
  std::swap(data_bytes_, other.data_bytes_);
  std::swap(file_bytes_, other.file_bytes_);
  std::swap(own_offset_, other.own_offset_);
  std::swap(file_offset_, other.file_offset_);
  std::swap(file_, other.file_);
  return *this;
}

ExecutableRegion::~ExecutableRegion() {
#if defined(FALLOC_FL_PUNCH_HOLE)
  if (file_ != nullptr && file_->is_own()) {
    const size_t bytes = code_bytes() - own_offset_;
    space_ = {};  // unmapped first: nothing sees the pages go
    [[maybe_unused]] int ignored =
        fallocate(file_->fd, FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE,
                  static_cast<off_t>(file_offset_), static_cast<off_t>(bytes));
  }
#endif
}

ExecutableRegion ExecutableRegion::create(size_t data_bytes, size_t code_bytes,
                                          const CodeInFile& file) {
  ExecutableRegion r;
  r.data_bytes_ = round_up_to_pages(data_bytes);
  r.file_bytes_ = round_up_to_pages(file.bytes);
  const size_t own_size = round_up_to_pages(code_bytes);
  if (r.data_bytes_ < data_bytes || own_size < code_bytes || r.file_bytes_ < file.bytes) return {};
  r.space_ = Reservation::map(r.data_bytes_ + r.file_bytes_ + own_size);
  if (!r.space_) return {};
  if (file.bytes != 0 && !r.take_file(file)) {
    if (!r.map_own(0, r.file_bytes_ + own_size)) return {};
    return r.write(0, {file.contents, file.bytes}) ? std::move(r) : ExecutableRegion();
  }
  if (own_size != 0 && !r.map_own(r.file_bytes_, own_size)) return {};
  return r;
}

/// False if that file may not be executed.
bool ExecutableRegion::take_file(const CodeInFile& file) {
  void* const at = space_.base() + data_bytes_;
  return mmap(at, file.bytes, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_FIXED, file.fd,
              static_cast<off_t>(file.offset)) != MAP_FAILED;
}

bool ExecutableRegion::map_own(size_t code_offset, size_t bytes) {
  FileRange range = take_range(bytes);
  if (range.file == nullptr) return false;
  void* const at = space_.base() + data_bytes_ + code_offset;
  if (mmap(at, bytes, PROT_READ | PROT_EXEC, MAP_SHARED | MAP_FIXED, range.file->fd,
           static_cast<off_t>(range.offset)) == MAP_FAILED) {
    return false;
  }
  file_ = std::move(range.file);
  own_offset_ = code_offset;
  file_offset_ = range.offset;
  return true;
}

bool ExecutableRegion::write(size_t code_offset, std::span<const u8> bytes) {
  if (code_offset > code_bytes() || bytes.size() > code_bytes() - code_offset) return false;
  if (file_ == nullptr || code_offset < own_offset_) return false;
  if (file_->made_in != generation.load(std::memory_order_relaxed)) return false;
  u64 at = file_offset_ + (code_offset - own_offset_);
  while (!bytes.empty()) {
    const ssize_t n = pwrite(file_->fd, bytes.data(), bytes.size(), static_cast<off_t>(at));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
    at += static_cast<u64>(n);
  }
  return true;
}

}  // namespace wazuka::os

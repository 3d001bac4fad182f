// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/file_bytes.h"

#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

namespace wazuka::os {
namespace {

constexpr size_t kFirstBlock = size_t{64} << 10;  // of a file whose size is not known
constexpr size_t kLargePageFrom = size_t{4} << 20;

}  // namespace

std::expected<void, int> FileBytes::read_all(int fd, size_t expected_size) {
  // One byte more than expected, so that the read that finds the end needs no larger block.
  size_t capacity = expected_size == 0 ? kFirstBlock : expected_size + 1;
  memory_ = Reservation::map(capacity);
  if (!memory_) return std::unexpected(ENOMEM);
  if (capacity >= kLargePageFrom) memory_.prefer_large_pages();
  for (;;) {
    if (size_ == memory_.size()) {
      Reservation larger = Reservation::map(2 * memory_.size());
      if (!larger) return std::unexpected(ENOMEM);
      std::memcpy(larger.base(), memory_.base(), size_);
      memory_ = std::move(larger);
    }
    ssize_t n = ::read(fd, memory_.base() + size_, memory_.size() - size_);
    if (n < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(errno);
    }
    size_ += static_cast<size_t>(n);
    // A regular file that gave what it promised is at its end: no second call to learn that.
    if (n == 0 || (expected_size != 0 && size_ == expected_size)) return {};
  }
}

std::expected<FileBytes, FileBytes::Failure> FileBytes::read(const char* path) {
  int fd = open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(Failure{Step::kOpen, errno});
  struct stat info;
  size_t size = 0;
  if (fstat(fd, &info) == 0 && S_ISREG(info.st_mode)) size = static_cast<size_t>(info.st_size);
  FileBytes file;
  auto done = file.read_all(fd, size);
  close(fd);
  if (!done) return std::unexpected(Failure{Step::kRead, done.error()});
  return file;
}

std::string error_text(int error_number) {
  return std::string(std::strerror(error_number)) + " (os error " + std::to_string(error_number) +
         ")";
}

}  // namespace wazuka::os

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A file that exists in memory only, to be written once and then mapped many times, privately: each
// mapping sees the file until it writes, and then has copies of the pages that it wrote.
#pragma once

#include <span>
#include <utility>

#include "base/ints.h"

namespace wazuka::os {

class MemoryFile {
 public:
  MemoryFile() = default;
  MemoryFile(MemoryFile&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  MemoryFile& operator=(MemoryFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~MemoryFile();

  /// Of `bytes` zero bytes. Empty if the host has no such files or refuses.
  static MemoryFile create(size_t bytes);

  /// Another descriptor of a file; empty if the host refuses.
  static MemoryFile duplicate(int fd);

  /// Overwrites bytes within the file.
  bool write(size_t offset, std::span<const u8> bytes);
  /// Nobody can change the file any more.
  bool seal();

  int fd() const { return fd_; }
  explicit operator bool() const { return fd_ >= 0; }

 private:
  explicit MemoryFile(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace wazuka::os

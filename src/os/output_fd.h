// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A file that is written from its beginning, piece by piece, and never buffered: what was written
// is there even if the process dies.
#pragma once

#include <span>

#include "base/ints.h"

namespace wazuka::os {

class OutputFd {
 public:
  OutputFd() = default;
  OutputFd(OutputFd&& other) noexcept : fd_(other.fd_) { other.fd_ = -1; }
  OutputFd& operator=(OutputFd&&) = delete;
  ~OutputFd();

  /// An empty file of this user, made if it is not there. Not open, with errno set, if that fails,
  /// or (EPERM) if the path is a link, or a file that is somebody else's: folders that all may
  /// write to are no reason to write elsewhere.
  static OutputFd create(const char* path);

  bool is_open() const { return fd_ >= 0; }
  /// All of it, in one piece if the host can; false if that fails.
  bool write(std::span<const u8> bytes);
  /// Maps the first page for execution: the mark by which `perf record` notices the file.
  bool map_as_mark();

 private:
  explicit OutputFd(int fd) : fd_(fd) {}
  int fd_ = -1;
};

}  // namespace wazuka::os

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A file that is mapped for reading as a whole, privately, and stays open, so that parts of it can
// be mapped again: as code, or as memory that is copied when it is written. For files whose writers
// are trusted: what others write to the file may be seen, and if they shorten it the process may be
// ended by a signal.
#pragma once

#include <expected>
#include <span>

#include "base/ints.h"
#include "os/files.h"

namespace wazuka::os {

class MappedFile {
 public:
  MappedFile() = default;
  MappedFile(MappedFile&& other) noexcept
      : fd_(std::move(other.fd_)), bytes_(std::exchange(other.bytes_, {})) {}
  MappedFile& operator=(MappedFile&& other) noexcept {
    std::swap(fd_, other.fd_);
    std::swap(bytes_, other.bytes_);
    return *this;
  }
  ~MappedFile();

  /// Maps a regular file; ENODEV if it is something else. Takes the descriptor in any case.
  static HostResult<MappedFile> map(OwnedFd fd);
  static HostResult<MappedFile> open(const char* path);
  /// A file in memory with these contents.
  static HostResult<MappedFile> copy_of(std::span<const u8> bytes);

  std::span<const u8> bytes() const { return bytes_; }
  int fd() const { return fd_.get(); }

 private:
  OwnedFd fd_;
  std::span<const u8> bytes_;
};

}  // namespace wazuka::os

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memory for machine code, under strict W^X: there is no mapping that is both writable and
// executable, not even for a moment, and none of the code is ever mapped writable at all. Code
// lives in an anonymous file (memfd) that is mapped for reading and execution only, and is written
// with pwrite, which goes through the page cache and so is seen by the mapping at once.
//
// All regions of the process share one such file, since every file costs a descriptor; a region has
// a range of it to itself. A range is never used again; when a region dies its pages are given
// back. After a fork parent and child share the file. Then neither changes what the other may
// execute: regions made before the fork can no longer be written in the child, give no pages back
// in either, and new regions get a new file.
#pragma once

#include <memory>
#include <span>

#include "base/ints.h"
#include "os/virtual_memory.h"

namespace wazuka::os {

struct CodeFile;

/// Code that is in a file already, to be mapped: whole pages of it, but for the end of the file.
struct CodeInFile {
  int fd = -1;
  u64 offset = 0;  // a multiple of the page size
  size_t bytes = 0;
  const u8* contents = nullptr;  // the same bytes, in memory
};

/// A new file in memory that may be executed; -1 (and errno) if the host has none.
int open_code_file();

/// A stretch of address space: data (readable, writable, zero, first touched page by page), then
/// code. Both begin at a page. The code may begin with what is in a file, which is mapped from
/// there, privately (or copied, if that file may not be executed); the rest can be written.
class ExecutableRegion {
 public:
  ExecutableRegion() = default;
  ExecutableRegion(ExecutableRegion&&) = default;
  ExecutableRegion& operator=(ExecutableRegion&& other) noexcept;
  ~ExecutableRegion();

  /// Empty if the host refuses (no memfd, no executable mappings, no address space). Both sizes are
  /// rounded up to pages; code_bytes, of what can be written, is not 0 unless there is a file.
  static ExecutableRegion create(size_t data_bytes, size_t code_bytes, const CodeInFile& file = {});

  /// Writes code. False if the host refuses, or if this is the child of the process that made the
  /// region. What is overwritten must not be executing.
  bool write(size_t code_offset, std::span<const u8> bytes);

  u8* data() const { return space_.base(); }
  const u8* code() const { return space_.base() + data_bytes_; }
  size_t data_bytes() const { return data_bytes_; }
  /// Of the code: those at its beginning that are from the file, in whole pages.
  size_t file_bytes() const { return file_bytes_; }
  size_t code_bytes() const { return space_.size() - data_bytes_; }
  explicit operator bool() const { return static_cast<bool>(space_); }

 private:
  Reservation space_;
  bool take_file(const CodeInFile& file);
  bool map_own(size_t code_offset, size_t bytes);

  size_t data_bytes_ = 0, file_bytes_ = 0;
  size_t own_offset_ = 0;  // where in the code our own file begins, from...
  u64 file_offset_ = 0;    // ... this offset on
  std::shared_ptr<CodeFile> file_;
};

}  // namespace wazuka::os

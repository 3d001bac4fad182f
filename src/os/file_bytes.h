// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The whole contents of a file (or pipe, or terminal) as private memory.
//
// The bytes are copied, not mapped: a module is decoded again long after it was validated (bodies
// are lowered at their first call), and whoever can write to the file, the guest itself included
// when its directory is preopened, must not be able to change what was validated. Copying costs
// about a quarter of a millisecond per megabyte of page cache, far less than validation.
#pragma once

#include <expected>
#include <span>
#include <string>

#include "base/ints.h"
#include "os/virtual_memory.h"

namespace wazuka::os {

class FileBytes {
 public:
  /// What failed, and the host's error number.
  enum class Step : u8 { kOpen, kRead };
  struct Failure {
    Step step;
    int number;
  };

  /// Reads everything from `path`.
  static std::expected<FileBytes, Failure> read(const char* path);

  std::span<const u8> bytes() const { return {memory_.base(), size_}; }

 private:
  std::expected<void, int> read_all(int fd, size_t expected_size);

  Reservation memory_;
  size_t size_ = 0;
};

/// Rust's wording of a host error, as Wasmtime prints it: "No such file or directory (os error 2)".
std::string error_text(int error_number);

}  // namespace wazuka::os

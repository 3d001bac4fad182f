// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where a command writes its result: a file, or standard output.
#pragma once

#include <span>
#include <string>
#include <string_view>

#include "base/error.h"
#include "base/ints.h"

namespace wazuka::cli {

class OutputFile {
 public:
  /// "-" is standard output.
  static Result<OutputFile> open(std::string path);
  OutputFile(OutputFile&& other) noexcept;
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;
  OutputFile& operator=(OutputFile&&) = delete;
  ~OutputFile();

  /// False if something could not be written, then or before.
  bool write(std::string_view text);
  bool write(std::span<const u8> bytes) {
    return write(std::string_view(reinterpret_cast<const char*>(bytes.data()), bytes.size()));
  }
  /// What went wrong, if anything did. A pipe that nobody reads any more is no error.
  Result<void> close();

 private:
  OutputFile(std::string path, int fd) : path_(std::move(path)), fd_(fd) {}

  std::string path_;
  int fd_ = -1;
  int error_ = 0;
};

}  // namespace wazuka::cli

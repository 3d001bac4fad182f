// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/output_file.h"

#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <utility>

#include "os/file_bytes.h"

namespace wazuka::cli {

Result<OutputFile> OutputFile::open(std::string path) {
  if (path == "-") return OutputFile(std::move(path), STDOUT_FILENO);
  int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd >= 0) return OutputFile(std::move(path), fd);
  return fail_with_cause("failed to write " + path, os::error_text(errno));
}

OutputFile::OutputFile(OutputFile&& other) noexcept
    : path_(std::move(other.path_)), fd_(std::exchange(other.fd_, -1)), error_(other.error_) {}

OutputFile::~OutputFile() {
  if (fd_ >= 0 && fd_ != STDOUT_FILENO) ::close(fd_);
}

bool OutputFile::write(std::string_view text) {
  while (!text.empty() && error_ == 0) {
    ssize_t n = ::write(fd_, text.data(), text.size());
    if (n >= 0) {
      text.remove_prefix(static_cast<size_t>(n));
    } else if (errno != EINTR) {
      error_ = errno;
    }
  }
  return error_ == 0;
}

Result<void> OutputFile::close() {
  if (fd_ != STDOUT_FILENO && ::close(std::exchange(fd_, -1)) != 0 && error_ == 0) error_ = errno;
  if (error_ == 0 || error_ == EPIPE) return {};
  return fail_with_cause("failed to write " + path_, os::error_text(error_));
}

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/atomic_file.h"

#include <atomic>
#include <cstdio>
#include <fcntl.h>
#include <sys/resource.h>
#include <unistd.h>

#include "os/thread.h"

namespace wazuka::os {
namespace {

HostResult<void> write_all(int fd, std::span<const u8> bytes) {
  // Growing a file beyond this limit would end the process by a signal.
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || bytes.size() > limit.rlim_cur) {
    return std::unexpected(EFBIG);
  }
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return std::unexpected(n == 0 ? EIO : errno);
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return {};
}

}  // namespace

HostResult<void> replace_file(const std::string& path, std::span<const u8> bytes) {
  static std::atomic<u32> count = 0;
  const std::string temporary = path + kTemporary + std::to_string(process_id()) + "-" +
                                std::to_string(count.fetch_add(1, std::memory_order_relaxed));
  // One that a process of the same number has left is nobody's.
  unlink(temporary.c_str());
  const OwnedFd fd(
      ::open(temporary.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0666));
  if (!fd) return std::unexpected(errno);
  auto written = write_all(fd.get(), bytes);
  if (written && std::rename(temporary.c_str(), path.c_str()) != 0) {
    written = std::unexpected(errno);
  }
  if (!written) unlink(temporary.c_str());
  return written;
}

}  // namespace wazuka::os

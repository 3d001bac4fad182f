// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/output_fd.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/virtual_memory.h"

namespace wazuka::os {

OutputFd::~OutputFd() {
  if (fd_ >= 0) close(fd_);
}

OutputFd OutputFd::create(const char* path) {
  const int fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0644);
  if (fd < 0) return {};
  OutputFd file(fd);
  struct stat info{};
  if (fstat(fd, &info) != 0) return {};
  if (!S_ISREG(info.st_mode) || info.st_uid != geteuid() || info.st_nlink != 1) {
    errno = EPERM;
    return {};
  }
  if (ftruncate(fd, 0) != 0) return {};
  return file;
}

bool OutputFd::write(std::span<const u8> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = ::write(fd_, bytes.data(), bytes.size());
    if (n < 0 && errno == EINTR) continue;
    if (n < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
  }
  return true;
}

bool OutputFd::map_as_mark() {
  return mmap(nullptr, page_size(), PROT_READ | PROT_EXEC, MAP_PRIVATE, fd_, 0) != MAP_FAILED;
}

}  // namespace wazuka::os

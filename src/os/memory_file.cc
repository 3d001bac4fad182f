// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/memory_file.h"

#include <cerrno>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

namespace wazuka::os {

MemoryFile::~MemoryFile() {
  if (fd_ >= 0) close(fd_);
}

#if defined(__linux__) && defined(F_ADD_SEALS)

#ifndef MFD_NOEXEC_SEAL
#define MFD_NOEXEC_SEAL 0x8U
#endif

MemoryFile MemoryFile::create(size_t bytes) {
  // Growing a file beyond this limit would end the process by a signal.
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || bytes > limit.rlim_cur) return {};
  // Old kernels do not know the second form.
  int fd = memfd_create("wazuka-image", MFD_CLOEXEC | MFD_ALLOW_SEALING | MFD_NOEXEC_SEAL);
  if (fd < 0 && errno == EINVAL) {
    fd = memfd_create("wazuka-image", MFD_CLOEXEC | MFD_ALLOW_SEALING);
  }
  MemoryFile file(fd);
  if (fd < 0 || ftruncate(fd, static_cast<off_t>(bytes)) != 0) return {};
  return file;
}

bool MemoryFile::seal() {
  return fcntl(fd_, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE | F_SEAL_SEAL) == 0;
}

#else

MemoryFile MemoryFile::create(size_t) {
  return {};
}

bool MemoryFile::seal() {
  return false;
}

#endif

MemoryFile MemoryFile::duplicate(int fd) {
  return MemoryFile(fcntl(fd, F_DUPFD_CLOEXEC, 0));
}

bool MemoryFile::write(size_t offset, std::span<const u8> bytes) {
  while (!bytes.empty()) {
    const ssize_t n = pwrite(fd_, bytes.data(), bytes.size(), static_cast<off_t>(offset));
    if (n < 0 && errno == EINTR) continue;
    if (n <= 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(n));
    offset += static_cast<size_t>(n);
  }
  return true;
}

}  // namespace wazuka::os

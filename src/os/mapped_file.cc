// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/mapped_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <unistd.h>

#include "os/executable_memory.h"

namespace wazuka::os {

MappedFile::~MappedFile() {
  if (!bytes_.empty()) munmap(const_cast<u8*>(bytes_.data()), bytes_.size());
}

HostResult<MappedFile> MappedFile::map(OwnedFd fd) {
  struct stat info;
  if (fstat(fd.get(), &info) != 0) return std::unexpected(errno);
  if (!S_ISREG(info.st_mode)) return std::unexpected(ENODEV);
  MappedFile file;
  file.fd_ = std::move(fd);
  if (info.st_size == 0) return file;
  const size_t size = static_cast<size_t>(info.st_size);
  void* const at = mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.fd_.get(), 0);
  if (at == MAP_FAILED) return std::unexpected(errno);
  file.bytes_ = {static_cast<const u8*>(at), size};
  return file;
}

HostResult<MappedFile> MappedFile::open(const char* path) {
  const int fd = ::open(path, O_RDONLY | O_CLOEXEC);
  if (fd < 0) return std::unexpected(errno);
  return map(OwnedFd(fd));
}

HostResult<MappedFile> MappedFile::copy_of(std::span<const u8> bytes) {
  // Growing a file beyond this limit would end the process by a signal.
  rlimit limit{};
  if (getrlimit(RLIMIT_FSIZE, &limit) != 0 || bytes.size() > limit.rlim_cur) {
    return std::unexpected(EFBIG);
  }
  OwnedFd fd(open_code_file());
  if (!fd) return std::unexpected(errno);
  for (u64 done = 0; done < bytes.size();) {
    const iovec rest{const_cast<u8*>(bytes.data()) + done, bytes.size() - done};
    auto n = write_vectored_at(fd.get(), {&rest, 1}, done);
    if (!n && n.error() == EINTR) continue;
    if (!n) return std::unexpected(n.error());
    if (*n == 0) return std::unexpected(EIO);
    done += *n;
  }
  return map(std::move(fd));
}

}  // namespace wazuka::os

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/virtual_memory.h"

#include <cstdlib>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/out_of_memory.h"

namespace wazuka::os {

size_t page_size() {
  static const size_t size = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  return size;
}

size_t round_up_to_pages(size_t bytes) {
  size_t mask = page_size() - 1;
  return (bytes + mask) & ~mask;
}

bool address_space_is_limited() {
  rlimit limit{};
  return getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur != RLIM_INFINITY;
}

namespace {

u8* map_anonymous(size_t bytes, int protection) {
  void* p = mmap(nullptr, bytes, protection, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return p == MAP_FAILED ? nullptr : static_cast<u8*>(p);
}

}  // namespace

Reservation::~Reservation() {
  if (base_ != nullptr) munmap(base_, size_);
}

Reservation Reservation::reserve(size_t bytes) {
  size_t size = round_up_to_pages(bytes);
  if (size < bytes || size == 0) return {};
  u8* base = map_anonymous(size, PROT_NONE);
  return base == nullptr ? Reservation() : Reservation(base, size);
}

Reservation Reservation::map(size_t bytes) {
  size_t size = round_up_to_pages(bytes);
  if (size < bytes || size == 0) return {};
  u8* base = map_anonymous(size, PROT_READ | PROT_WRITE);
  return base == nullptr ? Reservation() : Reservation(base, size);
}

bool Reservation::commit(size_t offset, size_t bytes) {
  if (bytes == 0) return true;
  size_t start = offset & ~(page_size() - 1);
  size_t end = round_up_to_pages(offset + bytes);
  if (end < offset || end > size_) return false;
  return mprotect(base_ + start, end - start, PROT_READ | PROT_WRITE) == 0;
}

bool Reservation::protect(size_t offset, size_t bytes) {
  return offset <= size_ && bytes <= size_ - offset &&
         mprotect(base_ + offset, bytes, PROT_NONE) == 0;
}

bool Reservation::discard(size_t offset, size_t bytes) {
  return offset <= size_ && bytes <= size_ - offset &&
         madvise(base_ + offset, bytes, MADV_DONTNEED) == 0;
}

bool Reservation::map_file(size_t offset, size_t bytes, const MemoryFile& file,
                           size_t file_offset) {
  if (offset > size_ || bytes > size_ - offset) return false;
  void* p =
      mmap(base_ + offset, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_FIXED | MAP_NORESERVE,
           file.fd(), static_cast<off_t>(file_offset));
  if (p != MAP_FAILED) return true;
  map_zero(offset, bytes);
  return false;
}

void Reservation::map_zero(size_t offset, size_t bytes) {
  void* p = mmap(base_ + offset, bytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED | MAP_NORESERVE, -1, 0);
  // There may be a hole now, where the process's next mapping could go: into a guest's reach.
  if (p == MAP_FAILED) out_of_memory();
}

void Reservation::prefer_large_pages() {
#ifdef MADV_HUGEPAGE
  if (base_ != nullptr) madvise(base_, size_, MADV_HUGEPAGE);
#endif
}

}  // namespace wazuka::os

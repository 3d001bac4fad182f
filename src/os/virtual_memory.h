// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Address space: reserve a range without memory behind it, make parts of it accessible, give it
// back. Linear memories and stacks are built on this: they never move, and pages cost nothing until
// they are touched.
#pragma once

#include <utility>

#include "base/ints.h"
#include "os/memory_file.h"

namespace wazuka::os {

/// Bytes per host page, a power of two.
size_t page_size();

/// Rounds up to whole host pages.
size_t round_up_to_pages(size_t bytes);

/// Whether this process may have less address space than there is (ulimit -v).
bool address_space_is_limited();

/// Owns a range of address space; releases it on destruction. Move only.
class Reservation {
 public:
  Reservation() = default;
  Reservation(Reservation&& other) noexcept
      : base_(std::exchange(other.base_, nullptr)), size_(std::exchange(other.size_, 0)) {}
  Reservation& operator=(Reservation&& other) noexcept {
    std::swap(base_, other.base_);
    std::swap(size_, other.size_);
    return *this;
  }
  ~Reservation();

  /// Reserves `bytes` (rounded up to pages), inaccessible. Empty if the host refuses.
  static Reservation reserve(size_t bytes);
  /// Reserves `bytes`, readable and writable, zero, committed page by page when touched.
  static Reservation map(size_t bytes);

  /// Makes [offset, offset + bytes) readable and writable; both are rounded outwards to pages.
  bool commit(size_t offset, size_t bytes);
  /// Makes whole pages inaccessible again (guards).
  bool protect(size_t offset, size_t bytes);
  /// Lets whole pages, which are accessible and have not been touched, be private copies of a
  /// file's. False if the host refuses: they are zero as before.
  bool map_file(size_t offset, size_t bytes, const MemoryFile& file, size_t file_offset);
  /// Makes them zero again.
  void map_zero(size_t offset, size_t bytes);
  /// Gives the memory of whole pages back to the host; what is accessible reads as zero afterwards.
  bool discard(size_t offset, size_t bytes);
  /// Asks for large pages where the host has them: fewer page faults for data that is used at once.
  void prefer_large_pages();

  u8* base() const { return base_; }
  size_t size() const { return size_; }
  explicit operator bool() const { return base_ != nullptr; }

 private:
  Reservation(u8* base, size_t size) : base_(base), size_(size) {}
  u8* base_ = nullptr;
  size_t size_ = 0;
};

}  // namespace wazuka::os

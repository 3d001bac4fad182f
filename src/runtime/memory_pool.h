// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Address space of memories that are gone, kept for the next ones of the engine: reserving and
// releasing gigabytes of it costs more than everything else about a small instance. What is kept
// reads as zero, or as the memory image of a module (memory_image.h) that stays mapped there: the
// next instance of that module finds its data in place. Only spaces of one size are kept: of
// memories with guards, which all have it.
#pragma once

#include <mutex>
#include <unordered_map>
#include <vector>

#include "os/virtual_memory.h"

namespace wazuka {

/// Which contents a space has that nobody has written to: zero, or a memory of an image.
using ContentsId = u64;
inline constexpr ContentsId kZeroContents = 0;

/// Where a memory lives.
struct MemorySpace {
  os::Reservation reservation;
  u64 before = 0;      // guard in front
  u64 accessible = 0;  // bytes of the memory that may be committed
  u64 committed = 0;   // bytes of it that are
  ContentsId contents = kZeroContents;
};

class MemoryPool {
 public:
  /// `most`: how many spaces are kept. Each has three mappings or more, of which a process may have
  /// about 65,000.
  explicit MemoryPool(size_t most) : most_(most) {}
  static constexpr size_t kDefaultMost = 64, kMost = 10'000;

  /// A space with `committed` bytes accessible and these contents, or with zeros; or an empty one.
  MemorySpace take(u64 committed, ContentsId contents);
  /// Keeps the space, unless there are enough. Its contents are what it says, unless it is `dirty`.
  void give(MemorySpace space, bool dirty);
  /// No memory will want these contents any more.
  void forget(ContentsId contents);

 private:
  MemorySpace take_from(std::vector<MemorySpace>& kept);
  MemorySpace take_any(ContentsId contents);

  const size_t most_;
  std::mutex lock_;
  size_t count_ = 0;
  std::unordered_map<ContentsId, std::vector<MemorySpace>> kept_;
};

}  // namespace wazuka

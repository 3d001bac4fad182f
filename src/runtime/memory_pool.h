// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Address space of memories that are gone, kept for the next ones of the engine: reserving and
// releasing gigabytes of it costs more than everything else about a small instance. What is kept
// reads as zero. Only spaces of one size are kept: of memories with guards, which all have it.
#pragma once

#include <mutex>
#include <vector>

#include "os/virtual_memory.h"

namespace wazuka {

/// Where a memory lives.
struct MemorySpace {
  os::Reservation reservation;
  u64 before = 0;      // guard in front
  u64 accessible = 0;  // bytes of the memory that may be committed
  u64 committed = 0;   // bytes of it that are
};

class MemoryPool {
 public:
  /// Each has three mappings, of which a process may have about 65,000.
  static constexpr size_t kMaxKept = 64;

  /// A space with `committed` bytes accessible, or an empty one.
  MemorySpace take(u64 committed);
  /// Clears the space and keeps it, unless there are enough.
  void give(MemorySpace space);

 private:
  std::mutex lock_;
  std::vector<MemorySpace> kept_;
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory_pool.h"

#include <utility>

namespace wazuka {
namespace {

/// Makes exactly so many bytes accessible.
bool resize(MemorySpace& space, u64 committed) {
  const u64 now = space.committed;
  if (committed > now) {
    if (!space.reservation.commit(space.before + now, committed - now)) return false;
  } else if (committed < now) {
    if (!space.reservation.protect(space.before + committed, now - committed)) return false;
  }
  space.committed = committed;
  return true;
}

}  // namespace

MemorySpace MemoryPool::take(u64 committed) {
  MemorySpace space;
  {
    std::lock_guard<std::mutex> lock(lock_);
    if (kept_.empty()) return {};
    space = std::move(kept_.back());
    kept_.pop_back();
  }
  return resize(space, committed) ? std::move(space) : MemorySpace{};
}

void MemoryPool::give(MemorySpace space) {
  {
    std::lock_guard<std::mutex> lock(lock_);
    if (kept_.size() >= kMaxKept) return;
  }
  // What cannot be cleared is released.
  if (space.committed != 0 && !space.reservation.discard(space.before, space.committed)) return;
  std::lock_guard<std::mutex> lock(lock_);
  kept_.push_back(std::move(space));
}

}  // namespace wazuka

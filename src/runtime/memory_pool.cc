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

MemorySpace MemoryPool::take_from(std::vector<MemorySpace>& kept) {
  if (kept.empty()) return {};
  MemorySpace space = std::move(kept.back());
  kept.pop_back();
  --count_;
  return space;
}

/// With these contents, else with zeros, else with any.
MemorySpace MemoryPool::take_any(ContentsId contents) {
  std::lock_guard<std::mutex> lock(lock_);
  if (count_ == 0) return {};
  for (const ContentsId wanted : {contents, kZeroContents}) {
    auto at = kept_.find(wanted);
    if (at != kept_.end() && !at->second.empty()) return take_from(at->second);
  }
  // Spaces of other modules serve only when there are no more to come.
  if (count_ < most_) return {};
  for (auto& [id, kept] : kept_) {
    if (!kept.empty()) return take_from(kept);
  }
  return {};
}

MemorySpace MemoryPool::take(u64 committed, ContentsId contents) {
  MemorySpace space = take_any(contents);
  if (!space.reservation) return {};
  if (space.contents != contents && space.contents != kZeroContents) {
    // Mapped pages of another image. What is not accessible has no pages.
    if (space.committed != 0) space.reservation.map_zero(space.before, space.committed);
    space.contents = kZeroContents;
  }
  return resize(space, committed) ? std::move(space) : MemorySpace{};
}

void MemoryPool::give(MemorySpace space, bool dirty) {
  std::unique_lock<std::mutex> lock(lock_);
  if (count_ >= most_) {
    lock.unlock();  // released without it
    return;
  }
  if (dirty && space.committed != 0) {
    lock.unlock();
    // What cannot be cleared is released. Pages of a file are the file's again.
    if (!space.reservation.discard(space.before, space.committed)) return;
    lock.lock();
  }
  kept_[space.contents].push_back(std::move(space));
  ++count_;
}

void MemoryPool::forget(ContentsId contents) {
  std::vector<MemorySpace> gone;  // released without the lock
  std::lock_guard<std::mutex> lock(lock_);
  auto at = kept_.find(contents);
  if (at == kept_.end()) return;
  gone = std::move(at->second);
  count_ -= gone.size();
  kept_.erase(at);
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/stack_pool.h"

namespace wazuka {

StackPool::StackPool(u64 bytes, Guard guard)
    : bytes_(os::round_up_to_pages(bytes)), page_(os::page_size()), guard_(guard) {}

os::Reservation StackPool::take() {
  {
    std::lock_guard<std::mutex> lock(lock_);
    if (!kept_.empty()) {
      os::Reservation stack = std::move(kept_.back());
      kept_.pop_back();
      return stack;
    }
  }
  os::Reservation stack = os::Reservation::map(bytes_ + page_);
  if (!stack || !stack.protect(guard_ == Guard::kLow ? 0 : bytes_, page_)) return {};
  return stack;
}

os::StackBounds StackPool::usable(const os::Reservation& stack) const {
  u8* const low = stack.base() + (guard_ == Guard::kLow ? page_ : 0);
  return {low, low + bytes_};
}

bool StackPool::discard(os::Reservation& stack) const {
  if (bytes_ <= kKeptBytes) return true;
  return stack.discard(guard_ == Guard::kLow ? page_ : kKeptBytes, bytes_ - kKeptBytes);
}

void StackPool::give(os::Reservation stack) {
  bool dirty = true;
  {
    std::lock_guard<std::mutex> lock(lock_);
    if (kept_.size() >= kMaxKept) return;
    dirty = kept_.size() < kMaxDirty;
  }
  if (!dirty && !discard(stack)) return;
  std::lock_guard<std::mutex> lock(lock_);
  kept_.push_back(std::move(stack));
}

}  // namespace wazuka

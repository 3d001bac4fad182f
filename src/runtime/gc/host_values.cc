// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/host_values.h"

namespace wazuka {

HostValues::~HostValues() {
  for (const Entry& e : entries_) {
    if (e.state != State::kFree && e.finalizer.run != nullptr) {
      e.finalizer.run(e.finalizer.env, e.value);
    }
  }
}

Cell HostValues::add(u64 value, HostFinalizer finalizer) {
  size_t index = entries_.size();
  if (free_ != 0) {
    index = free_ - 1;
    free_ = entries_[index].value;
  } else if (index == kMaxCount) {
    return 0;
  } else {
    entries_.emplace_back();
  }
  entries_[index] = {value, finalizer, State::kUnmarked};
  ++count_;
  return index << 2 | 2;
}

std::optional<u64> HostValues::get(Cell ref) const {
  if (ref >> 32 != 0 || !gc_is_host(static_cast<u32>(ref))) return std::nullopt;
  u64 index = ref >> 2;
  if (index >= entries_.size() || entries_[index].state == State::kFree) return std::nullopt;
  return entries_[index].value;
}

bool HostValues::mark(u32 ref) {
  u32 index = ref >> 2;
  if (index >= entries_.size() || entries_[index].state == State::kFree) return false;
  entries_[index].state = State::kMarked;
  return true;
}

void HostValues::sweep() {
  std::vector<Entry> dead;
  for (size_t i = 0; i < entries_.size(); ++i) {
    Entry& e = entries_[i];
    if (e.state == State::kMarked) {
      e.state = State::kUnmarked;
    } else if (e.state == State::kUnmarked) {
      if (e.finalizer.run != nullptr) dead.push_back(e);
      e = {free_, {}, State::kFree};
      free_ = i + 1;
      --count_;
    }
  }
  threshold_ = count_ < kMinThreshold / 2 ? kMinThreshold : count_ * 2;
  // Last, when the table is consistent again.
  for (const Entry& e : dead) e.finalizer.run(e.finalizer.env, e.value);
}

}  // namespace wazuka

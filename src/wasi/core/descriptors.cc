// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/descriptors.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace wazuka::wasi {

WasiResult<u32> DescriptorTable::insert(Descriptor descriptor) {
  if (!free_.empty()) {
    auto highest = std::prev(free_.end());
    u32 number = *highest;
    free_.erase(highest);
    slots_[number] = std::make_shared<Descriptor>(std::move(descriptor));
    return number;
  }
  if (slots_.size() >= kMaxDescriptors) return std::unexpected(Errno::kMfile);
  slots_.push_back(std::make_shared<Descriptor>(std::move(descriptor)));
  return static_cast<u32>(slots_.size() - 1);
}

Descriptor* DescriptorTable::find(u32 number) {
  return number < slots_.size() ? slots_[number].get() : nullptr;
}

WasiResult<void> DescriptorTable::close(u32 number) {
  if (find(number) == nullptr) return std::unexpected(Errno::kBadf);
  slots_[number].reset();
  free_.insert(number);
  return {};
}

WasiResult<void> DescriptorTable::renumber(u32 from, u32 to) {
  if (find(from) == nullptr || find(to) == nullptr) return std::unexpected(Errno::kBadf);
  if (from == to) return {};
  slots_[to] = std::exchange(slots_[from], nullptr);
  free_.insert(from);
  return {};
}

void DescriptorTable::keep_snapshot(Directory& dir, std::unique_ptr<DirectorySnapshot> snapshot) {
  snapshot->serial = ++last_serial_;
  dir.snapshot = std::move(snapshot);
  std::vector<Directory*> others;
  size_t total = 0;
  for (auto& slot : slots_) {
    Directory* other = slot ? std::get_if<Directory>(slot.get()) : nullptr;
    if (other == nullptr || other == &dir || other->snapshot == nullptr) continue;
    others.push_back(other);
    total += other->snapshot->entries.size();
  }
  if (total <= kMaxSnapshotEntries) return;
  std::sort(others.begin(), others.end(), [](const Directory* a, const Directory* b) {
    return a->snapshot->serial < b->snapshot->serial;
  });
  for (Directory* oldest : others) {
    if (total <= kMaxSnapshotEntries) return;
    total -= oldest->snapshot->entries.size();
    oldest->snapshot.reset();
  }
}

}  // namespace wazuka::wasi

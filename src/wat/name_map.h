// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Identifiers → numbers: an open-addressing hash table whose keys are views into the text.
//
// `clear` costs as much as was inserted, so one map serves all functions of a module in turn. The
// hash is seeded with an address: names chosen to collide would need to know where we are loaded.
#pragma once

#include <cstring>
#include <string_view>
#include <vector>

#include "base/ints.h"

namespace wazuka::wat {

inline u64 hash_name(std::string_view name) {
  static const char kSeed = 0;
  constexpr u64 kMultiplier = 0x9e3779b97f4a7c15;
  u64 h = (reinterpret_cast<uintptr_t>(&kSeed) ^ name.size()) * kMultiplier;
  const char* p = name.data();
  size_t n = name.size();
  auto mix = [&h](u64 word) {
    h = (h ^ word) * kMultiplier;
    h ^= h >> 29;
  };
  for (; n >= 8; p += 8, n -= 8) {
    u64 word;
    std::memcpy(&word, p, 8);
    mix(word);
  }
  u64 word = 0;
  if (n != 0) std::memcpy(&word, p, n);
  mix(word);
  return h ^ (h >> 32);
}

class NameMap {
 public:
  struct Entry {
    std::string_view name;
    u32 value;
    u32 slot;
  };

  void clear() {
    for (const Entry& e : entries_) slots_[e.slot] = 0;
    entries_.clear();
  }

  /// The entry of a name, inserted with `value` if it is new.
  struct Insertion {
    Entry& entry;
    bool inserted;
  };
  Insertion insert(std::string_view name, u32 value) {
    if (entries_.size() * 2 >= slots_.size()) grow();
    u32 slot = find_slot(name);
    if (slots_[slot] != 0) return {entries_[slots_[slot] - 1], false};
    entries_.push_back({name, value, slot});
    slots_[slot] = static_cast<u32>(entries_.size());
    return {entries_.back(), true};
  }

  /// Null if the name is not there. Valid until the next insertion.
  const Entry* find(std::string_view name) const {
    if (entries_.empty()) return nullptr;
    u32 slot = find_slot(name);
    return slots_[slot] == 0 ? nullptr : &entries_[slots_[slot] - 1];
  }

  std::vector<Entry>& entries() { return entries_; }

 private:
  u32 find_slot(std::string_view name) const {
    u32 mask = static_cast<u32>(slots_.size() - 1);
    u32 slot = static_cast<u32>(hash_name(name)) & mask;
    while (slots_[slot] != 0 && entries_[slots_[slot] - 1].name != name) slot = (slot + 1) & mask;
    return slot;
  }

  void grow() {
    slots_.assign(slots_.empty() ? 16 : slots_.size() * 2, 0);
    u32 mask = static_cast<u32>(slots_.size() - 1);
    for (u32 i = 0; i < entries_.size(); ++i) {
      u32 slot = static_cast<u32>(hash_name(entries_[i].name)) & mask;
      while (slots_[slot] != 0) slot = (slot + 1) & mask;
      slots_[slot] = i + 1;
      entries_[i].slot = slot;
    }
  }

  std::vector<Entry> entries_;
  std::vector<u32> slots_;  // entry number + 1; 0: free. The size is a power of two.
};

}  // namespace wazuka::wat

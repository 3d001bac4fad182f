// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "asm/const_pool.h"

#include <algorithm>
#include <cassert>
#include <cstring>

namespace wazuka::assembly {

// The input decides about the constants, but not about more of them than its own length: clusters
// of equal hashes cost what comparing costs, and a multiplication mixes well enough to make them
// rare.
u32 ConstPool::hash(std::span<const u8> bytes) {
  u64 h = bytes.size();
  for (size_t i = 0; i < bytes.size(); i += 4) {
    u32 word;
    std::memcpy(&word, &bytes[i], 4);
    h = (h ^ word) * 0x9e37'79b9'7f4a'7c15u;
    h ^= h >> 32;
  }
  return static_cast<u32>(h);
}

void ConstPool::rehash() {
  slots_.assign(std::max<size_t>(16, slots_.size() * 2), 0);
  u32 mask = static_cast<u32>(slots_.size() - 1);
  for (u32 i = 0; i < entries_.size(); ++i) {
    u32 slot = hash(std::span(entries_[i].bytes).first(entries_[i].size)) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = i + 1;
  }
}

Label& ConstPool::add(std::span<const u8> bytes) {
  assert(bytes.size() == 4 || bytes.size() == 8 || bytes.size() == 16 || bytes.size() == 32);
  if (entries_.size() * 2 >= slots_.size()) rehash();
  u32 mask = static_cast<u32>(slots_.size() - 1);
  u32 slot = hash(bytes) & mask;
  for (; slots_[slot] != 0; slot = (slot + 1) & mask) {
    Entry& e = entries_[slots_[slot] - 1];
    if (e.size == bytes.size() && std::memcmp(e.bytes.data(), bytes.data(), e.size) == 0) {
      return e.label;
    }
  }
  Entry& e = entries_.emplace_back();
  std::memcpy(e.bytes.data(), bytes.data(), bytes.size());
  e.size = static_cast<u32>(bytes.size());
  slots_[slot] = static_cast<u32>(entries_.size());
  alignment_ = std::max(alignment_, e.size);
  return e.label;
}

void ConstPool::place(CodeBuffer& code, u8 fill) {
  while (code.offset() % alignment_ != 0) code.append_u8(fill);
  for (u32 size = kMaxSize; size >= 4; size /= 2) {
    for (Entry& e : entries_) {
      if (e.size != size) continue;
      code.bind(e.label);
      code.append(std::span(e.bytes).first(size));
    }
  }
}

void ConstPool::reset() {
  if (entries_.empty()) return;
  entries_.clear();
  std::fill(slots_.begin(), slots_.end(), 0);
  alignment_ = 1;
}

}  // namespace wazuka::assembly

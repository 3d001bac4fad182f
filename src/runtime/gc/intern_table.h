// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ids for host structures that heap objects refer to (functions, tags), so that no pointer is
// stored in the heap and a corrupt id is recognised. Ids start at 1 and live as long as the store,
// as what they stand for does.
#pragma once

#include <unordered_map>
#include <vector>

#include "base/ints.h"

namespace wazuka {

template <class T>
class InternTable {
 public:
  /// The id of `p`; 0 for null.
  u32 intern(T* p) {
    if (p == nullptr) return 0;
    auto [it, is_new] = ids_.try_emplace(p, static_cast<u32>(pointers_.size() + 1));
    if (is_new) pointers_.push_back(p);
    return it->second;
  }

  /// Whether `id` is 0 or has been given out.
  bool contains(u32 id) const { return id <= pointers_.size(); }
  /// What has this id; null for 0. `id` must be contained.
  T* get(u32 id) const { return id == 0 ? nullptr : pointers_[id - 1]; }

 private:
  std::vector<T*> pointers_;
  std::unordered_map<T*, u32> ids_;
};

}  // namespace wazuka

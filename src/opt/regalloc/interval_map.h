// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Which points of a function a register is taken at: disjoint half-open intervals with an owner,
// sorted. Leaves of up to kLeaf entries under one sorted index, so that an insertion moves a few
// hundred bytes whatever the size, and a walk over neighbours is a walk over an array. (One level
// of index suffices: a million intervals of one register are some ten thousand leaves.)
#pragma once

#include <algorithm>
#include <cassert>
#include <memory>
#include <vector>

#include "base/ints.h"

namespace wazuka::regalloc {

class IntervalMap {
 public:
  struct Entry {
    u32 from, to;  // from < to
    u32 owner;
  };

  /// Walks entries in ascending order. Insertions and removals invalidate it.
  class Cursor {
   public:
    explicit Cursor(const IntervalMap& map) : map_(&map) {}

    /// Goes forward (never back) to the first entry that ends after the point.
    void seek(u32 point) {
      if (leaf_ >= map_->leaves_.size()) return;
      if (map_->last_to(leaf_) <= point) {
        // The leaves' ends ascend as their beginnings do.
        size_t low = leaf_ + 1;
        size_t high = map_->leaves_.size();
        while (low < high) {
          size_t middle = (low + high) / 2;
          if (map_->last_to(middle) <= point) {
            low = middle + 1;
          } else {
            high = middle;
          }
        }
        leaf_ = low;
        at_ = 0;
        if (leaf_ >= map_->leaves_.size()) return;
      }
      const Leaf& leaf = *map_->leaves_[leaf_];
      const Entry* found = std::partition_point(leaf.entries + at_, leaf.entries + leaf.count,
                                                [&](const Entry& e) { return e.to <= point; });
      at_ = static_cast<u32>(found - leaf.entries);
    }
    void next() {
      if (++at_ < map_->leaves_[leaf_]->count) return;
      ++leaf_;
      at_ = 0;
    }
    /// The entry it is at, or null at the end.
    const Entry* get() const {
      return leaf_ < map_->leaves_.size() ? &map_->leaves_[leaf_]->entries[at_] : nullptr;
    }

   private:
    const IntervalMap* map_;
    size_t leaf_ = 0;
    u32 at_ = 0;
  };

  Cursor cursor() const { return Cursor(*this); }
  bool empty() const { return leaves_.empty(); }

  /// It must not overlap any that is there.
  void insert(u32 from, u32 to, u32 owner) {
    assert(from < to);
    if (leaves_.empty()) {
      leaves_.push_back(std::make_unique<Leaf>());
      firsts_.push_back(from);
    }
    size_t index = leaf_of(from);
    Leaf* leaf = leaves_[index].get();
    if (leaf->count == kLeaf) {
      index = split(index, from);
      leaf = leaves_[index].get();
    }
    u32 at = position(*leaf, from);
    assert(at == leaf->count || to <= leaf->entries[at].from);
    assert(at == 0 || leaf->entries[at - 1].to <= from);
    std::copy_backward(leaf->entries + at, leaf->entries + leaf->count,
                       leaf->entries + leaf->count + 1);
    leaf->entries[at] = {from, to, owner};
    ++leaf->count;
    firsts_[index] = leaf->entries[0].from;
  }

  /// Removes the entry that begins there.
  void erase(u32 from) {
    size_t index = leaf_of(from);
    Leaf* leaf = leaves_[index].get();
    u32 at = position(*leaf, from);
    assert(at < leaf->count && leaf->entries[at].from == from);
    std::copy(leaf->entries + at + 1, leaf->entries + leaf->count, leaf->entries + at);
    if (--leaf->count == 0) {
      leaves_.erase(leaves_.begin() + static_cast<std::ptrdiff_t>(index));
      firsts_.erase(firsts_.begin() + static_cast<std::ptrdiff_t>(index));
    } else {
      firsts_[index] = leaf->entries[0].from;
    }
  }

 private:
  static constexpr u32 kLeaf = 64;
  struct Leaf {
    u32 count = 0;
    Entry entries[kLeaf];
  };

  u32 last_to(size_t leaf) const { return leaves_[leaf]->entries[leaves_[leaf]->count - 1].to; }
  // The last leaf that begins at or before the point; the first if none does.
  size_t leaf_of(u32 point) const {
    auto after = std::upper_bound(firsts_.begin(), firsts_.end(), point);
    return after == firsts_.begin() ? 0 : static_cast<size_t>(after - firsts_.begin()) - 1;
  }
  static u32 position(const Leaf& leaf, u32 from) {
    const Entry* found = std::partition_point(leaf.entries, leaf.entries + leaf.count,
                                              [&](const Entry& e) { return e.from < from; });
    return static_cast<u32>(found - leaf.entries);
  }
  // Makes room in a full leaf; returns the leaf that the point belongs to. What is appended in
  // ascending order fills its leaves.
  size_t split(size_t index, u32 point) {
    Leaf& full = *leaves_[index];
    bool append = index + 1 == leaves_.size() && full.entries[kLeaf - 1].from < point;
    u32 keep = append ? kLeaf : kLeaf / 2;
    auto upper = std::make_unique<Leaf>();
    upper->count = kLeaf - keep;
    std::copy(full.entries + keep, full.entries + kLeaf, upper->entries);
    full.count = keep;
    u32 first = append ? point : upper->entries[0].from;
    auto after = static_cast<std::ptrdiff_t>(index) + 1;
    leaves_.insert(leaves_.begin() + after, std::move(upper));
    firsts_.insert(firsts_.begin() + after, first);
    return point >= first ? index + 1 : index;
  }

  std::vector<std::unique_ptr<Leaf>> leaves_;  // none is empty
  std::vector<u32> firsts_;                    // where each begins
};

}  // namespace wazuka::regalloc

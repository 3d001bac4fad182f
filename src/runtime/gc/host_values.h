// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The host's values behind externref. A reference to one is an index in this table (gc_layout.h:
// low bits 10), not an object: it does not move, needs no room in the heap, and costs the collector
// a mark. A value that no root and no live object refers to is finalised after the collection that
// found this out, and its index may then be used again; the others when the store dies. Each value
// is finalised exactly once.
#pragma once

#include <optional>
#include <vector>

#include "abi/gc_layout.h"
#include "abi/vm.h"

namespace wazuka {

/// Called when a value is no longer referred to. It must not use the store: it may run in the
/// middle of any operation that collects.
struct HostFinalizer {
  void (*run)(void* env, u64 value) = nullptr;  // null: nothing to do
  void* env = nullptr;
};

class HostValues {
 public:
  static constexpr u32 kMaxCount = 1u << 30;

  HostValues() = default;
  ~HostValues();
  HostValues(const HostValues&) = delete;
  HostValues& operator=(const HostValues&) = delete;

  /// A new reference to a host value, or null if there are too many. Never collects.
  Cell add(u64 value, HostFinalizer finalizer);
  std::optional<u64> get(Cell ref) const;
  u32 count() const { return count_; }
  /// Whether so many were added since the last collection that another one pays.
  bool wants_collection() const { return count_ >= threshold_; }

  // For the collector: mark what is referred to, sweep the rest. `mark` says whether there is such
  // a value.
  bool mark(u32 ref);
  void sweep();

 private:
  enum class State : u8 { kFree, kUnmarked, kMarked };
  struct Entry {
    u64 value = 0;  // free: index of the next free entry, plus one
    HostFinalizer finalizer;
    State state = State::kFree;
  };
  static constexpr u32 kMinThreshold = 4096;

  std::vector<Entry> entries_;
  u64 free_ = 0;  // index of the first free entry, plus one
  u32 count_ = 0;
  u32 threshold_ = kMinThreshold;
};

}  // namespace wazuka

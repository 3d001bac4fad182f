// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What an engine with pools allows: how many things of each kind there may be at a time, in all of
// its stores, and how large those of a module may be. Names and texts are those of Wasmtime's
// pooling allocator, whose users rely on them for admission control.
#pragma once

#include <atomic>
#include <optional>

#include "base/error.h"
#include "wasm/module.h"

namespace wazuka {

struct PoolLimits {
  u32 core_instances = 1000, memories = 1000, tables = 1000, stacks = 1000, gc_heaps = 1000;
  u64 core_instance_bytes = u64{1} << 20;  // of a VMContext
  u32 memories_per_module = 1, tables_per_module = 1;
  u64 memory_bytes = u64{4} << 30;
  u64 table_elements = 20'000;
};

/// What a store has taken of them.
struct PoolUse {
  u32 core_instances = 0, memories = 0, tables = 0, gc_heaps = 0;
};

class PoolCounters {
 public:
  explicit PoolCounters(const std::optional<PoolLimits>& limits) : limits_(limits) {}

  /// Whether the module's instances fit; `vm_bytes` is the size of their VMContext.
  Result<void> check(const Module& module, u64 vm_bytes) const;

  /// Takes room for an instance of the module, which `use` then has, too. Nothing, if that fails.
  Result<void> take_instance(const Module& module, PoolUse& use);
  Result<void> take_gc_heap(PoolUse& use);
  void give(const PoolUse& use);

  Result<void> take_stack();
  void give_stack();

 private:
  Result<void> take(std::atomic<u64>& count, u64 more, u32 limit, const char* kind);

  std::optional<PoolLimits> limits_;
  std::atomic<u64> instances_ = 0, memories_ = 0, tables_ = 0, stacks_ = 0, gc_heaps_ = 0;
};

}  // namespace wazuka

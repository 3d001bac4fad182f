// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/pool_limits.h"

#include <fmt/format.h>

namespace wazuka {

namespace {

std::unexpected<Error> limit_exceeded(std::string message) {
  return std::unexpected(Error{std::move(message), Error::kNoOffset, {}});
}

u64 own_memories(const Module& m) {
  return m.memories.size() - m.imported_memories;
}
u64 own_tables(const Module& m) {
  return m.tables.size() - m.imported_tables;
}

Result<void> check_memories(const Module& m, const PoolLimits& limits) {
  if (own_memories(m) > limits.memories_per_module) {
    return limit_exceeded(
        fmt::format("defined memories count of {} exceeds the per-instance limit of {}",
                    own_memories(m), limits.memories_per_module));
  }
  for (size_t i = m.imported_memories; i < m.memories.size(); ++i) {
    const MemoryType& type = m.memories[i];
    const u64 most = limits.memory_bytes >> type.page_size_log2;
    if (type.limits.min <= most) continue;
    Error error{fmt::format("memory has a minimum byte size of {} which exceeds the limit of {:#x} "
                            "bytes",
                            type.limits.min << type.page_size_log2, limits.memory_bytes),
                Error::kNoOffset,
                {}};
    return std::unexpected(std::move(error).context(
        fmt::format("memory index {} is unsupported in this pooling allocator configuration", i)));
  }
  return {};
}

Result<void> check_tables(const Module& m, const PoolLimits& limits) {
  if (own_tables(m) > limits.tables_per_module) {
    return limit_exceeded(
        fmt::format("defined tables count of {} exceeds the per-instance limit of {}",
                    own_tables(m), limits.tables_per_module));
  }
  if (own_tables(m) > limits.tables) {
    return limit_exceeded(
        fmt::format("defined tables count of {} exceeds the total tables limit of {}",
                    own_tables(m), limits.tables));
  }
  for (size_t i = m.imported_tables; i < m.tables.size(); ++i) {
    const u64 min = m.tables[i].type.limits.min;
    if (min <= limits.table_elements) continue;
    return limit_exceeded(
        fmt::format("table index {} has a minimum element size of {} which exceeds the limit of {}",
                    i, min, limits.table_elements));
  }
  return {};
}

}  // namespace

Result<void> PoolCounters::check(const Module& module, u64 vm_bytes) const {
  if (!limits_) return {};
  WAZUKA_TRY(check_memories(module, *limits_));
  WAZUKA_TRY(check_tables(module, *limits_));
  if (vm_bytes <= limits_->core_instance_bytes) return {};
  return limit_exceeded(
      fmt::format("instance allocation for this module requires {} bytes which exceeds the "
                  "configured maximum of {} bytes",
                  vm_bytes, limits_->core_instance_bytes));
}

/// The counter may exceed the limit for a moment: whoever sees that takes its share back.
Result<void> PoolCounters::take(std::atomic<u64>& count, u64 more, u32 limit, const char* kind) {
  if (more == 0 || count.fetch_add(more, std::memory_order_relaxed) + more <= limit) return {};
  count.fetch_sub(more, std::memory_order_relaxed);
  return limit_exceeded(fmt::format("maximum concurrent limit of {} for {} reached", limit, kind));
}

Result<void> PoolCounters::take_instance(const Module& module, PoolUse& use) {
  if (!limits_) return {};
  const u32 memories = static_cast<u32>(own_memories(module));
  const u32 tables = static_cast<u32>(own_tables(module));
  WAZUKA_TRY(take(instances_, 1, limits_->core_instances, "core instances"));
  auto rest = take(memories_, memories, limits_->memories, "memory stripe 0");
  if (!rest) {
    give({.core_instances = 1});
    return rest;
  }
  rest = take(tables_, tables, limits_->tables, "tables");
  if (!rest) {
    give({.core_instances = 1, .memories = memories});
    return rest;
  }
  ++use.core_instances;
  use.memories += memories;
  use.tables += tables;
  return {};
}

Result<void> PoolCounters::take_gc_heap(PoolUse& use) {
  if (!limits_) return {};
  WAZUKA_TRY(take(gc_heaps_, 1, limits_->gc_heaps, "GC heaps"));
  ++use.gc_heaps;
  return {};
}

void PoolCounters::give(const PoolUse& use) {
  if (!limits_) return;
  instances_.fetch_sub(use.core_instances, std::memory_order_relaxed);
  memories_.fetch_sub(use.memories, std::memory_order_relaxed);
  tables_.fetch_sub(use.tables, std::memory_order_relaxed);
  gc_heaps_.fetch_sub(use.gc_heaps, std::memory_order_relaxed);
}

Result<void> PoolCounters::take_stack() {
  if (!limits_) return {};
  return take(stacks_, 1, limits_->stacks, "fibers");
}

void PoolCounters::give_stack() {
  if (limits_) stacks_.fetch_sub(1, std::memory_order_relaxed);
}

}  // namespace wazuka

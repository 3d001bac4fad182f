// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The garbage-collected heap of a store: structs, arrays and exceptions (abi/gc_layout.h).
//
// The heap is a reservation of 4 GiB between two guards, so that a 32-bit offset, whatever it is,
// stays inside. Objects are allocated by moving a pointer (VMGcHeap). When the space is full, the
// collector copies what the roots reach into the other half (copying.h) and the halves change
// roles. Afterwards the space grows if more than half of it is live, and shrinks if less than an
// eighth is: the work of a collection is then paid by as many bytes of allocation, and the cost per
// allocated byte is constant. With the null collector there is one space, which only grows.
//
// Every allocation may collect, and nothing else does but `collect`. A collection moves objects:
// whoever holds references across an allocation must have them where a RootSource shows them, in a
// GcRoot, or among the operands given to the allocation. docs/gc.md has the whole contract.
//
// Failure: operations return a trap code, or kHostError and leave the error for error().
#pragma once

#include <memory>
#include <vector>

#include "abi/gc_access.h"
#include "abi/trap.h"
#include "abi/vm.h"
#include "base/error.h"
#include "os/virtual_memory.h"
#include "runtime/gc/host_values.h"
#include "runtime/gc/intern_table.h"
#include "runtime/gc/roots.h"
#include "runtime/gc/types.h"

namespace wazuka {

enum class GcCollector : u8 { kCopying, kNull };

struct GcOptions {
  GcCollector collector = GcCollector::kCopying;
  u64 initial_bytes = u64{4} << 20;  // of memory, both halves together; taken when first needed
  u64 max_bytes = u64{4} << 30;      // likewise
  // Testing: collect at every n-th allocation and make the space that was left inaccessible, so
  // that a reference which no root source showed is found when it is used. 0: off.
  u32 stress_interval = 0;
};

struct GcStats {
  u64 collections = 0;
  u64 allocated_bytes = 0;  // up to the last collection
  u64 copied_bytes = 0;     // by all collections
};

class GcHeap {
 public:
  /// Reserves the address space. `vm` (in the VMStoreContext) and `registry` outlive the heap.
  static Result<std::unique_ptr<GcHeap>> create(VMGcHeap& vm, TypeRegistry& registry,
                                                const GcOptions& options);
  ~GcHeap();
  GcHeap(const GcHeap&) = delete;
  GcHeap& operator=(const GcHeap&) = delete;

  /// Takes `bytes` (a multiple of 8, at most kGcMaxObjectBytes) and writes the header; the rest is
  /// uninitialised and must be written before the next allocation. 0 on failure: error().
  u32 allocate(const GcType& type, u32 bytes, GcOperands operands = {}) {
    u32 ref = try_allocate(type, bytes);
    return ref != 0 ? ref : allocate_slow(type, bytes, operands);
  }
  /// The fast part: 0, without an error, if there is no room without a collection.
  u32 try_allocate(const GcType& type, u32 bytes) {
    u32 ref = gc_bump(vm_, bytes);
    if (ref != 0) [[likely]]
      gc_set_header(vm_, ref, {type.id, gc_meta(type.layout.kind)});
    return ref;
  }
  /// The rest: collects and grows.
  [[gnu::cold]] u32 allocate_slow(const GcType& type, u32 bytes, GcOperands operands);

  /// Collects now. False if that failed, or if not all roots can be found now: error(). Does
  /// nothing with the null collector.
  bool collect(GcOperands operands = {});

  /// A source is asked at every collection until it is removed. Sources must not be removed in the
  /// middle of one.
  void add_root_source(RootSource* source) { sources_.push_back(source); }
  void remove_root_source(RootSource* source) { std::erase(sources_, source); }
  /// The store's continuations, from the first one on.
  void set_stack_source(StackSource* stacks) { stacks_ = stacks; }
  HostRoots& roots() { return roots_; }

  /// The type with this canonical id.
  const GcType& type(u32 id) { return types_.get(id); }
  const GcTypes& types() const { return types_; }
  HostValues& host_values() { return host_values_; }
  InternTable<VMFuncRef>& funcs() { return funcs_; }
  InternTable<VMTag>& tags() { return tags_; }
  const VMGcHeap& vm() const { return vm_; }

  /// Whether `bytes` from `ref + offset` on are in the part of the space in use: for bulk accesses
  /// whose length comes from the heap.
  bool holds(u32 ref, u64 offset, u64 bytes) const {
    return ref >= begin_ && ref + offset + bytes <= vm_.bump;
  }

  /// Leaves the error that the heap is corrupt; returns kHostError.
  TrapOr fail_corrupt();
  /// The error behind the last kHostError or failed allocation.
  Error error() const;

  u64 used_bytes() const { return vm_.bump - begin_; }
  u64 space_bytes() const { return space_bytes_; }  // of one half
  const GcStats& stats() const { return stats_; }

 private:
  GcHeap(VMGcHeap& vm, TypeRegistry& registry, const GcOptions& options);

  bool reserve();
  u32 fail_out_of_memory(u64 bytes);
  void set_space(u32 begin, u32 used);
  bool resize(u64 bytes);
  bool make_room(u64 bytes);
  bool stress(GcOperands operands);
  u64 space_bytes_of(u64 memory_bytes) const;
  u64 max_space_bytes() const;
  u32 other_half() const;
  u64 space_end() const { return begin_ + space_bytes_; }

  VMGcHeap& vm_;
  GcOptions options_;
  os::Reservation reservation_;
  GcTypes types_;
  HostValues host_values_;
  HostRoots roots_;
  InternTable<VMFuncRef> funcs_;
  InternTable<VMTag> tags_;
  std::vector<RootSource*> sources_;
  StackSource* stacks_ = nullptr;

  u32 begin_ = 0;        // offset of the half in use
  u64 space_bytes_ = 0;  // accessible in each half
  u64 live_bytes_ = 0;   // after the last collection
  u64 root_bytes_ = 0;   // shown at the last collection
  u32 stress_count_ = 0;
  bool corrupt_ = false;
  bool roots_unknown_ = false;  // at the last attempt to collect
  u64 failed_bytes_ = 0;        // of the last allocation that did not fit
  GcStats stats_;
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The continuations of a store: their stacks, by the ids that the heap's objects for continuations
// hold. At most one object has a stack's id; using the continuation up clears it there.
//
// A stack is freed when its function has ended, or by the collection that finds no object for it.
// Since a continuation costs the heap next to nothing, its own number makes collections due, too:
// between two of them it at most doubles. Segments of memory are taken when a continuation first
// runs, and a few are kept for the next ones.
#pragma once

#include <deque>
#include <vector>

#include "os/virtual_memory.h"
#include "runtime/gc/heap.h"

namespace wazuka {

class Continuations final : public StackSource {
 public:
  /// `segment_bytes`: address space of a stack.
  Continuations(GcHeap& heap, u64 segment_bytes) : heap_(heap), segment_bytes_(segment_bytes) {}
  Continuations(const Continuations&) = delete;
  Continuations& operator=(const Continuations&) = delete;

  /// cont.new. The stack of an object that is not used up; and the others (abi/builtins.def).
  TrapOr create(u32 type_id, const VMFuncRef* func, Cell* result);
  TrapOr find(u32 func_type, Cell continuation, VMStack** stack);
  TrapOr capture(u32 type_id, VMStack& stack, GcOperands values, Cell* result);
  void consume(Cell continuation);
  /// False if the host has no memory.
  bool prepare(VMStack& stack);
  void release(VMStack& stack);

  u32 count() const { return count_; }

  bool reach(u32 id) override;
  bool visit_reached(RootVisitor& visitor) override;
  void sweep() override;

 private:
  struct Entry {
    VMStack stack;
    os::Reservation segment;
    u32 func_type = 0;  // of its continuation, whatever the heap says about that
  };
  static constexpr u32 kMinThreshold = 256;
  static constexpr size_t kMaxPool = 256;
  static constexpr size_t kMaxDirtyPool = 8;             // of those, as they were left
  static constexpr size_t kKeptBytes = 64 << 10;         // of the others
  static constexpr size_t kMinSegmentBytes = 128 << 10;  // arguments of any function fit

  Entry* entry(u32 id) { return id - 1 < entries_.size() ? &entries_[id - 1] : nullptr; }
  u32 func_type_of(u32 type_id) const;
  TrapOr new_object(u32 type_id, u32 stack_id, GcOperands operands, Cell* result);
  void visit_bound(const VMStack& stack, RootVisitor& visitor);
  bool new_segment(os::Reservation& segment) const;

  GcHeap& heap_;
  u64 segment_bytes_;
  std::deque<Entry> entries_;  // id − 1
  std::vector<u32> free_;      // ids
  std::vector<os::Reservation> pool_;
  std::vector<VMStack*> reached_;  // by the collection, and not visited yet
  u32 count_ = 0;
  u32 threshold_ = kMinThreshold;
};

}  // namespace wazuka

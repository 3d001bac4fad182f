// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One collection: Cheney's algorithm. Reachable objects are copied to the other half in the order
// they are found; the copies not yet looked at are the queue, so there is no recursion and no
// memory but the two halves. Each object left behind says where it went in its header. Time is
// proportional to the roots and the live bytes.
//
// Nothing in the heap is trusted: a reference must lead to an object of a known type that lies
// inside the used part of the space, and the copies must fit. If not, the heap is corrupt; the
// reference becomes null, the collection ends as usual, and the heap refuses to allocate from then
// on.
#pragma once

#include "abi/gc_access.h"
#include "runtime/gc/host_values.h"
#include "runtime/gc/roots.h"
#include "runtime/gc/types.h"

namespace wazuka {

class CopyingCollector final : public RootVisitor {
 public:
  struct Space {
    u32 begin = 0, end = 0;
  };

  /// Copies from the objects in `from` to `to`, which is as large.
  CopyingCollector(const VMGcHeap& heap, const GcTypes& types, HostValues& host_values,
                   StackSource* stacks, Space from, Space to)
      : heap_(heap),
        types_(types),
        host_values_(host_values),
        stacks_(stacks),
        from_(from),
        to_(to),
        bump_(to.begin) {}

  using RootVisitor::visit;
  void visit(std::span<Cell> cells) override;
  /// Copies everything reachable from the roots visited.
  void trace();

  u32 used_end() const { return bump_; }
  u64 root_bytes() const { return root_bytes_; }
  bool found_corruption() const { return corrupt_; }

 private:
  u32 forward(u32 ref);
  u32 forward_other(u32 ref);
  u32 copy(u32 ref, GcHeader header);
  void forward_field(u32 offset);
  u32 scan(u32 at);
  u32 corruption();

  const VMGcHeap& heap_;
  const GcTypes& types_;
  HostValues& host_values_;
  StackSource* stacks_;  // null: there are no continuations
  Space from_, to_;
  u32 bump_;
  u64 root_bytes_ = 0;
  bool corrupt_ = false;
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/heap.h"

#include <algorithm>
#include <fmt/format.h>

#include "runtime/gc/copying.h"

namespace wazuka {
namespace {

constexpr u64 kRegionBytes = u64{1} << 32;
// Offsets of the two halves, and what each can hold. The end of the region is never reached, so
// that the end of a space is a 32-bit offset too.
constexpr u32 kFirstHalf = kGcNullGuard;
constexpr u32 kSecondHalf = u32{1} << 31;
constexpr u64 kHalfBytes = kSecondHalf - kFirstHalf;
constexpr u64 kWholeBytes = kRegionBytes - 2 * u64{kGcNullGuard};
constexpr u64 kPage = 64 << 10;  // of spaces; a multiple of every host's page

constexpr u64 round_up(u64 bytes) {
  return (bytes + kPage - 1) & ~(kPage - 1);
}

}  // namespace

GcHeap::GcHeap(VMGcHeap& vm, TypeRegistry& registry, const GcOptions& options)
    : vm_(vm), options_(options), types_(registry) {}

GcHeap::~GcHeap() {
  vm_ = {};
}

Result<std::unique_ptr<GcHeap>> GcHeap::create(VMGcHeap& vm, TypeRegistry& registry,
                                               const GcOptions& options) {
  std::unique_ptr<GcHeap> heap(new GcHeap(vm, registry, options));
  if (!heap->reserve()) {
    return fail(fmt::format("failed to reserve {} bytes of address space for the GC heap",
                            kRegionBytes + kGcEndGuard));
  }
  return heap;
}

bool GcHeap::reserve() {
  reservation_ = os::Reservation::reserve(kRegionBytes + kGcEndGuard);
  if (!reservation_) return false;
  vm_.base = reservation_.base();
  set_space(kFirstHalf, 0);
  return true;
}

/// Bytes of each space for so many bytes of memory.
u64 GcHeap::space_bytes_of(u64 memory_bytes) const {
  return options_.collector == GcCollector::kNull ? memory_bytes : memory_bytes / 2;
}

u64 GcHeap::max_space_bytes() const {
  u64 region = options_.collector == GcCollector::kNull ? kWholeBytes : kHalfBytes;
  return std::min(space_bytes_of(options_.max_bytes) & ~(kPage - 1), region);
}

u32 GcHeap::other_half() const {
  return begin_ == kFirstHalf ? kSecondHalf : kFirstHalf;
}

/// Makes `used` bytes from `begin` on the objects, and the rest of that half the free space.
void GcHeap::set_space(u32 begin, u32 used) {
  begin_ = begin;
  vm_.bump = begin + used;
  // Under stress every allocation takes the slow way.
  vm_.limit = options_.stress_interval != 0 ? vm_.bump : static_cast<u32>(space_end());
}

/// Makes the halves `bytes` large, which is at least what is used.
bool GcHeap::resize(u64 bytes) {
  if (bytes > space_bytes_) {
    u64 more = bytes - space_bytes_;
    if (!reservation_.commit(space_end(), more)) return false;
    if (options_.collector != GcCollector::kNull &&
        !reservation_.commit(other_half() + space_bytes_, more)) {
      return false;
    }
  } else if (bytes < space_bytes_) {
    u64 less = space_bytes_ - bytes;
    if (!reservation_.discard(begin_ + bytes, less)) return false;
    if (!reservation_.discard(other_half() + bytes, less)) return false;
  }
  space_bytes_ = bytes;
  set_space(begin_, vm_.bump - begin_);
  return true;
}

u32 GcHeap::fail_out_of_memory(u64 bytes) {
  failed_bytes_ = bytes;
  return 0;
}

TrapOr GcHeap::fail_corrupt() {
  corrupt_ = true;
  vm_.limit = vm_.bump;  // no more allocation
  return kHostError;
}

Error GcHeap::error() const {
  if (corrupt_) return {"GC heap corruption detected", Error::kNoOffset, {}};
  if (roots_unknown_) {
    return {"cannot collect garbage while code is held at its epoch deadline or out of fuel",
            Error::kNoOffset,
            {}};
  }
  return {
      fmt::format("GC heap out of memory: no capacity for allocation of {} bytes", failed_bytes_),
      Error::kNoOffset,
      {}};
}

bool GcHeap::stress(GcOperands operands) {
  if (options_.stress_interval == 0 || ++stress_count_ < options_.stress_interval) return true;
  stress_count_ = 0;
  return collect(operands);
}

/// After a collection: adapts the space to what lives, and to `bytes` more.
bool GcHeap::make_room(u64 bytes) {
  u64 need = used_bytes() + bytes;
  u64 initial = space_bytes_of(options_.initial_bytes);
  bool null = options_.collector == GcCollector::kNull;
  // The roots are work for each collection as the live objects are.
  u64 busy = null ? need : 2 * (need + root_bytes_);
  if (busy > space_bytes_) {
    u64 wanted = std::max({2 * space_bytes_, need + need / 2, initial});
    u64 target = std::min(round_up(wanted), max_space_bytes());
    if (target > space_bytes_) resize(target);  // if it fails, there may still be room
  } else if (!null && busy < space_bytes_ / 4 && space_bytes_ / 2 >= initial) {
    resize(round_up(space_bytes_ / 2));
  }
  return need <= space_bytes_;
}

u32 GcHeap::allocate_slow(const GcType& type, u32 bytes, GcOperands operands) {
  if (corrupt_) return 0;
  if (bytes > max_space_bytes()) return fail_out_of_memory(bytes);
  if (!stress(operands)) return 0;
  if (bytes > space_end() - vm_.bump) {
    if (used_bytes() != 0 && !collect(operands)) return 0;
    if (!make_room(bytes)) return fail_out_of_memory(bytes);
  }
  u32 ref = vm_.bump;
  set_space(begin_, ref + bytes - begin_);
  gc_set_header(vm_, ref, {type.id, gc_meta(type.layout.kind)});
  return ref;
}

bool GcHeap::collect(GcOperands operands) {
  if (corrupt_) return false;
  if (options_.collector == GcCollector::kNull) return true;
  roots_unknown_ = false;
  for (const RootSource* source : sources_) {
    if (source->knows_roots()) continue;
    roots_unknown_ = true;
    return false;
  }
  bool stressed = options_.stress_interval != 0;
  u32 from = begin_, to = other_half();
  if (stressed && !reservation_.commit(to, space_bytes_)) {
    fail_out_of_memory(space_bytes_);
    return false;
  }
  u64 used = used_bytes();
  CopyingCollector collector(vm_, types_, host_values_, stacks_, {from, vm_.bump},
                             {to, static_cast<u32>(to + space_bytes_)});
  for (RootSource* source : sources_) source->visit_roots(collector);
  roots_.visit(collector);
  for (u32 i : operands.refs) collector.visit(operands.cells[i]);
  collector.visit({operands.cells, operands.leading_refs});
  collector.trace();

  set_space(to, collector.used_end() - to);
  root_bytes_ = collector.root_bytes();
  ++stats_.collections;
  stats_.allocated_bytes += used - live_bytes_;
  live_bytes_ = used_bytes();
  stats_.copied_bytes += live_bytes_;
  if (stressed) reservation_.protect(from, space_bytes_);
  if (collector.found_corruption()) {
    fail_corrupt();
    return false;
  }
  host_values_.sweep();
  if (stacks_ != nullptr) stacks_->sweep();
  return true;
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/copying.h"

namespace wazuka {

void CopyingCollector::visit(std::span<Cell> cells) {
  root_bytes_ += cells.size_bytes();
  for (Cell& cell : cells) {
    if (cell == 0) continue;
    // A pointer here means that a source mistook a function reference or an integer for a root.
    cell = cell >> 32 == 0 ? forward(static_cast<u32>(cell)) : corruption();
  }
}

void CopyingCollector::trace() {
  u32 at = to_.begin;
  do {
    while (at < bump_) at += scan(at);
  } while (stacks_ != nullptr && stacks_->visit_reached(*this));
}

u32 CopyingCollector::forward(u32 ref) {
  if (!gc_is_object(ref) || ref - from_.begin >= from_.end - from_.begin) return forward_other(ref);
  if (ref % kGcAlign != 0) return corruption();
  GcHeader header = gc_header(heap_, ref);
  if (gc_kind(header.meta) != GcKind::kForwarded) return copy(ref, header);
  u32 moved = header.meta & ~kGcKindMask;
  return moved - to_.begin < bump_ - to_.begin ? moved : corruption();
}

/// All but objects to be copied: they stay what they are.
u32 CopyingCollector::forward_other(u32 ref) {
  if (ref == 0 || gc_is_i31(ref)) return ref;
  if (gc_is_host(ref)) return host_values_.mark(ref) ? ref : corruption();
  // Already moved: a root that is shown twice.
  return ref % kGcAlign == 0 && ref - to_.begin < bump_ - to_.begin ? ref : corruption();
}

u32 CopyingCollector::copy(u32 ref, GcHeader header) {
  const GcType* type = types_.find(header.type_id);
  if (type == nullptr || header.meta != gc_meta(type->layout.kind)) return corruption();
  u64 bytes = type->layout.size;
  if (bytes > from_.end - ref) return corruption();
  if (type->layout.kind == GcKind::kArray) {
    bytes = type->layout.array_bytes(gc_array_length(heap_, ref));
    if (bytes > from_.end - ref) return corruption();
  }
  if (bytes > to_.end - bump_) return corruption();  // objects overlapped
  u32 moved = bump_;
  std::memcpy(gc_address(heap_, moved, 0), gc_address(heap_, ref, 0), bytes);
  bump_ += static_cast<u32>(bytes);
  header.meta = moved | gc_meta(GcKind::kForwarded);
  gc_set_header(heap_, ref, header);
  return moved;
}

void CopyingCollector::forward_field(u32 offset) {
  u32 ref = gc_load_u32(heap_, 0, offset);
  if (ref != 0) gc_store_u32(heap_, 0, offset, forward(ref));
}

/// Forwards the references in the copy at `at`; returns its bytes. Copies have valid headers.
u32 CopyingCollector::scan(u32 at) {
  const GcType& type = *types_.find(gc_header(heap_, at).type_id);
  if (type.layout.kind == GcKind::kArray) {
    u32 length = gc_array_length(heap_, at);
    if (type.layout.has_ref_elements()) {
      u32 first = at + type.layout.element().offset;
      for (u32 i = 0; i < length; ++i) forward_field(first + i * u32{sizeof(u32)});
    }
    return static_cast<u32>(type.layout.array_bytes(length));
  }
  if (type.layout.kind == GcKind::kCont) [[unlikely]] {
    const u32 id = gc_load_u32(heap_, at, kGcContStack);
    if (id != 0 && (stacks_ == nullptr || !stacks_->reach(id))) {
      corruption();
      gc_store_u32(heap_, at, kGcContStack, 0);
    }
  }
  for (u32 offset : type.layout.ref_offsets) forward_field(at + offset);
  return type.layout.size;
}

u32 CopyingCollector::corruption() {
  corrupt_ = true;
  return 0;
}

}  // namespace wazuka

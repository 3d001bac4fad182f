// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/roots.h"

namespace wazuka {
namespace {

constexpr u32 kNoSlot = ~u32{0};

}  // namespace

GcRoot HostRoots::add(Cell ref) {
  u32 index = free_;
  if (index == kNoSlot) {
    index = static_cast<u32>(slots_.size());
    slots_.emplace_back();
  } else {
    free_ = slots_[index].next_free;
  }
  Slot& slot = slots_[index];
  slot.ref = ref;
  ++slot.serial;
  ++count_;
  return {index, slot.serial};
}

GcRoot HostRoots::add_scoped(Cell ref) {
  return scoped_.emplace_back(add(ref));
}

const HostRoots::Slot* HostRoots::find(GcRoot root) const {
  if ((root.serial & 1) == 0 || root.index >= slots_.size()) return nullptr;
  const Slot& slot = slots_[root.index];
  return slot.serial == root.serial ? &slot : nullptr;
}

void HostRoots::remove(GcRoot root) {
  if (find(root) == nullptr) return;
  Slot& slot = slots_[root.index];
  slot.ref = 0;
  --count_;
  // A slot whose serials are used up is retired: an old handle must not become valid again.
  if (++slot.serial == 0) return;
  slot.next_free = free_;
  free_ = root.index;
}

std::optional<Cell> HostRoots::get(GcRoot root) const {
  const Slot* slot = find(root);
  if (slot == nullptr) return std::nullopt;
  return slot->ref;
}

void HostRoots::leave_scope(size_t depth) {
  while (scoped_.size() > depth) {
    remove(scoped_.back());
    scoped_.pop_back();
  }
}

void HostRoots::visit(RootVisitor& visitor) {
  for (Slot& slot : slots_) visitor.visit(slot.ref);  // free slots hold null
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/continuations.h"

#include <algorithm>

#include "interp/interp.h"

namespace wazuka {

TrapOr Continuations::new_object(u32 type_id, u32 stack_id, GcOperands operands, Cell* result) {
  const GcType& type = heap_.type(type_id);
  const u32 ref = heap_.allocate(type, type.layout.size, operands);
  if (ref == 0) return kHostError;
  gc_store_u32(heap_.vm(), ref, kGcContStack, stack_id);
  gc_store_u32(heap_.vm(), ref, kGcContStack + sizeof(u32), 0);
  *result = ref;
  return kNoTrap;
}

/// The function type of a continuation type.
u32 Continuations::func_type_of(u32 type_id) const {
  return heap_.types().registry().get(type_id).cont_func;
}

TrapOr Continuations::create(u32 type_id, const VMFuncRef* func, Cell* result) {
  if (func == nullptr) return trap_or(TrapCode::kNullReference);
  if (count_ >= threshold_) {
    if (!heap_.collect()) return kHostError;
    threshold_ = std::max(kMinThreshold, 2 * count_);
  }
  Cell object = 0;
  if (TrapOr t = new_object(type_id, 0, {}, &object); t != kNoTrap) return t;
  if (free_.empty()) {
    entries_.emplace_back();
    entries_.back().stack.id = static_cast<u32>(entries_.size());
    free_.push_back(entries_.back().stack.id);
  }
  VMStack& stack = entry(free_.back())->stack;
  free_.pop_back();
  ++count_;
  const u32 id = stack.id;
  stack = {};
  stack.id = id;
  stack.state = VMStack::State::kFresh;
  stack.func = func;
  stack.last = &stack;
  stack.awaits = entry(id)->func_type = func_type_of(type_id);
  gc_store_u32(heap_.vm(), static_cast<u32>(object), kGcContStack, id);
  *result = object;
  return kNoTrap;
}

// What code passes to the stack, and takes from it, is what this type says: an object in a heap
// that is corrupt must not lead to another one.
TrapOr Continuations::find(u32 func_type, Cell continuation, VMStack** stack) {
  if (continuation == 0) return trap_or(TrapCode::kNullReference);
  const u32 id = gc_load_u32(heap_.vm(), static_cast<u32>(continuation), kGcContStack);
  if (id == 0) return trap_or(TrapCode::kContinuationAlreadyConsumed);
  Entry* const e = entry(id);
  if (e == nullptr ||
      (e->stack.state != VMStack::State::kFresh && e->stack.state != VMStack::State::kSuspended)) {
    return heap_.fail_corrupt();
  }
  if (e->func_type != func_type && !heap_.types().registry().is_subtype(e->func_type, func_type)) {
    return heap_.fail_corrupt();
  }
  *stack = &e->stack;
  return kNoTrap;
}

TrapOr Continuations::capture(u32 type_id, VMStack& stack, GcOperands values, Cell* result) {
  if (TrapOr t = new_object(type_id, stack.id, values, result); t != kNoTrap) return t;
  const u32 func_type = entry(stack.id)->func_type = func_type_of(type_id);
  // Binding some of the values leaves the others to be waited for.
  if (stack.state == VMStack::State::kActive) stack.awaits = func_type;
  return kNoTrap;
}

void Continuations::consume(Cell continuation) {
  gc_store_u32(heap_.vm(), static_cast<u32>(continuation), kGcContStack, 0);
}

// Memory -----------------------------------------------------------------------------------------

bool Continuations::new_segment(os::Reservation& segment) const {
  const size_t guard = os::page_size();
  const size_t bytes = os::round_up_to_pages(std::max<u64>(segment_bytes_, u64{kMinSegmentBytes}));
  segment = os::Reservation::map(bytes + guard);
  return segment && segment.protect(bytes, guard);
}

bool Continuations::prepare(VMStack& stack) {
  os::Reservation& segment = entry(stack.id)->segment;
  if (!pool_.empty()) {
    segment = std::move(pool_.back());
    pool_.pop_back();
  } else if (!new_segment(segment)) {
    segment = {};
    return false;
  }
  stack.base = reinterpret_cast<Cell*>(segment.base());
  stack.limit = reinterpret_cast<Cell*>(segment.base() + segment.size() - os::page_size());
  stack.args = stack.base;
  return true;
}

void Continuations::release(VMStack& stack) {
  Entry& e = *entry(stack.id);
  stack.state = VMStack::State::kFree;
  free_.push_back(stack.id);
  --count_;
  os::Reservation segment;
  std::swap(segment, e.segment);
  if (!segment || pool_.size() >= kMaxPool) return;
  if (pool_.size() >= kMaxDirtyPool &&
      !segment.discard(kKeptBytes, segment.size() - os::page_size() - kKeptBytes)) {
    return;
  }
  pool_.push_back(std::move(segment));
}

// Collection -------------------------------------------------------------------------------------

bool Continuations::reach(u32 id) {
  Entry* const e = entry(id);
  if (e == nullptr ||
      (e->stack.state != VMStack::State::kFresh && e->stack.state != VMStack::State::kSuspended)) {
    return false;
  }
  if (!e->stack.marked) reached_.push_back(&e->stack);
  e->stack.marked = true;
  return true;
}

void Continuations::visit_bound(const VMStack& stack, RootVisitor& visitor) {
  if (stack.bound_cells == 0) return;
  for (u32 cell : heap_.type(stack.awaits).layout.ref_cells) {
    if (cell < stack.bound_cells) visitor.visit(stack.args[cell]);
  }
}

bool Continuations::visit_reached(RootVisitor& visitor) {
  if (reached_.empty()) return false;
  std::vector<VMStack*> stacks;
  stacks.swap(reached_);
  auto show = [](void* env, Cell* frame, std::span<const u16> cells) {
    for (u16 cell : cells) static_cast<RootVisitor*>(env)->visit(frame[cell]);
  };
  for (VMStack* stack : stacks) {
    visit_bound(*stack, visitor);
    if (stack->state != VMStack::State::kSuspended) continue;
    if (!interp::visit_frames(*stack, show, &visitor)) std::abort();
  }
  return true;
}

void Continuations::sweep() {
  for (Entry& e : entries_) {
    if (e.stack.state != VMStack::State::kFree && !e.stack.marked) release(e.stack);
    e.stack.marked = false;
  }
}

}  // namespace wazuka

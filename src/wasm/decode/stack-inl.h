// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: the slow paths of the operand stack, and look-ups of types and entities.
#pragma once

#include <algorithm>

#include "wasm/body_decoder.h"

namespace wazuka {

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::grow(size_t n) {
  static_assert(std::is_trivially_copyable_v<Slot>);
  size_t used = static_cast<size_t>(sp_ - stack_);
  size_t high = static_cast<size_t>(high_water_ - stack_);
  size_t base = static_cast<size_t>(base_slot_ - stack_);
  size_t capacity = std::max<size_t>(buffers_.stack_capacity * 2, used + n + 8 * kStackSlack);
  auto larger = std::make_unique_for_overwrite<Slot[]>(capacity);
  std::copy_n(stack_, std::min(used + n, buffers_.stack_capacity), larger.get());
  buffers_.stack = std::move(larger);
  buffers_.stack_capacity = capacity;
  stack_ = buffers_.stack.get();
  sp_ = stack_ + used;
  high_water_ = stack_ + high;
  base_slot_ = stack_ + base;
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::raise_high_water() {
  high_water_ = sp_;
  if (height() > limits::kMaxOperands) {
    fail({"operand stack too high: more than ", limits::kMaxOperands, " operands"});
  }
  reserve(0);
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::pop_any(ValType* type) {
  if constexpr (!kValidate) return *type = (--sp_)->type, true;
  if (sp_ > base_slot_) return *type = (--sp_)->type, true;
  *type = ValType();
  if (polymorphic()) return true;
  return fail({"type mismatch: expected a type but nothing on stack"}), false;
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::pop_any_ref(ValType* type) {
  if (!pop_any(type)) return false;
  if (type->is_bottom()) *type = ValType::ref(HeapType::kBottom, false);
  if (type->is_ref()) return true;
  return fail({"type mismatch: expected ref but found ", type_name(*type)}), false;
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::check_top(std::span<const ValType> types) {
  if constexpr (!kValidate) return true;
  const Slot* slot = sp_;
  for (size_t i = types.size(); i-- > 0;) {
    if (slot == base_slot_) {
      if (polymorphic()) return true;
      fail({"type mismatch: expected ", type_name(types[i]), " but nothing on stack"});
      return false;
    }
    --slot;
    if (!is_subtype(module_, slot->type, types[i])) {
      return fail_mismatch(types[i], slot->type), false;
    }
  }
  return true;
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::match_top_slow(std::span<const ValType> types) {
  if (!check_top(types)) return false;
  size_t n = types.size();
  if (above_base() < n) {  // polymorphic: the missing operands are at the bottom
    size_t missing = n - above_base();
    reserve(missing);
    sp_ += missing;
    for (Slot* slot = sp_ - n; slot < sp_; ++slot) *slot = Slot{};
  }
  for (size_t i = 0; i < n; ++i)
    sp_[static_cast<ptrdiff_t>(i) - static_cast<ptrdiff_t>(n)].type = types[i];
  return true;
}

template <class Sink, Validate kMode, Expression kWhat>
auto BodyDecoder<Sink, kMode, kWhat>::prepare_results(size_t num_args,
                                                      std::span<const ValType> types)
    -> std::span<Slot> {
  if (!live_) num_args = 0;  // they need not be there
  reserve(num_args + types.size());
  Slot* at = sp_ + num_args;
  for (size_t i = 0; i < types.size(); ++i) at[i] = Slot{types[i], {}};
  return {at, types.size()};
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::other(Op op, const Immediates& imm, size_t num_args,
                                            std::span<const ValType> types) {
  std::span<Slot> results = prepare_results(num_args, types);
  if (live_) sink_.other(*this, op, imm, std::span<Slot>(sp_, num_args), results);
  push_results(results);
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::check_type(ValType type) {
  if constexpr (!kValidate) return true;
  std::string message;
  if (WAZUKA_LIKELY(is_valid_type(module_, type, &message))) return true;
  return fail({message}), false;
}

template <class Sink, Validate kMode, Expression kWhat>
const SubType* BodyDecoder<Sink, kMode, kWhat>::sub_type_at(u32 index) {
  if (!kValidate || WAZUKA_LIKELY(index < module_.types.size())) return &module_.types[index];
  return fail({"unknown type: type index out of bounds"}), nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
const FuncType* BodyDecoder<Sink, kMode, kWhat>::func_type_at(u32 index) {
  const SubType* type = sub_type_at(index);
  if (!kValidate || (type != nullptr && type->kind == CompositeKind::kFunc)) return &type->func;
  if (type == nullptr) return nullptr;
  return fail({"expected func type at index ", index, ", found ", composite_name(type->kind)}),
         nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
const FuncType* BodyDecoder<Sink, kMode, kWhat>::func_type_of(u32 func_index) {
  if (!kValidate || WAZUKA_LIKELY(func_index < module_.funcs.size())) {
    return &module_.func_type(func_index);
  }
  return fail({"unknown function ", func_index, ": function index out of bounds"}), nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
const TableType* BodyDecoder<Sink, kMode, kWhat>::table_at(u32 index) {
  if (!kValidate || index < module_.tables.size()) return &module_.tables[index].type;
  return fail({"unknown table ", index, ": table index out of bounds"}), nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
const FuncType* BodyDecoder<Sink, kMode, kWhat>::tag_at(u32 index) {
  if (!kValidate || index < module_.tags.size()) {
    return &module_.types[module_.tags[index].type_index].func;
  }
  return fail({"unknown tag ", index, ": tag index out of bounds"}), nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
const FuncType* BodyDecoder<Sink, kMode, kWhat>::exception_tag_at(u32 index) {
  const FuncType* type = tag_at(index);
  if (!kValidate || type == nullptr || type->results.empty()) return type;
  return fail({"invalid exception type: non-empty tag result type"}), nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::check_data_segment(u32 index) {
  if (!kValidate) return true;
  if (!module_.data_count) return fail({"data count section required"}), false;
  if (index < *module_.data_count) return true;
  return fail({"unknown data segment ", index}), false;
}

template <class Sink, Validate kMode, Expression kWhat>
const ElemSegment* BodyDecoder<Sink, kMode, kWhat>::elem_at(u32 index) {
  if (!kValidate || index < module_.elems.size()) return &module_.elems[index];
  return fail({"unknown elem segment ", index, ": segment index out of bounds"}), nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::address_type_of(u32 memory, ValType* type) {
  if (!kValidate || memory < module_.memories.size()) {
    return *type = address_val_type(module_.memories[memory].address), true;
  }
  return fail({"unknown memory ", memory}), false;
}

}  // namespace wazuka

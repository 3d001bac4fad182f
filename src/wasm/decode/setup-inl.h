// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: construction, locals, begin and end of a body.
//
// Locals come as runs (count, type). Reading them must not cost more than their bytes: only the
// first kExpandedLocals are expanded into an array unless the Sink asks for all; later ones are
// found by binary search in the runs. The bit set of initialised locals exists only where a local
// is not defaultable.
#pragma once

#include <algorithm>

#include "wasm/body_decoder.h"

namespace wazuka {

template <class Sink, Validate kMode, Expression kWhat>
BodyDecoder<Sink, kMode, kWhat>::BodyDecoder(const Module& module, Sink& sink, ByteRange body,
                                             u32 func_index, u32 type_index, Buffers* buffers)
    : BinaryReader(module.bytes, body),
      module_(module),
      sink_(sink),
      buffers_(buffers ? *buffers : own_buffers_),
      features_(module.features),
      func_index_(func_index),
      type_index_(type_index) {
  if (!module.memories.empty()) memory0_address_ = address_val_type(module.memories[0].address);
  op_start_ = pc_;
}

template <class Sink, Validate kMode, Expression kWhat>
BodyDecoder<Sink, kMode, kWhat>::BodyDecoder(const Module& module, Sink& sink, u32 func_index,
                                             Buffers* buffers)
    : BodyDecoder(module, sink, module.funcs[func_index].body, func_index,
                  module.funcs[func_index].type_index, buffers) {}

template <class Sink, Validate kMode, Expression kWhat>
BodyDecoder<Sink, kMode, kWhat>::BodyDecoder(const Module& module, Sink& sink, ByteRange range,
                                             ValType result, Buffers* buffers)
  requires(kWhat == Expression::kConstant)
    : BodyDecoder(module, sink, range, /*func_index=*/0, /*type_index=*/0, buffers) {
  const_type_ = result;
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::run() {
  FuncType type;
  if constexpr (kConstExpr) {
    type.results = {&const_type_, 1};
  } else {
    type = module_.types[type_index_].func;
    read_locals(type);
    if (failed()) return false;
  }
  begin_frame(type);
  sink_.begin_function(*this, std::span<const ValType>(locals_, num_expanded_));
  decode_instructions();
  if (!failed() && !buffers_.control.empty()) {
    fail_at(position(), kConstExpr ? "unexpected end-of-file"
                                   : "control frames remain at end of function body or expression");
  }
  if (failed()) return false;
  sink_.end_function(*this);
  return true;
}

/// Short cuts look a few bytes ahead: either the last byte stops them, or those bytes are there.
template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::readable_beyond_end() const {
  constexpr ptrdiff_t kLookAhead = 8;
  if (pc_ < end_ && end_[-1] == op_info(Op::kEnd).code) return true;
  return module_.bytes.data() + module_.bytes.size() - end_ >= kLookAhead;
}

/// For a body at the end of the binary that does not end as it should. Offsets stay right.
template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::copy_with_padding() {
  constexpr size_t kLookAhead = 8;
  u32 start = position();
  std::vector<u8>& copy = buffers_.padded;
  copy.assign(start, 0);
  copy.insert(copy.end(), pc_, end_);
  copy.resize(copy.size() + kLookAhead);
  base_ = copy.data();
  pc_ = base_ + start;
  end_ = base_ + copy.size() - kLookAhead;
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::begin_frame(const FuncType& type) {
  stack_ = buffers_.stack.get();
  sp_ = base_slot_ = high_water_ = stack_;
  if (buffers_.stack_capacity < 2 * kStackSlack) grow(kStackSlack);
  buffers_.control.clear();
  buffers_.init_log.clear();
  buffers_.block_results.clear();
  Frame& frame = push_frame(ControlKind::kFunction, {{}, type.results});
  frame.start = pc_;
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::read_locals(const FuncType& type) {
  buffers_.locals.clear();
  buffers_.local_run_ends.clear();
  buffers_.local_run_types.clear();
  for (ValType param : type.params) add_locals(1, param);
  for (u32 runs = read_u32(); runs > 0 && !failed(); --runs) {
    u32 start = position();
    u32 count = read_u32();
    ValType local = read_val_type();
    if (failed()) return;
    if constexpr (kValidate) {
      std::string message;
      if (!is_valid_type(module_, local, &message)) return fail_at(start, std::move(message));
      if (!add_locals(count, local)) {
        return fail_at(start, "too many locals: locals exceed maximum");
      }
    } else {
      add_locals(count, local);
    }
  }
  locals_ = buffers_.locals.data();
  num_expanded_ = static_cast<u32>(buffers_.locals.size());
  if (kValidate && first_uninit_ != ~u32{0}) track_initialization();
  fast_locals_ = std::min({num_expanded_, first_uninit_, 0x80u});
}

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::add_locals(u32 count, ValType type) {
  if (count == 0) return true;
  if (count > limits::kMaxLocals - std::min(num_locals_, limits::kMaxLocals)) return false;
  bool is_param = buffers_.local_run_ends.size() < module_.types[type_index_].func.params.size();
  if (!is_param && !type.is_defaultable()) first_uninit_ = std::min(first_uninit_, num_locals_);
  u32 end = num_locals_ + count;
  u32 expanded_end = Sink::kWantsLocals ? end : std::min(end, kExpandedLocals);
  if (buffers_.locals.size() < expanded_end) buffers_.locals.resize(expanded_end, type);
  buffers_.local_run_ends.push_back(end);
  buffers_.local_run_types.push_back(type);
  num_locals_ = end;
  return true;
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::track_initialization() {
  std::vector<u64>& bits = buffers_.initialized;
  bits.assign((num_locals_ + 63) / 64, ~u64{0});
  size_t params = module_.types[type_index_].func.params.size();
  for (size_t run = params; run < buffers_.local_run_ends.size(); ++run) {
    if (buffers_.local_run_types[run].is_defaultable()) continue;
    u32 begin = run == 0 ? 0 : buffers_.local_run_ends[run - 1];
    for (u32 i = begin; i < buffers_.local_run_ends[run]; ++i) {
      bits[i / 64] &= ~(u64{1} << (i % 64));
    }
  }
}

template <class Sink, Validate kMode, Expression kWhat>
ValType BodyDecoder<Sink, kMode, kWhat>::local_type_slow(u32 index) const {
  const std::vector<u32>& ends = buffers_.local_run_ends;
  size_t run =
      static_cast<size_t>(std::upper_bound(ends.begin(), ends.end(), index) - ends.begin());
  return buffers_.local_run_types[run];
}

}  // namespace wazuka

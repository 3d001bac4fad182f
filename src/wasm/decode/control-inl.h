// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: structured control and branches (spec 3.4.11, 5.4.1).
//
// A construct's frame remembers the height of the stack below its parameters. An arm ends with
// exactly the construct's results above that height. Two notions of reachability: `unreachable`
// makes the operand stack polymorphic, as the specification has it; live_ additionally knows that
// nothing reaches the code after a construct which neither falls through nor is branched to.
#pragma once

#include "wasm/body_decoder.h"

namespace wazuka {

template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::read_block_signature(Signature* signature) {
  static constexpr ValType kNumeric[] = {kV128, kF64, kF32, kI64, kI32};  // 0x7b … 0x7f
  if (WAZUKA_LIKELY(pc_ < end_)) {
    u8 byte = *pc_;
    if (byte == 0x40) return ++pc_, true;
    if (byte >= 0x7c && byte <= 0x7f) {
      signature->results = {&kNumeric[byte - 0x7b], 1};
      return ++pc_, true;
    }
  }
  BlockType type = read_block_type();
  if (failed()) return live_ = false;
  if (type.kind == BlockType::kValue) {
    if (!check_type(type.value)) return false;
    if (type.value.is_v128()) return signature->results = {&kNumeric[0], 1}, true;
    buffers_.block_results.push_back(std::make_unique<ValType>(type.value));
    return signature->results = {buffers_.block_results.back().get(), 1}, true;
  }
  if (kValidate && !features_.has(Feature::kMultiValue)) {
    fail({"blocks, loops, and ifs may only produce a resulttype when multi-value is not enabled"});
    return false;
  }
  const FuncType* func = func_type_at(type.index);
  if (func == nullptr) return false;
  *signature = {func->params, func->results};
  return true;
}

/// Precondition: the parameters are the top operands.
template <class Sink, Validate kMode, Expression kWhat>
auto BodyDecoder<Sink, kMode, kWhat>::push_frame(ControlKind kind, const Signature& signature)
    -> Frame& {
  Frame& frame = buffers_.control.emplace_back();
  frame.kind = kind;
  frame.live = live_;
  frame.height = height() - static_cast<u32>(signature.params.size());
  frame.params = signature.params;
  frame.results = signature.results;
  frame.start = op_start_;
  if (kValidate) frame.init_height = static_cast<u32>(buffers_.init_log.size());
  frame_ = &frame;
  base_slot_ = stack_ + frame.height;
  return frame;
}

template <class Sink, Validate kMode, Expression kWhat>
auto BodyDecoder<Sink, kMode, kWhat>::label(u32 depth) -> Frame* {
  if (!kValidate || WAZUKA_LIKELY(depth < buffers_.control.size())) return &frame(depth);
  return fail({"unknown label: branch depth too large"}), nullptr;
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::set_unreachable() {
  sp_ = base_slot_;
  frame_->unreachable = true;
  live_ = false;
  if constexpr (!kValidate) skip_dead_code();
}

/// Starts another arm of a construct.
template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::reset_to(const Frame& frame) {
  sp_ = base_slot_;
  frame_->unreachable = false;
  live_ = frame.live && !failed();
  if constexpr (kValidate) uninitialize_locals(frame.init_height);
}

template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::uninitialize_locals(u32 height) {
  std::vector<u32>& log = buffers_.init_log;
  while (WAZUKA_UNLIKELY(log.size() > height)) {
    buffers_.initialized[log.back() / 64] &= ~(u64{1} << (log.back() % 64));
    log.pop_back();
  }
}

/// Checks that the stack holds exactly the construct's results.
template <class Sink, Validate kMode, Expression kWhat>
bool BodyDecoder<Sink, kMode, kWhat>::check_arm_end() {
  if (!kValidate && !live_) return true;  // the stack was not tracked
  if (!match_top(frame_->results)) return false;
  if (!kValidate || WAZUKA_LIKELY(above_base() == frame_->results.size())) return true;
  return fail({"type mismatch: values remaining on stack at end of block"}), false;
}

/// Tells the Sink of a construct's end, pops it and pushes its results.
template <class Sink, Validate kMode, Expression kWhat>
void BodyDecoder<Sink, kMode, kWhat>::finish_frame(bool fallthrough) {
  Frame& frame = *frame_;
  bool reached = fallthrough || frame.end_reached || frame.kind == ControlKind::kIf;
  size_t arity = frame.results.size();
  std::span<Slot> results;
  constexpr bool kInPlace = kValidate && std::is_empty_v<Value>;
  if (frame.live && kInPlace) {
    results = {base_slot_, arity};  // in place: there are only types, and these are right
    sink_.end(*this, frame, fallthrough, results);
  } else if (frame.live) {
    reserve(2 * arity);
    results = {sp_, arity};
    for (size_t i = 0; i < arity; ++i) results[i] = Slot{frame.results[i], {}};
    sink_.end(*this, frame, fallthrough, results);
  } else {
    results = {base_slot_, arity};  // their types are right: check_arm_end
  }
  live_ = frame.live && reached;
  if constexpr (kValidate) uninitialize_locals(frame.init_height);
  sp_ = base_slot_;
  buffers_.control.pop_back();
  frame_ = &buffers_.control.back();
  base_slot_ = stack_ + frame_->height;
  if constexpr (kInPlace) {
    sp_ += arity;
  } else {
    push_results(results);
  }
  if (!kValidate && !live_) skip_dead_code();
}

namespace decode {

struct Control {
  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static void step(D& d) {
    if constexpr (kOp == Op::kUnreachable)
      unreachable(d);
    else if constexpr (kOp == Op::kNop)
      nop(d);
    else if constexpr (kOp == Op::kBlock)
      block<ControlKind::kBlock>(d);
    else if constexpr (kOp == Op::kLoop)
      block<ControlKind::kLoop>(d);
    else if constexpr (kOp == Op::kIf)
      if_(d);
    else if constexpr (kOp == Op::kElse)
      else_(d);
    else if constexpr (kOp == Op::kEnd)
      end(d);
    else if constexpr (kOp == Op::kBr)
      br(d);
    else if constexpr (kOp == Op::kBrIf)
      br_if(d);
    else if constexpr (kOp == Op::kBrTable)
      br_table(d);
    else if constexpr (kOp == Op::kReturn)
      return_(d);
    else
      static_assert(kUnhandled<kOp>);
  }

  template <class D>
  static void unreachable(D& d) {
    if (d.live_) d.sink_.unreachable(d);
    d.set_unreachable();
  }

  template <class D>
  static void nop(D& d) {
    if (d.live_) d.sink_.nop(d);
  }

  template <ControlKind kKind, class D>
  static void block(D& d) {
    typename D::Signature signature;
    if (!d.read_block_signature(&signature)) return;
    if (!signature.params.empty() && !d.match_top(signature.params)) return;
    typename D::Frame& frame = d.push_frame(kKind, signature);
    if (!d.live_) return;
    if constexpr (kKind == ControlKind::kLoop) {
      frame.loop_ordinal = d.next_loop_++;
      d.sink_.loop(d, frame);
    } else {
      d.sink_.block(d, frame);
    }
  }

  template <class D>
  static void if_(D& d) {
    typename D::Signature signature;
    if (!d.read_block_signature(&signature) || !d.pop(kI32)) return;
    typename D::Slot condition = *d.sp_;
    if (!signature.params.empty() && !d.match_top(signature.params)) return;
    typename D::Frame& frame = d.push_frame(ControlKind::kIf, signature);
    if (d.live_) d.sink_.if_(d, condition, frame);
  }

  template <class D>
  static void else_(D& d) {
    typename D::Frame& frame = *d.frame_;
    if (D::kValidate && frame.kind != ControlKind::kIf) {
      d.fail_at(d.position(), "`else` found outside `If` block");
      return;
    }
    if (!d.check_arm_end()) return;
    if (frame.live) d.sink_.else_(d, frame, /*fallthrough=*/d.live_);
    frame.end_reached |= d.live_;
    frame.kind = ControlKind::kElse;
    d.reset_to(frame);
    std::span<typename D::Slot> params = d.prepare_results(0, frame.params);
    d.push_results(params);
    if (d.live_) d.sink_.else_params(d, frame, params);
  }

  template <class D>
  static void end(D& d) {
    typename D::Frame& frame = *d.frame_;
    if (!d.check_arm_end()) return;
    if (frame.kind == ControlKind::kFunction) return end_body(d);
    if (D::kValidate && frame.kind == ControlKind::kIf && !check_missing_else(d)) return;
    d.finish_frame(/*fallthrough=*/d.live_);
  }

  /// An `if` without else passes its parameters on as results.
  template <class D>
  static bool check_missing_else(D& d) {
    std::span<const ValType> from = d.frame_->params, to = d.frame_->results;
    if (from.data() == to.data() && from.size() == to.size()) return true;
    for (size_t i = 0; i < to.size(); ++i) {
      if (i >= from.size()) {
        ValType missing = to[to.size() - 1 - i];
        d.fail({"type mismatch: expected ", type_name(missing), " but nothing on stack"});
        return false;
      }
      ValType actual = from[from.size() - 1 - i], expected = to[to.size() - 1 - i];
      if (!is_subtype(d.module_, actual, expected)) {
        return d.fail_mismatch(expected, actual), false;
      }
    }
    if (from.size() == to.size()) return true;
    d.fail({"type mismatch: values remaining on stack at end of block"});
    return false;
  }

  /// The final `end`: nothing may follow.
  template <class D>
  static void end_body(D& d) {
    if constexpr (D::kConstExpr) {
      d.sink_.end_const(d, d.sp_[-1]);
      d.end_ = d.pc_;
    } else if (D::kValidate && d.pc_ < d.end_) {
      d.fail_at(d.position(), "operators remaining after end of function body or expression");
      return;
    } else if (d.live_) {
      d.sink_.return_(d);
    }
    d.buffers_.control.clear();
    d.frame_ = nullptr;
    d.pc_ = d.end_;
  }

  template <class D>
  static void br(D& d) {
    u32 depth = d.read_u32();
    typename D::Frame* target = d.label(depth);
    if (target == nullptr || !d.match_top(target->label_types())) return;
    if (d.live_) d.sink_.br(d, depth);
    d.mark_branch_to(*target);
    d.set_unreachable();
  }

  template <class D>
  static void br_if(D& d) {
    u32 depth = d.read_u32();
    if (!d.pop(kI32)) return;
    typename D::Slot condition = *d.sp_;
    typename D::Frame* target = d.label(depth);
    if (target == nullptr || !d.match_top(target->label_types())) return;
    if (d.live_) d.sink_.br_if(d, condition, depth);
    d.mark_branch_to(*target);
  }

  template <class D>
  static bool read_targets(D& d) {
    u32 count = d.read_count(limits::kMaxBrTableTargets, "br_table");
    if (count >= d.remaining()) return d.pc_ = d.end_, d.unexpected_end(), false;
    std::vector<u32>& targets = d.buffers_.targets;
    targets.resize(size_t{count} + 1);
    for (u32& target : targets) target = d.read_u32();
    return !d.failed();
  }

  /// Each label is checked once per table: a long table costs no more than its bytes.
  template <class D>
  static bool check_targets(D& d, std::span<const u32> targets, size_t arity) {
    ++d.table_stamp_;
    for (u32 depth : targets) {
      typename D::Frame* target = d.label(depth);
      if (target == nullptr) return false;
      if (target->table_stamp == d.table_stamp_) continue;
      target->table_stamp = d.table_stamp_;
      if (D::kValidate && target->label_types().size() != arity) {
        d.fail({"type mismatch: br_table target labels have different number of types"});
        return false;
      }
      if (!d.check_top(target->label_types())) return false;
      d.mark_branch_to(*target);
    }
    return true;
  }

  template <class D>
  [[gnu::noinline]] static void br_table(D& d) {
    if (!read_targets(d)) return void(d.live_ = false);
    if (!d.pop(kI32)) return;
    typename D::Slot index = *d.sp_;
    std::span<const u32> targets = d.buffers_.targets;
    typename D::Frame* otherwise = d.label(targets.back());
    if (otherwise == nullptr) return;
    if (!check_targets(d, targets, otherwise->label_types().size())) return;
    if (d.live_) d.sink_.br_table(d, index, targets);
    d.set_unreachable();
  }

  template <class D>
  static void return_(D& d) {
    if (!d.match_top(d.buffers_.control.front().results)) return;
    if (d.live_) d.sink_.return_(d);
    d.set_unreachable();
  }
};

}  // namespace decode
}  // namespace wazuka

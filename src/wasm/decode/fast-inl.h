// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// BodyDecoder: short cuts for the instructions that make up most of real code.
//
// The loop keeps the position and the top of the stack in registers (Cursor). A short cut handles
// the plain case of one opcode, immediates of few bytes and operand types that are equal
// bit by bit, on the Cursor alone; in all other cases it returns false without having done
// anything, and the general handler starts from the same state. It may read beyond the opcode
// without looking for the end: the last byte of the body is `end`, and no short cut goes past a
// byte with that value, which ends a LEB128 and is too large an alignment.
//
// The hooks get a View of the decoder in which it is where it would be if it kept its members up to
// date. Sinks whose hooks do not look at it say so (kPassive).
#pragma once

#include "wasm/body_decoder.h"
#include "wasm/decode/memory-inl.h"
#include "wasm/decode/signature.h"

namespace wazuka::decode {

/// The decoder as the hooks of a short cut see it.
template <class D>
struct View {
  D& d;
  const u8* op_start;
  const u8* next;
  typename D::Slot* sp;

  u32 offset() const { return static_cast<u32>(op_start - d.base_); }
  std::span<const u8> peek() const { return {next, static_cast<size_t>(d.end_ - next)}; }
  bool reachable() const { return true; }
  u32 height() const { return static_cast<u32>(sp - d.stack_); }
  typename D::Slot& stack_top(u32 from_top = 0) {
    return sp[-1 - static_cast<ptrdiff_t>(from_top)];
  }
  typename D::Slot& stack_at(u32 from_bottom) { return d.stack_[from_bottom]; }
  typename D::Frame& frame(u32 depth) { return d.frame(depth); }
  u32 control_depth() const { return d.control_depth(); }
  u32 num_locals() const { return d.num_locals(); }
  ValType local_type(u32 index) const { return d.local_type(index); }
};

struct Fast {
  template <Op kOp>
  static constexpr bool has() {
    const OpInfo& info = op_info(kOp);
    if (info.prefix != 0 || info.feature != Feature::kMvp) return false;
    return info.category == OpCategory::kUnary || info.category == OpCategory::kBinary ||
           info.category == OpCategory::kCompare || info.category == OpCategory::kLoad ||
           info.category == OpCategory::kStore || kOp == Op::kLocalGet || kOp == Op::kLocalSet ||
           kOp == Op::kLocalTee || kOp == Op::kI32Const || kOp == Op::kI64Const || kOp == Op::kBrIf;
  }

  /// Executes the instruction at c.pc and moves c behind it; or does nothing and returns false.
  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static bool step(D& d, typename D::Cursor& c) {
    constexpr OpCategory kCategory = op_info(kOp).category;
    if constexpr (kOp == Op::kLocalGet)
      return local_get(d, c);
    else if constexpr (kOp == Op::kLocalSet)
      return local_set(d, c);
    else if constexpr (kOp == Op::kLocalTee)
      return local_tee(d, c);
    else if constexpr (kOp == Op::kI32Const)
      return constant<kOp>(d, c);
    else if constexpr (kOp == Op::kI64Const)
      return constant<kOp>(d, c);
    else if constexpr (kOp == Op::kBrIf)
      return br_if(d, c);
    else if constexpr (kCategory == OpCategory::kLoad)
      return load<kOp>(d, c);
    else if constexpr (kCategory == OpCategory::kStore)
      return store<kOp>(d, c);
    else if constexpr (op_signature(kOp).num_params == 1)
      return unary<kOp>(d, c);
    else
      return binary<kOp>(d, c);
  }

 private:
  /// Announces the instruction and moves the Cursor to `next` and `sp`; what the hook gets.
  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static View<D> commit(D& d, typename D::Cursor& c, const u8* next,
                                             typename D::Slot* sp) {
    View<D> view{d, c.pc, next, c.sp};
    if constexpr (!D::Sink::kPassive) {
      if (live(d)) d.sink_.next_instruction(view, kOp);
    }
    view.sp = sp;
    c = {next, sp};
    return view;
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool live(const D& d) {
    return !D::kValidate || d.live_;
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool has_top(const D& d, const typename D::Cursor& c, ValType type) {
    if constexpr (!D::kValidate) return true;
    return WAZUKA_LIKELY(c.sp > d.base_slot_ && D::is(c.sp[-1].type, type));
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool has_top2(const D& d, const typename D::Cursor& c, ValType first,
                                            ValType second) {
    if constexpr (!D::kValidate) return true;
    return WAZUKA_LIKELY(c.sp - d.base_slot_ >= 2 && D::is(c.sp[-1].type, second) &&
                         D::is(c.sp[-2].type, first));
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool local_get(D& d, typename D::Cursor& c) {
    u32 index = c.pc[1];
    if (WAZUKA_UNLIKELY(index >= d.fast_locals_)) return false;
    typename D::Slot& out = *c.sp;
    out = {d.locals_[index], {}};
    View<D> view = commit<Op::kLocalGet>(d, c, c.pc + 2, c.sp);
    if (live(d)) d.sink_.local_get(view, index, out);
    ++c.sp;
    return true;
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool local_set(D& d, typename D::Cursor& c) {
    u32 index = c.pc[1];
    if (WAZUKA_UNLIKELY(index >= d.fast_locals_)) return false;
    if (!has_top(d, c, d.locals_[index])) return false;
    View<D> view = commit<Op::kLocalSet>(d, c, c.pc + 2, c.sp - 1);
    if (live(d)) d.sink_.local_set(view, index, *c.sp);
    return true;
  }

  template <class D>
  WAZUKA_ALWAYS_INLINE static bool local_tee(D& d, typename D::Cursor& c) {
    u32 index = c.pc[1];
    if (WAZUKA_UNLIKELY(index >= d.fast_locals_)) return false;
    if (!has_top(d, c, d.locals_[index])) return false;
    typename D::Slot out{d.locals_[index], {}};
    View<D> view = commit<Op::kLocalTee>(d, c, c.pc + 2, c.sp - 1);
    if (live(d)) d.sink_.local_tee(view, index, *c.sp, out);
    *c.sp++ = out;
    return true;
  }

  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static bool constant(D& d, typename D::Cursor& c) {
    u64 bits = 0;
    u32 length = 0;  // of the immediate: at most four bytes, so that none is superfluous
    do {
      if (WAZUKA_UNLIKELY(length == 4)) return false;
      bits |= u64{c.pc[1 + length] & 0x7fu} << (7 * length);
    } while (c.pc[1 + length++] >= 0x80);
    u32 unused = 64 - 7 * length;
    bits = static_cast<u64>(static_cast<i64>(bits << unused) >> unused);
    typename D::Slot& out = *c.sp;
    out = {op_signature(kOp).result_types[0], {}};
    View<D> view = commit<kOp>(d, c, c.pc + 1 + length, c.sp);
    if constexpr (kOp == Op::kI32Const) {
      if (live(d)) d.sink_.i32_const(view, static_cast<u32>(bits), out);
    } else {
      if (live(d)) d.sink_.i64_const(view, bits, out);
    }
    ++c.sp;
    return true;
  }

  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static bool unary(D& d, typename D::Cursor& c) {
    constexpr const OpSignature& kSignature = op_signature(kOp);
    if (!has_top(d, c, kSignature.param_types[0])) return false;
    typename D::Slot out{kSignature.result_types[0], {}};
    View<D> view = commit<kOp>(d, c, c.pc + 1, c.sp - 1);
    if (live(d)) d.sink_.unary(view, kOp, *c.sp, out);
    *c.sp++ = out;
    return true;
  }

  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static bool binary(D& d, typename D::Cursor& c) {
    constexpr const OpSignature& kSignature = op_signature(kOp);
    if (!has_top2(d, c, kSignature.param_types[0], kSignature.param_types[1])) return false;
    typename D::Slot out{kSignature.result_types[0], {}};
    View<D> view = commit<kOp>(d, c, c.pc + 1, c.sp - 2);
    if (live(d)) d.sink_.binary(view, kOp, c.sp[0], c.sp[1], out);
    *c.sp++ = out;
    return true;
  }

  /// Alignment and offset of an access to memory 0; returns what follows, or null.
  template <Op kOp>
  WAZUKA_ALWAYS_INLINE static const u8* read_memarg(const u8* pc, MemArg* arg) {
    arg->align_log2 = pc[1];
    if (arg->align_log2 > Memory::natural_log2(kOp)) return nullptr;
    u32 low = pc[2];
    arg->offset = low;
    if (low < 0x80) return pc + 3;
    u32 high = pc[3];
    arg->offset = (low & 0x7f) | high << 7;
    if (high < 0x80) return pc + 4;
    high = pc[4];
    arg->offset = (arg->offset & 0x3fff) | high << 14;
    return high < 0x80 ? pc + 5 : nullptr;
  }

  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static bool load(D& d, typename D::Cursor& c) {
    MemArg arg;
    const u8* next = read_memarg<kOp>(c.pc, &arg);
    if (next == nullptr || !has_top(d, c, d.memory0_address_)) return false;
    typename D::Slot out{op_signature(kOp).result_types[0], {}};
    View<D> view = commit<kOp>(d, c, next, c.sp - 1);
    if (live(d)) d.sink_.load(view, kOp, arg, *c.sp, out);
    *c.sp++ = out;
    return true;
  }

  template <Op kOp, class D>
  WAZUKA_ALWAYS_INLINE static bool store(D& d, typename D::Cursor& c) {
    MemArg arg;
    const u8* next = read_memarg<kOp>(c.pc, &arg);
    ValType value = op_signature(kOp).param_types[1];
    if (next == nullptr || !has_top2(d, c, d.memory0_address_, value)) return false;
    View<D> view = commit<kOp>(d, c, next, c.sp - 2);
    if (live(d)) d.sink_.store(view, kOp, arg, c.sp[0], c.sp[1]);
    return true;
  }

  /// To labels that carry nothing.
  template <class D>
  WAZUKA_ALWAYS_INLINE static bool br_if(D& d, typename D::Cursor& c) {
    u32 depth = c.pc[1];
    if (WAZUKA_UNLIKELY(depth >= 0x80 || depth >= d.control_depth())) return false;
    typename D::Frame& target = d.frame(depth);
    if (!target.label_types().empty() || !has_top(d, c, kI32)) return false;
    View<D> view = commit<Op::kBrIf>(d, c, c.pc + 2, c.sp - 1);
    if (live(d)) d.sink_.br_if(view, *c.sp, depth);
    d.mark_branch_to(target);
    return true;
  }
};

}  // namespace wazuka::decode

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The body decoder's view of Lowering: hands each hook over, together with the decoder's stack.
#pragma once

#include <vector>

#include "interp/lowering/lowering.h"
#include "wasm/body_decoder.h"

namespace wazuka::interp {

class LoweringSink : public Sink {
 public:
  explicit LoweringSink(Lowering& lowering) : l_(lowering) {}

  template <class P>
  void begin_function(P&, std::span<const ValType> locals) {
    l_.begin_body(locals);
  }

  template <class P>
  void next_instruction(P& p, Op op) {
    if (l_.has_limits()) at(p).count_limits(op);
  }

  template <class P>
  void block(P& p, Frame& f) {
    at(p).block(f);
  }
  template <class P>
  void loop(P& p, Frame& f) {
    at(p).loop(f);
  }
  template <class P>
  void if_(P& p, Slot& condition, Frame& f) {
    at(p).if_(condition, f);
  }
  template <class P>
  void else_(P& p, Frame& f, bool fallthrough) {
    at(p).else_(f, fallthrough);
  }
  template <class P>
  void else_params(P& p, Frame& f, std::span<Slot> params) {
    at(p).else_params(f, params);
  }
  template <class P>
  void end(P& p, Frame& f, bool fallthrough, std::span<Slot> results) {
    at(p).end(f, fallthrough, results);
  }
  template <class P>
  void br(P& p, u32 depth) {
    at(p).br(p.frame(depth));
  }
  template <class P>
  void br_if(P& p, Slot& condition, u32 depth) {
    at(p).br_if(condition, p.frame(depth));
  }
  template <class P>
  void br_table(P& p, Slot& index, std::span<const u32> depths) {
    targets_.clear();
    for (u32 depth : depths) targets_.push_back(&p.frame(depth));
    at(p).br_table(index, targets_);
  }
  template <class P>
  void return_(P& p) {
    at(p).return_();
  }
  template <class P>
  void unreachable(P& p) {
    at(p).unreachable();
  }
  template <class P>
  void br_on_null(P& p, u32 depth, Slot& ref, Slot& out) {
    at(p).br_on_null(p.frame(depth), ref, out);
  }
  template <class P>
  void br_on_non_null(P& p, u32 depth, Slot& ref) {
    at(p).br_on_non_null(p.frame(depth), ref);
  }

  template <class P>
  void try_table(P& p, Frame& f, std::span<const CatchClause> clauses) {
    targets_.clear();
    for (const CatchClause& c : clauses) targets_.push_back(&p.frame(c.depth + 1));
    at(p).try_table(f, depth(p), clauses, targets_);
  }
  template <class P>
  void throw_(P& p, u32 tag, std::span<Slot> args) {
    at(p).throw_(tag, args);
  }
  template <class P>
  void throw_ref(P& p, Slot& ref) {
    at(p).throw_ref(ref);
  }
  template <class P>
  void legacy_try(P& p, Frame& f) {
    at(p).legacy_try(f, depth(p));
  }
  template <class P>
  void legacy_catch(P& p, Frame& f, u32 tag, bool fallthrough, std::span<Slot> values) {
    at(p).legacy_catch(f, tag, fallthrough, values);
  }
  template <class P>
  void legacy_catch_all(P& p, Frame& f, bool fallthrough) {
    at(p).legacy_catch_all(f, fallthrough);
  }
  template <class P>
  void legacy_delegate(P& p, Frame& f, u32 depth_outside, bool) {
    at(p).legacy_delegate(f, depth(p) - 1 - depth_outside);
  }
  template <class P>
  void rethrow(P& p, u32 depth) {
    at(p).rethrow(p.frame(depth));
  }
  template <class P>
  void br_on_cast(P& p, Op op, u32 depth, const Immediates& imm, Slot&, Slot*, Slot& out) {
    at(p).br_on_cast(op, p.frame(depth), imm, out);
  }

  template <class P>
  void call(P& p, u32 func, std::span<Slot> args, std::span<Slot> results) {
    at(p).call(func, args, results);
  }
  template <class P>
  void call_indirect(P& p, u32 type, u32 table, Slot& index, std::span<Slot> args,
                     std::span<Slot> results) {
    at(p).call_indirect(type, table, index, args, results);
  }
  template <class P>
  void call_ref(P& p, u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results) {
    at(p).call_ref(type, ref, args, results);
  }
  template <class P>
  void return_call(P& p, u32 func, std::span<Slot> args) {
    at(p).return_call(func, args);
  }
  template <class P>
  void return_call_indirect(P& p, u32 type, u32 table, Slot& index, std::span<Slot> args) {
    at(p).return_call_indirect(type, table, index, args);
  }
  template <class P>
  void return_call_ref(P& p, u32 type, Slot& ref, std::span<Slot> args) {
    at(p).return_call_ref(type, ref, args);
  }

  template <class P>
  void resume(P& p, Op op, u32 type, u32 tag, std::span<const ResumeHandler> handlers,
              std::span<Slot> args, std::span<Slot> results) {
    targets_.clear();
    for (const ResumeHandler& h : handlers) {
      targets_.push_back(h.is_switch ? nullptr : &p.frame(h.depth));
    }
    at(p).resume(op, type, tag, handlers, targets_, args, results);
  }

  template <class P>
  void drop(P& p, Slot& value) {
    at(p).drop(value);
  }
  template <class P>
  void select(P& p, Slot& a, Slot& b, Slot& condition, Slot& out) {
    at(p).select(a, b, condition, out);
  }
  template <class P>
  void local_get(P& p, u32 index, Slot& out) {
    at(p).local_get(index, out);
  }
  template <class P>
  void local_set(P& p, u32 index, Slot& in) {
    at(p).local_set(index, in);
  }
  template <class P>
  void local_tee(P& p, u32 index, Slot& in, Slot& out) {
    at(p).local_tee(index, in, out);
  }
  template <class P>
  void global_get(P& p, u32 index, Slot& out) {
    at(p).global_get(index, out);
  }
  template <class P>
  void global_set(P& p, u32 index, Slot& in) {
    at(p).global_set(index, in);
  }

  template <class P>
  void i32_const(P& p, u32 bits, Slot& out) {
    at(p).constant(bits, out);
  }
  template <class P>
  void i64_const(P& p, u64 bits, Slot& out) {
    at(p).constant(bits, out);
  }
  template <class P>
  void f32_const(P& p, u32 bits, Slot& out) {
    at(p).constant(bits, out);
  }
  template <class P>
  void f64_const(P& p, u64 bits, Slot& out) {
    at(p).constant(bits, out);
  }

  template <class P>
  void unary(P& p, Op op, Slot& a, Slot& out) {
    at(p).unary(op, a, out);
  }
  template <class P>
  void binary(P& p, Op op, Slot& a, Slot& b, Slot& out) {
    at(p).binary(op, a, b, out);
  }
  template <class P>
  void load(P& p, Op op, const MemArg& arg, Slot& address, Slot& out) {
    at(p).load(op, arg, address, out);
  }
  template <class P>
  void store(P& p, Op op, const MemArg& arg, Slot& address, Slot& value) {
    at(p).store(op, arg, address, value);
  }
  template <class P>
  void ternary(P& p, Op op, Slot& a, Slot& b, Slot& c, Slot& out) {
    at(p).ternary(op, a, b, c, out);
  }
  template <class P>
  void wide(P& p, Op op, std::span<Slot> args, std::span<Slot> results) {
    at(p).wide(op, args, results);
  }
  template <class P>
  void atomic(P& p, Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results) {
    at(p).atomic(op, arg, args, results);
  }
  template <class P>
  void other(P& p, Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results) {
    at(p).other(op, imm, args, results);
  }
  template <class P>
  void v128_const(P& p, const u8* bytes, Slot& out) {
    at(p).v128_const(bytes, out);
  }
  template <class P>
  void extract_lane(P& p, Op op, u32 lane, Slot& vector, Slot& out) {
    at(p).extract_lane(op, lane, vector, out);
  }
  template <class P>
  void replace_lane(P& p, Op op, u32 lane, Slot& vector, Slot& x, Slot& out) {
    at(p).replace_lane(op, lane, vector, x, out);
  }
  template <class P>
  void shuffle(P& p, const u8* lanes, Slot& a, Slot& b, Slot& out) {
    at(p).shuffle(lanes, a, b, out);
  }
  template <class P>
  void load_lane(P& p, Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector, Slot& out) {
    at(p).load_lane(op, arg, lane, address, vector, out);
  }
  template <class P>
  void store_lane(P& p, Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector) {
    at(p).store_lane(op, arg, lane, address, vector);
  }

 private:
  template <class P>
  Lowering& at(P& p) {
    l_.at(&p.stack_at(0), p.height(), p.offset(), p.peek());
    return l_;
  }

  /// How many constructs, the function among them, are around the innermost one.
  template <class P>
  static u32 depth(P& p) {
    return static_cast<u32>(p.control_depth()) - 1;
  }

  Lowering& l_;
  std::vector<Frame*> targets_;
};

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A compiler's view of the body decoder: each hook is handed over to a method of the same name,
// together with the decoder's stack. After a failure nothing is handed over any more. What a
// compiler wants to hear otherwise, its own class declares again.
#pragma once

#include <span>
#include <vector>

#include "base/compiler.h"
#include "wasm/body_decoder.h"

namespace wazuka {

/// `Compiler` has the methods, `failed()`, and `at(stack, height, offset, next)`, which tells where
/// the decoder is: its operands, how many, the offset of the instruction in the module and what is
/// behind it. `Base` is a SinkBase.
template <class Compiler, class Base>
class CompilerSink : public Base {
 public:
  using typename Base::Frame;
  using typename Base::Slot;

  explicit CompilerSink(Compiler& compiler) : c_(compiler) {}

#define HOOK(call)      \
  do {                  \
    if (!at(p)) return; \
    c_.call;            \
  } while (0)

  template <class P>
  void block(P& p, Frame& f) {
    HOOK(block(f));
  }
  template <class P>
  void loop(P& p, Frame& f) {
    HOOK(loop(f));
  }
  template <class P>
  void if_(P& p, Slot& condition, Frame& f) {
    HOOK(if_(condition, f));
  }
  template <class P>
  void else_(P& p, Frame& f, bool fallthrough) {
    HOOK(else_(f, fallthrough));
  }
  template <class P>
  void else_params(P& p, Frame& f, std::span<Slot> params) {
    HOOK(else_params(f, params));
  }
  template <class P>
  void end(P& p, Frame& f, bool fallthrough, std::span<Slot> results) {
    HOOK(end(f, fallthrough, results));
  }
  template <class P>
  void br(P& p, u32 depth) {
    HOOK(br(p.frame(depth)));
  }
  template <class P>
  void br_if(P& p, Slot& condition, u32 depth) {
    HOOK(br_if(condition, p.frame(depth)));
  }
  template <class P>
  void br_table(P& p, Slot& index, std::span<const u32> depths) {
    targets_.clear();
    for (u32 depth : depths) targets_.push_back(&p.frame(depth));
    HOOK(br_table(index, targets_));
  }
  template <class P>
  void return_(P& p) {
    HOOK(return_());
  }
  template <class P>
  void unreachable(P& p) {
    HOOK(unreachable());
  }
  template <class P>
  void br_on_null(P& p, u32 depth, Slot& ref, Slot& out) {
    HOOK(br_on_null(p.frame(depth), ref, out));
  }
  template <class P>
  void br_on_non_null(P& p, u32 depth, Slot& ref) {
    HOOK(br_on_non_null(p.frame(depth), ref));
  }
  template <class P>
  void br_on_cast(P& p, Op op, u32 depth, const Immediates& imm, Slot& ref, Slot* desc, Slot& out) {
    HOOK(br_on_cast(op, p.frame(depth), imm, ref, desc, out));
  }

  template <class P>
  void throw_(P& p, u32 tag, std::span<Slot> args) {
    HOOK(throw_(tag, args));
  }
  template <class P>
  void throw_ref(P& p, Slot& ref) {
    HOOK(throw_ref(ref));
  }
  template <class P>
  void legacy_try(P& p, Frame& f) {
    HOOK(legacy_try(f));
  }
  template <class P>
  void legacy_catch(P& p, Frame& f, u32 tag, bool fallthrough, std::span<Slot> values) {
    HOOK(legacy_catch(f, tag, fallthrough, values));
  }
  template <class P>
  void legacy_catch_all(P& p, Frame& f, bool fallthrough) {
    HOOK(legacy_catch_all(f, fallthrough));
  }
  template <class P>
  void rethrow(P& p, u32 depth) {
    HOOK(rethrow(p.frame(depth)));
  }

  template <class P>
  void call(P& p, u32 func, std::span<Slot> args, std::span<Slot> results) {
    HOOK(call(func, args, results));
  }
  template <class P>
  void call_indirect(P& p, u32 type, u32 table, Slot& index, std::span<Slot> args,
                     std::span<Slot> results) {
    HOOK(call_indirect(type, table, index, args, results));
  }
  template <class P>
  void call_ref(P& p, u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results) {
    HOOK(call_ref(type, ref, args, results));
  }
  template <class P>
  void return_call(P& p, u32 func, std::span<Slot> args) {
    HOOK(return_call(func, args));
  }
  template <class P>
  void return_call_indirect(P& p, u32 type, u32 table, Slot& index, std::span<Slot> args) {
    HOOK(return_call_indirect(type, table, index, args));
  }
  template <class P>
  void return_call_ref(P& p, u32 type, Slot& ref, std::span<Slot> args) {
    HOOK(return_call_ref(type, ref, args));
  }

  template <class P>
  void select(P& p, Slot& a, Slot& b, Slot& condition, Slot& out) {
    HOOK(select(a, b, condition, out));
  }
  template <class P>
  WAZUKA_ALWAYS_INLINE void local_get(P& p, u32 index, Slot& out) {
    HOOK(local_get(index, out));
  }
  template <class P>
  void local_set(P& p, u32 index, Slot& in) {
    HOOK(local_set(index, in));
  }
  template <class P>
  void local_tee(P& p, u32 index, Slot& in, Slot& out) {
    HOOK(local_tee(index, in, out));
  }
  template <class P>
  void global_get(P& p, u32 index, Slot& out) {
    HOOK(global_get(index, out));
  }
  template <class P>
  void global_set(P& p, u32 index, Slot& in) {
    HOOK(global_set(index, in));
  }

  template <class P>
  WAZUKA_ALWAYS_INLINE void i32_const(P& p, u32 bits, Slot& out) {
    HOOK(constant(bits, out));
  }
  template <class P>
  void i64_const(P& p, u64 bits, Slot& out) {
    HOOK(constant(bits, out));
  }
  template <class P>
  void f32_const(P& p, u32 bits, Slot& out) {
    HOOK(constant(bits, out));
  }
  template <class P>
  void f64_const(P& p, u64 bits, Slot& out) {
    HOOK(constant(bits, out));
  }
  template <class P>
  void v128_const(P& p, const u8* bytes, Slot& out) {
    HOOK(v128_const(bytes, out));
  }

  template <class P>
  void unary(P& p, Op op, Slot& a, Slot& out) {
    HOOK(unary(op, a, out));
  }
  template <class P>
  void binary(P& p, Op op, Slot& a, Slot& b, Slot& out) {
    HOOK(binary(op, a, b, out));
  }
  template <class P>
  void ternary(P& p, Op op, Slot& a, Slot& b, Slot& c, Slot& out) {
    HOOK(ternary(op, a, b, c, out));
  }
  template <class P>
  void wide(P& p, Op op, std::span<Slot> args, std::span<Slot> results) {
    HOOK(wide(op, args, results));
  }
  template <class P>
  void extract_lane(P& p, Op op, u32 lane, Slot& vector, Slot& out) {
    HOOK(extract_lane(op, lane, vector, out));
  }
  template <class P>
  void replace_lane(P& p, Op op, u32 lane, Slot& vector, Slot& x, Slot& out) {
    HOOK(replace_lane(op, lane, vector, x, out));
  }
  template <class P>
  void shuffle(P& p, const u8* lanes, Slot& a, Slot& b, Slot& out) {
    HOOK(shuffle(lanes, a, b, out));
  }

  template <class P>
  void load(P& p, Op op, const MemArg& arg, Slot& address, Slot& out) {
    HOOK(load(op, arg, address, out));
  }
  template <class P>
  void store(P& p, Op op, const MemArg& arg, Slot& address, Slot& value) {
    HOOK(store(op, arg, address, value));
  }
  template <class P>
  void load_lane(P& p, Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector, Slot& out) {
    HOOK(load_lane(op, arg, lane, address, vector, out));
  }
  template <class P>
  void store_lane(P& p, Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector) {
    HOOK(store_lane(op, arg, lane, address, vector));
  }
  template <class P>
  void atomic(P& p, Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results) {
    HOOK(atomic(op, arg, args, results));
  }
  template <class P>
  void other(P& p, Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results) {
    HOOK(other(op, imm, args, results));
  }

  template <class P>
  void resume(P&, Op op, u32, u32, std::span<const ResumeHandler>, std::span<Slot>,
              std::span<Slot>) {
    c_.unsupported(op);
  }
#undef HOOK

 protected:
  template <class P>
  bool at(P& p) {
    if (c_.failed()) return false;
    c_.at(&p.stack_at(0), p.height(), p.offset(), p.peek().data());
    return true;
  }

  /// Until the next call, or br_table.
  template <class P>
  std::span<Frame* const> targets_of(P& p, std::span<const CatchClause> clauses) {
    targets_.clear();
    for (const CatchClause& c : clauses) targets_.push_back(&p.frame(c.depth + 1));
    return targets_;
  }

  Compiler& c_;

 private:
  std::vector<Frame*> targets_;
};

}  // namespace wazuka

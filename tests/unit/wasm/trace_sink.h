// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A Sink that hashes everything it is told: hook, offset, immediates, types, and which value each
// operand is (every result gets a new number). Two decoders that agree on a body give equal hashes:
// the oracle for Validate::kNo against Validate::kYes, in unit tests and under the fuzzer.
#pragma once

#include "wasm/body_decoder.h"

namespace wazuka {

struct Numbered {
  u32 id = 0;
};
struct FrameMark {
  u32 id = 0;
};

class TraceSink : public SinkBase<Numbered, FrameMark> {
 public:
  u64 hash = 0xcbf29ce484222325;
  u32 events = 0;
  u32 max_height = 0;

  template <class P>
  void begin_function(P&, std::span<const ValType> locals) {
    for (ValType t : locals) mix(t.bits());
  }
  template <class P>
  void end_function(P& p) {
    max_height = p.max_height();
    mix(p.num_locals());
    mix(p.num_loops());
  }
  template <class P>
  void next_instruction(P& p, Op op) {
    ++events;
    mix(static_cast<u32>(op));
    mix(p.offset());
    if (p.reachable()) mix(p.height());
    mix(p.control_depth());
  }

  template <class P>
  void block(P& p, Frame& frame) {
    open(p, 1, frame);
  }
  template <class P>
  void loop(P& p, Frame& frame) {
    open(p, 2, frame);
    mix(frame.loop_ordinal);
  }
  template <class P>
  void if_(P& p, Slot& condition, Frame& frame) {
    in(condition);
    open(p, 3, frame);
  }
  template <class P>
  void else_(P& p, Frame& frame, bool fallthrough) {
    close(p, 4, frame, fallthrough);
  }
  template <class P>
  void else_params(P&, Frame&, std::span<Slot> params) {
    for (Slot& s : params) out(s);
  }
  template <class P>
  void end(P& p, Frame& frame, bool fallthrough, std::span<Slot> results) {
    close(p, 5, frame, fallthrough);
    mix(frame.end_reached);
    for (Slot& s : results) out(s);
  }
  template <class P>
  void end_const(P&, Slot& result) {
    in(result);
  }

  template <class P>
  void br(P& p, u32 depth) {
    branch(p, depth);
  }
  template <class P>
  void br_if(P& p, Slot& condition, u32 depth) {
    in(condition);
    branch(p, depth);
  }
  template <class P>
  void br_table(P& p, Slot& index, std::span<const u32> depths) {
    in(index);
    for (u32 depth : depths) branch(p, depth);
  }
  template <class P>
  void return_(P& p) {
    branch(p, p.control_depth() - 1);
  }
  template <class P>
  void unreachable(P&) {
    mix(6);
  }
  template <class P>
  void nop(P&) {
    mix(7);
  }

  template <class P>
  void call(P&, u32 func, std::span<Slot> args, std::span<Slot> results) {
    mix(func);
    in_out(args, results);
  }
  template <class P>
  void call_indirect(P&, u32 type, u32 table, Slot& index, std::span<Slot> args,
                     std::span<Slot> results) {
    mix(type), mix(table), in(index);
    in_out(args, results);
  }
  template <class P>
  void call_ref(P&, u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results) {
    mix(type), in(ref);
    in_out(args, results);
  }
  template <class P>
  void return_call(P&, u32 func, std::span<Slot> args) {
    mix(func);
    in_out(args, {});
  }
  template <class P>
  void return_call_indirect(P&, u32 type, u32 table, Slot& index, std::span<Slot> args) {
    mix(type), mix(table), in(index);
    in_out(args, {});
  }
  template <class P>
  void return_call_ref(P&, u32 type, Slot& ref, std::span<Slot> args) {
    mix(type), in(ref);
    in_out(args, {});
  }

  template <class P>
  void drop(P&, Slot& x) {
    in(x);
  }
  template <class P>
  void select(P&, Slot& a, Slot& b, Slot& condition, Slot& result) {
    in(a), in(b), in(condition), out(result);
  }
  template <class P>
  void local_get(P&, u32 index, Slot& result) {
    mix(index), out(result);
  }
  template <class P>
  void local_set(P&, u32 index, Slot& x) {
    mix(index), in(x);
  }
  template <class P>
  void local_tee(P&, u32 index, Slot& x, Slot& result) {
    mix(index), in(x), out(result);
  }
  template <class P>
  void global_get(P&, u32 index, Slot& result) {
    mix(index), out(result);
  }
  template <class P>
  void global_set(P&, u32 index, Slot& x) {
    mix(index), in(x);
  }

  template <class P>
  void i32_const(P&, u32 bits, Slot& result) {
    mix(bits), out(result);
  }
  template <class P>
  void i64_const(P&, u64 bits, Slot& result) {
    mix(bits), out(result);
  }
  template <class P>
  void f32_const(P&, u32 bits, Slot& result) {
    mix(bits), out(result);
  }
  template <class P>
  void f64_const(P&, u64 bits, Slot& result) {
    mix(bits), out(result);
  }
  template <class P>
  void v128_const(P&, const u8* bytes, Slot& result) {
    for (int i = 0; i < 16; ++i) mix(bytes[i]);
    out(result);
  }

  template <class P>
  void unary(P&, Op, Slot& a, Slot& result) {
    in(a), out(result);
  }
  template <class P>
  void binary(P&, Op, Slot& a, Slot& b, Slot& result) {
    in(a), in(b), out(result);
  }
  template <class P>
  void ternary(P&, Op, Slot& a, Slot& b, Slot& c, Slot& result) {
    in(a), in(b), in(c), out(result);
  }
  template <class P>
  void wide(P&, Op, std::span<Slot> args, std::span<Slot> results) {
    in_out(args, results);
  }
  template <class P>
  void extract_lane(P&, Op, u32 lane, Slot& v, Slot& result) {
    mix(lane), in(v), out(result);
  }
  template <class P>
  void replace_lane(P&, Op, u32 lane, Slot& v, Slot& x, Slot& result) {
    mix(lane), in(v), in(x), out(result);
  }
  template <class P>
  void shuffle(P&, const u8* lanes, Slot& a, Slot& b, Slot& result) {
    for (int i = 0; i < 16; ++i) mix(lanes[i]);
    in(a), in(b), out(result);
  }

  template <class P>
  void load(P&, Op, const MemArg& arg, Slot& address, Slot& result) {
    mem(arg), in(address), out(result);
  }
  template <class P>
  void store(P&, Op, const MemArg& arg, Slot& address, Slot& x) {
    mem(arg), in(address), in(x);
  }
  template <class P>
  void load_lane(P&, Op, const MemArg& arg, u32 lane, Slot& address, Slot& v, Slot& result) {
    mem(arg), mix(lane), in(address), in(v), out(result);
  }
  template <class P>
  void store_lane(P&, Op, const MemArg& arg, u32 lane, Slot& address, Slot& v) {
    mem(arg), mix(lane), in(address), in(v);
  }
  template <class P>
  void atomic(P&, Op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results) {
    mem(arg);
    in_out(args, results);
  }
  template <class P>
  void other(P&, Op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results) {
    immediates(imm);
    in_out(args, results);
  }

  template <class P>
  void br_on_null(P& p, u32 depth, Slot& ref, Slot& result) {
    in(ref);
    branch(p, depth);
    out(result);
  }
  template <class P>
  void br_on_non_null(P& p, u32 depth, Slot& ref) {
    in(ref);
    branch(p, depth);
  }
  template <class P>
  void br_on_cast(P& p, Op, u32 depth, const Immediates& imm, Slot& ref, Slot* desc, Slot& result) {
    immediates(imm);
    in(ref);
    if (desc != nullptr) in(*desc);
    branch(p, depth);
    out(result);
  }

  template <class P>
  void try_table(P& p, Frame& frame, std::span<const CatchClause> clauses) {
    open(p, 8, frame);
    for (const CatchClause& c : clauses) mix(c.kind), mix(c.tag), mix(c.depth);
  }
  template <class P>
  void throw_(P&, u32 tag, std::span<Slot> args) {
    mix(tag);
    in_out(args, {});
  }
  template <class P>
  void throw_ref(P&, Slot& ref) {
    in(ref);
  }
  template <class P>
  void legacy_try(P& p, Frame& frame) {
    open(p, 9, frame);
  }
  template <class P>
  void legacy_catch(P& p, Frame& frame, u32 tag, bool fallthrough, std::span<Slot> values) {
    close(p, 10, frame, fallthrough);
    mix(tag);
    for (Slot& s : values) out(s);
  }
  template <class P>
  void legacy_catch_all(P& p, Frame& frame, bool fallthrough) {
    close(p, 11, frame, fallthrough);
  }
  template <class P>
  void legacy_delegate(P& p, Frame& frame, u32 depth, bool fallthrough) {
    close(p, 12, frame, fallthrough);
    mix(depth);
  }
  template <class P>
  void rethrow(P&, u32 depth) {
    mix(depth);
  }
  template <class P>
  void resume(P&, Op, u32 type, u32 tag, std::span<const ResumeHandler> handlers,
              std::span<Slot> args, std::span<Slot> results) {
    mix(type), mix(tag);
    for (const ResumeHandler& h : handlers) mix(h.tag), mix(h.depth), mix(h.is_switch);
    in_out(args, results);
  }

 private:
  void mix(u64 x) { hash = (hash ^ x) * 0x100000001b3 ^ (hash >> 47); }
  void in(const Slot& slot) { mix(slot.type.bits()), mix(slot.value.id); }
  void out(Slot& slot) {
    slot.value.id = ++next_id_;
    mix(slot.type.bits());
  }
  void in_out(std::span<Slot> args, std::span<Slot> results) {
    for (Slot& s : args) in(s);
    for (Slot& s : results) out(s);
  }
  void mem(const MemArg& arg) { mix(arg.offset), mix(arg.memory), mix(arg.align_log2); }
  void immediates(const Immediates& imm) {
    mix(imm.index), mix(imm.index2), mix(imm.heap.bits()), mix(imm.nullable), mix(imm.exact);
  }
  template <class P>
  void operands(P& p, size_t n) {
    for (size_t i = 0; i < n; ++i) in(p.stack_top(static_cast<u32>(i)));
  }
  template <class P>
  void branch(P& p, u32 depth) {
    Frame& frame = p.frame(depth);
    mix(depth), mix(frame.data.id), mix(static_cast<u32>(frame.kind));
    operands(p, frame.label_types().size());
  }
  template <class P>
  void open(P& p, u32 hook, Frame& frame) {
    mix(hook), mix(frame.height);
    frame.data.id = ++next_id_;
    operands(p, frame.params.size());
  }
  template <class P>
  void close(P& p, u32 hook, Frame& frame, bool fallthrough) {
    mix(hook), mix(fallthrough), mix(frame.data.id);
    if (fallthrough) operands(p, frame.results.size());
  }

  u32 next_id_ = 0;
};

/// Whether both modes tell a Sink the same about every body of a valid module.
inline bool modes_agree(const Module& module) {
  DecoderBuffers<TraceSink> buffers;
  for (u32 func = module.imported_funcs; func < module.funcs.size(); ++func) {
    TraceSink checked, trusted;
    bool a = BodyDecoder<TraceSink, Validate::kYes>(module, checked, func, &buffers).run();
    bool b = BodyDecoder<TraceSink, Validate::kNo>(module, trusted, func, &buffers).run();
    if (!a || !b || checked.hash != trusted.hash) return false;
    if (trusted.max_height > checked.max_height) return false;  // that one sees dead code too
  }
  return true;
}

}  // namespace wazuka

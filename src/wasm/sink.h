// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the body decoder (body_decoder.h) tells its Sink, and the vocabulary it uses.
//
// What a Sink provides (see SinkBase for the exact signatures; derive from it to get "do
// nothing" for what it ignores):
//   types   Value    what it attaches to an operand; default constructible, trivially copyable
//           Control  what it attaches to a block; default constructible
//   hooks   the members of SinkBase. Operand references stay valid for the duration of the hook
//           only; outputs are Slots whose `type` is already set and whose `value` the hook fills
//           in. Operands have been popped and results are pushed after the hook returns.
//
// The Sink sees reachable code only: after an unconditional branch nothing is reported until the
// `end`, `else` or catch of a construct that was itself reachable. After a construct whose end
// nothing reaches (no fall-through, no branch to it) nothing is reported either, although such code
// is not polymorphic to the type checker.
#pragma once

#include <span>

#include "base/ints.h"
#include "wasm/module.h"
#include "wasm/opcode.h"
#include "wasm/types.h"

namespace wazuka {

/// memarg (spec 5.4.6): alignment as log2, offset in bytes, memory index.
struct MemArg {
  u64 offset = 0;
  u32 memory = 0;
  u32 align_log2 = 0;
};

enum class ControlKind : u8 {
  kFunction,
  kBlock,
  kLoop,
  kIf,
  kElse,
  kTryTable,
  kTry,
  kCatch,
  kCatchAll
};

/// An operand: its type and what the Sink attached.
template <class Value>
struct Operand {
  ValType type;
  [[no_unique_address]] Value value{};
};

struct Empty {};

/// One construct on the control stack.
template <class ControlData>
struct ControlFrame {
  // Not defaulted, which would make emplace_back() zero what has no initializer first: Sinks may
  // attach hundreds of bytes.
  ControlFrame() {}

  ControlKind kind = ControlKind::kBlock;
  bool live = true;  // the construct was entered by reachable code: the Sink knows it
  bool unreachable =
      false;  // the rest of the current arm is unreachable (operand stack is polymorphic)
  bool end_reached = false;  // some reachable branch targets the end of this construct
  u32 height = 0;            // operands below the construct's own (without its parameters)
  std::span<const ValType> params, results;
  const u8* start = nullptr;  // its opcode in the binary
  u32 loop_ordinal = 0;       // kLoop: index into the function's loops (FuncInfo)
  u32 init_height = 0;        // decoder: non-defaultable locals that were initialised before
  u32 table_stamp = 0;        // decoder: the br_table that last checked this label
  [[no_unique_address]] ControlData data{};

  /// What a branch to this construct's label carries.
  std::span<const ValType> label_types() const {
    return kind == ControlKind::kLoop ? params : results;
  }
};

/// A clause of try_table: catch, catch_ref, catch_all, catch_all_ref (kinds 0–3).
struct CatchClause {
  u8 kind = 0;
  u32 tag = 0;    // kinds 0 and 1
  u32 depth = 0;  // label, counted outside the try_table
};

/// A clause of resume: (on $tag $label) or (on $tag switch).
struct ResumeHandler {
  u32 tag = 0;
  u32 depth = 0;
  bool is_switch = false;
};

/// Immediates of the opcodes that do not have a hook of their own (tables, memories, references,
/// GC, atomics …): which members are set follows from the opcode's ImmKind.
struct Immediates {
  u32 index = 0;          // first index: type, table, memory, element segment, data segment …
  u32 index2 = 0;         // second index: field, count, source table …
  HeapType heap;          // ref.null, ref.test, ref.cast; br_on_cast: the target type
  bool nullable = false;  // of `heap`
  bool exact = false;     // of `heap`
  MemArg mem;             // atomics
};

/// Does nothing; documents the hooks. Sinks derive from it with their own Value and Control and
/// hide the hooks they want. `P` is the decoder that calls (for the position, the operand stack,
/// the locals).
template <class ValueData, class ControlData>
struct SinkBase {
  using Value = ValueData;
  using Control = ControlData;
  using Slot = Operand<Value>;
  using Frame = ControlFrame<Control>;

  /// Whether no hook of ordinary instructions (variables, constants, numeric, memory accesses,
  /// br_if) uses `P` for anything: saves the decoder from keeping its members up to date for them.
  static constexpr bool kPassive = false;
  /// Whether begin_function needs the types of all locals; without, they are not expanded (a body
  /// of a dozen bytes can declare 50,000 of them).
  static constexpr bool kWantsLocals = true;

  // Called once before the first and after the last instruction. `locals` includes the parameters.
  template <class P>
  void begin_function(P&, std::span<const ValType> /*locals*/) {}
  template <class P>
  void end_function(P&) {}
  // The end of a constant expression, instead of return_.
  template <class P>
  void end_const(P&, Slot& /*result*/) {}
  // Called before each instruction that the Sink will see (offset = p.offset()), with its operands
  // still on the stack; peek() says nothing yet.
  template <class P>
  void next_instruction(P&, Op) {}

  // Structured control. The parameters of the new construct are the top operands of p's stack and
  // are still there.
  template <class P>
  void block(P&, Frame&) {}
  template <class P>
  void loop(P&, Frame&) {}
  template <class P>
  void if_(P&, Slot& /*condition*/, Frame&) {}
  // `fallthrough`: the end of the first arm is reachable; its results are the top operands.
  // Afterwards the decoder puts the parameters back with default values, and else_params sets them.
  template <class P>
  void else_(P&, Frame&, bool /*fallthrough*/) {}
  template <class P>
  void else_params(P&, Frame&, std::span<Slot> /*params*/) {}
  // The end of a construct (of an `if` without else as well: it is told by kind == kIf).
  // `fallthrough` as above. Called before the frame is popped; `results` (one Slot per result type)
  // receive the merged values. Not called for the function body itself: its end is a return_ if it
  // is reachable, then end_function.
  template <class P>
  void end(P&, Frame&, bool /*fallthrough*/, std::span<Slot> /*results*/) {}

  // Branches. The carried operands are the top label_types().size() operands of p's stack. depth 0
  // is the innermost label; p.frame(depth) gives the frame; depth == p.control_depth() − 1 is the
  // function body.
  template <class P>
  void br(P&, u32 /*depth*/) {}
  template <class P>
  void br_if(P&, Slot& /*condition*/, u32 /*depth*/) {}
  template <class P>
  void br_table(P&, Slot& /*index*/, std::span<const u32> /*depths, default last*/) {}
  template <class P>
  void return_(P&) {}  // results on top of the stack; also for the end of the body
  template <class P>
  void unreachable(P&) {}
  template <class P>
  void nop(P&) {}

  // Calls. args are in order; results likewise. Tail calls have no results: they end the block.
  template <class P>
  void call(P&, u32 /*func*/, std::span<Slot>, std::span<Slot>) {}
  template <class P>
  void call_indirect(P&, u32 /*type*/, u32 /*table*/, Slot& /*index*/, std::span<Slot>,
                     std::span<Slot>) {}
  template <class P>
  void call_ref(P&, u32 /*type*/, Slot& /*ref*/, std::span<Slot>, std::span<Slot>) {}
  template <class P>
  void return_call(P&, u32 /*func*/, std::span<Slot>) {}
  template <class P>
  void return_call_indirect(P&, u32 /*type*/, u32 /*table*/, Slot& /*index*/, std::span<Slot>) {}
  template <class P>
  void return_call_ref(P&, u32 /*type*/, Slot& /*ref*/, std::span<Slot>) {}

  // Parametric and variable.
  template <class P>
  void drop(P&, Slot&) {}
  template <class P>
  void select(P&, Slot& /*a*/, Slot& /*b*/, Slot& /*condition*/, Slot& /*out*/) {}
  template <class P>
  void local_get(P&, u32, Slot& /*out*/) {}
  template <class P>
  void local_set(P&, u32, Slot&) {}
  template <class P>
  void local_tee(P&, u32, Slot& /*in*/, Slot& /*out*/) {}
  template <class P>
  void global_get(P&, u32, Slot& /*out*/) {}
  template <class P>
  void global_set(P&, u32, Slot&) {}

  // Constants: the bits, zero-extended; v128 as 16 little-endian bytes.
  template <class P>
  void i32_const(P&, u32, Slot&) {}
  template <class P>
  void i64_const(P&, u64, Slot&) {}
  template <class P>
  void f32_const(P&, u32, Slot&) {}
  template <class P>
  void f64_const(P&, u64, Slot&) {}
  template <class P>
  void v128_const(P&, const u8*, Slot&) {}

  // Everything with a plain signature and no immediate: categories Unary, Binary and Compare,
  // Ternary, Wide.
  template <class P>
  void unary(P&, Op, Slot&, Slot&) {}
  template <class P>
  void binary(P&, Op, Slot&, Slot&, Slot&) {}
  template <class P>
  void ternary(P&, Op, Slot&, Slot&, Slot&, Slot&) {}
  template <class P>
  void wide(P&, Op, std::span<Slot>, std::span<Slot>) {}

  // SIMD with immediates.
  template <class P>
  void extract_lane(P&, Op, u32 /*lane*/, Slot&, Slot&) {}
  template <class P>
  void replace_lane(P&, Op, u32 /*lane*/, Slot& /*vector*/, Slot& /*x*/, Slot&) {}
  template <class P>
  void shuffle(P&, const u8* /*16 lanes*/, Slot&, Slot&, Slot&) {}

  // Memory accesses.
  template <class P>
  void load(P&, Op, const MemArg&, Slot& /*address*/, Slot&) {}
  template <class P>
  void store(P&, Op, const MemArg&, Slot& /*address*/, Slot& /*value*/) {}
  template <class P>
  void load_lane(P&, Op, const MemArg&, u32, Slot& /*address*/, Slot& /*vector*/, Slot&) {}
  template <class P>
  void store_lane(P&, Op, const MemArg&, u32, Slot& /*address*/, Slot& /*vector*/) {}
  // AtomicLoad, Store, Rmw, Cmpxchg, Wait, Notify, Fence: args as in the signature; out is empty
  // for stores and fences.
  template <class P>
  void atomic(P&, Op, const MemArg&, std::span<Slot>, std::span<Slot>) {}

  // Everything else that is straight-line code: categories Memory, Table, Reference (but br_on_*),
  // Gc (but br_on_*), Continuation (but resume*).
  template <class P>
  void other(P&, Op, const Immediates&, std::span<Slot> /*args*/, std::span<Slot> /*results*/) {}

  // Conditional branches on references; the reference is popped. `out`: what stays on the
  // fall-through path (br_on_null: the non-null reference; br_on_cast(_fail): the remaining type;
  // unused for br_on_non_null). For the label that carries the reference as its last value (all but
  // br_on_null) the decoder has it on the stack's top during the hook.
  template <class P>
  void br_on_null(P&, u32 /*depth*/, Slot& /*ref*/, Slot& /*out*/) {}
  template <class P>
  void br_on_non_null(P&, u32 /*depth*/, Slot& /*ref*/) {}
  template <class P>
  void br_on_cast(P&, Op, u32 /*depth*/, const Immediates&, Slot& /*ref*/, Slot* /*desc*/,
                  Slot& /*out*/) {}

  // Exceptions. try_table's clauses refer to labels outside of it. Legacy: catch_ starts a clause
  // (results: the tag's values).
  template <class P>
  void try_table(P&, Frame&, std::span<const CatchClause>) {}
  template <class P>
  void throw_(P&, u32 /*tag*/, std::span<Slot>) {}
  template <class P>
  void throw_ref(P&, Slot&) {}
  template <class P>
  void legacy_try(P&, Frame&) {}
  template <class P>
  void legacy_catch(P&, Frame&, u32 /*tag*/, bool /*fallthrough*/, std::span<Slot>) {}
  template <class P>
  void legacy_catch_all(P&, Frame&, bool /*fallthrough*/) {}
  // Comes before the `end` of the same frame; depth is counted outside the try.
  template <class P>
  void legacy_delegate(P&, Frame&, u32 /*depth*/, bool /*fallthrough*/) {}
  template <class P>
  void rethrow(P&, u32 /*depth*/) {}

  // Stack switching.
  template <class P>
  void resume(P&, Op, u32 /*type*/, u32 /*tag*/, std::span<const ResumeHandler>, std::span<Slot>,
              std::span<Slot>) {}
};

using NullSink = SinkBase<Empty, Empty>;

}  // namespace wazuka

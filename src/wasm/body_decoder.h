// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// One pass over a function body: decodes, type-checks (spec appendix "Validation Algorithm") and
// tells a Sink (sink.h) what happens. Each tier is a Sink (interpreter lowering, baseline compiler,
// graph builder, printer …), so that the binary format and the typing rules exist once. The Sink's
// Value rides on the decoder's operand stack: a tier needs no second stack.
//
//   Validate::kYes   untrusted bytes: reports the first error with its offset
//   Validate::kNo    the body was validated before: the checks compile to nothing, types are still
//                    tracked, unreachable code is skipped without looking at it
//   Expression::kConstant   a constant expression (spec 3.4.11): ends at its own `end`
//
// How it is fast: one switch over the opcode byte, generated from opcodes.def; signatures are
// decoded at compile time, so that the common case of an instruction is "enough operands above the
// frame's base, and their types are equal, bit by bit"; everything else (subtyping, polymorphic
// stacks, errors) is out of line. A failure moves the cursor to the end of the range and makes the
// code unreachable, so that neither the loop nor the handlers test for it, and the Sink hears
// nothing more. The stack's growth and the maximal height share one comparison per instruction.
//
// Invariants: base_ ≤ sp_ ≤ high_water_ + what the current instruction pushed; at least
// kStackSlack slots are free when an instruction starts. live_ implies that every operand that the
// instruction takes is physically there. `frame_` is the innermost construct; after the final `end`
// there is none and the cursor is at the end.
#pragma once

#include <memory>
#include <span>
#include <type_traits>
#include <vector>

#include "base/ints.h"
#include "wasm/binary_reader.h"
#include "wasm/limits.h"
#include "wasm/module.h"
#include "wasm/opcode.h"
#include "wasm/sink.h"
#include "wasm/subtyping.h"
#include "wasm/types.h"

namespace wazuka {

enum class Validate : bool { kNo, kYes };
enum class Expression : bool { kBody, kConstant };

/// Memory that decoders of the same Sink can share one after the other: a worker keeps one and
/// passes it to the decoder of each body, so that decoding allocates nothing in the long run.
template <class Sink>
struct DecoderBuffers {
  std::unique_ptr<typename Sink::Slot[]> stack;
  size_t stack_capacity = 0;
  std::vector<typename Sink::Frame> control;
  std::vector<ValType> locals;           // the first ones, or all
  std::vector<u32> local_run_ends;       // all locals as runs of equal types: end index …
  std::vector<ValType> local_run_types;  // … and type
  std::vector<u64> initialized;  // bit set of the locals; only where some are not defaultable
  std::vector<u32> init_log;     // non-defaultable locals in order of their initialisation
  std::vector<u8> padded;        // copy of a malformed body
  std::vector<u32> targets;      // of the current br_table
  std::vector<CatchClause> catches;
  std::vector<ResumeHandler> handlers;
  std::vector<std::unique_ptr<ValType>> block_results;  // block types that are references
};

namespace decode {
/// For the last branch of an `if constexpr` chain over opcodes.
template <Op>
inline constexpr bool kUnhandled = false;

struct Fast;
template <class D>
struct View;
struct Control;
struct Calls;
struct Variables;
struct Numeric;
struct Memory;
struct Simd;
struct References;
struct Gc;
struct Exceptions;
struct StackSwitching;
}  // namespace decode

template <class SinkType, Validate kMode, Expression kWhat = Expression::kBody>
class BodyDecoder : public BinaryReader {
 public:
  using Sink = SinkType;
  using Value = typename Sink::Value;
  using Slot = typename Sink::Slot;
  using Frame = typename Sink::Frame;
  using Buffers = DecoderBuffers<Sink>;
  static constexpr bool kValidate = kMode == Validate::kYes;
  static constexpr bool kConstExpr = kWhat == Expression::kConstant;

  /// Decodes the body of a defined function.
  BodyDecoder(const Module& module, Sink& sink, u32 func_index, Buffers* buffers = nullptr);
  /// Decodes a body that is not, or not yet, in module.funcs: `type_index` is its function type.
  BodyDecoder(const Module& module, Sink& sink, ByteRange body, u32 func_index, u32 type_index,
              Buffers* buffers = nullptr);
  /// Decodes a constant expression of type `result`; `range` may extend beyond its end.
  BodyDecoder(const Module& module, Sink& sink, ByteRange range, ValType result,
              Buffers* buffers = nullptr)
    requires(kWhat == Expression::kConstant);

  /// Whether everything was well-formed and (if validating) valid; otherwise see error().
  bool run();

  // For Sinks ---------------------------------------------------------------------------------

  const Module& module() const { return module_; }
  u32 func_index() const { return func_index_; }
  /// Byte offset of the current opcode in the whole binary.
  u32 offset() const { return static_cast<u32>(op_start_ - base_); }
  /// The bytes after the current instruction and its immediates: to look at the next one.
  std::span<const u8> peek() const { return {pc_, remaining()}; }

  /// Operands on the stack. They stay in place until the next push.
  u32 height() const { return static_cast<u32>(sp_ - stack_); }
  Slot& stack_top(u32 from_top = 0) { return sp_[-1 - static_cast<ptrdiff_t>(from_top)]; }
  Slot& stack_at(u32 from_bottom) { return stack_[from_bottom]; }
  /// The largest height() after any instruction so far.
  u32 max_height() const { return static_cast<u32>(high_water_ - stack_); }

  /// The construct that label `depth` names; frame(control_depth() − 1) is the function body.
  Frame& frame(u32 depth) { return (&buffers_.control.back())[-static_cast<ptrdiff_t>(depth)]; }
  u32 control_depth() const { return static_cast<u32>(buffers_.control.size()); }

  u32 num_locals() const { return num_locals_; }
  /// Precondition: index < num_locals().
  ValType local_type(u32 index) const {
    if (WAZUKA_LIKELY(index < num_expanded_)) return locals_[index];
    return local_type_slow(index);
  }
  /// Whether the current code can be executed (the Sink is told about it).
  bool reachable() const { return live_; }
  u32 num_loops() const { return next_loop_; }

 private:
  friend struct decode::Fast;
  template <class D>
  friend struct decode::View;
  friend struct decode::Control;
  friend struct decode::Calls;
  friend struct decode::Variables;
  friend struct decode::Numeric;
  friend struct decode::Memory;
  friend struct decode::Simd;
  friend struct decode::References;
  friend struct decode::Gc;
  friend struct decode::Exceptions;
  friend struct decode::StackSwitching;

  /// What the loop keeps in registers (decode/fast-inl.h).
  struct Cursor {
    const u8* pc;
    Slot* sp;
  };

  static constexpr bool kFast = !kConstExpr;
  static constexpr size_t kStackSlack = 16;    // pushes of one instruction without reserve()
  static constexpr u32 kExpandedLocals = 512;  // see Sink::kWantsLocals

  // Set-up (below).
  void begin_frame(const FuncType& type);
  void read_locals(const FuncType& type);
  bool add_locals(u32 count, ValType type);
  void track_initialization();
  [[gnu::noinline]] ValType local_type_slow(u32 index) const;

  // The loop (decode/dispatch-inl.h).
  void decode_instructions();
  template <Op kOp>
  void step(Cursor& cursor);
  template <Op kOp>
  void step();
  template <Op kOp>
  [[gnu::noinline]] void outlined_step() {
    step<kOp>();
  }
  void begin_step(const Cursor& cursor) {
    op_start_ = cursor.pc;
    pc_ = cursor.pc + 1;
    sp_ = cursor.sp;
  }
  [[gnu::noinline]] void other_opcode();
  bool readable_beyond_end() const;
  WAZUKA_COLD void copy_with_padding();
  template <u8 kPrefix>
  [[gnu::noinline]] void prefixed();
  void plain_prefixed(Op op, const OpInfo& info);
  bool check_feature(const OpInfo& info);
  bool check_constant(const OpInfo& info);
  void skip_dead_code();
  void skip_immediates(ImmKind kind);
  void skip_clauses(ImmKind kind);

  // Errors about the current instruction.
  WAZUKA_COLD void fail(std::initializer_list<TextPart> parts) {
    fail_at(offset(), parts);
    live_ = false;
  }
  WAZUKA_COLD void fail_mismatch(ValType expected, ValType found) {
    fail({"type mismatch: expected ", type_name(expected), ", found ", type_name(found)});
  }

  // The operand stack.
  static constexpr bool is(ValType a, ValType b) { return a.bits() == b.bits(); }
  void push(ValType type) { *sp_++ = Slot{type, {}}; }
  void push(const Slot& slot) { *sp_++ = slot; }
  /// Makes room for n slots above sp_ and for the slack.
  void reserve(size_t n) {
    if (WAZUKA_UNLIKELY(static_cast<size_t>(stack_ + buffers_.stack_capacity - sp_) <
                        n + kStackSlack)) {
      grow(n);
    }
  }
  [[gnu::noinline]] void grow(size_t n);
  [[gnu::noinline]] void raise_high_water();

  size_t above_base() const { return static_cast<size_t>(sp_ - base_slot_); }
  bool polymorphic() const { return frame_->unreachable; }

  /// Pops one operand of a type that equals (fast) or matches `expected`.
  WAZUKA_ALWAYS_INLINE bool pop(ValType expected) {
    if constexpr (!kValidate) return --sp_, true;
    if (WAZUKA_LIKELY(sp_ > base_slot_ && is(sp_[-1].type, expected))) return --sp_, true;
    return pop_slow({&expected, 1});
  }
  bool pop(std::initializer_list<ValType> types) {
    return pop(std::span<const ValType>(types.begin(), types.size()));
  }
  /// Pops operands of the given types, the last one from the top.
  bool pop(std::span<const ValType> types) {
    if constexpr (!kValidate) return sp_ -= types.size(), true;
    return pop_slow(types);
  }
  [[gnu::noinline]] bool pop_slow(std::span<const ValType> types) {
    if (!check_top(types)) return false;
    drop(types.size());
    return true;
  }
  void drop(size_t n) { sp_ -= n < above_base() ? n : above_base(); }
  /// Pops an operand of any type; bottom if the stack is polymorphic and empty.
  bool pop_any(ValType* type);
  /// Pops a reference of any type; (ref bottom) if unknown.
  bool pop_any_ref(ValType* type);

  /// Checks that the top operands match `types`, without popping or changing them.
  bool check_top(std::span<const ValType> types);
  /// As check_top; then they are physically there and have exactly these types.
  bool match_top(std::span<const ValType> types) {
    size_t n = types.size();
    if (WAZUKA_LIKELY(above_base() >= n)) {
      const Slot* top = sp_ - n;
      size_t i = 0;
      while (i < n && is(top[i].type, types[i])) ++i;
      if (WAZUKA_LIKELY(i == n)) return true;
    }
    return match_top_slow(types);
  }
  [[gnu::noinline]] bool match_top_slow(std::span<const ValType> types);

  /// Space for results above `num_args` popped operands, typed; to be pushed by push_results.
  std::span<Slot> prepare_results(size_t num_args, std::span<const ValType> types);
  /// Moves results to the top of the stack.
  void push_results(std::span<Slot> results) {
    Slot* from = results.data();
    for (size_t i = 0; i < results.size(); ++i) sp_[i] = from[i];
    sp_ += results.size();
  }

  // Types and entities by index; nullptr or false after reporting that there is none.
  bool check_type(ValType type);
  const SubType* sub_type_at(u32 index);
  const FuncType* func_type_at(u32 index);
  const FuncType* func_type_of(u32 func_index);
  const TableType* table_at(u32 index);
  const FuncType* tag_at(u32 index);
  const FuncType* exception_tag_at(u32 index);
  bool check_data_segment(u32 index);
  const ElemSegment* elem_at(u32 index);
  bool address_type_of(u32 memory, ValType* type);

  /// Calls the hook for straight-line code after its operands were popped; pushes the results.
  void other(Op op, const Immediates& imm, size_t num_args, std::span<const ValType> results);
  void other(Op op, const Immediates& imm, size_t num_args, ValType result) {
    other(op, imm, num_args, {&result, 1});
  }
  void other(Op op, const Immediates& imm, size_t num_args) {
    other(op, imm, num_args, std::span<const ValType>());
  }

  // The control stack (decode/control-inl.h).
  struct Signature {
    std::span<const ValType> params, results;
  };
  bool read_block_signature(Signature* signature);
  Frame& push_frame(ControlKind kind, const Signature& signature);
  Frame* label(u32 depth);
  void set_unreachable();
  void reset_to(const Frame& frame);
  bool check_arm_end();
  void finish_frame(bool fallthrough);
  void uninitialize_locals(u32 height);
  void mark_branch_to(Frame& target) {
    if (live_ && target.kind != ControlKind::kLoop) target.end_reached = true;
  }

  const Module& module_;
  Sink& sink_;
  Buffers own_buffers_;
  Buffers& buffers_;
  Features features_;
  u32 func_index_ = 0;
  u32 type_index_ = 0;
  ValType const_type_;       // kConstant: the expected type
  ValType memory0_address_;  // bottom if there is no memory 0
  const u8* op_start_ = nullptr;
  bool live_ = true;
  Slot* stack_ = nullptr;
  Slot* sp_ = nullptr;
  Slot* base_slot_ = nullptr;   // stack_ + frame_->height
  Slot* high_water_ = nullptr;  // the largest sp_ so far
  Frame* frame_ = nullptr;
  const ValType* locals_ = nullptr;
  u32 num_locals_ = 0;
  u32 num_expanded_ = 0;
  u32 fast_locals_ = 0;         // indices below: expanded, initialised, one byte
  u32 first_uninit_ = ~u32{0};  // first local that is not defaultable
  u32 next_loop_ = 0;
  u32 table_stamp_ = 0;
};

}  // namespace wazuka

#include "wasm/decode/setup-inl.h"
#include "wasm/decode/stack-inl.h"
// The families.
#include "wasm/decode/call-inl.h"
#include "wasm/decode/control-inl.h"
#include "wasm/decode/eh-inl.h"
#include "wasm/decode/fast-inl.h"
#include "wasm/decode/gc-inl.h"
#include "wasm/decode/memory-inl.h"
#include "wasm/decode/numeric-inl.h"
#include "wasm/decode/reference-inl.h"
#include "wasm/decode/simd-inl.h"
#include "wasm/decode/stack_switching-inl.h"
#include "wasm/decode/variable-inl.h"
// The loop over them.
#include "wasm/decode/dispatch-inl.h"

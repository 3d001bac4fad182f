// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Lowering of one function body to bytecode (isa.h), in one pass behind the body decoder.
//
// The abstract stack (value.h) rides on the decoder's operands. Operands stay what they are
// (constants, locals) until they are consumed, so that most wasm instructions vanish into operand
// fields. A computed value stays in an accumulator as long as possible: it is stored only when
// another producer needs the accumulator (`spill`: the producing instruction is changed after the
// fact), when it is assigned to a local, or when it must be in memory (calls, block ends).
//
// Where control flow meets (labels), nothing is known about accumulators, and every operand is a
// constant or in its own cell. `flush` establishes this at the beginning of every construct, so
// operands below a construct never change inside of it.
//
// Invariants:
//   * at most one operand is kAcc per class, and acc_[class].operand is its index;
//   * acc_[class].cell is a cell that equals the accumulator; any write to that cell resets it;
//   * copies and constants stored to cells never change an accumulator;
//   * users_[x] chains, from the top of the stack down, all operands that are kLocal(x).
#pragma once

#include <memory>
#include <span>
#include <unordered_map>
#include <vector>

#include "abi/gc_layout.h"
#include "abi/layout.h"
#include "interp/code.h"
#include "interp/lowering/emitter.h"
#include "interp/lowering/value.h"
#include "wasm/module.h"
#include "wasm/opcode.h"

namespace wazuka::interp {

/// An operand on its way into an instruction: the ways in which it can be had.
struct Operand {
  bool in_acc = false;
  bool in_slot = false;
  bool is_const = false;
  ValType type;
  u32 cell = 0;  // in_slot
  u32 own = 0;   // its own cell
  u64 bits = 0;  // is_const
};

int match_combo(Base b, const Operand& x, const Operand& y, bool x_imm, bool y_imm, bool with_acc);

class Lowering {
 public:
  struct Context {
    const Module* module;
    const VMLayout* layout;
    WasmCode* funcs;  // of the defined functions
    Options options;
  };

  explicit Lowering(Context context) : context_(context), module_(*context.module) {}

  /// `roots`, if not null, receives the map of the body's references (deterministic: the bytecode
  /// is the same with and without).
  void begin(u32 func_index, bool record_offsets, RootMap* roots = nullptr);
  Bytecode finish();
  const Emitter& emitter() const { return e_; }

  // The decoder's position, before each hook.
  void at(Slot* stack, u32 height, u32 offset, std::span<const u8> next) {
    stack_ = stack;
    height_ = height;
    if (height < settled_) settled_ = height;
    next_ = next;
    e_.set_offset(offset);
  }

  // Before each instruction.
  void count_limits(Op op);
  bool has_limits() const { return context_.options.fuel || context_.options.epoch; }

  // The hooks, in files by family.
  void begin_body(std::span<const ValType> locals);

  void block(Frame& frame);
  void loop(Frame& frame);
  void if_(Slot& condition, Frame& frame);
  void else_(Frame& frame, bool fallthrough);
  void else_params(Frame& frame, std::span<Slot> params);
  void end(Frame& frame, bool fallthrough, std::span<Slot> results);
  void br(Frame& target);
  void br_if(Slot& condition, Frame& target);
  void br_table(Slot& index, std::span<Frame* const> targets);
  void return_();
  void unreachable();
  /// The frames that the clauses' labels mean. `depth`: of the new construct.
  void try_table(Frame& frame, u32 depth, std::span<const CatchClause> clauses,
                 std::span<Frame* const> targets);
  void throw_(u32 tag, std::span<Slot> args);
  void throw_ref(Slot& ref);
  void legacy_try(Frame& frame, u32 depth);
  void legacy_catch(Frame& frame, u32 tag, bool fallthrough, std::span<Slot> values);
  void legacy_catch_all(Frame& frame, bool fallthrough);
  void legacy_delegate(Frame& frame, u32 target_depth);
  void rethrow(const Frame& target);

  void br_on_null(Frame& target, Slot& ref, Slot& out);
  void br_on_non_null(Frame& target, Slot& ref);
  void br_on_cast(Op op, Frame& target, const Immediates& imm, Slot& out);

  void call(u32 func, std::span<Slot> args, std::span<Slot> results);
  void call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args,
                     std::span<Slot> results);
  void call_ref(u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results);
  void return_call(u32 func, std::span<Slot> args);
  void return_call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args);
  void return_call_ref(u32 type, Slot& ref, std::span<Slot> args);
  /// `targets`: the frames that the clauses' labels mean; null for (on $tag switch).
  void resume(Op op, u32 type, u32 tag, std::span<const ResumeHandler> handlers,
              std::span<Frame* const> targets, std::span<Slot> args, std::span<Slot> results);

  void drop(Slot& value);
  void select(Slot& a, Slot& b, Slot& condition, Slot& out);
  void local_get(u32 index, Slot& out);
  void local_set(u32 index, Slot& in);
  void local_tee(u32 index, Slot& in, Slot& out);
  void global_get(u32 index, Slot& out);
  void global_set(u32 index, Slot& in);
  void constant(u64 bits, Slot& out);
  void v128_const(const u8* bytes, Slot& out);
  void unary(Op op, Slot& a, Slot& out);
  void binary(Op op, Slot& a, Slot& b, Slot& out);

  void load(Op op, const MemArg& arg, Slot& address, Slot& out);
  void store(Op op, const MemArg& arg, Slot& address, Slot& value);
  void atomic(Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results);
  void wide(Op op, std::span<Slot> args, std::span<Slot> results);
  void other(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);

  void ternary(Op op, Slot& a, Slot& b, Slot& c, Slot& out);
  void extract_lane(Op op, u32 lane, Slot& vector, Slot& out);
  void replace_lane(Op op, u32 lane, Slot& vector, Slot& x, Slot& out);
  void shuffle(const u8* lanes, Slot& a, Slot& b, Slot& out);
  void load_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector, Slot& out);
  void store_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector);

 private:
  // Operands (operands.cc) ---------------------------------------------------------------------

  Accumulator& acc(Class c) { return acc_[static_cast<u32>(c)]; }
  /// The cell of the operand at this index of the stack.
  u32 cell_at(u32 index) const {
    u32 cell = first_operand_cell_;
    if (index != 0) {
      const Slot& below = stack_[index - 1];
      cell = below.value.cell + cells_of(below.type);
    }
    // Caught exceptions lie between the operands.
    for (size_t i = clauses_.size(); i > 0 && clauses_[i - 1].height == index; --i) ++cell;
    return cell;
  }
  /// A fresh value at the top of the stack.
  Value top_value(Where where, ValType type);
  void note_cells(u64 end) {
    if (end > max_cells_) max_cells_ = end;
  }

  /// Takes an operand that has been popped; topmost first.
  Operand take(Slot& s);
  void release(Slot& s);
  /// The same for an instruction that wants it in a slot: the producer stores it.
  Operand take_in_slot(Slot& s);
  /// Takes up to four operands in slots, named by the fields from `first_field` on.
  Fields slot_fields(std::span<Slot> args, u32 first_field);
  /// Makes an operand available in a slot.
  void force_slot(Operand& o);
  void store_const(u64 bits, ValType type, u32 cell);
  void store_acc(Class c, u32 cell);

  /// The accumulator of class c is about to change: stores the operand that it holds, if any.
  void spill(Class c);
  void spill_all();
  void forget_accumulators();
  /// A cell was written other than from an accumulator that now equals it.
  void note_write(u32 cell, u32 count = 1);

  /// Emits the instruction that computes `out`; leaves it in the accumulator.
  u32 produce(Base base, int combo, Fields fields, Slot& out);
  /// Emits an instruction whose result is in the own cell of `out`.
  u32 produce_in_slot(Base base, Fields fields, Slot& out);

  void copy(u32 to, u32 from, ValType type);
  void emit_copy(u32 to, u32 from);
  /// Stores the value of an operand, which stays what it is, to a cell.
  void move(const Slot& s, u32 to);
  /// Brings an operand on the stack, or one just popped, to its own cell.
  void settle(Slot& s);
  void settle_args(std::span<Slot> args);
  /// Brings all operands on the stack to their own cells; constants stay.
  void flush();
  /// Copies the operands that stand for a local that is about to be assigned.
  void detach_users(u32 local);
  void assign_local(u32 local, Slot& in);
  void forget_users() { ++generation_; }

  // Numeric ------------------------------------------------------------------------------------

  struct Choice {
    Base base{};
    int combo = -1;
    bool exchanged = false;
  };
  Choice choose(Base base, const Operand& x, const Operand& y) const;
  bool immediate_fits(Base base, const Operand& o) const;
  void emit_binary(Base base, Operand x, Operand y, Slot& out);
  void emit_unary(Base base, Operand x, Slot& out);
  void canonicalize(Op op, Slot& out);
  void compare_with_zero(Op op, Slot& a, Slot& out);

  // Deferring and fusing (fuse.cc) -------------------------------------------------------------

  /// The topmost operand, not computed yet because the next instruction (or the one after a
  /// local.get) will do it on the way.
  struct Deferred {
    bool is_load = false;
    bool negate = false;      // of `and` used as a condition: whether it is zero
    bool shifted = false;     // of `add`: y is to be shifted left by `shift`
    bool has_addend = false;  // of a load: added to the address, wrapping at 32 bits
    Base base{};
    Operand x, y;  // loads: x is the address
    u32 shift = 0;
    u32 addend = 0;
    u32 end = 0;  // loads: offset + size
  };
  bool next_is_branch(u32 skip = 0) const;
  bool next_is_load() const;
  u8 consumer() const;
  bool negate_deferred();
  bool defer(const Deferred& d, Slot& out);
  bool defer_condition(Base base, const Operand& x, const Operand& y, Slot& out);
  bool defer_binary(Op op, Base base, const Operand& x, const Operand& y, Slot& out);
  bool defer_load(Op op, const Operand& address, u32 end, Slot& out);
  bool fuse(Op op, Slot& a, Slot& b, Slot& out);
  bool fuse_load(Base base, bool reversed, const Operand& x, Slot& out);
  bool emit_fused(Base base, const Operand& x, Operand a, const Operand& b, Slot& out);
  bool load_deferred_address(Op op, u32 end, Slot& out);
  void realize(Slot& s);
  void compute(Slot& s);
  void pair_additions();

  // Control ------------------------------------------------------------------------------------

  /// What a conditional branch tests.
  struct Condition {
    enum class Kind : u8 { kValue, kTest, kCompare } kind = Kind::kValue;
    bool negate = false;  // kValue, kTest
    Base base{};          // kCompare
    Operand x, y;
  };
  struct Branch {
    Base base{};
    int combo = 0;
    Fields fields;
    u64 immediate = 0;
    bool has_immediate = false;
  };
  Condition take_condition(Slot& s, bool negate);
  Branch compare_branch(Base compare, Operand x, Operand y);
  Branch test_branch(bool negate, Operand x, Operand y);
  Branch value_branch(Base base, Operand x);
  void emit_branch(const Condition& c, Label& label);
  bool emit_loop_end(const Condition& c, Label& label);
  void emit_jump(Label& label);
  void conditional(Slot& condition, bool negate, Frame& target);
  bool in_place(const Frame& target) const;
  void move_to_label(const Frame& target);
  void leave_to(Frame& target);
  void meet(Frame& target);
  void label_here(Label& label);
  void check_limits();
  bool count_small_constant();
  void check_bulk();
  void pay_for_bulk(Op op, const Immediates& imm, std::span<Slot> args);
  void prepare_growth();
  void count_growth();
  void pay_fuel();

  // Exceptions ---------------------------------------------------------------------------------

  void open_region(Frame& frame, u32 depth);
  void close_region(Frame& frame);
  CatchHandler& add_handler(Frame& frame, CatchHandler::Kind kind);
  void begin_clause(Frame& frame, bool fallthrough);
  void leave_clause(Frame& frame);
  void emit_return_landing();
  HandlerTable finish_handlers();
  u32 tag_offset(u32 tag) const { return static_cast<u32>(context_.layout->tag(tag)); }

  // Calls --------------------------------------------------------------------------------------

  struct CallShape {
    u32 base, link, param_cells;
  };
  CallShape begin_call(const FuncType& type, std::span<Slot> args);
  static constexpr u32 kNoCell = ~u32{0};
  /// `root`: a cell of an operand that holds a reference during the instruction.
  void end_call(std::span<Slot> results, u32 root = kNoCell);
  /// The instruction just emitted is a safepoint whose operands have been popped: notes which cells
  /// hold references after it. All operands are in cells.
  void safepoint(u32 root = kNoCell);
  bool is_traced(ValType type) const { return gc_is_traced(type, module_.types); }
  Fields tail_fields(const CallShape& c) const;
  FuncCode* defined(u32 func) const { return &context_.funcs[func - module_.imported_funcs]; }

  // Continuations (stack_switching.cc) ---------------------------------------------------------

  Fields begin_switching(std::span<Slot> args, bool with_continuation);
  u32 cont_func_id(u32 type) const;
  void continuation_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void resume_clause(u32 resume, const ResumeHandler& handler, Frame* target);

  // Memory -------------------------------------------------------------------------------------

  bool fast_access(const MemArg& arg, u32 bytes) const;
  Fields any_access(const MemArg& arg) const;
  u32 memory_word(u32 memory) const;
  bool is_table64(u32 table) const;
  void memory_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void table_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void reference_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);

  // Garbage collection (gc.cc) -----------------------------------------------------------------

  const GcLayout& layout_of(u32 type);
  u64 cast_target(const Immediates& imm) const;
  void gc_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void gc_call(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  bool gc_access(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void struct_access(Op op, const GcField& field, std::span<Slot> args, std::span<Slot> results);
  void field_get(Base base, u32 offset, Slot& ref, Slot& out);
  void array_access(Op op, const GcField& element, std::span<Slot> args, std::span<Slot> results);
  void ref_eq(std::span<Slot> args, Slot& out);
  void cast(u64 target, Slot& ref, Slot& out);

  void simd(Op op, std::span<Slot* const> args, Slot& out);
  void load_vector(Op op, const MemArg& arg, Slot& address, Slot& out);
  void store_vector(const MemArg& arg, Slot& address, Slot& value);
  bool is_memory64(u32 memory) const {
    return module_.memories[memory].address == AddressType::kI64;
  }

  Context context_;
  const Module& module_;
  Emitter e_;
  const FuncType* type_ = nullptr;

  Slot* stack_ = nullptr;
  u32 height_ = 0;
  std::span<const u8> next_;  // the bytes after the current instruction
  u32 settled_ = 0;           // operands below this index are constants or in their own cells

  Accumulator acc_[3];
  Deferred deferred_;

  struct Users {
    u32 generation = 0;
    i32 top = -1;  // index on the stack of the topmost user
  };
  std::vector<u32> local_cells_;
  std::vector<Users> users_;
  u32 generation_ = 1;  // users_ of older generations are void

  u32 num_params_ = 0;
  u32 link_cell_ = 0;
  u32 first_operand_cell_ = 0;
  u64 max_cells_ = 0;

  // Which of the first 64 locals behind the parameters are assigned on all paths to here; the cells
  // of those (and of all further ones) that may be read before are zeroed at entry.
  u64 assigned_ = 0;
  u32 zero_begin_ = ~u32{0}, zero_end_ = 0;
  u32 zero_position_ = 0;
  u32 fuel_ = 0;  // of the instructions since the last one that ended a basic block
  struct Growth {
    bool pending = false;
    bool wide = false;  // 64-bit numbers
    u32 cell = 0;       // of the operand
  };
  Growth growth_;             // of the memory or table, by the previous instruction
  bool bulk_unpaid_ = false;  // the instruction that is about to come pays for what it does

  std::vector<u64> lifted_;

  std::vector<TryRegion> open_regions_;  // TryRegion::end is not known
  std::vector<TryRegion> regions_;       // in the order of their ends
  std::vector<CatchHandler> handlers_;   // targets of unfinished functions: landings of the emitter
  // The legacy catch clauses around us: operands below each, and the cell of what it has caught.
  struct Clause {
    u32 height, cell;
  };
  std::vector<Clause> clauses_;
  Label return_landing_;  // returns what is in the first operand's cells

  RootMap* roots_ = nullptr;
  std::span<const ValType> locals_;
  std::unordered_map<u32, GcLayout> layouts_;  // by type index
};

}  // namespace wazuka::interp

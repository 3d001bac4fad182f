// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From a body to a graph in SSA form, in the decoder's one pass.
//
// Locals have a current value each, and a log of what was assigned since each construct began
// (merge.cc). A branch to the end of a construct notes the values of the locals assigned in it;
// where the construct ends, those that differ become parameters of its block. Loops get parameters
// for the locals that validation saw assigned in them. Parameters that turn out to be
// unnecessary are removed afterwards (pass/params.h).
//
// Structured control gives the dominator tree for nothing: the scopes of the Factory are the
// blocks that dominate the current one.
//
// Invariants: `block_` is the open block while code is reachable (the decoder reports nothing
// else); path_ is the way from the entry to it in the dominator tree, one scope each.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "abi/gc_layout.h"
#include "abi/vm.h"
#include "base/error.h"
#include "opt/analysis/domtree.h"
#include "opt/ir/graph.h"
#include "opt/pass/factory.h"
#include "tier/compile_env.h"
#include "wasm/sink.h"

namespace wazuka::opt {

/// What a construct's label is to the builder.
struct ControlData {
  static constexpr u32 kNone = ~u32{0};

  Block block = kNoBlock;      // loops: the head; others: the end, once something branches there
  Block from = kNoBlock;       // if: the block that decides
  Block otherwise = kNoBlock;  // if: its other arm
  u32 log_begin = 0;           // assignments before it
  u32 incoming = kNone;        // the last one of a list
  u32 incoming_count = 0;
  u32 saved_begin = 0;  // if: its parameters; loop: locals that are parameters of the head
  u32 saved_count = 0;
  u32 region = kNone;  // the try region around; try constructs: their own
  // Legacy: behind the body; the exception, and the locals that the clauses begin with.
  bool in_clauses = false;
  Value exception = kNoValue;
  u32 log_clauses = 0;
  bool has_flag = false;    // loop: its last parameter is that of osr.cc
  u32 height = 0;           // operands below it,
  u32 clauses = 0;          // and legacy clauses around (osr.cc)
  bool is_inlined = false;  // the end of an inlined body: nobody needs its locals behind it
  u32 table_stamp = 0;      // the br_table that led there last, and its edge
  EdgeId table_edge{};
};

using BuilderBase = SinkBase<Value, ControlData>;
using Slot = BuilderBase::Slot;
using Frame = BuilderBase::Frame;

class GraphBuilder {
 public:
  explicit GraphBuilder(Graph& g) : g_(g), f_(g) {}

  void begin(const CompileEnv& env, u32 func_index);
  /// The graph is to begin at this loop (osr.cc). Behind begin.
  void begin_osr(const CompileEnv& env, u32 loop);
  Result<void> finish();
  bool failed() const { return !failure_.empty(); }
  /// Reads a body: the function's own, or one to inline.
  bool decode(u32 func);

  // The decoder's position, before each hook.
  void at(Slot* stack, u32 height, u32 offset, const u8* /*next*/) {
    stack_ = stack;
    height_ = height;
    offset_ = offset;
    f_.wasm_offset = body_.label == nullptr ? offset : inlined_position(offset);
  }
  bool has_limits() const { return env_->fuel || env_->epoch; }
  void count_limits(Op op);

  // The hooks, in files by family.
  void begin_body(std::span<const ValType> locals);

  void block(Frame& f);
  void loop(Frame& f);
  void if_(Slot& condition, Frame& f);
  void else_(Frame& f, bool fallthrough);
  void else_params(Frame& f, std::span<Slot> params);
  void end(Frame& f, bool fallthrough, std::span<Slot> results);
  void br(Frame& target);
  void br_if(Slot& condition, Frame& target);
  void br_table(Slot& index, std::span<Frame* const> targets);
  void return_();
  void unreachable();
  void br_on_null(Frame& target, Slot& ref, Slot& out);
  void br_on_non_null(Frame& target, Slot& ref);
  void br_on_cast(Op op, Frame& target, const Immediates& imm, Slot& ref, Slot* desc, Slot& out);

  void call(u32 func, std::span<Slot> args, std::span<Slot> results);
  void call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args,
                     std::span<Slot> results);
  void call_ref(u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results);
  void return_call(u32 func, std::span<Slot> args);
  void return_call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args);
  void return_call_ref(u32 type, Slot& ref, std::span<Slot> args);

  void select(Slot& a, Slot& b, Slot& condition, Slot& out) {
    out.value = f_.select(condition.value, a.value, b.value);
  }
  void local_get(u32 index, Slot& out) { out.value = locals_[body_.first_local + index].value; }
  void local_set(u32 index, Slot& in) { assign(body_.first_local + index, in.value); }
  void local_tee(u32 index, Slot& in, Slot& out) {
    assign(body_.first_local + index, in.value);
    out.value = in.value;
  }
  void global_get(u32 index, Slot& out);
  void global_set(u32 index, Slot& in);
  void constant(u64 bits, Slot& out) {
    const Type t = type_of(out.type);
    out.value = is_int(t) ? f_.iconst(t, bits) : f_.fconst(t, bits);
  }
  void v128_const(const u8* bytes, Slot& out);

  void unary(Op op, Slot& a, Slot& out);
  void binary(Op op, Slot& a, Slot& b, Slot& out);
  void ternary(Op op, Slot& a, Slot& b, Slot& c, Slot& out);
  void wide(Op op, std::span<Slot> args, std::span<Slot> results);
  void extract_lane(Op op, u32 lane, Slot& vector, Slot& out);
  void replace_lane(Op op, u32 lane, Slot& vector, Slot& x, Slot& out);
  void shuffle(const u8* lanes, Slot& a, Slot& b, Slot& out);

  void load(Op op, const MemArg& arg, Slot& address, Slot& out);
  void store(Op op, const MemArg& arg, Slot& address, Slot& value);
  void load_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector, Slot& out);
  void store_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector);
  void atomic(Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results);
  void other(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void try_table(Frame& f, std::span<const CatchClause> clauses);
  /// The clauses of a try_table that ends, by the depth of their labels.
  void end_try_table(Frame& f, bool fallthrough, std::span<Slot> results,
                     std::span<Frame* const> targets);
  std::span<const CatchClause> clauses_of(const Frame& f) const;
  void legacy_try(Frame& f);
  void legacy_catch(Frame& f, u32 tag, bool fallthrough, std::span<Slot> values);
  void legacy_catch_all(Frame& f, bool fallthrough);
  void legacy_delegate(Frame& f, const Frame& target, bool fallthrough);
  void rethrow(const Frame& target);
  /// Behind the hook that ends a part of a construct (osr.cc).
  void restore_operands(const Frame& f);
  void throw_(u32 tag, std::span<Slot> args);
  void throw_ref(Slot& ref);
  void unsupported(std::string_view what);
  void unsupported(Op op) { unsupported(op_info(op).text.view()); }

 private:
  static constexpr u32 kNone = ~u32{0};
  static constexpr u32 kMaxOffset = (u32{1} << 31) - 64;  // of an access
  static constexpr u64 kMaxMergeWork = u64{1} << 22;      // values on edges, in all

  static Type type_of(ValType t) {
    switch (t.kind()) {
      case ValKind::kI32: return Type::kI32;
      case ValKind::kF32: return Type::kF32;
      case ValKind::kF64: return Type::kF64;
      case ValKind::kV128: return Type::kV128;
      case ValKind::kBottom:
      case ValKind::kI64:
      case ValKind::kRef: break;
    }
    return Type::kI64;
  }
  bool is_traced(ValType t) const { return t.is_ref() && gc_is_traced(t, module_->types); }

  // Locals and merging (merge.cc) ----------------------------------------------------------------

  struct Local {
    Value value = kNoValue;
    u32 last_entry = 0;  // 1 + index of its last entry in the log
    ValType type;
  };
  struct Assignment {
    u32 local;
    Value before;
    u32 entry_before;  // Local::last_entry before
  };
  /// A branch to the end of a construct.
  struct Incoming {
    u32 next;  // in the list of its construct
    EdgeId edge;
    Block from;
    u32 values_begin;                // in values_: what the label carries …
    u32 locals_begin, locals_count;  // … and pairs (local, value)
  };

  void assign(u32 local, Value v);
  void roll_back(u32 log_begin);
  void hand_over_assignments(u32 log_begin);
  void enter(Frame& f);
  void leave(Frame& f);
  EdgeId branch_to(Frame& target, std::span<const Slot> values);
  EdgeId branch_to_end(ControlData& d, std::span<const Slot> values);
  EdgeId edge_to_loop(Frame& target, std::span<const Slot> values, Value osr_flag = kNoValue);
  EdgeId table_edge(Frame& target, std::span<const Slot> values);
  void merge(Frame& f, std::span<Slot> results);
  void collect_columns(const ControlData& d);
  bool merge_ways(const ControlData& d, std::span<Slot> results);
  Value merged(Block block, std::span<const u32> column, Type type, bool traced);
  std::span<const Slot> branch_values(const Frame& f) const {
    const u32 n = static_cast<u32>(f.label_types().size());
    return {stack_ + height_ - n, n};
  }

  // On-stack replacement (osr.cc) ----------------------------------------------------------------

  Value osr_value(u32 cell, ValType t);
  void osr_entry();
  bool is_in_chain(const Frame& f) const {
    return osr_.next < osr_.chain.size() && osr_.chain[osr_.next] == f.loop_ordinal;
  }
  struct OsrHomes {
    std::vector<u32> operands, exceptions;  // cells
  };
  void join_osr(Frame& f);
  OsrHomes homes_here() const;
  void begin_at_loop(const OsrHomes& homes);
  void merge_osr(const OsrHomes& homes, u32 params, bool last);
  void fork_osr(Block head);
  void finish_osr();
  // Locals behind the real ones.
  enum class Shadow : u8 { kOperand, kException };
  u32 shadow_of(Shadow kind, u32 index);
  void shadow(Shadow kind, u32 index, ValType t, Value v);
  bool is_gone(const ControlData& d, u32 local) const {
    if (local < num_locals_ || body_.label != nullptr) return false;
    const u32 index = (local - num_locals_) / 2;
    return index >= ((local - num_locals_) % 2 == 0 ? d.height : d.clauses);
  }
  bool is_on_osr_path(const Frame& f) const;
  void shadow_operands(const Frame& f);
  void begin_osr_clause(const Frame& f);

  // Blocks (control.cc) --------------------------------------------------------------------------

  void begin_block(Block b, Block idom);
  /// A block that no edge leads to, for code that the decoder thinks reachable.
  void begin_unreached();
  Value append(const Inst& inst) {
    const Value v = g_.add(inst, f_.wasm_offset);
    g_.append(block_, v);
    return v;
  }
  /// Ends the block.
  void terminate(const Inst& inst) {
    append(inst);
    block_ = kNoBlock;
  }
  void jump(EdgeId e) { terminate({.op = Opcode::kJump, .args = {index_of(e)}}); }
  void branch(Value condition, EdgeId taken, EdgeId otherwise);
  /// Branches to a label if the condition is not zero, and goes on in a new block.
  void branch_if(Value condition, Frame& target, std::span<const Slot> values);
  void emit_return(std::span<const Slot> values);
  void trap_if(Value condition, TrapCode code);
  void limit_if(Value condition, TrapCode code);
  void check_not_null(Value ref, TrapCode code) { trap_if(f_.icmp(IntCond::kEq, ref, 0), code); }
  void hint(Block taken, Block otherwise);
  void take_results(std::span<Slot> results);
  void end_if(Frame& f, bool fallthrough);
  void end_unreached(Frame& f, std::span<Slot> results);
  Value zero(ValType t);

  // Accesses -------------------------------------------------------------------------------------

  u16 intern(const Access& a) {
    const u32 index = g_.intern(a);
    if (index == Graph::kNoAccess) unsupported("so many different accesses");
    return static_cast<u16>(index);
  }
  Value load_at(Type t, Value base, u32 offset, Region region, u32 region_index, u8 bytes);
  void store_at(Value base, u32 offset, Region region, u32 region_index, u8 bytes, Value value);
  Value store_context() {
    return f_.vmload(Type::kI64, f_.vmctx(), offsetof(VMContext, store_context));
  }
  Value vm_memory(u32 memory) {
    return f_.vmload(Type::kI64, f_.vmctx(), static_cast<i32>(env_->layout.memory(memory)));
  }

  // Two imports may be the same memory, or table: then all imported ones have one index.
  u32 memory_region(u32 memory) const {
    const u32 imported = module_->imported_memories;
    return imported > 1 && memory < imported ? kImportedIndex : memory;
  }
  u32 table_region(u32 table) const {
    const u32 imported = module_->imported_tables;
    return imported > 1 && table < imported ? kImportedIndex : table;
  }

  struct Address {
    Value base = kNoValue, index = kNoValue;
    u32 offset = 0;
    bool traps = false;
  };
  Value memory_base(u32 memory);
  Value memory_size(u32 memory);
  bool is_64(u32 memory) const { return module_->memories[memory].address == AddressType::kI64; }
  Address address_of(const MemArg& arg, u32 bytes, Value index);
  Address checked_address(const MemArg& arg, u32 bytes, Value index);
  Access access_of(Op op, const MemArg& arg, const Address& a) const;
  // Small bulk operations (small_bulk.cc).
  bool is_small(Value length) const;
  u16 piece_access(u32 memory, u32 offset, u32 bytes);
  void store_piece(u32 memory, const Address& to, u32 offset, u32 bytes, Value value);
  void copy_small(u32 to_memory, u32 from_memory, std::span<Slot> args);
  void fill_small(u32 memory, std::span<Slot> args);
  void check_alignment(const MemArg& arg, u32 bytes, Value index);
  void atomic_wait(Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results);

  // Inlining (inline.cc) -------------------------------------------------------------------------

  /// The body that is being read: the function's own, or one in the place of a call.
  struct Body {
    u32 func = 0;
    const FuncInfo* info = nullptr;
    const FuncType* type = nullptr;
    std::span<const BranchHint> hints;
    u32 first_local = 0;           // in locals_
    ControlData* label = nullptr;  // its end, if it is inlined
    u32 call = 0;                  // then: the position of the call,
    const Body* caller = nullptr;  // and who calls
    std::span<const Slot> args;
  };
  static constexpr u32 kMostInlinedDepth = 5;
  void set_body(u32 func);
  void set_inline_budget();
  bool should_inline(u32 func) const;
  void inline_call(u32 func, std::span<const Slot> args, std::span<Slot> results);
  void begin_inlined(std::span<const ValType> locals);
  void end_inlined(const ControlData& label, std::span<Slot> results);
  u32 inlined_position(u32 offset);

  // Calls ----------------------------------------------------------------------------------------

  /// Appends a call, as an `invoke` where a handler may be, and its results.
  Value finish_call(CallInfo info, Value callee, Type type);
  void call_function(const CallInfo& info, Value callee, std::span<Slot> results);
  CallInfo call_info(CallInfo::Kind kind, u32 type_index, std::span<const Slot> args);
  Value table_function(u32 type, u32 table, Value index);
  void check_function_type(u32 type, Value ref);
  Value builtin(Builtin b, std::initializer_list<Value> args);
  void check_trap(Value trap_or);
  void raise(Value trap_or);
  Value grown(Value old_size, Type type);

  // Families -------------------------------------------------------------------------------------

  void int_unary(Op op, Slot& a, Slot& out);
  void simd(Op op, std::initializer_list<Value> args, Slot& out);
  void memory_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void table_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void reference_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void gc_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  struct TableShape {
    Value elements, size;
  };
  TableFacts table_facts(u32 table) const;
  TableShape table_shape(u32 table);
  Value table_element(u32 table, Value index, Value* offset);
  Value index_64(Value v) { return g_.type(v) == Type::kI32 ? f_.zext(v) : v; }
  struct GlobalPlace {
    Value base;
    u32 offset;
    u32 region_index;
  };
  GlobalPlace global_place(u32 index);

  // Garbage collection (gc.cc).
  const GcLayout& layout_of(u32 type);
  Value gc_base();
  void check_reference(const Slot& ref);
  Value ref_offset(Value ref, Value index, u32 log2);
  Value array_length(const Slot& ref);
  bool gc_access(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void gc_call(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  Value test_instance(const Immediates& imm, Value ref);
  void store_cells(SlotId slot, u32 cell, std::span<const Slot> values);
  Value slot_address(SlotId slot, u32 cell);
  Value slot_load(SlotId slot, u32 cell, ValType type);
  static u32 cells_of(std::span<const Slot> values);

  // Exceptions (exceptions.cc).
  void raise_exception(Value exception);
  void collect_handlers(CallInfo& info);
  EdgeId add_landing_edges(std::vector<Block>& landings);
  void begin_landings(std::span<const Block> landings, Block from);
  void end_clause(u32 clause, Frame& target);
  void begin_dispatch(Frame& f);
  void begin_clause(Frame& f, bool fallthrough);
  void end_legacy(Frame& f, bool fallthrough, std::span<Slot> results);

  // Limits (limits.cc).
  Value load_fuel();
  void store_fuel(Value fuel);
  bool count_small_constant();
  void pay_fuel();
  void pay_units(Value units);
  void check_bulk();
  void pay_for_bulk(Op op, const Immediates& imm, std::span<const Slot> args);
  void prepare_growth();
  void count_growth();
  void check_limits();
  void check_epoch();

  // State ----------------------------------------------------------------------------------------

  Graph& g_;
  Factory f_;
  const CompileEnv* env_ = nullptr;
  const Module* module_ = nullptr;
  Body body_;
  u32 inline_budget_ = 0;  // bytes
  u32 depth_ = 0;          // of inlined bodies
  u32 offset_ = 0;         // of the instruction, in the module
  std::string failure_;

  Slot* stack_ = nullptr;
  u32 height_ = 0;

  Block block_ = kNoBlock;
  DomTree dominators_;
  std::vector<Block> path_;
  std::vector<Block> begun_;  // in the order of the source
  bool has_unreached_ = false;

  std::vector<Local> locals_;
  u32 num_locals_ = 0;  // without those of osr.cc
  std::vector<Assignment> log_;
  u32 frame_log_ = 0;  // log_begin of the innermost construct
  std::vector<u32> frame_logs_;
  std::vector<Incoming> incoming_;
  std::vector<u32> values_;
  std::vector<u32> loop_values_;
  std::vector<u32> saved_;
  struct EdgeCopy {
    EdgeId edge, original;
  };
  std::vector<EdgeCopy> edge_copies_;  // entries of a br_table with the same label
  u32 table_stamp_ = 0;
  u64 merge_work_ = 0;
  std::vector<Slot> scratch_slots_;

  // merge(): a row of values for each branch, a column for each local.
  std::vector<u32> columns_;    // locals
  std::vector<u32> column_of_;  // by local: 1 + column
  std::vector<u32> rows_;
  std::vector<u32> kept_;  // columns that become parameters
  std::vector<const Incoming*> ways_;

  /// The way from the entry to the loop where the graph begins.
  struct Osr {
    bool active = false;
    std::vector<u32> chain;   // the loops that it goes through, outermost first
    u32 next = 0;             // which of them it leads to now,
    Block target = kNoBlock;  // before its head, with this edge
    EdgeId edge{};
    Block from = kNoBlock;             // the last block of both this way and the other
    std::vector<Value> locals, stack;  // there
    Value flag = kNoValue;             // what enters the next loop of the chain
    u32 first_operand_cell = 0;
    std::vector<const u8*> path;  // where the constructs around that loop begin
    std::vector<u32> clauses;     // legacy clauses around: operands below each,
    u32 clauses_outside = 0;      // and how many were there at `from`
  };
  Osr osr_;

  /// A clause of a try_table: like a construct that ends where the try_table does, and that every
  /// call inside branches to.
  struct Clause {
    CatchClause clause;
    Handler handler;
    ControlData label;
  };
  struct TryRegion {
    u32 outer = kNone;
    u32 clauses_begin = 0, clauses_count = 0;
  };
  std::vector<CatchClause> catch_clauses_;  // of all try_tables, in parallel with clauses_
  std::vector<Clause> clauses_;
  std::vector<TryRegion> regions_;
  std::vector<u32> handler_clauses_;  // of the call in work
  u32 region_ = kNone;

  u32 fuel_ = 0;
  bool bulk_unpaid_ = false;  // the instruction that is about to come pays for what it does
  struct Growth {
    bool pending = false;
    Value units = kNoValue;
  };
  Growth growth_;
  std::unordered_map<u32, GcLayout> layouts_;
};

}  // namespace wazuka::opt

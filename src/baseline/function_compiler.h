// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The baseline compiler's state while it compiles one function, behind the body decoder.
//
// The abstract stack (value.h) rides on the decoder's operands; locals have entries of their own.
// Registers are counted: uses_[r] is the number of operands in r, plus one if a local is in it.
// What a register holds does not change while it is used: assigning a local gives the local
// another register, unless nothing else uses the old one. So local.get copies nothing.
//
// Where control flow meets, every operand is a constant or in its home (`flush` at the beginning of
// each construct), and locals are where the label's State says: the first branch to a label decides
// it, later ones move. Loops choose before they start, so that nothing moves in them.
//
// Invariants:
//   * a register holds at most one local; a local without a register is in its home;
//   * r14 and r15 hold VMContext and memory base if vmctx_valid_ and memory_valid_;
//   * zext_ has only registers whose upper half is zero. Every write of a general register goes
//     through op<>() or erases it;
//   * no instruction that changes the flags is emitted between a comparison that leaves its result
//     there and the next wasm instruction.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "abi/call_conv.h"
#include "abi/code_object.h"
#include "abi/gc_layout.h"
#include "abi/vm.h"
#include "asm/parallel_move.h"
#include "asm/x64/assembler.h"
#include "base/error.h"
#include "baseline/loop_scan.h"
#include "baseline/notes.h"
#include "baseline/value.h"
#include "baseline/x64/masm.h"
#include "tier/compile_env.h"

// Switches over opcodes name the few that they are about.
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace wazuka::baseline {

using x64::HeapBase;
using x64::k16;
using x64::k32;
using x64::k64;
using x64::k8;
using x64::Size;
using x64::ZextIndex;

/// Of accesses to memory: the widest, and the largest offset that an instruction has.
inline constexpr u32 kMaxAccessBytes = 16;
inline constexpr u64 kMaxOffset = HeapMem::kOffsetLimit - 64;

inline constexpr Gpr kVmctx = x64::r14, kMemoryBase = x64::r15;

class FunctionCompiler {
 public:
  explicit FunctionCompiler(assembly::CpuFeatures cpu) : a_(cpu, kMaxCodeBytes) {}

  /// `deep`: the frame may be of any size (needs_deep() says that it has to be).
  void begin(const CompileEnv& env, u32 func_index, bool deep);
  Result<CompiledCode> finish();
  /// After everything has been handed over: the code is no good, since its frame is larger than it
  /// seemed at the beginning.
  bool needs_deep() const { return !failed_ && !deep_ && stack_bytes() > kShallowBytes; }
  assembly::CpuFeatures cpu() const { return a_.features(); }
  bool failed() const { return failed_; }

  // The decoder's position, before each hook.
  void at(Slot* stack, u32 height, u32 offset, const u8* next) {
    stack_ = stack;
    height_ = height;
    if (height < settled_) settled_ = height;
    offset_ = offset;
    next_ = next;
    pinned_ = 0;
    if (env_->positions) [[unlikely]]
      note_position();
  }
  bool has_limits() const { return has_limits_; }
  void count_limits(Op op);
  void check_state(Op next);

  // The hooks, in files by family.
  void begin_body(std::span<const ValType> locals);
  void end_body();

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

  void try_table(Frame& f, std::span<const CatchClause> clauses, std::span<Frame* const> targets);
  void throw_(u32 tag, std::span<Slot> args);
  void throw_ref(Slot& ref);
  void legacy_try(Frame& f);
  void legacy_catch(Frame& f, u32 tag, bool fallthrough, std::span<Slot> values);
  void legacy_catch_all(Frame& f, bool fallthrough);
  void legacy_delegate(Frame& f, const Frame& target);
  void rethrow(const Frame& target);

  void call(u32 func, std::span<Slot> args, std::span<Slot> results);
  void call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args,
                     std::span<Slot> results);
  void call_ref(u32 type, Slot& ref, std::span<Slot> args, std::span<Slot> results);
  void return_call(u32 func, std::span<Slot> args);
  void return_call_indirect(u32 type, u32 table, Slot& index, std::span<Slot> args);
  void return_call_ref(u32 type, Slot& ref, std::span<Slot> args);

  void drop(Slot& s) { release(s); }
  void select(Slot& a, Slot& b, Slot& condition, Slot& out);
  void local_get(u32 index, Slot& out);
  void load_local(u32 index);
  void local_set(u32 index, Slot& in);
  void local_tee(u32 index, Slot& in, Slot& out);
  void global_get(u32 index, Slot& out);
  void global_set(u32 index, Slot& in);
  void constant(u64 bits, Slot& out);
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
  void unsupported(std::string_view what);
  void unsupported(Op op) { unsupported(op_info(op).text.view()); }

 private:
  static constexpr u32 kMaxCodeBytes = 64 << 20;
  static constexpr u32 kMaxFrameCells = 65000;  // roots are u16
  static constexpr u32 kMaxRoots = 4 << 20;
  static constexpr u32 kHeaderBytes = 16;  // VMContext*, memory base
  // rsp may move by so much before it is compared with the limit: below that there is room for
  // signal handlers and builtins at any rate.
  static constexpr u32 kShallowBytes = 4096;
  static constexpr u32 kNoLocal = ~u32{0};

  struct Local {
    ValType type;
    Reg reg = kNoReg;
    bool stored = false;  // if in a register: the home has the value as well
    u32 cell = 0;
  };

  // Registers (regs.cc) ------------------------------------------------------------------------

  static constexpr u32 kGprs =
      bit(reg_of(x64::rax)) | bit(reg_of(x64::rcx)) | bit(reg_of(x64::rdx)) |
      bit(reg_of(x64::rbx)) | bit(reg_of(x64::rsi)) | bit(reg_of(x64::rdi)) | bit(reg_of(x64::r8)) |
      bit(reg_of(x64::r9)) | bit(reg_of(x64::r12)) | bit(reg_of(x64::r13));
  static constexpr u32 kXmms = 0x3fffu << 16;

  static constexpr u32 allocatable(bool xmm) { return xmm ? kXmms : kGprs; }
  void pin(Reg r) { pinned_ |= bit(r); }
  void pin(const Slot& s) {
    if (s.value.where == Where::kReg) pin(s.value.reg);
  }
  void touch(Reg r) { last_use_[r] = ++clock_; }
  void add_use(Reg r) {
    ++uses_[r];
    used_ |= bit(r);
  }
  void drop_use(Reg r) {
    if (--uses_[r] == 0) used_ &= ~bit(r);
  }
  /// A register that nothing uses, pinned; whatever was in it has gone to its home. Emits only
  /// moves.
  Reg alloc(bool xmm);
  Reg alloc_busy(bool xmm);
  Gpr alloc_gpr() { return as_gpr(alloc(false)); }
  Xmm alloc_xmm() { return as_xmm(alloc(true)); }
  Reg victim(u32 candidates) const;
  /// Stores the values of a register and frees it.
  void spill(Reg r);
  /// Frees this register by moving its values to another one (or home), and pins it. What popped
  /// operands have in it stays there until it is written.
  void claim(Gpr r);
  /// Points the operands and the local that use `from` to `to`.
  void rename(Reg from, Reg to);
  void clear_registers();
  void bind_local(u32 index, Reg r, bool stored);
  void unbind_local(u32 index);

  // Operands.
  /// Brings a popped operand to a register, and pins it.
  Reg in_reg(Slot& s);
  Reg load_to_reg(Slot& s);
  Gpr gpr(Slot& s) { return as_gpr(in_reg(s)); }
  Xmm xmm(Slot& s) { return as_xmm(in_reg(s)); }
  /// The same as an index of a heap: with the upper half zero.
  ZextIndex zext_index(Gpr r);
  void release(Slot& s) {
    if (s.value.where == Where::kReg) drop_use(s.value.reg);
  }
  bool is_imm32(const Slot& s) const;
  i32 imm32(const Slot& s) const { return static_cast<i32>(static_cast<u32>(s.value.bits)); }
  bool is_const(const Slot& s) const { return s.value.where == Where::kConst; }

  /// The register of the local that the next instruction assigns, if nothing else uses it.
  Reg wanted_reg(bool xmm);
  Reg argument_reg(u32 func, bool xmm);
  /// A register for a result, given operands that were released already: the wanted one, unless it
  /// is in `avoid`; the one of the first operand if it is free; or another.
  Reg result_reg(bool xmm, Reg reuse, u32 avoid = 0);
  void set_out(Slot& out, Reg r) { set_out_at(out, r, cell_at(height_)); }
  void set_out_at(Slot& out, Reg r, u32 cell);
  void set_out_home(Slot& out, u32 cell);
  void set_out_flags(Slot& out, FloatCond flags);

  u32 cell_at(u32 index) const;
  void note_cells(u32 end) {
    if (end > max_cells_) max_cells_ = end;
  }

  // Code -----------------------------------------------------------------------------------------

  i32 home_offset(u32 cell) const { return static_cast<i32>(sp_adjust_ + 8 * cell); }
  Mem home(u32 cell) const { return Mem(x64::rsp, home_offset(cell)); }
  void load_home(Reg r, ValType t, u32 cell);
  void store_home(u32 cell, ValType t, Reg r);
  void store_const(u32 cell, ValType t, u64 bits);
  void load_const(Reg r, ValType t, u64 bits);
  void move_reg(Reg dst, Reg src, ValType t);
  /// Brings an operand (popped or not) to its home.
  void settle(Slot& s);
  u32 settle_args(std::span<Slot> args);
  /// Operands to homes; consts stay, but not those of the topmost `params`.
  void flush(u32 params);
  void all_settled() {
    if (settled_ < rooted_) rooted_ = settled_;
    settled_ = height_;
  }

  /// An instruction with a Size, which writes the general register dst; keeps zext_ right.
  template <Inst kI, class... Args>
  void op(Size size, Gpr dst, Args... args) {
    if (size == k32) {
      if constexpr (x64::zero_extends(x64::kInst<kI>)) {
        zext_.insert(a_.index<kI>(dst, args...));
        return;
      }
    }
    a_.emit<kI>(size, dst, args...);
    zext_.erase(dst);
  }
  void mov(Size size, Gpr dst, Gpr src) { op<Inst::mov_rm>(size, dst, src); }
  void imm(Gpr dst, u64 value);

  Gpr vmctx();
  HeapBase memory_base();
  void reload_vmctx();
  void reload_memory_base();

  // Out-of-line code.
  struct Late {
    enum class Kind : u8 {
      kTrap,
      kRaiseEax,
      kSubtype,
      kTest,
      kCast,
      kTierUp,
      kLimit
    } kind = Kind::kTrap;
    assembly::Label label, back;
    TrapCode code = TrapCode::kUnreachableCodeReached;
    u32 wasm_offset = 0;
    u32 region = CallSite::kNoTry;
    u32 roots_begin = 0, roots_count = 0;
    // kSubtype, kTest, kCast: registers to keep, where the reference is, and the wanted type.
    u32 keep = 0;
    Reg ref = kNoReg;
    u32 type_id = 0;
    u32 sp_adjust = 0;
    // kTierUp: the loop's number, from 1, or 0 at the function's beginning; and what is not home
    // there.
    u32 loop = 0;
    u32 strays_begin = 0, strays_count = 0;
  };
  assembly::Label& trap_label(TrapCode code);
  void trap_if(Cond cond, TrapCode code) { a_.jcc(cond, trap_label(code)); }
  void limit_if(Cond cond, TrapCode code);
  void emit_limit(Late& l);
  /// At the next instruction.
  void trap_site(TrapCode code);
  void trap_now(TrapCode code);
  void emit_late();
  void note_position();
  void emit_type_question(Late& l);
  void keep_registers(u32 set, bool save);
  void raise_code(i32 code);
  void record_call(u32 wasm_offset, u32 region);

  // Merging (merge.cc)
  // -----------------------------------------------------------------------------

  assembly::Location slot_location(u32 cell) const {
    return assembly::Location::slot(home_offset(cell));
  }
  static assembly::Location reg_location(Reg r) {
    return is_xmm(r) ? assembly::Location::xmm(r - 16u) : assembly::Location::gpr(r);
  }
  static Reg reg_at(assembly::Location l) {
    return l.kind() == assembly::Location::Kind::kXmm ? static_cast<Reg>(16 + l.number())
                                                      : l.number();
  }
  static assembly::Width width_of(ValType t) {
    if (t.is_v128()) return assembly::Width::k16;
    return t == kI32 || t == kF32 ? assembly::Width::k4 : assembly::Width::k8;
  }
  void add_move(assembly::Location dst, const Slot& s);
  void add_move(Reg dst, Reg src, ValType type) {
    Slot s{type, {}};
    s.value.where = Where::kReg;
    s.value.reg = src;
    add_move(reg_location(dst), s);
  }
  void emit_moves();
  void drop_plan();
  void forget_moves() {
    move_count_ = 0;
    moves_read_slots_ = moves_write_slots_ = false;
  }
  struct PendingMove {
    assembly::Location dst;
    Slot from;
  };
  void pass_on(const PendingMove& m);
  void emit_move(const PendingMove& m);
  void emit_few_moves();
  void open_cycle(u32 waiting, std::span<u8, kRegs> readers);
  void capture(State& s);
  void set_state(const State& s);
  /// Decides what branches to a label find, if this is the first one.
  void ensure_label(Frame& f, std::span<const Slot> values);
  /// Collects what must be done on the way to a label; false if nothing.
  bool plan_edge(Frame& f, std::span<const Slot> values);
  void weaken(State& s) const;
  void plan_locals(const State& s);
  void emit_edge(const Frame& f);
  /// The values that a branch to f carries.
  std::span<const Slot> branch_values(const Frame& f) const {
    const u32 n = static_cast<u32>(f.label_types().size());
    return {stack_ + height_ - n, n};
  }
  void go_to(Frame& f, std::span<const Slot> values);
  void take_results(Frame& f, std::span<Slot> results);
  void set_homes(std::span<Slot> slots, u32 cell);

  // Control ------------------------------------------------------------------------------------

  FloatCond take_condition(Slot& s);
  void jump_if(FloatCond c, assembly::Label& target);
  void branch_if(FloatCond c, Frame& target);
  bool next_consumes_flags() const;
  void emit_return(std::span<const Slot> values);
  void prologue();
  void zero_locals(u32 first);
  void check_limits();
  bool count_small_constant();
  void load_store_context();
  void pay_fuel();
  void pay_units();
  void check_bulk();
  void pay_for_bulk(Op op, const Immediates& imm, std::span<Slot> args);
  void prepare_growth();
  void count_growth();
  void check_epoch();
  void count_entry();
  void count_loop(Frame& f);
  void note_strays(Late& l);
  void emit_tier_up(Late& l);
  u32 frame_bytes() const { return (kHeaderBytes + 8 * max_cells_ + 15) & ~u32{15}; }
  /// The frame and what calls push.
  u32 stack_bytes() const { return frame_bytes() + max_adjust_; }
  void check_stack();
  void check_stack_deep();
  void end_if(Frame& f, bool fallthrough);
  void choose_loop_state(u32 ordinal);
  void relocate(std::span<Slot> results, u32 cell);
  void select_move(FloatCond c, ValType type, Reg dst, Reg src);
  void store_to(const Mem& m, const Slot& s);

  // Calls ----------------------------------------------------------------------------------------

  void spill_for_call();
  void keep_args_movable(std::span<Slot> args, u32 max_gprs);
  void store_stack_args(const CallConv& cc, std::span<Slot> args);
  void move_args(const CallConv& cc, std::span<Slot> args, Reg extra_dst, Reg extra_src);
  void after_call(const CallConv& cc, std::span<Slot> results);
  void begin_call(const CallConv& cc);
  void push_bytes(u32 bytes) {
    a_.sub(k64, x64::rsp, static_cast<i32>(bytes));
    sp_adjust_ += bytes;
    if (sp_adjust_ > max_adjust_) max_adjust_ = sp_adjust_;
  }
  void call_through(Gpr ref);
  void load_callee(Gpr ref);
  Reg table_function(u32 type, u32 table, Slot& index, std::span<Slot> args);
  void finish_tail_call(const CallConv& cc, std::span<Slot> args, Reg ref, u32 func);
  const CallConv& conv_of(u32 type_index);
  void roots();

  /// An argument of a builtin.
  struct Arg {
    enum class Kind : u8 { kSlot, kImm, kCell, kLoad } kind = Kind::kImm;
    Slot* slot = nullptr;
    u64 value = 0;        // kImm; kCell: address of this cell; kLoad: offset from the VMContext
    bool extend = false;  // kSlot: an i32 is to be extended to 64 bits

    static Arg of(Slot& s) { return {.kind = Kind::kSlot, .slot = &s}; }
    static Arg index(Slot& s) {
      return {.kind = Kind::kSlot, .slot = &s, .extend = s.type == kI32};
    }
    static Arg imm(u64 v) { return {.kind = Kind::kImm, .value = v}; }
    static Arg cell(u32 c) { return {.kind = Kind::kCell, .value = c}; }
    static Arg load(u64 offset) { return {.kind = Kind::kLoad, .value = offset}; }
  };
  /// Calls a builtin; its result is in rax. Everything that lives is home afterwards.
  void builtin(u32 offset, std::initializer_list<Arg> args);
  /// The result of the last builtin is a TrapOr.
  void check_trap();
  /// Out of line: passes the TrapOr in eax to `raise`.
  Late& raise_late();

  // Instructions --------------------------------------------------------------------------------

  void int_unary(Op op, Slot& a, Slot& out);
  void eqz(Size size, Slot& a, Slot& out);
  void count_bits(Op op, Size size, Slot& a, Slot& out);
  void add(Size size, Slot& a, Slot& b, Slot& out);
  template <Inst kRm, Inst kMi>
  void alu(Size size, bool commutes, Slot& a, Slot& b, Slot& out);
  void multiply(Size size, Slot& a, Slot& b, Slot& out);
  void shift(Op op, Size size, Slot& a, Slot& b, Slot& out);
  void shift_const(u32 kind, Size size, u32 count, Slot& a, Slot& out);
  void divide(Op op, Size size, Slot& a, Slot& b, Slot& out);
  bool divide_const(u32 kind, Size size, Slot& a, u64 divisor, Slot& out);
  void compare(Size size, Cond cond, Slot& a, Slot& b, Slot& out);
  void flags_out(FloatCond c, Slot& out);
  void fold_constants(Op op, Slot& a, Slot& b, Slot& out);

  void float_compare(Op op, Slot& a, Slot& b, Slot& out);
  void float_binary(Op op, Slot& a, Slot& b, Slot& out);
  void to_xmm(Op op, Slot& a, Slot& out);
  void to_gpr(Op op, Slot& a, Slot& out);
  void simd_binary(Op op, Slot& a, Slot& b, Slot& out);

  HeapMem address_of(const MemArg& arg, Op op, Slot& address);
  template <Inst kI>
  void load_gpr(Op op, Size size, const MemArg& arg, Slot& address, Slot& out);
  void load_xmm(Op op, const MemArg& arg, Slot& address, Slot& out);
  HeapMem other_address(const MemArg& arg, u32 bytes, Slot& address);
  HeapBase any_memory_base(u32 memory);
  void load_limit(u32 memory, u64 bytes);
  HeapMem checked_address(const MemArg& arg, u32 bytes, Slot& address);
  void access_site() { trap_site(TrapCode::kMemoryOutOfBounds); }

  void memory_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void table_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void reference_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void gc_op(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void grow_result(Slot& out);
  void rax_out(Slot& out);
  Mem global_address(u32 index);
  const GcLayout& layout_of(u32 type);
  HeapBase gc_base();
  Gpr non_null(Slot& ref);
  void gc_load(const GcField& field, bool sign, HeapMem m, Slot& out);
  void gc_store(const GcField& field, HeapMem m, Reg value);
  HeapMem field_mem(const GcField& field, Slot& ref);
  HeapMem element_mem(const GcField& element, Slot& ref, Slot& index);
  bool gc_access(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void gc_call(Op op, const Immediates& imm, std::span<Slot> args, std::span<Slot> results);
  void test_instance(const Immediates& imm, Gpr ref, bool cast);

  void check_alignment(const MemArg& arg, u32 bytes, Slot& address);
  void zero_extend_narrow(Gpr r, u32 bytes);
  void atomic_cmpxchg(u32 bytes, const MemArg& arg, std::span<Slot> args, Slot& out);
  void atomic_rmw(Op op, u32 bytes, const MemArg& arg, std::span<Slot> args, Slot& out);
  void atomic_wait(Op op, const MemArg& arg, std::span<Slot> args, std::span<Slot> results);
  Gpr move_operand(Slot& s);

  u32 open_region(Frame& f);
  void landing_state();
  void begin_clause(Frame& f, bool fallthrough, CatchClauseTable& entry);
  void raise_exception(const Mem& from);
  void finish_clauses();

  void table_element(u32 table, Slot& index, Gpr element);

  // State
  // ------------------------------------------------------------------------------------------

  x64::Assembler a_;
  std::optional<Masm> m_;
  assembly::ParallelMove moves_{{x64::code(x64::r10), x64::code(x64::r11), 15}};
  // A few moves do not need it.
  static constexpr u32 kFewMoves = 16;
  PendingMove pending_moves_[kFewMoves];
  u32 move_count_ = 0;  // if more than that, all are in moves_
  bool moves_read_slots_ = false, moves_write_slots_ = false;
  const CompileEnv* env_ = nullptr;
  const Module* module_ = nullptr;
  const FuncInfo* info_ = nullptr;
  const FuncType* type_ = nullptr;
  const CallConv* conv_ = nullptr;
  // By type index, kept from one function to the next, of whatever module.
  struct CachedConv {
    std::unique_ptr<CallConv> conv;
    u32 function = 0;  // the last one that has compared it with the type
  };
  std::vector<CachedConv> convs_;
  u32 function_ = 0;  // counts up
  u32 func_index_ = 0;
  bool failed_ = false;
  std::string failure_;

  Slot* stack_ = nullptr;
  u32 height_ = 0;
  u32 settled_ = 0;  // operands below are home or constants
  u32 offset_ = 0;
  const u8* next_ = nullptr;  // the next instruction; a body ends with `end`, so never beyond it
  bool has_limits_ = false;
  u64 guarded_end_ = 0;  // accesses of memory 0 with smaller offsets need no comparison

  std::vector<Local> locals_;
  std::vector<u16> traced_locals_;  // cells
  u32 first_operand_cell_ = 0;
  u32 max_cells_ = 0;
  u32 max_adjust_ = 0;  // of sp_adjust_
  bool deep_ = false;   // the prologue asks for room before it moves rsp
  u32 sp_adjust_ = 0;
  u32 frame_patch_ = 0;  // where the frame's size is in the code
  u32 stack_patch_ = 0;  // of a deep function: where stack_bytes() is
  struct ClauseHeight {
    u32 height;
    u32 cell;
  };
  std::vector<ClauseHeight> clause_heights_;  // legacy catch clauses around

  u32 uses_[kRegs] = {};
  u32 reg_local_[kRegs] = {};
  u32 last_use_[kRegs] = {};
  u32 used_ = 0, pinned_ = 0, clock_ = 0;
  x64::ZextSet zext_;
  bool vmctx_valid_ = false, memory_valid_ = false, memory_saved_ = false;
  std::optional<HeapBase> memory_base_;

  // The edge that is being planned.
  u32 edge_zext_ = 0, edge_stores_ = 0, edge_loads_ = 0;
  bool edge_vmctx_ = false, edge_memory_ = false;

  std::vector<Slot> scratch_slots_;
  std::vector<Frame*> stubs_;
  struct PendingClause {
    u32 region;
    CatchClauseTable entry;
  };
  std::vector<PendingClause> pending_clauses_;
  std::vector<Late> late_;
  Notes<TrapSite> traps_;
  Notes<CallSite> calls_;
  CodeTables tables_;  // the rest of them
  std::vector<CodePosition> positions_;
  u32 last_roots_begin_ = 0, last_roots_count_ = 0;
  struct TracedOperand {
    u32 index;
    u16 cell;
  };
  std::vector<TracedOperand> traced_operands_;  // below rooted_, in their homes
  u32 rooted_ = 0;
  bool roots_changed_ = false;
  u32 region_ = CallSite::kNoTry;
  u32 loop_depth_ = 0;
  LoopScan loops_;
  u32 fuel_ = 0;  // of the instructions since the last one that ended a basic block
  struct Growth {
    bool pending = false;
    bool wide = false;
    u32 cell = 0;
  };
  std::vector<Slot> strays_;  // of the loops' beginnings: not home, but `cell` is known
  Growth growth_;             // of the memory or table, by the previous instruction
  bool bulk_unpaid_ = false;  // the instruction that is about to come pays for what it does
  std::unordered_map<u32, GcLayout> layouts_;
};

}  // namespace wazuka::baseline

#include "baseline/registers-inl.h"

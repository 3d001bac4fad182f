// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The state of lowering.
//
// i32 values. The upper half of their register is zero wherever somebody relies on it
// (zero_extended_): all instructions of 32 bits make it so, and what comes from elsewhere (calls,
// parameters, i64 values) gets an instruction of its own then. So zext32 costs nothing, and every
// i32 is an index of a heap. Users that read 32 bits only ask with low().
#pragma once

#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "abi/call_conv.h"
#include "baseline/x64/float.h"
#include "opt/ir/graph.h"
#include "opt/x64/mach_function.h"
#include "tier/compile_env.h"

// Switches over opcodes name the few that they are about.
#pragma GCC diagnostic ignored "-Wswitch-enum"

namespace wazuka::opt {

using regalloc::Constraint;
using regalloc::RegClass;
using regalloc::VReg;
using x64::k16;
using x64::k32;
using x64::k64;
using x64::k8;
using x64::Size;
using MInst = x64::Inst;
using FlagCond = baseline::FloatCond;

/// An index that may be added to the base of a heap: its upper half is zero, or it was compared
/// with the bound. Made by Lowering::heap_index() alone.
class HeapIndex {
 public:
  VReg vreg() const { return vreg_; }

 private:
  friend class Lowering;
  explicit HeapIndex(VReg vreg) : vreg_(vreg) {}
  VReg vreg_;
};

/// [base + index << scale + disp], with what a fault of it means.
struct Address {
  static constexpr VReg kNone = ~u32{0};
  VReg base = kNone, index = kNone;
  u8 scale = 0;
  i32 disp = 0;
  u8 trap = MachInst::kNoTrap;
  u32 wasm_offset = ~u32{0};
};

/// The last operand of most instructions: a register or a place in memory.
struct RegMem {
  enum class Kind : u8 { kReg, kAddress, kConst, kCell } kind = Kind::kReg;
  VReg vreg = 0;
  Address address = {};
  u32 number = 0;  // constant or cell
};

/// A row of insts.def with its operands, in the order of the row.
class Row {
 public:
  Row(MInst row, Size size = k64) {
    inst_.row = row;
    inst_.size = size;
  }
  Row& def(VReg v) { return reg(regalloc::Operand::def(v)); }
  /// dst is written, starting from the value of src.
  Row& reuse(VReg dst, VReg src) {
    operands_[count_++] = regalloc::Operand::use(src);
    return reg(regalloc::Operand::reuse_def(dst, static_cast<u8>(count_ - 1)));
  }
  Row& use(VReg v) { return reg(regalloc::Operand::use(v)); }
  Row& rm(const RegMem& x);
  Row& mem(const Address& a);
  Row& imm(i32 value) { return arg({.kind = Arg::Kind::kImm, .value = value}); }
  Row& cond(x64::Cond c) { return arg({.kind = Arg::Kind::kCond, .value = static_cast<i32>(c)}); }
  Row& frame(i32 disp) { return place(Arg::Kind::kFrame, disp); }
  Row& place(Arg::Kind kind, i32 disp) { return arg({.kind = kind, .value = disp}); }
  Row& cell(u32 number) {
    return arg({.kind = Arg::Kind::kCell, .value = static_cast<i32>(number)});
  }
  // Registers that the row does not name.
  Row& implicit(regalloc::Operand o) {
    operands_[count_++] = o;
    return *this;
  }

 private:
  friend class Lowering;
  Row& reg(regalloc::Operand o) {
    operands_[count_++] = o;
    return arg({.kind = Arg::Kind::kReg, .a = static_cast<u8>(count_ - 1)});
  }
  Row& arg(Arg a) {
    inst_.args[inst_.arg_count++] = a;
    return *this;
  }

  MachInst inst_;
  regalloc::Operand operands_[8];
  u32 count_ = 0;
};

class Lowering {
 public:
  Lowering(const CompileEnv& env, const Graph& graph, MachFunction& out)
      : env_(env), g_(graph), f_(out), avx_(env.cpu.has(assembly::CpuFeature::kAvx)) {}
  Result<void> run();

 private:
  static constexpr VReg kNoVReg = ~u32{0};

  // Blocks and values (lower.cc)
  // -------------------------------------------------------------------

  void prepare();
  void choose_layout();
  void block(Block b);
  void params();
  void inst(Value v);
  void pure(Value v);
  void unsupported(std::string_view what);

  bool has(assembly::CpuFeature f) const { return env_.cpu.has(f); }
  const Inst& at(Value v) const { return g_[v]; }
  Size size_of(Value v) const { return size_of(g_.type(v)); }
  static Size size_of(Type t) { return t == Type::kI64 || t == Type::kF64 ? k64 : k32; }
  static RegClass class_of(Type t);
  VReg temp(RegClass c = RegClass::kInt) { return f_.code.new_vreg(c); }

  /// The register of a value whose upper half, if it is an i32, is zero.
  VReg use(Value v);
  /// The register of a value of which only the lower half is read, if it is an i32.
  VReg low(Value v);
  /// Where the value goes that is being lowered.
  VReg dst(Value v) { return vreg_of(v); }
  VReg vreg_of(Value v);
  VReg leaf(Value v);
  VReg load_imm(u64 bits);
  VReg vmctx();
  bool needed(Value v) const { return needed_[index_of(v)]; }
  u32 uses(Value v) const { return uses_[index_of(v)]; }

  /// A constant that fits the immediate of an instruction.
  std::optional<i32> imm32(Value v) const;
  u32 constant(std::span<const u8> bytes);
  /// Whether `v` may be made as a part of the instruction at root_: nobody else needs it.
  bool can_take(Value v) const { return uses(v) == 1 && g_.block_of(v) == block_; }
  /// The same of a load: nothing between it and the root may change what it reads, or trap.
  bool can_take_load(Value v, u32 bytes) const;
  RegMem reg_mem(Value v, u32 bytes);
  /// Of a value of type i32 of which only the lower half is read.
  RegMem low_mem(Value v) { return reg_mem(v, type_bytes(g_.type(v))); }
  RegMem float_mem(Value v);

  void add(const Row& row);
  void add(MOp op, Value v, std::span<const regalloc::Operand> operands, u16 detail = 0,
           u64 imm = 0, regalloc::RegSet clobbers = 0);
  void add(MOp op, Value v, std::initializer_list<regalloc::Operand> operands, u16 detail = 0,
           u64 imm = 0) {
    add(op, v, std::span(operands.begin(), operands.size()), detail, imm);
  }
  void move(VReg to, VReg from);
  /// to = from, both of 64 bits, with a zero upper half.
  void zero_extend(VReg to, VReg from);

  // Integers (lower_int.cc)
  // -------------------------------------------------------------------------

  bool stays_32(Value shift) const;
  bool store_operation(Value v);
  void iadd(Value v);
  bool scaled_sum(Value v, Address& sum);
  void isub(Value v);
  void alu(Value v, MInst rm, MInst mi);
  void imul(Value v);
  void mul_high(Value v);
  void divide(Value v);
  void shift(Value v);
  void count_bits(Value v);
  void extend(Value v);
  void wrap(Value v);
  void set_cond(Value v, FlagCond c);
  void select(Value v);

  /// Emits a comparison; what must hold for the value to be not zero.
  FlagCond condition(Value v);
  FlagCond compare(Value v);
  FlagCond float_compare(Value v);
  void test(Size size, VReg x);
  void compare_with_zero(Value v);
  static u16 detail_of(FlagCond c) {
    return static_cast<u16>(static_cast<u32>(c.cond) | static_cast<u32>(c.parity) << 8);
  }

  // Floats (lower_float.cc)
  // --------------------------------------------------------------------------

  bool float_op(Value v);
  void float_binary(Value v);
  void float_constant(Value v, VReg to);
  void bitcast(Value v);

  // Vectors (lower_simd.cc)
  // ----------------------------------------------------------------------------

  void simd(Value v);
  void simd_load(Value v);
  void simd_load_lane(Value v);
  void simd_store_lane(Value v);

  // Memory (lower_memory.cc)
  // -------------------------------------------------------------------------

  Address address_of(Value v, Value base, Value index);
  Address address_of(Value v) { return address_of(v, at(v).arg(0), at(v).arg(1)); }
  HeapIndex heap_index(Value index, const Access& access);
  void load(Value v);
  void load_into(VReg to, Type type, const Access& access, const Address& from);
  void store(Value v);
  void vm_load(Value v);
  void slot_load(Value v);
  void home(Value v);
  void load_cell(Value v, Arg::Kind place, i32 number);
  void slot_store(Value v);
  void bounds(Value v);
  void ref_offset(Value v);
  void add_atomic(MachInst inst, const Address& a, std::span<const regalloc::Operand> operands);
  void atomic_rmw(Value v);
  void atomic_cas(Value v);
  u32 cell_of(SlotId s) const { return cells_[index_of(s)]; }

  // Control and calls (lower_control.cc)
  // ----------------------------------------------------------------

  void terminator(Value v);
  void edges(Value v);
  void add_edge(EdgeId e);
  void branch(Value v);
  void switch_(Value v);
  void return_(Value v);
  void trap_if(Value v, MOp op);

  using Operands = std::vector<regalloc::Operand>;
  void call(Value v);
  void tail_call(Value v);
  void raise(Value v);
  void builtin_call(Value v);
  void arguments(const CallConv& cc, std::span<const u32> args, Operands& operands);
  void stack_arguments(const CallConv& cc, std::span<const u32> args);
  /// To [rsp + disp] or [rbp + disp].
  void store_cell(Arg::Kind base, i32 disp, Value x);
  void load_cell(i32 disp, Value to);
  void results(Value v, const CallConv& cc, Operands& operands);
  void late_results();
  void unique_operands(Operands& operands);
  u32 add_call(const CallInfo& info, u32 callee, u32 popped);
  const FuncType& type_of(const CallInfo& info) const {
    return env_.module.types[info.type_index].func;
  }

  const CompileEnv& env_;
  const Graph& g_;
  MachFunction& f_;
  const bool avx_;
  std::string_view unsupported_;

  std::vector<Block> layout_;
  std::vector<u32> place_;    // of each block: its number in the layout
  std::vector<VReg> vregs_;   // of each value
  std::vector<u32> uses_;     // of each value
  std::vector<u32> effects_;  // of each value: effects before it in its block, its own excluded
  std::vector<bool> needed_, zero_extended_, taken_;
  std::vector<u32> cells_;  // of each slot: its first cell
  struct LateResult {
    Value value;
    VReg raw;
    i32 stack = -1;  // offset of its place on the stack
  };
  std::vector<LateResult> late_results_;
  VReg vmctx_ = kNoVReg;
  bool anew_ = false;  // what is made is made elsewhere, too: no load is a part of it
  Block block_{};
  Value root_ = kNoValue;
};

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/x64/emit.h"

#include <algorithm>
#include <numeric>

#include "abi/call_conv.h"
#include "baseline/relocation.h"
#include "opt/x64/emitter.h"

namespace wazuka::opt {

using namespace x64;
using assembly::CodeBuffer;
using assembly::Label;
using regalloc::Allocation;
using regalloc::RegClass;

namespace {

constexpr u32 kMaxCodeBytes = 64 << 20;
constexpr u32 kHeaderBytes = 16;  // VMContext*, memory base
// A frame of so many cells in a function that calls nothing may reach below the limit.
constexpr u32 kSmallCells = 128;
constexpr u32 kShallowBytes = 4096;  // frames of so many bytes may be made before asking for room

}  // namespace

const regalloc::Machine& machine() {
  // Never destroyed: background threads may compile while the process ends.
  static const regalloc::Machine& the_machine = *new regalloc::Machine([] {
    regalloc::Machine m;
    // The registers that need no prefix come first.
    for (Gpr r : {rax, rcx, rdx, rsi, rdi, rbx, r8, r9, r12, r13, r15, r14}) {
      m.allocatable[0].push_back(preg(r));
    }
    for (u8 i = 0; i < 14; ++i) m.allocatable[1].push_back(preg(Xmm{i}));
    m.scratch = {{{preg(r11), preg(r10)}, {preg(xmm15), preg(xmm14)}}};
    return m;
  }());
  return the_machine;
}

Emitter::Emitter(const CompileEnv& env, const MachFunction& f, const regalloc::Output& allocation)
    : env_(env),
      f_(f),
      out_(allocation),
      a_(env.cpu, kMaxCodeBytes),
      m_(a_, baseline::FloatMode{.canonical_nans = env.canonical_nans, .relaxed_fast = false}),
      // A frame that is taken over has its header, and stays as it is above ours.
      frame_bytes_(needs_frame()
                       ? ((f.taken_frame_bytes != 0 ? f.taken_frame_bytes : kHeaderBytes) +
                          8 * (f.cells + allocation.slot_units) + 15) &
                             ~15u
                       : 0) {}

/// A function that calls nothing and keeps nothing in memory can do without a frame, as long as r14
/// stays the VMContext: should it trap, the handler makes the frame (docs/abi.md).
bool Emitter::needs_frame() const {
  const CallConv cc(env_.module.func_type(f_.func_index));
  if (f_.calls_out || !env_.signals || f_.taken_frame_bytes != 0) return true;
  if (f_.cells + out_.slot_units != 0 || cc.param_bytes + cc.result_bytes != 0) return true;
  auto is_r14 = [](Allocation a) { return a.is_reg() && a.preg() == preg(r14); };
  for (const regalloc::Move& m : out_.moves) {
    const bool reads_frame = m.from.is_none() && f_.remats[m.remat].kind != Remat::Kind::kImm;
    if (reads_frame || is_r14(m.to)) return true;
  }
  const regalloc::Function function = f_.code.function();
  for (u32 i = 0; i < function.insts.size(); ++i) {
    if (f_.code.insts()[i].op == MOp::kParams) continue;
    const regalloc::InstInfo& info = function.insts[i];
    if ((info.clobbers >> preg(r14) & 1) != 0) return true;
    for (u32 k = info.operands.first; k < info.operands.end(); ++k) {
      const bool writes = function.operands[k].kind != regalloc::OperandKind::kUse;
      if (writes && is_r14(out_.allocations[k])) return true;
    }
  }
  return false;
}

Result<CompiledCode> emit(const CompileEnv& env, const MachFunction& f,
                          const regalloc::Output& allocation) {
  return Emitter(env, f, allocation).run();
}

/// Recursion must go about as deep as in baseline code, which has a home for each local and
/// operand: programs that fit into the stack there would overflow it here.
bool Emitter::frame_is_too_large() const {
  constexpr u32 kAlwaysFits = 1024, kTimes = 4;
  const FuncInfo& info = env_.module.func_infos[f_.func_index - env_.module.imported_funcs];
  const u64 homes = 8 * (u64{info.num_locals} + info.max_stack_height + f_.inlined_cells);
  const u32 ours = frame_bytes_ - f_.taken_frame_bytes;
  return ours > kAlwaysFits && ours > kTimes * homes;
}

Result<CompiledCode> Emitter::run() {
  if (frame_is_too_large()) return fail("unsupported: so many values at once");
  const u32 blocks = static_cast<u32>(f_.code.blocks().size());
  labels_ = std::vector<Label>(blocks);
  find_forwards();
  pass();
  if (a_.buffer().failure() == CodeBuffer::Failure::kNone) {
    for (const Label& l : labels_) block_offsets_.push_back(l.position());
    a_.reset();
    labels_ = std::vector<Label>(blocks);
    entry_ = Label();
    late_.clear();
    jump_tables_.clear();
    tables_ = {};
    first_pass_ = false;
    jumps_ = 0;
    next_move_ = 0;
    pass();
  }
  fill_jump_tables();
  const u32 end = a_.offset();
  if (a_.finish() != CodeBuffer::Failure::kNone) return fail("function too large");
  CompiledCode code;
  code.bytes.assign(a_.bytes().begin(), a_.bytes().end());
  const bool has_constants = a_.bytes().size() != end;
  code.alignment = env_.small_code && !has_constants ? 1 : a_.alignment();
  code.frame_bytes = frame_bytes_;
  for (const assembly::Site& s : a_.sites()) {
    code.relocations.push_back(
        {s.offset, Relocation::Target::kFuncCode, static_cast<u32>(s.payload)});
  }
  tables_.roots = f_.roots;
  tables_.tries = f_.tries;
  finish_clauses();
  finish_positions();
  code.tables = std::move(tables_);
  return code;
}

void Emitter::pass() {
  a_.bind(entry_);
  prologue();
  for (u32 b = 0; b < labels_.size(); ++b) block(b);
  emit_late();
}

void Emitter::prologue() {
  if (f_.taken_frame_bytes != 0) return take_frame();
  if (frame_bytes_ == 0) return;
  a_.push(rbp);
  a_.mov(k64, rbp, rsp);
  if (frame_bytes_ > kShallowBytes) {
    a_.push(r14);
    a_.push(r14);  // for the alignment of the call of `raise`
    return extend_frame();
  }
  a_.sub(k64, rsp, static_cast<i32>(frame_bytes_));
  a_.mov(k64, Mem(rbp, -8), r14);
  if (f_.calls_out || frame_bytes_ > 8 * kSmallCells) {
    a_.mov(k64, r11, Mem(r14, offsetof(VMContext, store_context)));
    a_.cmp(k64, rsp, Mem(r11, offsetof(VMStoreContext, native_stack_limit)));
    overflow_if_below();
  }
}

/// rbp is the frame of baseline code, rsp its end, r14 the VMContext.
void Emitter::take_frame() {
  if (frame_bytes_ != f_.taken_frame_bytes) extend_frame();
}

/// rsp stays where there is room until it is known that there is more (docs/abi.md).
void Emitter::extend_frame() {
  a_.lea(k64, r10, Mem(rbp, -static_cast<i32>(frame_bytes_)));
  a_.mov(k64, r11, Mem(r14, offsetof(VMContext, store_context)));
  a_.cmp(k64, r10, Mem(r11, offsetof(VMStoreContext, native_stack_limit)));
  overflow_if_below();
  a_.mov(k64, rsp, r10);
}

void Emitter::overflow_if_below() {
  const MachInst& first = f_.code.insts()[0];
  a_.jcc(x64::Cond::kB, trap_label(TrapCode::kStackOverflow, first.wasm_offset));
}

// Blocks ------------------------------------------------------------------------------------------

/// Blocks that only jump, with no move before, are left out.
void Emitter::find_forwards() {
  const auto blocks = f_.code.block_infos();
  forward_.resize(blocks.size());
  std::iota(forward_.begin(), forward_.end(), 0);
  for (u32 b = 1; b < blocks.size(); ++b) {
    const regalloc::Range insts = blocks[b].insts;
    if (f_.code.insts()[insts.end() - 1].op != MOp::kJump) continue;
    const bool empty =
        std::all_of(f_.code.insts().begin() + insts.first, f_.code.insts().begin() + insts.end(),
                    [](const MachInst& i) { return i.op == MOp::kJump || i.op == MOp::kMove; });
    const auto move =
        std::lower_bound(out_.moves.begin(), out_.moves.end(), insts.first,
                         [](const regalloc::Move& m, u32 inst) { return m.before < inst; });
    const bool moves = move != out_.moves.end() && move->before < insts.end();
    const u32 target = f_.code.succs(b)[0].to;
    if (empty && !moves && target != b) forward_[b] = target;
  }
  // Chains; an endless loop of such blocks ends somewhere in it.
  for (u32 b = 0; b < forward_.size(); ++b) {
    u32 to = forward_[b];
    for (u32 steps = 0; forward_[to] != to && steps < 16; ++steps) to = forward_[to];
    forward_[b] = to;
  }
}

void Emitter::block(u32 b) {
  block_ = b;
  a_.bind(labels_[b]);
  flags_reg_ = kNoFlags;
  if (forward_[b] != b) return;
  const regalloc::Range insts = f_.code.block_infos()[b].insts;
  for (inst_ = insts.first; inst_ < insts.end(); ++inst_) {
    moves();
    const MachInst& i = f_.code.insts()[inst_];
    if (is_redundant_test(i)) continue;
    inst(i);
    note_flags(i);
  }
  // An `invoke` that returns goes on in its first successor, wherever that is.
  const MOp last = f_.code.insts()[insts.end() - 1].op;
  if (last == MOp::kCall || last == MOp::kCallRef || last == MOp::kCallBuiltin) {
    go_to(f_.code.succs(b)[0].to);
  }
}

void Emitter::moves() {
  while (next_move_ < out_.moves.size() && out_.moves[next_move_].before == inst_) {
    move(out_.moves[next_move_++]);
  }
}

void Emitter::remat(Gpr dst, const Remat& r) {
  switch (r.kind) {
    case Remat::Kind::kImm: return a_.load_imm(dst, r.value);
    case Remat::Kind::kVmctx: return a_.mov(k64, dst, Mem(rbp, -8));
    case Remat::Kind::kCellAddress:
      return a_.lea(k64, dst, Mem(rbp, cell_offset(static_cast<u32>(r.value))));
  }
}

void Emitter::move(const regalloc::Move& m) {
  if (m.to.is_reg() && m.to.preg() == flags_reg_) flags_reg_ = kNoFlags;
  auto gpr_of = [](Allocation a) { return Gpr{a.preg()}; };
  auto xmm_of = [](Allocation a) { return Xmm{static_cast<u8>(a.preg() - 16)}; };
  if (m.from.is_none()) return remat(gpr_of(m.to), f_.remats[m.remat]);
  if (m.reg_class == RegClass::kInt) {
    if (m.to.is_slot()) return a_.mov(k64, slot(m.to), gpr_of(m.from));
    if (m.from.is_slot()) return a_.mov(k64, gpr_of(m.to), slot(m.from));
    return a_.mov(k64, gpr_of(m.to), gpr_of(m.from));
  }
  const bool vector = m.reg_class == RegClass::kVector;
  if (m.to.is_slot()) {
    return vector ? m_.store_128(slot(m.to), xmm_of(m.from))
                  : m_.store_64(slot(m.to), xmm_of(m.from));
  }
  if (m.from.is_slot()) {
    return vector ? m_.load_128(xmm_of(m.to), slot(m.from))
                  : m_.load_64(xmm_of(m.to), slot(m.from));
  }
  m_.move(xmm_of(m.to), xmm_of(m.from));
}

/// After an addition and such, comparing the result with zero is superfluous.
void Emitter::note_flags(const MachInst& i) {
  switch (i.op) {
    case MOp::kMove:
    case MOp::kTrapIf:
    case MOp::kBranch: return;
    case MOp::kRow: break;
    default: flags_reg_ = kNoFlags; return;
  }
  switch (i.row) {
    case Inst::add_rm:
    case Inst::add_mi:
    case Inst::sub_rm:
    case Inst::sub_mi:
    case Inst::and_rm:
    case Inst::and_mi:
    case Inst::or_rm:
    case Inst::or_mi:
    case Inst::xor_rm:
    case Inst::xor_mi:
    case Inst::neg:
      if (i.args[0].kind == Arg::Kind::kReg) {
        flags_reg_ = at(i.args[0].a).preg();
        flags_size_ = i.size;
        return;
      }
      break;
    default: break;
  }
  flags_reg_ = kNoFlags;
}

bool Emitter::is_redundant_test(const MachInst& i) const {
  if (i.op != MOp::kRow || i.row != Inst::test_mr || i.size != flags_size_) return false;
  if (i.args[0].kind != Arg::Kind::kReg || i.args[1].kind != Arg::Kind::kReg) return false;
  const Allocation a = at(i.args[0].a), b = at(i.args[1].a);
  return a.is_reg() && a == b && a.preg() == flags_reg_;
}

// Instructions ------------------------------------------------------------------------------------

Operand Emitter::operand(const Arg& arg, const OperandInfo& info) {
  switch (arg.kind) {
    case Arg::Kind::kReg: {
      const Allocation a = at(arg.a);
      if (a.is_slot()) return slot(a);
      if (info.is_vector()) return Xmm{static_cast<u8>(a.preg() - 16)};
      return Gpr{a.preg()};
    }
    case Arg::Kind::kMem: {
      const Scale scale = static_cast<Scale>(arg.scale);
      if (arg.a == Arg::kNoReg) return Mem::scaled(gpr(arg.b), scale, arg.value);
      if (arg.b == Arg::kNoReg) return Mem(gpr(arg.a), arg.value);
      return Mem(gpr(arg.a), gpr(arg.b), scale, arg.value);
    }
    case Arg::Kind::kFrame: return Mem(rbp, arg.value);
    case Arg::Kind::kCell: return Mem(rbp, cell_offset(static_cast<u32>(arg.value)));
    case Arg::Kind::kSp: return Mem(rsp, arg.value);
    case Arg::Kind::kConst: {
      const MachFunction::Constant& c = f_.constants[static_cast<u32>(arg.value)];
      return a_.constant(std::span(c.bytes).first(c.size));
    }
    case Arg::Kind::kCond: return static_cast<x64::Cond>(arg.value);
    case Arg::Kind::kNone:
    case Arg::Kind::kImm: break;
  }
  return Operand(i64{arg.value});
}

void Emitter::row(const MachInst& i) {
  const InstInfo& info = x64::info(i.row);
  Operand operands[MachInst::kMaxArgs] = {Operand(i64{0}), Operand(i64{0}), Operand(i64{0}),
                                          Operand(i64{0})};
  for (u32 k = 0; k < i.arg_count; ++k) operands[k] = operand(i.args[k], info.operand[k]);
  if (i.may_trap()) {
    tables_.traps.push_back({a_.offset(), i.wasm_offset, static_cast<TrapCode>(i.trap)});
  }
  a_.emit(i.row, i.size, std::span<const Operand>(operands, i.arg_count));
}

void Emitter::inst(const MachInst& i) {
  switch (i.op) {
    case MOp::kRow: return row(i);
    case MOp::kMove:
    case MOp::kParams:
    case MOp::kNothing: return;
    case MOp::kLoadImm:
      // Lowering puts none between instructions that set flags and those that use them.
      if (i.imm == 0) return a_.xor_(k32, gpr(0), gpr(0));
      return a_.load_imm(gpr(0), i.imm);
    case MOp::kLoadFloat:
      return i.size == k32 ? m_.load_f32_const(xmm(0), static_cast<u32>(i.imm))
                           : m_.load_f64_const(xmm(0), i.imm);
    case MOp::kLoadVector: return m_.load_const(xmm(0), f_.constants[i.imm].bytes);
    case MOp::kSlotAddress:
      return a_.lea(k64, gpr(0), Mem(rbp, cell_offset(static_cast<u32>(i.imm))));
    case MOp::kJump: return go_to(f_.code.succs(block_)[0].to);
    case MOp::kBranch: return branch(i);
    case MOp::kSwitch: return switch_(i);
    case MOp::kReturn: return leave_and_return();
    case MOp::kTrap: return trap_now(static_cast<TrapCode>(i.trap), i.wasm_offset);
    case MOp::kTailCall: return tail_call(i);
    case MOp::kTrapIf:
      return baseline::emit_jump_if(m_, condition(i),
                                    trap_label(static_cast<TrapCode>(i.trap), i.wasm_offset));
    case MOp::kLimitIf: return limit_if(i);
    case MOp::kAdjustStack: return a_.lea(k64, rsp, Mem(rsp, static_cast<i32>(i.imm)));
    case MOp::kCall: return call(i);
    case MOp::kCallRef: return call_ref(i);
    case MOp::kCallBuiltin: return call_builtin(i);
    case MOp::kRaise: return raise(i);
    default: sequence(i);
  }
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Ends of blocks, and calls. Arguments and results are where docs/abi.md has them.
#include <algorithm>

#include "abi/vm.h"
#include "opt/x64/lowering.h"

namespace wazuka::opt {

using regalloc::Operand;

namespace {

regalloc::PReg register_of(const ValueLocation& l) {
  return l.kind == ValueLocation::Kind::kGpr ? l.number : static_cast<u8>(16 + l.number);
}

}  // namespace

// Ends of blocks
// ------------------------------------------------------------------------------------

void Lowering::terminator(Value v) {
  f_.code.begin_group();
  switch (at(v).op) {
    case Opcode::kJump: edges(v); return add(MOp::kJump, v, {});
    case Opcode::kBranch: return branch(v);
    case Opcode::kSwitch: return switch_(v);
    case Opcode::kReturn: return return_(v);
    case Opcode::kTrap: {
      MachInst i;
      i.op = MOp::kTrap;
      i.trap = static_cast<u8>(at(v).trap());
      i.wasm_offset = g_.wasm_offset(v);
      return f_.code.add(i, {});
    }
    case Opcode::kTailCall: return tail_call(v);
    case Opcode::kInvoke: return call(v);
    case Opcode::kRaise: return raise(v);
    default: return unsupported(opcode_name(at(v).op));
  }
}

void Lowering::add_edge(EdgeId e) {
  std::vector<VReg> args;
  for (u32 x : g_.edge_args(e)) args.push_back(use(Value{x}));
  f_.code.add_edge(place_[index_of(g_[e].target)], args);
}

void Lowering::edges(Value v) {
  const Graph::EdgeRange range = g_.edges(v);
  for (u32 i = 0; i < range.count; ++i) add_edge(range[i]);
}

void Lowering::branch(Value v) {
  edges(v);
  const FlagCond c = condition(at(v).arg(0));
  add(MOp::kBranch, v, {}, detail_of(c));
}

void Lowering::switch_(Value v) {
  // Entries may share a block, which is one successor.
  const Graph::EdgeRange range = g_.edges(v);
  std::vector<u32> seen, entries;
  for (u32 i = 0; i < range.count; ++i) {
    const u32 target = place_[index_of(g_[range[i]].target)];
    auto it = std::find(seen.begin(), seen.end(), target);
    if (it == seen.end() || !g_.edge_args(range[i]).empty()) {
      add_edge(range[i]);
      seen.push_back(target);
      it = seen.end() - 1;
    }
    entries.push_back(static_cast<u32>(it - seen.begin()));
  }
  if (seen.size() == 1) return add(MOp::kJump, v, {});
  const VReg index = use(at(v).arg(0));
  const u32 number = static_cast<u32>(f_.switches.size());
  f_.switches.push_back(std::move(entries));
  add(MOp::kSwitch, v, {Operand::use(index)}, 0, number);
}

void Lowering::return_(Value v) {
  const CallConv cc(env_.module.func_type(g_.func_index));
  const Inst& inst = at(v);
  const auto values = g_.list(inst.args[0], inst.args[1]);
  const i32 base = static_cast<i32>(16 + cc.param_bytes);
  Operands operands;
  for (u32 i = 0; i < values.size(); ++i) {
    const ValueLocation& l = cc.results[i];
    if (l.kind == ValueLocation::Kind::kStack) {
      store_cell(Arg::Kind::kFrame, base + static_cast<i32>(l.offset), Value{values[i]});
    } else {
      operands.push_back(Operand::fixed_use(low(Value{values[i]}), register_of(l)));
    }
  }
  unique_operands(operands);
  add(MOp::kReturn, v, operands);
}

void Lowering::trap_if(Value v, MOp op) {
  const FlagCond c = condition(at(v).arg(0));
  MachInst i;
  i.op = op;
  i.trap = static_cast<u8>(at(v).trap());
  i.detail = detail_of(c);
  i.wasm_offset = g_.wasm_offset(v);
  f_.code.add(i, {});
}

// Calls -------------------------------------------------------------------------------------------

void Lowering::store_cell(Arg::Kind base, i32 disp, Value x) {
  const VReg r = low(x);
  switch (g_.type(x)) {
    case Type::kF32:
      return add(Row(avx_ ? MInst::vmovss_mr : MInst::movss_mr).place(base, disp).use(r));
    case Type::kF64:
      return add(Row(avx_ ? MInst::vmovsd_mr : MInst::movsd_mr).place(base, disp).use(r));
    case Type::kV128:
      return add(Row(avx_ ? MInst::vmovups_mr : MInst::movups_mr).place(base, disp).use(r));
    default: return add(Row(MInst::mov_mr, size_of(x)).place(base, disp).use(r));
  }
}

void Lowering::load_cell(i32 disp, Value to) {
  const auto sp = Arg::Kind::kSp;
  switch (g_.type(to)) {
    case Type::kF32:
      return add(Row(avx_ ? MInst::vmovss_rm : MInst::movss_rm).def(dst(to)).place(sp, disp));
    case Type::kF64:
      return add(Row(avx_ ? MInst::vmovsd_rm : MInst::movsd_rm).def(dst(to)).place(sp, disp));
    case Type::kV128:
      return add(Row(avx_ ? MInst::vmovups_rm : MInst::movups_rm).def(dst(to)).place(sp, disp));
    default: return add(Row(MInst::mov_rm, size_of(to)).def(dst(to)).place(sp, disp));
  }
}

void Lowering::stack_arguments(const CallConv& cc, std::span<const u32> args) {
  for (u32 i = 0; i < args.size(); ++i) {
    const ValueLocation& l = cc.params[i];
    if (l.kind != ValueLocation::Kind::kStack) continue;
    store_cell(Arg::Kind::kSp, static_cast<i32>(l.offset), Value{args[i]});
  }
}

void Lowering::arguments(const CallConv& cc, std::span<const u32> args, Operands& operands) {
  for (u32 i = 0; i < args.size(); ++i) {
    const ValueLocation& l = cc.params[i];
    if (l.kind == ValueLocation::Kind::kStack) continue;
    operands.push_back(Operand::fixed_use(low(Value{args[i]}), register_of(l)));
  }
}

/// A value that is wanted in two registers at once is two values.
void Lowering::unique_operands(Operands& operands) {
  for (size_t i = 1; i < operands.size(); ++i) {
    if (operands[i].kind != regalloc::OperandKind::kUse) continue;
    const bool again = std::any_of(operands.begin(), operands.begin() + static_cast<long>(i),
                                   [&](const Operand& o) { return o.vreg == operands[i].vreg; });
    if (!again) continue;
    const VReg copy = temp(f_.code.class_of(operands[i].vreg));
    move(copy, operands[i].vreg);
    operands[i].vreg = copy;
  }
}

/// Definitions of the results that are used; those whose value must be made behind the call are
/// noted.
void Lowering::results(Value v, const CallConv& cc, Operands& operands) {
  late_results_.clear();
  auto result = [&](Value value, u32 number) {
    if (!needed(value)) return;
    const ValueLocation& l = cc.results[number];
    if (l.kind == ValueLocation::Kind::kStack) {
      late_results_.push_back({value, kNoVReg, static_cast<i32>(l.offset)});
      return;
    }
    VReg r = dst(value);
    if (zero_extended_[index_of(value)]) {
      late_results_.push_back({value, temp()});
      r = late_results_.back().raw;
    }
    operands.push_back(Operand::fixed_def(r, register_of(l)));
  };
  if (g_.type(v) != Type::kNone) return result(v, 0);
  Value next = g_.next(v);
  if (at(v).op == Opcode::kInvoke) {
    next = g_[g_[g_.edges(v)[0]].target].first;
  }
  for (; next != kNoValue && at(next).op == Opcode::kResult && at(next).arg(0) == v;
       next = g_.next(next)) {
    result(next, at(next).args[1]);
  }
}

void Lowering::late_results() {
  for (const LateResult& l : late_results_) {
    l.raw == kNoVReg ? load_cell(l.stack, l.value) : zero_extend(dst(l.value), l.raw);
  }
}

u32 Lowering::add_call(const CallInfo& info, u32 callee, u32 popped) {
  f_.calls_out = true;
  MachCall c;
  c.callee = callee;
  c.popped = popped;
  c.roots_begin = static_cast<u32>(f_.roots.size());
  c.roots_count = info.roots_count;
  for (u32 s : g_.list(info.roots_begin, info.roots_count)) {
    f_.roots.push_back(static_cast<u16>(cell_of(SlotId{s})));
  }
  const auto handlers = g_.handlers(info);
  if (!handlers.empty()) {
    c.region = static_cast<u32>(f_.tries.size());
    const u32 first = static_cast<u32>(f_.clauses.size());
    f_.tries.push_back({CallSite::kNoTry, first, static_cast<u32>(handlers.size())});
    auto cell = [&](SlotId s) { return s == kNoSlot ? CatchClauseTable::kNoCell : cell_of(s); };
    const Graph::EdgeRange range = g_.edges(root_);
    const u32 normal = range.count - static_cast<u32>(handlers.size());
    for (u32 i = 0; i < handlers.size(); ++i) {
      const Handler& h = handlers[i];
      CatchClauseTable clause;
      clause.tag = h.tag == Handler::kNoTag ? CatchClauseTable::kNoTag : h.tag;
      clause.args_cell = cell(h.args_slot);
      clause.ref_cell = cell(h.ref_slot);
      f_.clauses.push_back({clause, place_[index_of(g_[range[normal + i]].target)]});
    }
  }
  f_.calls.push_back(c);
  return static_cast<u32>(f_.calls.size() - 1);
}

void Lowering::call(Value v) {
  const Inst& inst = at(v);
  const CallInfo& info = g_[inst.call()];
  if (inst.op == Opcode::kInvoke) edges(v);
  if (info.kind == CallInfo::Kind::kBuiltin) return builtin_call(v);
  const CallConv cc(type_of(info));
  const auto args = g_.list(info.args_begin, info.args_count);
  const u32 bytes = cc.param_bytes + cc.result_bytes;
  if (cc.result_bytes != 0 && inst.op == Opcode::kInvoke) {
    return unsupported("results on the stack in a try region");
  }
  const bool through_ref = info.kind == CallInfo::Kind::kFuncRef;
  Operands operands;
  if (through_ref) operands.push_back(Operand::fixed_use(use(inst.arg(1)), preg(x64::rax)));
  operands.push_back(Operand::fixed_use(vmctx_, preg(x64::r14)));
  arguments(cc, args, operands);
  unique_operands(operands);
  if (bytes != 0) add(MOp::kAdjustStack, v, {}, 0, u64{0} - bytes);
  stack_arguments(cc, args);
  results(v, cc, operands);
  add(through_ref ? MOp::kCallRef : MOp::kCall, v, operands, info.own ? 1 : 0,
      add_call(info, info.func, cc.param_bytes), kCallClobbers);
  if (inst.op == Opcode::kInvoke) return;
  late_results();
  if (cc.result_bytes != 0) add(MOp::kAdjustStack, v, {}, 0, cc.result_bytes);
}

void Lowering::builtin_call(Value v) {
  constexpr x64::Gpr kArgs[] = {x64::rsi, x64::rdx, x64::rcx, x64::r8, x64::r9};
  const Inst& inst = at(v);
  const CallInfo& info = g_[inst.call()];
  const auto args = g_.list(info.args_begin, info.args_count);
  if (args.size() > std::size(kArgs)) return unsupported("a builtin with so many arguments");
  Operands operands = {Operand::fixed_use(vmctx_, preg(x64::rdi))};
  for (u32 i = 0; i < args.size(); ++i) {
    // C leaves the upper half of a 32-bit argument open.
    operands.push_back(Operand::fixed_use(low(Value{args[i]}), preg(kArgs[i])));
  }
  unique_operands(operands);
  VReg raw = kNoVReg;
  if (needed(v)) {
    raw = inst.op == Opcode::kInvoke ? dst(v) : temp();
    operands.push_back(Operand::fixed_def(raw, preg(x64::rax)));
  }
  if (raw != kNoVReg && builtin_returns_bool(info.builtin) && inst.op == Opcode::kInvoke) {
    return unsupported("a question in a try region");
  }
  add(MOp::kCallBuiltin, v, operands, 0, add_call(info, builtin_offset(info.builtin), 0),
      kCallClobbers);
  if (raw == kNoVReg || inst.op == Opcode::kInvoke) return;
  if (builtin_returns_bool(info.builtin)) {
    add(Row(MInst::movzx_b, k32).def(dst(v)).use(raw));
  } else if (zero_extended_[index_of(v)]) {
    zero_extend(dst(v), raw);
  } else {
    move(dst(v), raw);
  }
}

void Lowering::raise(Value v) {
  const Inst& inst = at(v);
  edges(v);
  const Operand operands[] = {Operand::fixed_use(low(inst.arg(1)), preg(x64::rsi))};
  add(MOp::kRaise, v, operands, 0, add_call(g_[inst.call()], 0, 0), kCallClobbers);
}

void Lowering::tail_call(Value v) {
  const Inst& inst = at(v);
  const CallInfo& info = g_[inst.call()];
  if (info.kind == CallInfo::Kind::kBuiltin) return unsupported("a tail call of a builtin");
  const CallConv cc(type_of(info));
  const auto args = g_.list(info.args_begin, info.args_count);
  const bool through_ref = info.kind == CallInfo::Kind::kFuncRef;
  // As Emitter::tail_call has it.
  Operands operands;
  if (through_ref) operands.push_back(Operand::fixed_use(use(inst.arg(1)), preg(x64::rbx)));
  operands.push_back(Operand::fixed_use(vmctx_, preg(x64::r14)));
  arguments(cc, args, operands);
  unique_operands(operands);
  if (cc.param_bytes != 0) add(MOp::kAdjustStack, v, {}, 0, u64{0} - cc.param_bytes);
  stack_arguments(cc, args);
  operands.push_back(Operand::fixed_temp(temp(), preg(x64::r12)));
  operands.push_back(Operand::fixed_temp(temp(), preg(x64::r13)));
  MachCall c;
  c.callee = info.func;
  c.popped = cc.param_bytes;
  f_.calls.push_back(c);
  f_.calls_out = true;
  add(MOp::kTailCall, v, operands, through_ref ? 1 : 0, f_.calls.size() - 1, kCallClobbers);
}

}  // namespace wazuka::opt

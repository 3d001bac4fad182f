// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "unit/opt/ir_interpreter.h"

#include <cstring>

#include "abi/layout.h"
#include "opt/ir/eval.h"
#include "opt/ir/printer.h"

namespace wazuka::opt {

namespace {

#if defined(__clang__)
#define WAZUKA_ANY_FUNCTION_TYPE [[clang::no_sanitize("function")]]
#else
#define WAZUKA_ANY_FUNCTION_TYPE
#endif

/// All builtins take and return what is passed in general registers: machine code calls them
/// without their types, too.
WAZUKA_ANY_FUNCTION_TYPE u64 call_builtin(VMContext* vm, Builtin b, std::span<const Cell> args) {
  u64 a[6] = {};
  for (size_t i = 0; i < args.size() && i < 6; ++i) a[i] = args[i];
  using Function = u64 (*)(VMContext*, u64, u64, u64, u64, u64);
  const u8* table = reinterpret_cast<const u8*>(vm->store_context->builtins);
  Function f;
  std::memcpy(&f, table + builtin_offset(b), sizeof f);
  u64 result = f(vm, a[0], a[1], a[2], a[3], a[4]);
  if (builtin_returns_bool(b)) result &= 0xff;
  return builtin_type(b) == Type::kI32 ? static_cast<u32>(result) : result;
}

u64 extended(u64 bits, const Access& a, Type type) {
  if (a.bytes == 8) return bits;
  const u32 shift = 64 - 8u * a.bytes;
  const u64 low = bits << shift >> shift;
  if (!a.sign) return low;
  const u64 wide = static_cast<u64>(static_cast<i64>(bits << shift) >> shift);
  return type == Type::kI32 ? static_cast<u32>(wide) : wide;
}

}  // namespace

/// Floating instructions in source order: an operand may be far away, so without recursion.
u64 IrInterpreter::get(Value root) {
  auto ready = [&](Value v) {
    return !is_pure(g_[v].op) || g_.block_of(v) != kNoBlock || known_[index_of(v)] == visit_;
  };
  std::vector<Value> work{root};
  while (!work.empty()) {
    const Value v = work.back();
    if (ready(v)) {
      work.pop_back();
      continue;
    }
    bool all = true;
    g_.operands(v, [&](Value x) {
      if (!ready(x)) {
        all = false;
        work.push_back(x);
      }
    });
    if (!all) continue;
    work.pop_back();
    if (!execute(v)) return 0;
    known_[index_of(v)] = visit_;
  }
  return values_[index_of(root)];
}

u8* IrInterpreter::address(const Inst& inst) {
  u64 at = get(inst.arg(0));
  if (inst.arg(1) != kNoValue) {
    const u64 index = get(inst.arg(1));
    at += g_.type(inst.arg(1)) == Type::kI32 ? static_cast<u32>(index) : index;
  }
  return reinterpret_cast<u8*>(at + g_.access(inst).offset);
}

bool IrInterpreter::load(Value v) {
  const Inst& inst = g_[v];
  const Access& a = g_.access(inst);
  if (inst.type == Type::kV128) return refuse("vectors");
  u64 bits = 0;
  if (a.trap == TrapCode::kIndirectCallToNull && a.traps && get(inst.arg(0)) == 0) {
    return stop(trap_or(a.trap));
  }
  std::memcpy(&bits, address(inst), a.bytes);
  values_[index_of(v)] = extended(bits, a, inst.type);
  return true;
}

bool IrInterpreter::store(Value v) {
  const Inst& inst = g_[v];
  if (g_.type(inst.arg(2)) == Type::kV128) return refuse("vectors");
  const u64 bits = get(inst.arg(2));
  std::memcpy(address(inst), &bits, g_.access(inst).bytes);
  return true;
}

std::vector<Cell> IrInterpreter::arguments(const CallInfo& c) {
  std::vector<Cell> cells;
  for (u32 x : g_.list(c.args_begin, c.args_count)) cells.push_back(get(Value{x}));
  return cells;
}

/// Goes on in the handler for the exception in flight, or leaves.
bool IrInterpreter::throw_to(const CallInfo& c, u32 first_edge) {
  const VMBuiltins& builtins = *vm_->store_context->builtins;
  const Cell exception = vm_->store_context->exception;
  VMTag* tag = nullptr;
  if (builtins.exn_tag(vm_, exception, &tag) != kNoTrap) return refuse("a strange exception");
  const std::span<const Handler> handlers = g_.handlers(c);
  for (u32 i = 0; i < handlers.size(); ++i) {
    const Handler& h = handlers[i];
    if (h.tag != Handler::kNoTag && *vm_at<VMTag*>(vm_, h.tag) != tag) continue;
    if (h.tag != Handler::kNoTag) {
      builtins.exn_args(vm_, tag, exception, slots_[index_of(h.args_slot)].data());
    }
    if (h.ref_slot != kNoSlot) slots_[index_of(h.ref_slot)][0] = exception;
    builtins.exn_caught(vm_);
    return follow(EdgeId{first_edge + i}), true;
  }
  return stop(kException);
}

bool IrInterpreter::call(Value v) {
  const Inst& inst = g_[v];
  const CallInfo& c = g_[inst.call()];
  for (u32 x : g_.list(c.args_begin, c.args_count)) {
    if (g_.type(Value{x}) == Type::kV128) return refuse("vectors");
  }
  std::vector<Cell> cells = arguments(c);
  if (c.kind == CallInfo::Kind::kBuiltin) {
    values_[index_of(v)] = call_builtin(vm_, c.builtin, cells);
    return true;
  }
  cells.resize(std::max<size_t>(cells.size(), 32));
  const TrapOr code = c.kind == CallInfo::Kind::kFunction
                          ? calls_.function(c.func, cells)
                          : calls_.ref(reinterpret_cast<const VMFuncRef*>(get(inst.arg(1))), cells);
  if (code == kException && inst.op == Opcode::kInvoke) return throw_to(c, inst.args[2] + 1);
  if (code != kNoTrap) return stop(code);
  values_[index_of(v)] = cells[0];
  call_results_ = cells;
  return true;
}

void IrInterpreter::follow(EdgeId e) {
  std::vector<u64> carried;
  for (u32 x : g_.edge_args(e)) carried.push_back(get(Value{x}));
  block_ = g_[e].target;
  const std::span<const u32> params = g_.raw_params(block_);
  for (size_t i = 0; i < params.size(); ++i) values_[params[i]] = carried[i];
  ++visit_;
}

bool IrInterpreter::finish(Value v) {
  const Inst& inst = g_[v];
  const Graph::EdgeRange edges = g_.edges(v);
  switch (inst.op) {
    case Opcode::kJump: return follow(edges[0]), true;
    case Opcode::kBranch:
      return follow(edges[static_cast<u32>(get(inst.arg(0))) != 0 ? 0 : 1]), true;
    case Opcode::kSwitch: {
      const u32 index = static_cast<u32>(get(inst.arg(0)));
      return follow(edges[std::min(index, edges.count - 1)]), true;
    }
    case Opcode::kReturn:
      for (u32 x : g_.list(inst.args[0], inst.args[1])) {
        if (g_.type(Value{x}) == Type::kV128) return refuse("vectors");
        results_.push_back(get(Value{x}));
      }
      return stop(kNoTrap);
    case Opcode::kTrap: return stop(static_cast<TrapOr>(inst.aux));
    case Opcode::kRaise: {
      const TrapOr code = static_cast<i32>(get(inst.arg(1)));
      return code == kException ? throw_to(g_[inst.call()], inst.args[2]) : stop(code);
    }
    case Opcode::kInvoke: {
      const u32 before = visit_;
      if (!call(v)) return false;
      if (visit_ == before) follow(edges[0]);
      return true;
    }
    case Opcode::kTailCall:
      if (!call(v)) return false;
      results_ = call_results_;
      return stop(kNoTrap);
    default: return refuse(std::string(opcode_name(inst.op)));
  }
}

bool IrInterpreter::execute(Value v) {
  const Inst& inst = g_[v];
  if (++steps_ > kMaxSteps) return refuse("too long");
  u64& out = values_[index_of(v)];
  switch (inst.op) {
    case Opcode::kIConst:
    case Opcode::kFConst: out = inst.bits(); return true;
    case Opcode::kVmCtx: out = reinterpret_cast<u64>(vm_); return true;
    case Opcode::kVmLoad: {
      u64 bits = 0;
      if (inst.type == Type::kV128) return refuse("vectors");
      std::memcpy(&bits, reinterpret_cast<const u8*>(get(inst.arg(0))) + inst.offset(),
                  type_bytes(inst.type));
      out = bits;
      return true;
    }
    case Opcode::kResult: out = call_results_[inst.args[1]]; return true;
    case Opcode::kLoad: return load(v);
    case Opcode::kStore: return store(v);
    case Opcode::kSlotLoad: out = slots_[inst.args[2]][inst.aux]; return true;
    case Opcode::kSlotStore: slots_[inst.args[2]][inst.aux] = get(inst.arg(0)); return true;
    case Opcode::kSlotAddr:
      out = reinterpret_cast<u64>(&slots_[inst.args[2]][inst.aux]);
      return true;
    case Opcode::kRefOffset: {
      const u64 index = inst.arg(1) == kNoValue ? 0 : get(inst.arg(1));
      out = static_cast<u32>(get(inst.arg(0)) + (index << inst.aux) + inst.args[2]);
      return true;
    }
    case Opcode::kTrapIf:
    case Opcode::kLimitIf:
      return static_cast<u32>(get(inst.arg(0))) == 0 || stop(static_cast<TrapOr>(inst.aux));
    case Opcode::kBounds: {
      u64 index = get(inst.arg(0));
      if (g_.type(inst.arg(0)) == Type::kI32) index = static_cast<u32>(index);
      const u64 size = get(inst.arg(1));
      out = index;
      if (inst.extent() <= size && index <= size - inst.extent()) return true;
      return stop(trap_or(TrapCode::kMemoryOutOfBounds));
    }
    case Opcode::kCall: return call(v);
    case Opcode::kFence: return true;
    default: break;
  }
  if (is_terminator(inst.op)) return finish(v);
  if (inst.type == Type::kV128 || info_of(inst.op).imm == Imm::kSimd ||
      info_of(inst.op).imm == Imm::kSimdLane || info_of(inst.op).is_listed() ||
      inst.op == Opcode::kAtomicRmw || inst.op == Opcode::kStoreLane) {
    return refuse(std::string(opcode_name(inst.op)));
  }
  u64 x[3] = {};
  for (u32 i = 0; i < info_of(inst.op).operands; ++i) x[i] = get(inst.arg(i));
  const Evaluated result = evaluate(inst, g_.type(inst.arg(0)), x[0], x[1], x[2]);
  if (const TrapCode* trap = std::get_if<TrapCode>(&result)) return stop(trap_or(*trap));
  if (const u64* bits = std::get_if<u64>(&result)) {
    out = *bits;
    return true;
  }
  return refuse(std::string(opcode_name(inst.op)));
}

std::optional<TrapOr> IrInterpreter::run(std::span<const Cell> args, std::vector<Cell>& results) {
  values_.assign(g_.num_values(), 0);
  known_.assign(g_.num_values(), 0);
  visit_ = 1;
  for (u32 i = 0; i < g_.num_slots(); ++i) slots_.emplace_back(g_[SlotId{i}].cells, 0);
  const std::span<const u32> params = g_.raw_params(Graph::kEntry);
  for (size_t i = 0; i < params.size(); ++i) {
    if (g_.type(Value{params[i]}) == Type::kV128) return refuse("vectors"), std::nullopt;
    values_[params[i]] = args[i];
  }
  for (;;) {
    const Block b = block_;
    for (Value v = g_[b].first; v != kNoValue; v = g_.next(v)) {
      // Floating operands depend on what the skeleton before has given.
      if (!execute(v)) break;
      if (outcome_ || !why_.empty()) break;
    }
    if (!why_.empty()) return std::nullopt;
    if (outcome_) {
      results = results_;
      return outcome_;
    }
  }
}

}  // namespace wazuka::opt

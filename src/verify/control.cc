// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Jumps, calls and ways out.
#include <algorithm>
#include <cstring>

#include "abi/vm.h"
#include "verify/verifier.h"
#include "wasm/binary_reader.h"
#include "wasm/opcode.h"

namespace wazuka::verify {

/// Whether the instruction is about control or the stack: then all of it is done here.
bool Verifier::control(State& s, u32 next, bool& goes_on) {
  const ZydisMnemonic m = d_.inst.mnemonic;
  switch (m) {
    case ZYDIS_MNEMONIC_NOP:
    case ZYDIS_MNEMONIC_ENDBR64: return true;
    case ZYDIS_MNEMONIC_JMP:
      goes_on = false;
      jump(s, next);
      return true;
    case ZYDIS_MNEMONIC_CALL: goes_on = call(s, next); return true;
    case ZYDIS_MNEMONIC_RET:
      goes_on = false;
      if ((d_.is_imm(0) ? d_.imm(0) : 0) != conv_.param_bytes) {
        reject("pops another number of bytes than the parameters have");
      }
      leave_by_return(s, 8);
      return true;
    case ZYDIS_MNEMONIC_UD2:
      goes_on = false;
      if (std::ranges::none_of(code_.tables.traps,
                               [&](const TrapSite& t) { return t.offset == at_; })) {
        reject("no trap site");
      }
      check_frame_at_trap(s);
      return true;
    case ZYDIS_MNEMONIC_PUSH:
    case ZYDIS_MNEMONIC_POP: push_pop(s); return true;
    case ZYDIS_MNEMONIC_LEAVE: {
      const Value frame = s.gpr[kRbp];
      if (frame.kind != Kind::kFrame) return reject("rbp is not the frame"), true;
      s.gpr[kRbp] = s.slot(frame.offset);
      set(s, kRsp, Value::frame(frame.offset + 8), 64);
      return true;
    }
    case ZYDIS_MNEMONIC_JB:
    case ZYDIS_MNEMONIC_JBE:
    case ZYDIS_MNEMONIC_JL:
    case ZYDIS_MNEMONIC_JLE:
    case ZYDIS_MNEMONIC_JNB:
    case ZYDIS_MNEMONIC_JNBE:
    case ZYDIS_MNEMONIC_JNL:
    case ZYDIS_MNEMONIC_JNLE:
    case ZYDIS_MNEMONIC_JNO:
    case ZYDIS_MNEMONIC_JNP:
    case ZYDIS_MNEMONIC_JNS:
    case ZYDIS_MNEMONIC_JNZ:
    case ZYDIS_MNEMONIC_JO:
    case ZYDIS_MNEMONIC_JP:
    case ZYDIS_MNEMONIC_JS:
    case ZYDIS_MNEMONIC_JZ: {
      State taken = s;
      if (take_condition(taken, m, true)) flow_to(i64{next} + d_.operands[0].imm.value.s, taken);
      goes_on = take_condition(s, m, false);
      return true;
    }
    default:
      if (d_.inst.meta.branch_type == ZYDIS_BRANCH_TYPE_NONE) return false;
      reject("not a jump that compilers use");
      return true;
  }
}

/// The handler finds the VMContext in the frame, or makes the frame.
void Verifier::check_frame_at_trap(const State& s) {
  if (code_.frame_bytes != 0) return;
  if (s.gpr[kR14].kind != Kind::kContext) return reject("r14 is not the VMContext");
  if (s.gpr[kRsp] != Value::frame(8) || s.gpr[kRbp].kind != Kind::kCallerFrame) {
    reject("traps without a frame where there is half of one");
  }
}

void Verifier::push_pop(State& s) {
  const Value rsp = s.gpr[kRsp];
  if (rsp.kind != Kind::kFrame) return reject("the stack pointer is unknown");
  const bool push = d_.inst.mnemonic == ZYDIS_MNEMONIC_PUSH;
  if (d_.operands[0].size != 64 && !d_.is_imm(0)) return reject("not a push or pop of 64 bits");
  if (push) {
    Value v = Value::any();
    if (d_.is_register(0)) v = s.gpr[*gpr_number(d_.operands[0].reg.value)];
    if (d_.is_imm(0)) v = Value::number(d_.imm(0));
    if (d_.is_memory(0)) v = check_access(s, access_of(s, 0));
    set(s, kRsp, Value::frame(rsp.offset - 8), 64);
    return s.set_slot(rsp.offset - 8, v);
  }
  if (!d_.is_register(0)) return reject("pops to memory");
  const Value v = s.slot(rsp.offset);
  if (rsp.offset + 8 > frame_top()) return reject("pops above the frame");
  set(s, kRsp, Value::frame(rsp.offset + 8), 64);
  set(s, *gpr_number(d_.operands[0].reg.value), v, 64);
}

// ---- Conditions ---------------------------------------------------------------------------------

namespace {

/// v <= limit, or v < limit.
void at_most(Value& v, const Value& limit, bool strictly) {
  // A size may be an index like any other number.
  if (!v.can_have_name()) return;
  const bool by_memory = limit.is_limit(), by_table = limit.kind == Kind::kTableSize && strictly;
  if (by_memory) {
    const bool same = v.fact == Fact::kMemory && v.fact_index == limit.index;
    v.fact_room = same ? std::max(v.fact_room, limit.room) : limit.room;
    v.fact = Fact::kMemory;
    v.fact_index = limit.index;
  } else if (by_table) {
    v.fact = Fact::kTable;
    v.fact_index = limit.index;
  } else if (v.kind == Kind::kNumber && limit.kind == Kind::kNumber &&
             !(strictly && limit.max == 0)) {
    v.max = std::min(v.max, limit.max - (strictly ? 1 : 0));
  }
}

}  // namespace

/// smaller <= larger, or smaller < larger.
void Verifier::learn_order(State& s, const Side& smaller, const Side& larger, bool strictly) const {
  s.learn(smaller, [&](Value& v) { at_most(v, larger.value, strictly); });
  const Value &low = smaller.value, &high = larger.value;
  if (!low.is_constant()) return;
  const u64 least = low.max + (strictly ? 1 : 0);
  if (least < low.max) return;
  if (high.kind == Kind::kTableSize) s.set_least(true, high.index, least);
  if (high.is_limit() && high.room <= ~least) s.set_least(false, high.index, least + high.room);
}

/// What is known if the condition of the jump holds, or does not; false if that cannot be.
bool Verifier::take_condition(State& s, ZydisMnemonic m, bool holds) const {
  const Flags f = s.flags;
  const Value &left = f.left.value, &right = f.right.value;
  const bool whole = f.bits == 64 || (f.bits == 32 && left.fits_32() && right.fits_32());
  if (m == ZYDIS_MNEMONIC_JZ || m == ZYDIS_MNEMONIC_JNZ) {
    const bool equal = (m == ZYDIS_MNEMONIC_JZ) == holds;
    if (f.kind != Flags::Kind::kCompare || !right.is_constant() || !whole) return true;
    if (left.is_constant()) return (left.max == right.max) == equal;
    auto be_equal = [&](Value& v) {
      if (v.kind != Kind::kNumber) v = {.id = v.id};
      v.exact = true;
      v.max = right.max;
    };
    if (equal) s.learn(f.left, be_equal);
    if (!equal && right.max == 0) learn_order(s, f.right, f.left, true);
    return true;
  }
  const bool below = m == ZYDIS_MNEMONIC_JB || m == ZYDIS_MNEMONIC_JNB;
  const bool below_or_equal = m == ZYDIS_MNEMONIC_JBE || m == ZYDIS_MNEMONIC_JNBE;
  if (!below && !below_or_equal) return true;
  // left < right, left <= right, or the opposite.
  const bool less = (m == ZYDIS_MNEMONIC_JB || m == ZYDIS_MNEMONIC_JBE) == holds;
  switch (f.kind) {
    case Flags::Kind::kUnknown: return true;
    case Flags::Kind::kSubtract:
      if (!below || less) return true;
      s.learn(f.left, [](Value& v) { v.proven = v.kind == Kind::kSize; });
      s.set_least(false, left.index, left.room);
      return true;
    case Flags::Kind::kCompareStack:
      if (below && !less) s.room = std::min(s.room, left.offset);
      return true;
    case Flags::Kind::kCompare: break;
  }
  // Of a comparison of 32 bits, something is known of the whole only if the upper half is zero.
  if (!whole) return true;
  if (less) {
    learn_order(s, f.left, f.right, below);
  } else {
    learn_order(s, f.right, f.left, below_or_equal);
  }
  return true;
}

// ---- Jumps --------------------------------------------------------------------------------------

void Verifier::jump(State& s, u32 next) {
  if (d_.is_imm(0)) return flow_to(i64{next} + d_.operands[0].imm.value.s, s);
  if (d_.is_register(0)) {
    const Value target = s.gpr[*gpr_number(d_.operands[0].reg.value)];
    if (target.kind == Kind::kBetter) return leave_for_better_code(s);
    if (target.kind == Kind::kTarget) return jump_by_table(s, target);
    if (target.kind == Kind::kReturn) return leave_by_return(s, 16 + i64{conv_.param_bytes});
    return reject("a jump to anywhere");
  }
  const Access a = access_of(s, 0);
  if (a.base.kind != Kind::kCode || a.has_index || a.disp != offsetof(FuncCode, native)) {
    return reject("a jump to anywhere");
  }
  leave_by_tail_call(s);
}

void Verifier::jump_by_table(const State& s, const Value& target) {
  const u64 size = (target.max + 1) * 4;
  const u64 first = static_cast<u64>(target.offset);
  if (first > code_.bytes.size() || size > code_.bytes.size() - first) {
    return reject("the table of jumps is outside of the function");
  }
  for (u64 at = first; at < first + size && !failed(); at += 4) {
    i32 delta;
    std::memcpy(&delta, code_.bytes.data() + at, 4);
    flow_to(static_cast<i64>(target.proven ? first : at + 4) + delta, s);
  }
}

// ---- Calls --------------------------------------------------------------------------------------

bool Verifier::call(State& s, u32 next) {
  // A function may call its own beginning.
  const bool itself = d_.is_imm(0) && i64{next} + d_.operands[0].imm.value.s == 0;
  if (!itself && !d_.is_memory(0)) return reject("a call of anything"), false;
  const Access a = itself ? Access{} : access_of(s, 0);
  if (a.base.kind == Kind::kContext && !a.has_index &&
      a.disp == offsetof(VMContext, tier_up_stub)) {
    return tier_up(s), !failed();
  }
  if (a.base.kind == Kind::kStore && !a.has_index &&
      a.disp == offsetof(VMStoreContext, limit_stub)) {
    return limit(s), !failed();
  }
  const auto site = std::ranges::find_if(
      code_.tables.calls, [&](const CallSite& c) { return c.return_offset == next; });
  if (site == code_.tables.calls.end()) return reject("no call site"), false;
  const Value rsp = s.gpr[kRsp];
  if (rsp.kind != Kind::kFrame || rsp.offset % 16 != 0) {
    return reject("the stack pointer is not aligned"), false;
  }
  if (s.gpr[kRbp] != Value::frame(0)) return reject("rbp is not the frame"), false;
  const bool context = a.base.kind == Kind::kContext && !a.has_index;
  if (context && a.disp == offsetof(VMContext, raise_stub)) {
    if (s.gpr[7].kind != Kind::kContext) reject("rdi is not the VMContext");
    land(s, *site);
    return false;
  }
  if (itself) {
    Value code = Value::of(Kind::kCode, func_index_);
    code.proven = true;
    call_function(s, *site, code);
  } else if (context && a.disp == offsetof(VMContext, builtin_stub)) {
    call_builtin(s);
  } else if (a.base.kind == Kind::kCode && !a.has_index && a.disp == offsetof(FuncCode, native)) {
    call_function(s, *site, a.base);
  } else {
    reject("a call of anything");
  }
  if (failed()) return false;
  forget_roots(s, *site);
  land(s, *site);
  return !failed();
}

/// The collector may have written other references to them.
void Verifier::forget_roots(State& s, const CallSite& site) {
  const std::vector<u16>& roots = code_.tables.roots;
  if (site.roots_begin > roots.size() || site.roots_count > roots.size() - site.roots_begin) {
    return reject("no such roots");
  }
  for (u32 i = 0; i < site.roots_count; ++i) {
    const i64 at = 8 * i64{roots[site.roots_begin + i]} - i64{code_.frame_bytes};
    if (at > -16 - 8) return reject("a root outside of the frame's cells");
    const Value v = s.slot(at);
    if (v.kind == Kind::kNumber)
      s.set_slot(at, Value::at_most(v.fits_32() ? 0xffff'ffff : ~u64{0}));
  }
}

/// Preserves everything but r11, and aligns the stack itself.
void Verifier::tier_up(State& s) {
  const Value& code = s.gpr[kR10];
  if (code.kind != Kind::kCode || !code.proven || code.index != func_index_) {
    return reject("r10 is not the function's FuncCode");
  }
  if (s.gpr[kRsp].kind != Kind::kFrame) return reject("the stack pointer is unknown");
  s.gpr[kR11] = Value::of(Kind::kBetter);
  s.flags = {};
}

/// The same but for r10 and r11. The host may have made tables grow meanwhile.
void Verifier::limit(State& s) {
  if (s.gpr[kRsp].kind != Kind::kFrame) return reject("the stack pointer is unknown");
  if (s.gpr[kRbp] != Value::frame(0)) return reject("rbp is not the frame");
  s.gpr[kR10] = s.gpr[kR11] = Value::any();
  for (Value& v : s.gpr) {
    if (moves(v)) v = Value::any();
  }
  s.flags = {};
  forget_elements(s);
}

/// A table's elements move when it grows.
bool Verifier::moves(const Value& v) const {
  if (v.kind != Kind::kElements && v.kind != Kind::kElement) return false;
  if (v.index < module_.table_facts.size() && module_.table_facts[v.index].own) return false;
  const Limits& limits = module_.tables[v.index].type.limits;
  return limits.max != limits.min;
}

void Verifier::forget_elements(State& s) const {
  std::erase_if(s.slots, [&](const State::Slot& x) { return moves(x.value); });
}

void Verifier::clobber_registers(State& s) const {
  for (u32 i = 0; i < 16; ++i) {
    if (i != kRsp && i != kRbp) s.gpr[i] = Value::any();
  }
  s.zero_xmms = 0;
  s.flags = {};
  forget_elements(s);
}

namespace {

const Value kReference = Value::at_most(0xffff'ffff);

u32 cells_of(ValType t) {
  return t.is_v128() ? 2 : 1;
}

/// Builtins that neither make a table grow nor run what may.
bool leaves_tables(u64 builtin) {
  switch (builtin) {
    case offsetof(VMBuiltins, memory_init):
    case offsetof(VMBuiltins, memory_fill):
    case offsetof(VMBuiltins, memory_copy):
    case offsetof(VMBuiltins, data_drop):
    case offsetof(VMBuiltins, table_init):
    case offsetof(VMBuiltins, table_fill):
    case offsetof(VMBuiltins, table_copy):
    case offsetof(VMBuiltins, elem_drop):
    case offsetof(VMBuiltins, ref_func):
    case offsetof(VMBuiltins, is_subtype):
    case offsetof(VMBuiltins, gc_is_instance):
    case offsetof(VMBuiltins, gc_has_descriptor): return true;
    default: return false;
  }
}

/// Whether gc_operation is asked for what is in a field or an element, by the opcode. All else that
/// it does has a reference to an object, or nothing, for its result.
bool reads_field(const Value& opcode) {
  if (opcode.kind != Kind::kNumber || !opcode.exact) return true;
  auto is = [&](Op op) { return opcode.max == op_info(op).code; };
  return is(Op::kStructGet) || is(Op::kArrayGet);
}

/// How many cells the result of a builtin takes: two only for a vector that gc_operation reads.
u32 result_cells(const Module& module, u64 builtin, const State& s) {
  if (builtin != offsetof(VMBuiltins, gc_operation) || !reads_field(s.gpr[6])) return 1;
  const Value &opcode = s.gpr[6], &type = s.gpr[2], &index = s.gpr[1];
  auto known = [](const Value& v) { return v.kind == Kind::kNumber && v.exact; };
  if (!known(opcode) || !known(type) || type.max >= module.types.size()) return 2;
  const std::span<const FieldType> fields = module.types[type.max].fields;
  const bool is_array = module.types[type.max].kind == CompositeKind::kArray;
  if (!is_array && (!known(index) || index.max >= fields.size())) return 2;
  return cells_of(fields[is_array ? 0 : index.max].storage.val);
}

}  // namespace

void Verifier::call_builtin(State& s) {
  const Value number = s.gpr[kR11];
  const bool is_builtin = number.kind == Kind::kNumber && number.exact &&
                          number.max < sizeof(VMBuiltins) && number.max % 8 == 0;
  if (!is_builtin) return reject("not a builtin");
  if (s.gpr[7].kind != Kind::kContext) return reject("rdi is not the VMContext");
  const u32 result_bytes = 8 * result_cells(module_, number.max, s);
  constexpr u32 kArguments[] = {6, 2, 1, 8, 9};
  for (u32 r : kArguments) {
    const Value& v = s.gpr[r];
    if (v.kind != Kind::kFrame) continue;
    // Cells for operands, which the result may replace.
    if (v.offset < s.gpr[kRsp].offset || v.offset + result_bytes > -16 || v.offset % 8 != 0) {
      return reject("a builtin may write outside of the frame's cells");
    }
    s.forget_slots(v.offset, v.offset + result_bytes);
    if (number.max == offsetof(VMBuiltins, exn_new)) s.set_slot(v.offset, kReference);
    if (number.max == offsetof(VMBuiltins, gc_operation)) {
      s.set_slot(v.offset, reads_field(s.gpr[6]) ? Value::of(Kind::kUntyped) : kReference);
    }
  }
  const State before = s;
  clobber_registers(s);
  if (leaves_tables(number.max)) s.slots = before.slots;
  for (u32 r : {3u, 12u, 13u, kR14, 15u}) {  // preserved by C functions
    if (leaves_tables(number.max) || !moves(before.gpr[r])) s.gpr[r] = before.gpr[r];
  }
  if (number.max == offsetof(VMBuiltins, ref_func)) s.gpr[0] = Value::of(Kind::kFuncRef);
}

/// What the WebAssembly instruction at the call site calls: the type, and the function if it says.
const FuncType* Verifier::callee_type(const CallSite& site, std::optional<u32>& func) const {
  u32 caller = func_index_, offset = site.wasm_offset;
  if (is_inlined_position(offset)) {
    if ((offset & ~kInlinedPosition) >= code_.tables.inlined.size()) return nullptr;
    const InlinedPosition& p = code_.tables.inlined[offset & ~kInlinedPosition];
    if (p.func >= module_.funcs.size()) return nullptr;
    caller = p.func;
    offset = p.wasm_offset;
  }
  const ByteRange body = module_.funcs[caller].body;
  if (offset < body.offset || offset - body.offset >= body.size) return nullptr;
  const u32 rest = body.size - (offset - body.offset);
  BinaryReader reader(module_.bytes, {offset, rest});
  const u8 opcode = reader.read_u8();
  const u32 index = reader.read_u32();
  if (reader.failed()) return nullptr;
  constexpr u8 kCall = 0x10, kCallIndirect = 0x11, kCallRef = 0x14;
  if (opcode == kCall && index < module_.funcs.size()) {
    func = index;
    return &module_.func_type(index);
  }
  if ((opcode == kCallIndirect || opcode == kCallRef) && index < module_.types.size() &&
      module_.types[index].kind == CompositeKind::kFunc) {
    return &module_.types[index].func;
  }
  return nullptr;
}

/// Values of reference types are such references.
void Verifier::check_references(const State& s, std::span<const ValueLocation> places, i64 stack) {
  for (const ValueLocation& l : places) {
    if (!l.type.is_ref()) continue;
    const Value v =
        l.kind == ValueLocation::Kind::kGpr ? s.gpr[l.number] : s.slot(stack + l.offset);
    if (!may_be(v, l.type)) return reject("passes a number as a reference");
  }
}

void Verifier::call_function(State& s, const CallSite& site, const Value& code) {
  std::optional<u32> func;
  const FuncType* type = callee_type(site, func);
  if (type == nullptr) return reject("the call site names no call in the function's body");
  if (code.proven && func != code.index) return reject("calls another function than the body says");
  const Kind context = s.gpr[kR14].kind;
  if (context != Kind::kContext && (code.proven || context != Kind::kOtherContext)) {
    return reject("r14 is not the callee's VMContext");
  }
  const CallConv conv(*type);
  const i64 rsp = s.gpr[kRsp].offset;
  if (rsp + conv.param_bytes + conv.result_bytes > -16) return reject("no room for parameters");
  check_references(s, conv.params, rsp);
  clobber_registers(s);
  set(s, kRsp, Value::frame(rsp + conv.param_bytes), 64);
  s.forget_slots(rsp, rsp + conv.param_bytes + conv.result_bytes);
  for (const ValueLocation& l : conv.results) {
    if (l.kind == ValueLocation::Kind::kGpr) s.gpr[l.number] = value_of(l.type);
    if (l.kind == ValueLocation::Kind::kStack) {
      s.set_slot(rsp + conv.param_bytes + l.offset, value_of(l.type));
    }
  }
}

/// Where an exception of this call may be caught.
void Verifier::land(const State& s, const CallSite& site) {
  const CodeTables& t = code_.tables;
  const i64 homes = -i64{code_.frame_bytes};
  u32 steps = 0;
  for (u32 r = site.try_region; r != CallSite::kNoTry; r = t.tries[r].outer) {
    if (r >= t.tries.size() || ++steps > t.tries.size()) return reject("no such try region");
    const TryRegion& region = t.tries[r];
    if (u64{region.clauses_begin} + region.clauses_count > t.clauses.size()) {
      return reject("no such clauses");
    }
    for (u32 i = 0; i < region.clauses_count; ++i) {
      const CatchClauseTable& clause = t.clauses[region.clauses_begin + i];
      State landed;
      landed.gpr[kRsp] = Value::frame(homes);
      landed.gpr[kRbp] = Value::frame(0);
      landed.slots = s.slots;
      landed.room = s.room;
      landed.least = s.least;
      landed.forget_slots(INT64_MIN / 2, homes);
      u64 end = 0;
      if (clause.tag != CatchClauseTable::kNoTag) {
        const u64 tag = (clause.tag - env_.layout.tag(0)) / 8;
        if (clause.tag < env_.layout.tag(0) || tag >= module_.tags.size()) {
          return reject("no such tag");
        }
        u64 cell = clause.args_cell;
        for (ValType p : module_.types[module_.tags[tag].type_index].func.params) {
          const i64 at = homes + 8 * static_cast<i64>(cell);
          landed.forget_slots(at, at + 8 * static_cast<i64>(cells_of(p)));
          landed.set_slot(at, value_of(p));
          cell += cells_of(p);
        }
        end = cell;
      }
      if (clause.ref_cell != CatchClauseTable::kNoCell) {
        landed.set_slot(homes + 8 * i64{clause.ref_cell}, kReference);
        end = std::max<u64>(end, u64{clause.ref_cell} + 1);
      }
      if (homes + 8 * static_cast<i64>(end) > -16) return reject("arguments outside of the frame");
      flow_to(clause.landing, landed);
      if (failed()) return;
    }
  }
}

// ---- Ways out -----------------------------------------------------------------------------------

void Verifier::leave_by_return(const State& s, i64 expected_rsp) {
  if (s.gpr[kRsp] != Value::frame(expected_rsp))
    return reject("the stack pointer is not at the end");
  if (s.gpr[kRbp].kind != Kind::kCallerFrame) return reject("rbp is not the caller's");
  if (expected_rsp == 8 && s.slot(8).kind != Kind::kReturn) {
    return reject("the return address has been written");
  }
  check_references(s, conv_.results, 16 + i64{conv_.param_bytes});
}

/// With what the call has brought, or, in a loop, with the frame.
void Verifier::leave_for_better_code(const State& s) {
  const bool at_entry = s.gpr[kRsp] == Value::frame(8) && s.gpr[kRbp].kind == Kind::kCallerFrame &&
                        s.slot(8).kind == Kind::kReturn;
  const bool in_loop = s.gpr[kRsp] == Value::frame(-i64{code_.frame_bytes}) &&
                       s.gpr[kRbp] == Value::frame(0) && s.slot(-8).kind == Kind::kContext;
  if (!at_entry && !in_loop) return reject("goes on elsewhere without a whole frame");
  if (s.gpr[kR14].kind != Kind::kContext) reject("r14 is not the VMContext");
}

void Verifier::leave_by_tail_call(const State& s) {
  const Value rsp = s.gpr[kRsp];
  if (rsp.kind != Kind::kFrame || s.slot(rsp.offset).kind != Kind::kReturn) {
    return reject("the return address is not on top of the stack");
  }
  if ((rsp.offset - 8) % 16 != 0) return reject("the stack pointer is not aligned");
  if (s.gpr[kRbp].kind != Kind::kCallerFrame) return reject("rbp is not the caller's");
  const Kind context = s.gpr[kR14].kind;
  if (context != Kind::kContext && context != Kind::kOtherContext) {
    reject("r14 is not the callee's VMContext");
  }
}

}  // namespace wazuka::verify

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What may be accessed through which pointer, and what is found there.
#include <algorithm>

#include "abi/gc_layout.h"
#include "abi/vm.h"
#include "verify/verifier.h"

namespace wazuka::verify {

namespace {
constexpr u64 kFourGiB = u64{1} << 32;
}

Verifier::Access Verifier::access_of(const State& s, u32 operand) const {
  const ZydisDecodedOperand& o = d_.operands[operand];
  Access a;
  a.disp = o.mem.disp.has_displacement ? o.mem.disp.value : 0;
  a.scale = o.mem.scale == 0 ? 1 : o.mem.scale;
  a.bytes = o.size / 8u;
  a.reads = (o.actions & ZYDIS_OPERAND_ACTION_MASK_READ) != 0;
  a.writes = (o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) != 0;
  if (o.mem.base == ZYDIS_REGISTER_RIP) {
    a.base = {.kind = Kind::kPlace, .offset = static_cast<i64>(at_) + d_.inst.length};
  } else if (auto base = gpr_number(o.mem.base)) {
    a.base = s.gpr[*base];
  } else {
    a.base = Value::number(0);
  }
  if (auto index = gpr_number(o.mem.index)) {
    a.index = s.gpr[*index];
    a.has_index = true;
  }
  if (a.writes && !a.reads && operand == 0) {
    if (d_.inst.mnemonic == ZYDIS_MNEMONIC_MOV && d_.is_imm(1)) {
      a.stored = Value::number(d_.imm(1));
      a.stores_value = true;
    } else if (d_.inst.mnemonic == ZYDIS_MNEMONIC_MOV && d_.is_register(1)) {
      a.stored_register = gpr_number(d_.operands[1].reg.value);
      a.stored = s.gpr[*a.stored_register];
      a.stores_value = true;
    } else if (d_.is_register(1)) {
      const auto xmm = xmm_number(d_.operands[1].reg.value);
      if (xmm && (s.zero_xmms >> *xmm & 1) != 0) {
        a.stored = Value::number(0);
        a.stores_value = true;
      }
    }
  }
  return a;
}

bool Verifier::plain(const Access& a, u32 bytes) const {
  return !a.has_index && !a.writes && a.bytes == bytes;
}

bool Verifier::has_trap_site(u32 at) const {
  return std::ranges::any_of(code_.tables.traps, [&](const TrapSite& t) {
    return t.offset == at && t.code == TrapCode::kMemoryOutOfBounds;
  });
}

Value Verifier::check_access(State& s, const Access& a) {
  switch (a.base.kind) {
    case Kind::kFrame: return in_frame(s, a);
    case Kind::kContext: return in_context(a);
    case Kind::kStore: return in_store(a);
    case Kind::kBase:
    case Kind::kGcBase: check_frame_at_trap(s); return in_heap(s, a);
    case Kind::kTable:
    case Kind::kElements:
    case Kind::kElement: return in_table(s, a);
    case Kind::kPlace:
    case Kind::kEntry: return in_place(a);
    case Kind::kMemory:
      if (plain(a, 8) && a.disp == offsetof(VMMemory, base)) {
        return Value::of(Kind::kBase, a.base.index);
      }
      if (plain(a, 8) && a.disp == offsetof(VMMemory, size)) {
        Value size = Value::of(Kind::kSize, a.base.index);
        size.proven = true;
        return size;
      }
      break;
    case Kind::kGlobal: {
      if (a.has_index) break;
      return in_cells(a, module_.globals[a.base.index].type.type, a.disp);
    }
    case Kind::kFuncRef:
    case Kind::kUntyped:
      if (plain(a, 8) && a.disp == offsetof(VMFuncRef, code)) return Value::of(Kind::kCode);
      if (plain(a, 8) && a.disp == offsetof(VMFuncRef, vmctx))
        return Value::of(Kind::kOtherContext);
      if (plain(a, 4) && a.disp == offsetof(VMFuncRef, type_id)) {
        check_frame_at_trap(s);  // of a null reference
        return Value::any();
      }
      break;
    case Kind::kEpoch:
      if (plain(a, 8) && a.disp == 0) return Value::any();
      break;
    case Kind::kNumber: reject("the base may be any number"); return Value::any();
    case Kind::kCode:
      if (!a.has_index && a.bytes == 4 && a.disp == offsetof(FuncCode, budget)) return Value::any();
      break;
    case Kind::kOtherContext:
    case Kind::kSize:
    case Kind::kTableSize:
    case Kind::kCallerFrame:
    case Kind::kReturn:
    case Kind::kDelta:
    case Kind::kTarget:
    case Kind::kBetter: break;
  }
  reject("not a field that code may access like this");
  return Value::any();
}

Value Verifier::in_frame(State& s, const Access& a) {
  if (a.has_index) return reject("an index in the frame"), Value::any();
  const i64 begin = a.base.offset + a.disp, end = begin + a.bytes;
  if (s.gpr[kRsp].kind != Kind::kFrame) return reject("the stack pointer is unknown"), Value::any();
  if (begin < s.gpr[kRsp].offset) return reject("below the stack pointer"), Value::any();
  if (end > frame_top()) return reject("above the function's frame"), Value::any();
  const bool slot = a.bytes == 8 && begin % 8 == 0;
  Value read = slot ? s.slot(begin) : Value::any();
  // The lower half, if the upper one is zero, is as good as the whole.
  const bool half = a.bytes == 4 && begin % 8 == 0 && s.slot(begin).fits_32();
  if (half) read = s.slot(begin);
  if ((slot || half) && !a.writes && read.can_have_name()) {
    s.name(read, at_);
    s.set_slot(begin, read);
  }
  if (a.writes) {
    s.forget_slots(begin, end);
    if (slot && a.stored_register) s.name(s.gpr[*a.stored_register], at_);
    if (slot && a.stores_value) {
      s.set_slot(begin, a.stored_register ? s.gpr[*a.stored_register] : a.stored);
    }
    if (a.bytes == 16 && begin % 8 == 0 && a.stores_value && a.stored.is_null()) {
      s.set_slot(begin, a.stored);
      s.set_slot(begin + 8, a.stored);
    }
  }
  return read;
}

/// The cells of a global: a reference stays one.
Value Verifier::in_cells(const Access& a, ValType type, i64 offset) {
  const i64 size = type.is_v128() ? 16 : 8;
  if (offset < 0 || offset + a.bytes > size) return reject("beyond the global"), Value::any();
  if (!type.is_ref()) return Value::any();
  if (a.bytes != 8) {
    // The lower half of a reference that is zero-extended is as good as the whole.
    if (is_func(type) || a.bytes != 4 || offset != 0) reject("part of a reference");
    return Value::any();
  }
  if (a.writes && !(a.stores_value && may_be(a.stored, type))) {
    return reject("makes a number a reference"), Value::any();
  }
  return value_of(type);
}

Value Verifier::in_context(const Access& a) {
  const VMLayout& l = env_.layout;
  if (a.has_index || a.disp < 0) return reject("an index in the VMContext"), Value::any();
  const u64 at = static_cast<u64>(a.disp);
  const u32 globals = static_cast<u32>(module_.globals.size());
  if (globals > module_.imported_globals) {
    const u64 first = l.defined_global(module_.imported_globals);
    const u64 number = (at - first) / sizeof(VMGlobal);
    if (at >= first && number < globals - module_.imported_globals) {
      const ValType type =
          module_.globals[module_.imported_globals + static_cast<u32>(number)].type.type;
      return in_cells(a, type, static_cast<i64>((at - first) % sizeof(VMGlobal)));
    }
  }
  if (!plain(a, 8)) return reject("not a whole field of the VMContext, read"), Value::any();
  if (at == offsetof(VMContext, store_context)) return Value::of(Kind::kStore);
  if (at == offsetof(VMContext, memory0)) return Value::of(Kind::kMemory, 0);
  if (at == offsetof(VMContext, memory0_base)) return Value::of(Kind::kBase, 0);
  // The arrays of pointers: the number of the element, if it is one.
  auto element = [&](u64 first, size_t count) -> std::optional<u32> {
    if (at < first || (at - first) % 8 != 0 || (at - first) / 8 >= count) return std::nullopt;
    return static_cast<u32>((at - first) / 8);
  };
  if (auto i = element(l.memory(0), module_.memories.size())) return Value::of(Kind::kMemory, *i);
  if (auto i = element(l.table(0), module_.tables.size())) return Value::of(Kind::kTable, *i);
  if (auto i = element(l.imported_global(0), module_.imported_globals)) {
    return Value::of(Kind::kGlobal, *i);
  }
  if (element(l.imported_func(0), module_.imported_funcs)) return Value::of(Kind::kFuncRef);
  if (element(l.tag(0), module_.tags.size())) return Value::any();  // only ever passed on
  return reject("not a field of the VMContext"), Value::any();
}

Value Verifier::in_store(const Access& a) {
  if (a.has_index || a.bytes != 8) return reject("not a field of the store"), Value::any();
  switch (a.disp) {
    case offsetof(VMStoreContext, fuel):
    case offsetof(VMStoreContext, exception): return Value::any();
    case offsetof(VMStoreContext, native_stack_limit):
    case offsetof(VMStoreContext, epoch_deadline):
      if (!a.writes) return Value::any();
      break;
    case offsetof(VMStoreContext, epoch):
      if (!a.writes) return Value::of(Kind::kEpoch);
      break;
    case offsetof(VMStoreContext, gc) + offsetof(VMGcHeap, base):
      if (!a.writes) return Value::of(Kind::kGcBase);
      break;
    default: break;
  }
  return reject("not a field of the store that code may access like this"), Value::any();
}

Value Verifier::in_heap(const State& s, const Access& a) {
  if (a.disp < 0) return reject("before the heap"), Value::any();
  Value index = a.index;
  if (a.has_index && a.scale != 1) {
    if (!index.fits_32() || index.max > 0xffff'ffff / a.scale) {
      return reject("a scaled index of a heap"), Value::any();
    }
    index = Value::at_most(index.max * a.scale);
  }
  const u64 length = static_cast<u64>(a.disp) + a.bytes;
  const bool gc = a.base.kind == Kind::kGcBase;
  if (!gc && a.has_index && index.fact == Fact::kMemory && index.fact_index == a.base.index &&
      length <= index.fact_room) {
    return Value::any();  // compared with the size
  }
  const bool bounded = !a.has_index || (index.kind == Kind::kNumber && index.max <= ~length);
  if (!gc && a.base.index < module_.memories.size() && bounded) {
    // No memory is smaller than its declaration says.
    const MemoryType& type = module_.memories[a.base.index];
    const u64 last = (a.has_index ? index.max : 0) + length;
    if (type.limits.min < (u64{1} << 32) && last <= type.limits.min << type.page_size_log2) {
      return Value::any();
    }
    if (last <= s.least_of(false, a.base.index)) return Value::any();
  }
  const bool guarded = a.base.index < module_.memories.size() && env_.guarded(a.base.index);
  const u64 guard = gc ? u64{kGcEndGuard} : guarded ? env_.guard_bytes : 0;
  if (!gc && guard == 0)
    return reject("the index has not been compared with the size"), Value::any();
  if (a.has_index && !index.fits_32()) {
    return reject("the upper half of the index may be anything"), Value::any();
  }
  const u64 furthest = (a.has_index ? index.max : 0) + length;
  if (furthest > kFourGiB + guard) return reject("beyond the guard"), Value::any();
  if (!gc && !has_trap_site(at_))
    return reject("no trap site for an access that may fault"), Value::any();
  return Value::any();
}

/// Whether an address in the elements of a table is that of one of them.
bool Verifier::is_element(const State& s, const Access& a) const {
  const u32 table = a.base.index;
  // No table is smaller than its declaration says.
  const u64 least = std::max(s.least_of(true, table), module_.tables[table].type.limits.min);
  if (!a.has_index) {
    const u64 at = static_cast<u64>(a.disp);
    return a.disp >= 0 && at % 8 == 0 && at / 8 < least;
  }
  const Value& index = a.index;
  if (a.disp != 0 || !index.can_have_name()) return false;
  const bool of_table = index.fact_index == table;
  if (a.scale == 8) return index.max < least || (of_table && index.fact == Fact::kTable);
  if (a.scale != 1) return false;
  const bool eightfold =
      index.fact == Fact::kEightfold || (index.is_constant() && index.max % 8 == 0);
  if (eightfold) return least != 0 && index.max / 8 <= least - 1;
  return of_table && index.fact == Fact::kTableOffset;
}

Value Verifier::in_table(const State& s, const Access& a) {
  const u32 table = a.base.index;
  if (a.base.kind == Kind::kTable) {
    if (plain(a, 8) && a.disp == offsetof(VMTable, elements)) {
      return Value::of(Kind::kElements, table);
    }
    if (plain(a, 8) && a.disp == offsetof(VMTable, size)) return Value::of(Kind::kTableSize, table);
    return reject("not a field of the table"), Value::any();
  }
  const bool good = a.base.kind == Kind::kElement ? !a.has_index && a.disp == 0 : is_element(s, a);
  if (!good) return reject("the index has not been compared with the table's size"), Value::any();
  return in_cells(a, module_.tables[table].type.element, 0);
}

/// An entry that is a distance from the table.
Value Verifier::in_jump_table(const Access& a) {
  const i64 begin = a.base.offset + a.disp;
  const bool bounded = a.index.kind == Kind::kNumber && a.index.max < (u64{1} << 28);
  if (a.base.kind != Kind::kPlace || a.scale != 4 || a.bytes != 4 || !bounded || begin < 0) {
    return reject("not an entry of the table"), Value::any();
  }
  const u64 end = static_cast<u64>(begin) + 4 * (a.index.max + 1);
  if (end > code_.bytes.size()) return reject("outside of the function"), Value::any();
  return {.kind = Kind::kDelta, .proven = true, .offset = begin, .max = a.index.max};
}

/// Constants behind the code, and the entries of tables of jumps.
Value Verifier::in_place(const Access& a) {
  if (a.writes) return reject("code is not to be written"), Value::any();
  if (a.has_index) return in_jump_table(a);
  if (a.base.kind == Kind::kEntry) {
    if (a.disp != 0 || a.bytes != 4) return reject("not an entry of the table"), Value::any();
    Value v = a.base;
    v.kind = Kind::kDelta;
    return v;
  }
  const i64 begin = a.base.offset + a.disp;
  if (begin < 0 || begin + a.bytes > static_cast<i64>(code_.bytes.size())) {
    return reject("outside of the function"), Value::any();
  }
  if (relocation(at_ + d_.inst.raw.disp.offset) != nullptr) {
    return reject("an access to a place outside"), Value::any();
  }
  return Value::any();
}

}  // namespace wazuka::verify

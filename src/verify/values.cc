// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What instructions leave in registers: exactly for the few that make pointers and bounds, and
// "anything" for whatever else they write.
#include <algorithm>

#include "verify/verifier.h"

namespace wazuka::verify {

void Verifier::set(State& s, u32 reg, const Value& v, u32 bits) const {
  Value r = v;
  if (bits < 32) {
    r = s.gpr[reg].fits_32() ? Value::at_most(0xffff'ffff) : Value::any();
  } else if (bits == 32 && !v.fits_32()) {
    r = v.kind == Kind::kNumber && v.exact ? Value::number(v.max & 0xffff'ffff)
                                           : Value::at_most(0xffff'ffff);
  }
  s.gpr[reg] = r;
  if (s.flags.uses(reg)) s.flags = {};
  // What is below the stack pointer may change at any time.
  if (reg == kRsp && r.kind == Kind::kFrame) s.forget_slots(INT64_MIN / 2, r.offset);
}

Value Verifier::source(const State& s, u32 operand, const Value& loaded) const {
  const ZydisDecodedOperand& o = d_.operands[operand];
  const u32 bits = o.size;
  Value v = Value::any();
  if (o.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) return Value::number(d_.imm(operand));
  if (o.type == ZYDIS_OPERAND_TYPE_MEMORY) v = loaded;
  if (o.type == ZYDIS_OPERAND_TYPE_REGISTER) {
    if (auto reg = gpr_number(o.reg.value)) v = s.gpr[*reg];
  }
  if (bits >= 64) return v;
  const u64 most = (u64{1} << bits) - 1;
  return v.kind == Kind::kNumber && v.max <= most ? v : Value::at_most(most);
}

void Verifier::transfer(State& s, const Value& loaded) {
  const bool changes_flags = d_.inst.cpu_flags != nullptr &&
                             (d_.inst.cpu_flags->modified | d_.inst.cpu_flags->set_0 |
                              d_.inst.cpu_flags->set_1 | d_.inst.cpu_flags->undefined) != 0;
  const Flags before = s.flags;
  if (changes_flags) s.flags = {};
  switch (d_.inst.mnemonic) {
    case ZYDIS_MNEMONIC_MOV:
    case ZYDIS_MNEMONIC_MOVZX:
      if (!d_.is_register(0)) return;
      return set(s, *gpr_number(d_.operands[0].reg.value), source(s, 1, loaded),
                 d_.operands[0].size);
    case ZYDIS_MNEMONIC_MOVSXD:
      if (loaded.kind == Kind::kDelta && d_.operands[0].size == 64) {
        return set(s, *gpr_number(d_.operands[0].reg.value), loaded, 64);
      }
      return default_effects(s);
    case ZYDIS_MNEMONIC_LEA: return lea(s);
    case ZYDIS_MNEMONIC_CMP: return compare(s);
    case ZYDIS_MNEMONIC_TEST:
      if (d_.is_register(0) && d_.is_register(1) &&
          d_.operands[0].reg.value == d_.operands[1].reg.value) {
        s.flags = {.kind = Flags::Kind::kCompare,
                   .bits = static_cast<u8>(d_.operands[0].size),
                   .left = static_cast<u8>(*gpr_number(d_.operands[0].reg.value))};
      }
      return;
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB: return add_sub(s);
    case ZYDIS_MNEMONIC_CMOVB: s.flags = before; return conditional_move(s, loaded);
    case ZYDIS_MNEMONIC_CMOVBE:
    case ZYDIS_MNEMONIC_CMOVL:
    case ZYDIS_MNEMONIC_CMOVLE:
    case ZYDIS_MNEMONIC_CMOVNB:
    case ZYDIS_MNEMONIC_CMOVNBE:
    case ZYDIS_MNEMONIC_CMOVNL:
    case ZYDIS_MNEMONIC_CMOVNLE:
    case ZYDIS_MNEMONIC_CMOVNO:
    case ZYDIS_MNEMONIC_CMOVNP:
    case ZYDIS_MNEMONIC_CMOVNS:
    case ZYDIS_MNEMONIC_CMOVNZ:
    case ZYDIS_MNEMONIC_CMOVO:
    case ZYDIS_MNEMONIC_CMOVP:
    case ZYDIS_MNEMONIC_CMOVS:
    case ZYDIS_MNEMONIC_CMOVZ: return conditional_move(s, loaded);
    case ZYDIS_MNEMONIC_XOR:
    case ZYDIS_MNEMONIC_AND:
    case ZYDIS_MNEMONIC_SHR:
      default_effects(s);
      if (!d_.is_register(0) || d_.operands[0].size < 32) return;
      if (const u32 reg = *gpr_number(d_.operands[0].reg.value); true) {
        const bool same = d_.is_register(1) && d_.operands[0].reg.value == d_.operands[1].reg.value;
        const bool mask = d_.is_imm(1) && d_.inst.mnemonic == ZYDIS_MNEMONIC_AND;
        if (d_.inst.mnemonic == ZYDIS_MNEMONIC_XOR && same) s.gpr[reg] = Value::number(0);
        if (mask && d_.operands[1].imm.value.s >= 0) s.gpr[reg] = Value::at_most(d_.imm(1));
        if (d_.inst.mnemonic == ZYDIS_MNEMONIC_SHR && d_.is_imm(1) && d_.operands[0].size == 64) {
          s.gpr[reg] = Value::at_most(~u64{0} >> (d_.imm(1) & 63));
        }
      }
      return;
    case ZYDIS_MNEMONIC_XORPS:
    case ZYDIS_MNEMONIC_PXOR:
    case ZYDIS_MNEMONIC_VXORPS:
    case ZYDIS_MNEMONIC_VPXOR: {
      default_effects(s);
      const auto operands = d_.visible();
      const bool same = std::ranges::all_of(operands, [&](const ZydisDecodedOperand& o) {
        return o.type == ZYDIS_OPERAND_TYPE_REGISTER && o.reg.value == operands[0].reg.value;
      });
      if (auto x = xmm_number(operands[0].reg.value); same && x) {
        s.zero_xmms |= static_cast<u16>(1u << *x);
      }
      return;
    }
    default: return default_effects(s);
  }
}

void Verifier::default_effects(State& s) {
  for (const ZydisDecodedOperand& o : d_.all()) {
    if (o.type != ZYDIS_OPERAND_TYPE_REGISTER ||
        (o.actions & ZYDIS_OPERAND_ACTION_MASK_WRITE) == 0) {
      continue;
    }
    if (auto x = xmm_number(o.reg.value)) s.zero_xmms &= static_cast<u16>(~(1u << *x));
    const auto reg = gpr_number(o.reg.value);
    if (!reg) continue;
    // If it may be left as it was, so may its upper half. (bsf and bsr: with a source of zero.)
    const bool maybe = (o.actions & ZYDIS_OPERAND_ACTION_CONDWRITE) != 0 ||
                       d_.inst.mnemonic == ZYDIS_MNEMONIC_BSF ||
                       d_.inst.mnemonic == ZYDIS_MNEMONIC_BSR;
    const bool fits = !maybe || s.gpr[*reg].fits_32();
    set(s, *reg, Value::any(), o.size);
    if (!fits) s.gpr[*reg] = Value::any();
  }
}

void Verifier::lea(State& s) {
  const u32 dst = *gpr_number(d_.operands[0].reg.value);
  const u32 bits = d_.operands[0].size;
  const Access a = access_of(s, 1);
  Value v = Value::any();
  if (bits == 64 && a.base.kind == Kind::kFrame && !a.has_index) {
    v = Value::frame(a.base.offset + a.disp);
  } else if (bits == 64 && a.base.kind == Kind::kPlace && !a.has_index) {
    if (const Relocation* r = relocation(at_ + d_.inst.raw.disp.offset)) {
      v = Value::of(Kind::kCode, r->index);
      v.proven = true;
      if (r->index < module_.imported_funcs || r->index >= module_.funcs.size()) {
        return reject("no such function");
      }
    } else {
      v = {.kind = Kind::kPlace, .offset = a.base.offset + a.disp};
    }
  } else if (bits == 64 && a.base.kind == Kind::kPlace && a.scale == 4 && a.disp == 0 &&
             a.index.kind == Kind::kNumber && a.index.max < (u64{1} << 28)) {
    v = {.kind = Kind::kEntry, .index = at_, .offset = a.base.offset, .max = a.index.max};
  } else if (bits == 64 && a.base.kind == Kind::kEntry && a.index.kind == Kind::kDelta &&
             a.scale == 1 && a.disp == 4 && a.base.index == a.index.index &&
             a.base.max == a.index.max && a.base.offset == a.index.offset) {
    v = a.base;
    v.kind = Kind::kTarget;
  }
  set(s, dst, v, bits);
}

void Verifier::compare(State& s) {
  s.flags = {};
  if (!d_.is_register(0)) return;
  const auto left = gpr_number(d_.operands[0].reg.value);
  if (!left) return;
  Flags f;
  f.bits = static_cast<u8>(d_.operands[0].size);
  f.left = static_cast<u8>(*left);
  if (d_.is_register(1)) {
    f.kind = Flags::Kind::kCompare;
    f.right_is_register = true;
    f.right = static_cast<u8>(*gpr_number(d_.operands[1].reg.value));
  } else if (d_.is_imm(1)) {
    f.kind = Flags::Kind::kCompare;
    f.right_value = d_.imm(1);
    if (f.bits == 32) f.right_value &= 0xffff'ffff;
  } else {
    const Access a = access_of(s, 1);
    if (a.base.kind == Kind::kStore && a.disp == offsetof(VMStoreContext, native_stack_limit) &&
        f.bits == 64 && s.gpr[f.left].kind == Kind::kFrame) {
      f.kind = Flags::Kind::kCompareStack;
      s.flags = f;
      return;
    }
    if (a.base.kind != Kind::kTable || a.disp != offsetof(VMTable, size) || f.bits != 64) return;
    f.kind = Flags::Kind::kCompareTable;
    f.table = a.base.index;
  }
  s.flags = f;
}

void Verifier::add_sub(State& s) {
  const bool add = d_.inst.mnemonic == ZYDIS_MNEMONIC_ADD;
  if (add && d_.is_register(0) && d_.is_register(1) && d_.operands[0].size == 64) {
    const auto dst = gpr_number(d_.operands[0].reg.value);
    const auto src = gpr_number(d_.operands[1].reg.value);
    if (!dst || !src) return default_effects(s);
    const Value table = s.gpr[*dst];
    Value target = s.gpr[*src];
    if (table.kind == Kind::kPlace && target.kind == Kind::kDelta && target.proven &&
        table.offset == target.offset) {
      target.kind = Kind::kTarget;
      return set(s, *dst, target, 64);
    }
  }
  if (!d_.is_register(0) || !d_.is_imm(1) || d_.operands[0].size != 64) return default_effects(s);
  const u32 reg = *gpr_number(d_.operands[0].reg.value);
  const i64 imm = d_.operands[1].imm.value.s;
  Value v = s.gpr[reg];
  if (v.kind == Kind::kFrame) {
    return set(s, reg, Value::frame(v.offset + (add ? imm : -imm)), 64);
  }
  if (v.kind == Kind::kSize && !add && imm >= 0 && !v.proven) {
    v.room += static_cast<u64>(imm);
    set(s, reg, v, 64);
    s.flags = {.kind = Flags::Kind::kSubtract, .bits = 64, .left = static_cast<u8>(reg)};
    return;
  }
  set(s, reg, Value::any(), 64);
}

// A minimum: after cmp x, limit, `cmovb limit, x` leaves nothing above the limit.
void Verifier::conditional_move(State& s, const Value& loaded) {
  const u32 dst = *gpr_number(d_.operands[0].reg.value);
  const u32 bits = d_.operands[0].size;
  const Value src = source(s, 1, loaded), old = s.gpr[dst];
  const Flags f = s.flags;
  const bool minimum = d_.inst.mnemonic == ZYDIS_MNEMONIC_CMOVB &&
                       f.kind == Flags::Kind::kCompare && f.bits == bits && f.right_is_register &&
                       f.right == dst && d_.is_register(1) &&
                       gpr_number(d_.operands[1].reg.value) == u32{f.left};
  if (minimum && old.kind == Kind::kNumber && (bits == 64 || old.fits_32())) {
    return set(s, dst, Value::at_most(old.max), bits);
  }
  const Value kept = bits == 64 || old.fits_32() ? old : Value::at_most(0xffff'ffff);
  set(s, dst, join(kept, src), bits);
}

}  // namespace wazuka::verify

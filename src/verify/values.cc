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
  s.leave_register(reg);
  s.gpr[reg] = r;
  // What is below the stack pointer may change at any time.
  if (reg == kRsp && r.kind == Kind::kFrame) s.forget_slots(INT64_MIN / 2, r.offset);
}

Value Verifier::source(const State& s, u32 operand, const Value& loaded) const {
  const ZydisDecodedOperand& o = d_.operands[operand];
  const u32 bits = o.size;
  Value v = Value::any();
  if (o.type == ZYDIS_OPERAND_TYPE_IMMEDIATE) return Value::number(d_.imm(operand));
  if (o.type == ZYDIS_OPERAND_TYPE_MEMORY) v = loaded;
  if (o.type == ZYDIS_OPERAND_TYPE_REGISTER && !is_second_byte(o.reg.value)) {
    if (auto reg = gpr_number(o.reg.value)) v = s.gpr[*reg];
  }
  if (bits >= 64) return v;
  if (bits == 8 && v.is_bit) return Value::at_most(1);
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
    case ZYDIS_MNEMONIC_MOVZX: return copy(s, loaded);
    case ZYDIS_MNEMONIC_MOVSXD:
      if (loaded.kind == Kind::kDelta && d_.operands[0].size == 64) {
        return set(s, *gpr_number(d_.operands[0].reg.value), loaded, 64);
      }
      return default_effects(s);
    case ZYDIS_MNEMONIC_LEA: return lea(s);
    case ZYDIS_MNEMONIC_CMP: return compare(s, loaded);
    case ZYDIS_MNEMONIC_TEST:
      if (d_.is_register(0) && d_.is_register(1) &&
          d_.operands[0].reg.value == d_.operands[1].reg.value) {
        const u32 reg = *gpr_number(d_.operands[0].reg.value);
        s.flags = {.kind = Flags::Kind::kCompare,
                   .bits = static_cast<u8>(d_.operands[0].size),
                   .left = {static_cast<u8>(reg), s.gpr[reg]},
                   .right = {kNoRegister, Value::number(0)}};
      }
      return;
    case ZYDIS_MNEMONIC_SHL: return shift_left(s);
    case ZYDIS_MNEMONIC_SETB:
    case ZYDIS_MNEMONIC_SETBE:
    case ZYDIS_MNEMONIC_SETL:
    case ZYDIS_MNEMONIC_SETLE:
    case ZYDIS_MNEMONIC_SETNB:
    case ZYDIS_MNEMONIC_SETNBE:
    case ZYDIS_MNEMONIC_SETNL:
    case ZYDIS_MNEMONIC_SETNLE:
    case ZYDIS_MNEMONIC_SETNP:
    case ZYDIS_MNEMONIC_SETNZ:
    case ZYDIS_MNEMONIC_SETP:
    case ZYDIS_MNEMONIC_SETZ:
      default_effects(s);
      if (d_.is_register(0) && !is_second_byte(d_.operands[0].reg.value)) {
        s.gpr[*gpr_number(d_.operands[0].reg.value)].is_bit = true;
      }
      return;
    case ZYDIS_MNEMONIC_ADD:
    case ZYDIS_MNEMONIC_SUB: return add_sub(s, loaded);
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
      if (!d_.is_register(0) || d_.operands[0].size < 32) return default_effects(s);
      if (const u32 reg = *gpr_number(d_.operands[0].reg.value); true) {
        const Value old = s.gpr[reg];
        default_effects(s);
        const bool same = d_.is_register(1) && d_.operands[0].reg.value == d_.operands[1].reg.value;
        const bool mask = d_.is_imm(1) && d_.inst.mnemonic == ZYDIS_MNEMONIC_AND;
        if (d_.inst.mnemonic == ZYDIS_MNEMONIC_XOR && same) s.gpr[reg] = Value::number(0);
        if (mask && d_.operands[1].imm.value.s >= 0) s.gpr[reg] = Value::at_most(d_.imm(1));
        if (d_.inst.mnemonic == ZYDIS_MNEMONIC_SHR && d_.is_imm(1)) {
          const u32 bits = d_.operands[0].size;
          const u64 most = ~u64{0} >> (64 - bits);
          const u64 limit = old.kind == Kind::kNumber ? std::min(old.max, most) : most;
          s.gpr[reg] = Value::at_most(limit >> (d_.imm(1) & (bits - 1)));
        }
        if (d_.inst.mnemonic == ZYDIS_MNEMONIC_AND && old.kind == Kind::kNumber) {
          s.gpr[reg].max = std::min(s.gpr[reg].max, old.max);
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

void Verifier::copy(State& s, const Value& loaded) {
  if (!d_.is_register(0)) return;
  const u32 dst = *gpr_number(d_.operands[0].reg.value);
  Value v = source(s, 1, loaded);
  if (d_.is_register(1) && !is_second_byte(d_.operands[1].reg.value)) {
    // The same value twice from now on.
    Value& original = s.gpr[*gpr_number(d_.operands[1].reg.value)];
    const bool same = v == original && (d_.operands[0].size == 64 || v.fits_32());
    if (same && v.can_have_name()) {
      s.name(original, at_);
      v.id = original.id;
    }
  }
  set(s, dst, v, d_.operands[0].size);
}

void Verifier::shift_left(State& s) {
  if (!d_.is_register(0) || !d_.is_imm(1) || d_.operands[0].size < 32) return default_effects(s);
  const u32 reg = *gpr_number(d_.operands[0].reg.value);
  const u32 bits = d_.operands[0].size, by = static_cast<u32>(d_.imm(1) & (bits - 1));
  const Value& old = s.gpr[reg];
  if (bits == 64 && by == 3) {
    s.name(s.gpr[reg], at_);
    return set(s, reg, eightfold(old), 64);
  }
  const bool fits = old.kind == Kind::kNumber && old.max <= (~u64{0} >> (64 - bits)) >> by;
  set(s, reg, fits ? Value::at_most(old.max << by) : Value::any(), bits);
}

/// A sum of numbers, if it does not wrap.
Value Verifier::sum_of(const Access& a, u32 bits) {
  const u64 most = ~u64{0} >> (64 - bits), index = a.has_index ? a.index.max : 0;
  if (a.base.max > most / 4 || index > most / 16 || static_cast<u64>(a.disp) > most / 4) {
    return Value::any();
  }
  return Value::at_most(a.base.max + index * a.scale + static_cast<u64>(a.disp));
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
  } else if (bits == 64 && a.base.kind == Kind::kElements && a.has_index && is_element(s, a)) {
    v = Value::of(Kind::kElement, a.base.index);
  } else if (bits == 64 && a.base.is_null() && a.scale == 8 && a.disp == 0) {
    const auto index = gpr_number(d_.operands[1].mem.index);
    s.name(s.gpr[*index], at_);
    v = eightfold(s.gpr[*index]);
  } else if (a.base.kind == Kind::kNumber && a.disp >= 0 &&
             (!a.has_index || a.index.kind == Kind::kNumber)) {
    v = sum_of(a, bits);
  }
  set(s, dst, v, bits);
}

void Verifier::compare(State& s, const Value& loaded) {
  s.flags = {};
  Flags f;
  f.kind = Flags::Kind::kCompare;
  f.bits = static_cast<u8>(d_.operands[0].size);
  auto side = [&](u32 operand) -> Side {
    if (d_.is_register(operand)) {
      const u32 reg = *gpr_number(d_.operands[operand].reg.value);
      return {static_cast<u8>(reg), s.gpr[reg]};
    }
    if (d_.is_imm(operand)) {
      const u64 imm = d_.imm(operand);
      return {kNoRegister, Value::number(f.bits == 32 ? imm & 0xffff'ffff : imm)};
    }
    return {kNoRegister, source(s, operand, loaded)};
  };
  f.left = side(0);
  f.right = side(1);
  if (d_.is_memory(1) && f.bits == 64 && f.left.value.kind == Kind::kFrame) {
    const Access a = access_of(s, 1);
    if (a.base.kind == Kind::kStore && a.disp == offsetof(VMStoreContext, native_stack_limit)) {
      f.kind = Flags::Kind::kCompareStack;
    }
  }
  s.flags = f;
}

void Verifier::add_sub(State& s, const Value& loaded) {
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
  const u32 bits = d_.operands[0].size;
  if (!d_.is_register(0) || bits < 32) return default_effects(s);
  const u32 reg = *gpr_number(d_.operands[0].reg.value);
  Value v = s.gpr[reg];
  if (add && v.kind == Kind::kNumber) {
    Access sum;
    sum.base = v;
    sum.index = d_.is_imm(1) ? Value::number(d_.imm(1)) : source(s, 1, loaded);
    sum.has_index = true;
    if (sum.index.kind == Kind::kNumber) return set(s, reg, sum_of(sum, bits), bits);
  }
  if (bits != 64) return default_effects(s);
  std::optional<i64> constant;
  if (d_.is_imm(1)) constant = d_.operands[1].imm.value.s;
  if (d_.is_register(1)) {
    const Value& other = s.gpr[*gpr_number(d_.operands[1].reg.value)];
    if (other.is_constant()) constant = static_cast<i64>(other.max);
    const bool swapped = other.kind == Kind::kElements;
    Access sum;
    sum.base = swapped ? other : v;
    sum.index = swapped ? v : other;
    sum.has_index = true;
    if (add && sum.base.kind == Kind::kElements && is_element(s, sum)) {
      return set(s, reg, Value::of(Kind::kElement, sum.base.index), 64);
    }
  }
  if (!constant) return default_effects(s);
  const i64 imm = *constant;
  if (v.kind == Kind::kFrame) {
    return set(s, reg, Value::frame(v.offset + (add ? imm : -imm)), 64);
  }
  if (v.is_limit() && !add && imm >= 0 && v.room < (u64{1} << 62)) {
    v.room += static_cast<u64>(imm);
    v.proven = false;
    v.fact = Fact::kNone;
    v.id = 0;
    set(s, reg, v, 64);
    s.flags = {
        .kind = Flags::Kind::kSubtract, .bits = 64, .left = {static_cast<u8>(reg), v}, .right = {}};
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
                       f.kind == Flags::Kind::kCompare && f.bits == bits && f.right.reg == dst &&
                       d_.is_register(1) && gpr_number(d_.operands[1].reg.value) == u32{f.left.reg};
  if (minimum && old.kind == Kind::kNumber && (bits == 64 || old.fits_32())) {
    return set(s, dst, Value::at_most(old.max), bits);
  }
  const Value kept = bits == 64 || old.fits_32() ? old : Value::at_most(0xffff'ffff);
  set(s, dst, join(kept, src), bits);
}

}  // namespace wazuka::verify

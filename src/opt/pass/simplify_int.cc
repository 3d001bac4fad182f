// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Rules for integers but for division. Constants are second operands already, and both operands
// are never constant.
#include <bit>
#include <utility>

#include "opt/pass/factory.h"

namespace wazuka::opt {

Value Factory::simplify_int(Inst& inst) {
  switch (inst.op) {
    case Opcode::kIAdd: return simplify_add(inst);
    case Opcode::kISub: return simplify_sub(inst);
    case Opcode::kIMul: return simplify_mul(inst);
    case Opcode::kIAnd:
    case Opcode::kIOr:
    case Opcode::kIXor: return simplify_logic(inst);
    case Opcode::kIShl:
    case Opcode::kSShr:
    case Opcode::kUShr:
    case Opcode::kRotl:
    case Opcode::kRotr: return simplify_shift(inst);
    case Opcode::kSExt8:
    case Opcode::kSExt16:
    case Opcode::kSExt32:
    case Opcode::kZExt32: return simplify_extension(inst);
    case Opcode::kWrap: return simplify_wrap(inst);
    case Opcode::kICmp: return simplify_compare(inst);
    case Opcode::kBitcast: {
      const Inst& x = g_[inst.arg(0)];
      if (x.op == Opcode::kBitcast && g_.type(x.arg(0)) == inst.type) return x.arg(0);
      return kNoValue;
    }
    default: return kNoValue;
  }
}

// Arithmetic --------------------------------------------------------------------------------------

Value Factory::simplify_add(Inst& inst) {
  const Value a = inst.arg(0), b = inst.arg(1);
  u64 c = 0;
  if (is_const(b)) {
    if (bits(b) == 0) return a;
    // (x + c) + d, (c - x) + d
    if (matches(a, Opcode::kIAdd, &c)) {
      const Value x = g_[a].arg(0);
      return binary(Opcode::kIAdd, x, c + bits(b));
    }
    if (is_op(a, Opcode::kISub) && is_const(g_[a].arg(0))) {
      const Value x = g_[a].arg(1);
      return binary(Opcode::kISub, iconst(inst.type, bits(g_[a].arg(0)) + bits(b)), x);
    }
    return kNoValue;
  }
  // x + (0 - y)
  for (u32 i = 0; i < 2; ++i) {
    const Inst& y = g_[inst.arg(i)];
    if (y.op == Opcode::kISub && is_const(y.arg(0)) && bits(y.arg(0)) == 0) {
      return binary(Opcode::kISub, inst.arg(1 - i), y.arg(1));
    }
  }
  // (x - y) + y
  for (u32 i = 0; i < 2; ++i) {
    const Inst& x = g_[inst.arg(i)];
    if (x.op == Opcode::kISub && x.args[1] == inst.args[1 - i]) return x.arg(0);
  }
  return kNoValue;
}

Value Factory::simplify_sub(Inst& inst) {
  const Value a = inst.arg(0), b = inst.arg(1);
  if (a == b) return iconst(inst.type, 0);
  if (is_const(b)) return binary(Opcode::kIAdd, a, u64{0} - bits(b));
  u64 c = 0;
  if (is_const(a) && matches(b, Opcode::kIAdd, &c)) {  // d - (x + c)
    const Value x = g_[b].arg(0);
    return binary(Opcode::kISub, iconst(inst.type, bits(a) - c), x);
  }
  const Inst& x = g_[a];
  const Inst& y = g_[b];
  if (x.op == Opcode::kIAdd) {  // (y + z) - y
    if (x.arg(0) == b) return x.arg(1);
    if (x.arg(1) == b) return x.arg(0);
  }
  if (y.op == Opcode::kISub && y.arg(0) == a) return y.arg(1);  // a - (a - z)
  if (y.op == Opcode::kISub && is_const(y.arg(0)) && bits(y.arg(0)) == 0) {
    return binary(Opcode::kIAdd, a, y.arg(1));
  }
  return kNoValue;
}

Value Factory::simplify_mul(Inst& inst) {
  const Value a = inst.arg(0), b = inst.arg(1);
  if (!is_const(b)) return kNoValue;
  const u64 k = bits(b);
  if (k == 0) return b;
  if (k == 1) return a;
  if (k == mask(inst.type)) return binary(Opcode::kISub, iconst(inst.type, 0), a);
  if (std::has_single_bit(k)) {
    return binary(Opcode::kIShl, a, static_cast<u64>(std::countr_zero(k)));
  }
  u64 c = 0;
  if (matches(a, Opcode::kIMul, &c)) {
    const Value x = g_[a].arg(0);
    return binary(Opcode::kIMul, x, c * k);
  }
  if (matches(a, Opcode::kIShl, &c)) {
    const Value x = g_[a].arg(0);
    return binary(Opcode::kIMul, x, k << (c & (width(inst.type) - 1)));
  }
  return kNoValue;
}

Value Factory::simplify_logic(Inst& inst) {
  const Value a = inst.arg(0), b = inst.arg(1);
  const Opcode op = inst.op;
  if (a == b) return op == Opcode::kIXor ? iconst(inst.type, 0) : a;
  if (!is_const(b)) {
    // Absorption: x & (x | y), x | (x & y).
    const Opcode dual = op == Opcode::kIAnd ? Opcode::kIOr : Opcode::kIAnd;
    if (op == Opcode::kIXor) return kNoValue;
    for (u32 i = 0; i < 2; ++i) {
      const Inst& y = g_[inst.arg(1 - i)];
      if (y.op == dual && (y.args[0] == inst.args[i] || y.args[1] == inst.args[i])) {
        return inst.arg(i);
      }
    }
    return kNoValue;
  }
  const u64 k = bits(b), all = mask(inst.type);
  if (k == 0) return op == Opcode::kIAnd ? b : a;
  if (k == all && op == Opcode::kIAnd) return a;
  if (k == all && op == Opcode::kIOr) return b;
  u64 c = 0;
  if (matches(a, op, &c)) {
    const Value x = g_[a].arg(0);
    return binary(op, x, op == Opcode::kIAnd ? c & k : op == Opcode::kIOr ? c | k : c ^ k);
  }
  if (op == Opcode::kIAnd) {
    // A mask that does nothing to a comparison, or to bits that are zero anyway.
    if ((is_op(a, Opcode::kICmp) || is_op(a, Opcode::kFCmp)) && (k & 1) != 0) return a;
    if (matches(a, Opcode::kUShr, &c)) {
      const u64 possible = all >> (c & (width(inst.type) - 1));
      if ((k & possible) == possible) return a;
    }
    if (is_op(a, Opcode::kLoad)) {
      const Access& access = g_.access(g_[a]);
      const u64 possible = access.bytes >= 8 ? ~u64{0} : (u64{1} << (8 * access.bytes)) - 1;
      if (!access.sign && (k & possible) == possible) return a;
    }
    if (k == 0xffffffff && inst.type == Type::kI64) return zext(wrap(a));
  }
  // !(comparison)
  if (op == Opcode::kIXor && k == 1 && is_op(a, Opcode::kICmp)) {
    const Inst x = g_[a];
    return icmp(inverse(x.int_cond()), x.arg(0), x.arg(1));
  }
  return kNoValue;
}

Value Factory::simplify_shift(Inst& inst) {
  const Value a = inst.arg(0), b = inst.arg(1);
  const u32 w = width(inst.type);
  if (is_const(a) && (bits(a) == 0 || (bits(a) == mask(inst.type) && inst.op != Opcode::kIShl &&
                                       inst.op != Opcode::kUShr))) {
    return a;
  }
  if (!is_const(b)) {
    // The count is taken modulo the width anyway.
    u64 c = 0;
    if (matches(b, Opcode::kIAnd, &c) && (c & (w - 1)) == w - 1) inst.args[1] = g_[b].args[0];
    return kNoValue;
  }
  const u64 k = bits(b) & (w - 1);
  if (k == 0) return a;
  if (k != bits(b)) inst.args[1] = index_of(iconst(inst.type, k));
  if (inst.op == Opcode::kRotr) return binary(Opcode::kRotl, a, w - k);
  u64 c = 0;
  if (matches(a, inst.op, &c)) {  // twice the same
    const Value x = g_[a].arg(0);
    const u64 sum = (c & (w - 1)) + k;
    if (inst.op == Opcode::kRotl) return binary(Opcode::kRotl, x, sum & (w - 1));
    if (sum < w) return binary(inst.op, x, sum);
    if (inst.op == Opcode::kSShr) return binary(Opcode::kSShr, x, w - 1);
    return iconst(inst.type, 0);
  }
  if (!matches(a, Opcode::kIShl, &c) || (c & (w - 1)) != k) {
    // (x >> k) << k
    if (inst.op == Opcode::kIShl &&
        (matches(a, Opcode::kUShr, &c) || matches(a, Opcode::kSShr, &c)) && (c & (w - 1)) == k &&
        (k < 31 || w == 32)) {
      const Value x = g_[a].arg(0);
      return binary(Opcode::kIAnd, x, mask(inst.type) << k);
    }
    return kNoValue;
  }
  // (x << k) >> k: extensions.
  const Value x = g_[a].arg(0);
  if (inst.op == Opcode::kSShr) {
    if (k == w - 8) return unary(Opcode::kSExt8, inst.type, x);
    if (k == w - 16) return unary(Opcode::kSExt16, inst.type, x);
    if (k == 32) return unary(Opcode::kSExt32, Type::kI64, wrap(x));
  } else if (inst.op == Opcode::kUShr) {
    if (w == 64 && k == 32) return zext(wrap(x));
    if (w == 32 || k > 32) return binary(Opcode::kIAnd, x, mask(inst.type) >> k);
  }
  return kNoValue;
}

// Conversions -------------------------------------------------------------------------------------

Value Factory::simplify_extension(Inst& inst) {
  const Value a = inst.arg(0);
  const Inst& x = g_[a];
  switch (inst.op) {
    case Opcode::kSExt8:
    case Opcode::kSExt16: {
      const u32 n = inst.op == Opcode::kSExt8 ? 8 : 16;
      if (x.op == Opcode::kSExt8 || (x.op == Opcode::kSExt16 && n == 16)) {
        if (x.op == inst.op || n == 16) return a;
      }
      if (x.op == Opcode::kSExt16 && n == 8) inst.args[0] = x.args[0];
      u64 c = 0;
      if (matches(a, Opcode::kIAnd, &c) && (c & ((1u << n) - 1)) == (1u << n) - 1) {
        inst.args[0] = x.args[0];
      }
      if (x.op == Opcode::kLoad && g_.access(x).sign && g_.access(x).bytes * 8u <= n) return a;
      return kNoValue;
    }
    case Opcode::kZExt32:
      if (x.op == Opcode::kWrap && zero_extended(x.arg(0))) return x.arg(0);
      return kNoValue;
    case Opcode::kSExt32:
      // sext32(wrap(x)) of what is sign-extended already.
      if (x.op == Opcode::kWrap) {
        const Inst& y = g_[x.arg(0)];
        if (y.op == Opcode::kSExt32) return x.arg(0);
        if (y.op == Opcode::kLoad && g_.access(y).sign && g_.access(y).bytes <= 4) return x.arg(0);
      }
      return kNoValue;
    default: return kNoValue;
  }
}

Value Factory::simplify_wrap(Inst& inst) {
  const Inst x = g_[inst.arg(0)];
  switch (x.op) {
    case Opcode::kZExt32:
    case Opcode::kSExt32: return x.arg(0);
    case Opcode::kIAnd:
      // The mask may be one of the upper half only.
      if (is_const(x.arg(1)) && static_cast<u32>(bits(x.arg(1))) == 0xffffffff) {
        return wrap(x.arg(0));
      }
      [[fallthrough]];
    case Opcode::kIAdd:
    case Opcode::kISub:
    case Opcode::kIMul:
    case Opcode::kIOr:
    case Opcode::kIXor: {
      // Half the work if the operands were extended for nothing.
      auto narrow = [&](Value v) {
        return is_const(v) || is_op(v, Opcode::kZExt32) || is_op(v, Opcode::kSExt32);
      };
      if (!narrow(x.arg(0)) || !narrow(x.arg(1))) return kNoValue;
      const Value a = wrap(x.arg(0)), b = wrap(x.arg(1));
      return binary(x.op, a, b);
    }
    case Opcode::kIShl: {
      if (!is_const(x.arg(1)) || !is_op(x.arg(0), Opcode::kZExt32)) return kNoValue;
      const u64 k = bits(x.arg(1)) & 63;
      const Value low = g_[x.arg(0)].arg(0);
      return k < 32 ? binary(Opcode::kIShl, low, k) : i32_const(0);
    }
    case Opcode::kUShr: {
      if (!is_const(x.arg(1)) || !is_op(x.arg(0), Opcode::kZExt32)) return kNoValue;
      const u64 k = bits(x.arg(1)) & 63;
      const Value low = g_[x.arg(0)].arg(0);
      return k < 32 ? binary(Opcode::kUShr, low, k) : i32_const(0);
    }
    default: return kNoValue;
  }
}

// Comparisons -------------------------------------------------------------------------------------

Value Factory::simplify_compare(Inst& inst) {
  if (is_const(inst.arg(0))) {
    std::swap(inst.args[0], inst.args[1]);
    inst.aux = static_cast<u16>(swapped(inst.int_cond()));
  }
  const Value a = inst.arg(0), b = inst.arg(1);
  if (a == b) {
    switch (inst.int_cond()) {
      case IntCond::kEq:
      case IntCond::kLeS:
      case IntCond::kLeU:
      case IntCond::kGeS:
      case IntCond::kGeU: return i32_const(1);
      default: return i32_const(0);
    }
  }
  if (is_const(b)) {
    if (bits(b) == 0) {
      const Value v = compare_with_zero(inst, a);
      if (v != kNoValue) return v;
    }
    return compare_with_constant(inst, a, bits(b));
  }
  // Both extended in the same way: compare the halves.
  const Inst& x = g_[a];
  const Inst& y = g_[b];
  const bool order = inst.int_cond() != IntCond::kEq && inst.int_cond() != IntCond::kNe;
  if (x.op == y.op && (x.op == Opcode::kZExt32 || x.op == Opcode::kSExt32)) {
    const bool is_unsigned = inst.int_cond() == IntCond::kLtU || inst.int_cond() == IntCond::kGtU ||
                             inst.int_cond() == IntCond::kLeU || inst.int_cond() == IntCond::kGeU;
    if (!order || is_unsigned == (x.op == Opcode::kZExt32)) {
      return icmp(inst.int_cond(), x.arg(0), y.arg(0));
    }
  }
  return kNoValue;
}

Value Factory::compare_with_zero(Inst& inst, Value a) {
  const Inst x = g_[a];
  const Value zero = inst.arg(1);
  switch (inst.int_cond()) {
    case IntCond::kLtU: return i32_const(0);
    case IntCond::kGeU: return i32_const(1);
    case IntCond::kLeU: return icmp(IntCond::kEq, a, zero);
    case IntCond::kGtU: return icmp(IntCond::kNe, a, zero);
    case IntCond::kEq:
    case IntCond::kNe: break;
    default: return kNoValue;
  }
  const bool negate = inst.int_cond() == IntCond::kEq;
  switch (x.op) {
    case Opcode::kICmp: return negate ? icmp(inverse(x.int_cond()), x.arg(0), x.arg(1)) : a;
    case Opcode::kFCmp:
      if (!negate) return a;
      if (x.float_cond() == FloatCond::kEq) return fcmp(FloatCond::kNe, x.arg(0), x.arg(1));
      if (x.float_cond() == FloatCond::kNe) return fcmp(FloatCond::kEq, x.arg(0), x.arg(1));
      return kNoValue;
    case Opcode::kISub:
    case Opcode::kIXor: return icmp(inst.int_cond(), x.arg(0), x.arg(1));
    case Opcode::kZExt32:
    case Opcode::kSExt32: return icmp(inst.int_cond(), x.arg(0), 0);
    default: return kNoValue;
  }
}

Value Factory::compare_with_constant(Inst& inst, Value a, u64 c) {
  const IntCond cond = inst.int_cond();
  const u64 all = mask(g_.type(a));
  // The ends of the range.
  if (cond == IntCond::kLtU && c == 1) return icmp(IntCond::kEq, a, 0);
  if (cond == IntCond::kGeU && c == 1) return icmp(IntCond::kNe, a, 0);
  if (cond == IntCond::kGtU && c == all) return i32_const(0);
  if (cond == IntCond::kLeU && c == all) return i32_const(1);
  const Inst x = g_[a];
  const bool equality = cond == IntCond::kEq || cond == IntCond::kNe;
  u64 d = 0;
  if (equality && matches(a, Opcode::kIAdd, &d)) return icmp(cond, x.arg(0), c - d);
  if (equality && matches(a, Opcode::kIXor, &d)) return icmp(cond, x.arg(0), c ^ d);
  if ((x.op == Opcode::kICmp || x.op == Opcode::kFCmp) && equality && c == 1) {
    return icmp(inverse(cond), a, 0);
  }
  if (x.op == Opcode::kZExt32) {
    const bool is_signed = cond == IntCond::kLtS || cond == IntCond::kGtS ||
                           cond == IntCond::kLeS || cond == IntCond::kGeS;
    if (c <= 0xffffffff && !is_signed) {
      const Value low = i32_const(static_cast<u32>(c));
      return icmp(cond, x.arg(0), low);
    }
    if (c > 0xffffffff && equality) return i32_const(cond == IntCond::kNe);
  }
  return kNoValue;
}

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Division and remainder by constants without dividing: shifts for powers of two, else a
// multiplication by a scaled reciprocal that is rounded up (Granlund and Montgomery 1994; the
// numbers as in Warren, "Hacker's Delight", chapter 10). For 32 bits one 64-bit multiplication has
// all the bits that are needed.
#include <bit>

#include "opt/pass/factory.h"

namespace wazuka::opt {

namespace {

using u128 = unsigned __int128;

struct Unsigned {
  u64 multiplier;  // without the bit of weight 2^width, if there is one
  u32 shift;
  bool add;  // there is one
};

/// floor(x / d) = floor(x * m / 2^(width + shift)) for all x, with m below 2^(width + 1).
Unsigned unsigned_reciprocal(u64 d, u32 width) {
  // The smallest shift for which ceil(2^(width + s) / d) is exact enough.
  for (u32 s = 0;; ++s) {
    const u32 power = width + s;
    // power ≤ 128: q = floor(2^power / d), r the rest.
    u128 q, r;
    if (power == 128) {
      const u128 top = ~u128{0};
      q = top / d;
      r = top % d + 1;
      if (r == d) ++q, r = 0;
    } else {
      const u128 p = u128{1} << power;
      q = p / d;
      r = p % d;
    }
    if (r != 0) {
      // m = q + 1; error e = d - r must be at most 2^s.
      if (d - r > (u128{1} << s)) continue;
      ++q;
    }
    const u128 limit = u128{1} << width;
    return {static_cast<u64>(q >= limit ? q - limit : q), s, q >= limit};
  }
}

struct Signed {
  i64 multiplier;
  u32 shift;
};

/// For 2 ≤ d < 2^(width - 1), d no power of two: m = floor(2^(width + s) / d) + 1 as a signed
/// number of `width` bits.
Signed signed_reciprocal(u64 d, u32 width) {
  for (u32 s = 0;; ++s) {
    const u32 power = width - 1 + s;
    const u128 p = u128{1} << power;
    const u128 q = p / d, r = p % d;
    // d - r ≤ 2^s, for numbers of width - 1 bits.
    if (d - r > (u128{1} << s)) continue;
    u64 m = static_cast<u64>(q + 1);
    if (width == 32) m = static_cast<u64>(i64{static_cast<i32>(static_cast<u32>(m))});
    // The product is shifted by width, one more than power - s.
    if (s == 0) {
      // Twice the number fits: one bit less of shift is not possible, so double it.
      m = width == 32 ? static_cast<u64>(i64{static_cast<i32>(static_cast<u32>(2 * (q + 1)))})
                      : static_cast<u64>(2 * (q + 1));
      return {static_cast<i64>(m), 0};
    }
    return {static_cast<i64>(m), s - 1};
  }
}

}  // namespace

Value Factory::divide_unsigned(Value x, u64 d) {
  const Type t = g_.type(x);
  const u32 w = width(t);
  const Unsigned u = unsigned_reciprocal(d, w);
  if (t == Type::kI32 && !u.add) {
    const Value product = binary(Opcode::kIMul, zext(x), u.multiplier);
    return wrap(binary(Opcode::kUShr, product, 32 + u.shift));
  }
  Value high;
  if (t == Type::kI32) {
    high = wrap(binary(Opcode::kUShr, binary(Opcode::kIMul, zext(x), u.multiplier), 32));
  } else {
    high = binary(Opcode::kUMulHigh, x, u.multiplier);
  }
  if (!u.add) return binary(Opcode::kUShr, high, u.shift);
  // (x + high) / 2 without overflow.
  const Value half = binary(Opcode::kUShr, binary(Opcode::kISub, x, high), u64{1});
  return binary(Opcode::kUShr, add(half, high), u.shift - 1);
}

Value Factory::divide_signed(Value x, i64 d) {
  const Type t = g_.type(x);
  const u32 w = width(t);
  const u64 magnitude = d < 0 ? u64{0} - static_cast<u64>(d) : static_cast<u64>(d);
  const Signed s = signed_reciprocal(magnitude, w);
  Value q;
  if (t == Type::kI32) {
    const Value wide = unary(Opcode::kSExt32, Type::kI64, x);
    const Value product = binary(Opcode::kIMul, wide, static_cast<u64>(s.multiplier));
    q = wrap(binary(Opcode::kSShr, product, u64{32}));
  } else {
    q = binary(Opcode::kSMulHigh, x, static_cast<u64>(s.multiplier));
  }
  if (s.multiplier < 0) q = add(q, x);
  q = binary(Opcode::kSShr, q, s.shift);
  // Towards zero: one more for negative numbers.
  q = add(q, binary(Opcode::kUShr, x, w - 1));
  return d < 0 ? binary(Opcode::kISub, iconst(t, 0), q) : q;
}

Value Factory::divide_by_power(Inst& inst, u32 k) {
  const Value x = inst.arg(0);
  const u32 w = width(inst.type);
  if (inst.op == Opcode::kUDiv) return binary(Opcode::kUShr, x, k);
  if (inst.op == Opcode::kURem) return binary(Opcode::kIAnd, x, (u64{1} << k) - 1);
  // Towards zero: negative numbers are first increased by the divisor - 1.
  const Value sign = k == 1 ? x : binary(Opcode::kSShr, x, w - 1);
  const Value increased = add(x, binary(Opcode::kUShr, sign, w - k));
  if (inst.op == Opcode::kSDiv) return binary(Opcode::kSShr, increased, k);
  const Value multiple = binary(Opcode::kIAnd, increased, ~u64{0} << k);
  return binary(Opcode::kISub, x, multiple);
}

Value Factory::simplify_division(Inst& inst) {
  const Value x = inst.arg(0), y = inst.arg(1);
  if (!is_const(y) || bits(y) == 0) return kNoValue;
  const u64 d = bits(y);
  const bool is_signed = inst.op == Opcode::kSDiv || inst.op == Opcode::kSRem;
  const bool is_rem = inst.op == Opcode::kSRem || inst.op == Opcode::kURem;
  const u64 sign_bit = u64{1} << (width(inst.type) - 1);
  if (d == 1) return is_rem ? iconst(inst.type, 0) : x;
  if (is_signed && d == mask(inst.type)) return is_rem ? iconst(inst.type, 0) : kNoValue;
  if (is_signed && d == sign_bit) {
    // Only the least number has the quotient 1.
    const Value q = icmp(IntCond::kEq, x, y);
    if (!is_rem) return inst.type == Type::kI64 ? zext(q) : q;
    return select(q, iconst(inst.type, 0), x);
  }
  if (std::has_single_bit(d)) return divide_by_power(inst, static_cast<u32>(std::countr_zero(d)));
  Value q, by = y;
  if (is_signed) {
    i64 divisor = g_[y].signed_bits();
    // The remainder does not depend on the divisor's sign.
    if (is_rem && divisor < 0) {
      divisor = -divisor;
      if (std::has_single_bit(static_cast<u64>(divisor))) {
        return divide_by_power(inst, static_cast<u32>(std::countr_zero(static_cast<u64>(divisor))));
      }
    }
    if (!is_rem && divisor < 0 && std::has_single_bit(static_cast<u64>(-divisor))) {
      Inst positive = inst;
      const Value p =
          divide_by_power(positive, static_cast<u32>(std::countr_zero(static_cast<u64>(-divisor))));
      return binary(Opcode::kISub, iconst(inst.type, 0), p);
    }
    q = divide_signed(x, divisor);
    by = iconst(inst.type, static_cast<u64>(divisor));
  } else {
    q = divide_unsigned(x, d);
  }
  return is_rem ? binary(Opcode::kISub, x, binary(Opcode::kIMul, q, by)) : q;
}

}  // namespace wazuka::opt

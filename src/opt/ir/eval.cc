// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "opt/ir/eval.h"

#include <bit>
#include <cmath>
#include <limits>

namespace wazuka::opt {

namespace {

template <class U>
struct Wider;
template <>
struct Wider<u32> {
  using Unsigned = u64;
  using Signed = i64;
};
template <>
struct Wider<u64> {
  using Unsigned = unsigned __int128;
  using Signed = __int128;
};

template <class U>
bool compare(IntCond c, U a, U b) {
  using S = std::make_signed_t<U>;
  const S x = static_cast<S>(a), y = static_cast<S>(b);
  switch (c) {
    case IntCond::kEq: return a == b;
    case IntCond::kNe: return a != b;
    case IntCond::kLtS: return x < y;
    case IntCond::kLtU: return a < b;
    case IntCond::kGtS: return x > y;
    case IntCond::kGtU: return a > b;
    case IntCond::kLeS: return x <= y;
    case IntCond::kLeU: return a <= b;
    case IntCond::kGeS: return x >= y;
    case IntCond::kGeU: return a >= b;
  }
  return false;
}

template <class U>
Evaluated divide(Opcode op, U a, U b) {
  using S = std::make_signed_t<U>;
  if (b == 0) return TrapCode::kIntegerDivisionByZero;
  const S x = static_cast<S>(a), y = static_cast<S>(b);
  switch (op) {
    case Opcode::kUDiv: return u64{a / b};
    case Opcode::kURem: return u64{a % b};
    case Opcode::kSRem: return y == -1 ? u64{0} : u64{static_cast<U>(x % y)};
    default: break;
  }
  if (y == -1 && x == std::numeric_limits<S>::min()) return TrapCode::kIntegerOverflow;
  return u64{static_cast<U>(x / y)};
}

template <class U>
Evaluated integer(const Inst& inst, U a, U b) {
  using S = std::make_signed_t<U>;
  using Wide = Wider<U>;
  constexpr U kWidth = sizeof(U) * 8;
  const U count = b & (kWidth - 1);
  auto u = [](auto x) { return u64{static_cast<U>(x)}; };
  switch (inst.op) {
    case Opcode::kIAdd: return u(a + b);
    case Opcode::kISub: return u(a - b);
    case Opcode::kIMul: return u(a * b);
    case Opcode::kUMulHigh: return u(typename Wide::Unsigned{a} * b >> kWidth);
    case Opcode::kSMulHigh:
      return u(typename Wide::Signed{static_cast<S>(a)} * static_cast<S>(b) >> kWidth);
    case Opcode::kSDiv:
    case Opcode::kUDiv:
    case Opcode::kSRem:
    case Opcode::kURem: return divide(inst.op, a, b);
    case Opcode::kIAnd: return u(a & b);
    case Opcode::kIOr: return u(a | b);
    case Opcode::kIXor: return u(a ^ b);
    case Opcode::kIShl: return u(a << count);
    case Opcode::kSShr: return u(static_cast<S>(a) >> count);
    case Opcode::kUShr: return u(a >> count);
    case Opcode::kRotl: return u(std::rotl(a, static_cast<int>(count)));
    case Opcode::kRotr: return u(std::rotr(a, static_cast<int>(count)));
    case Opcode::kClz: return u(std::countl_zero(a));
    case Opcode::kCtz: return u(std::countr_zero(a));
    case Opcode::kPopcnt: return u(std::popcount(a));
    case Opcode::kSExt8: return u(static_cast<S>(static_cast<i8>(a)));
    case Opcode::kSExt16: return u(static_cast<S>(static_cast<i16>(a)));
    case Opcode::kICmp: return u64{compare(inst.int_cond(), a, b)};
    default: return {};
  }
}

// Floats ------------------------------------------------------------------------------------------

template <class F>
using BitsOf = std::conditional_t<sizeof(F) == 4, u32, u64>;

template <class F>
u64 bits_of(F x) {
  return std::bit_cast<BitsOf<F>>(x);
}

/// Operations give quiet NaNs.
template <class F>
u64 result(F x) {
  constexpr u64 kQuiet = u64{1} << (std::numeric_limits<F>::digits - 2);
  return std::isnan(x) ? bits_of(x) | kQuiet : bits_of(x);
}

template <class F>
F minimum(F a, F b) {
  if (std::isnan(a)) return a;
  if (std::isnan(b)) return b;
  if (a == b) return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

template <class F>
F maximum(F a, F b) {
  if (std::isnan(a)) return a;
  if (std::isnan(b)) return b;
  if (a == b) return std::signbit(a) ? b : a;
  return a > b ? a : b;
}

/// The rounding mode is the default, to nearest even.
template <class F>
F nearest(F x) {
  return std::nearbyint(x);
}

template <class F>
bool compare(FloatCond c, F a, F b) {
  switch (c) {
    case FloatCond::kEq: return a == b;
    case FloatCond::kNe: return a != b;
    case FloatCond::kLt: return a < b;
    case FloatCond::kGt: return a > b;
    case FloatCond::kLe: return a <= b;
    case FloatCond::kGe: return a >= b;
  }
  return false;
}

template <class Int, class F>
Evaluated truncate(F x, bool saturate) {
  using Unsigned = std::make_unsigned_t<Int>;
  using Limits = std::numeric_limits<Int>;
  if (std::isnan(x)) return saturate ? Evaluated{u64{0}} : TrapCode::kBadConversionToInteger;
  // 2^n is exact, the largest integer need not be.
  const F end = std::ldexp(F{1}, Limits::digits);
  const F t = std::trunc(x);
  if (t >= end) {
    if (!saturate) return TrapCode::kIntegerOverflow;
    return u64{static_cast<Unsigned>(Limits::max())};
  }
  if (t < (std::is_signed_v<Int> ? -end : F{0})) {
    if (!saturate) return TrapCode::kIntegerOverflow;
    return u64{static_cast<Unsigned>(Limits::min())};
  }
  return u64{static_cast<Unsigned>(static_cast<Int>(t))};
}

template <class F>
Evaluated to_integer(const Inst& inst, F x) {
  const bool wide = inst.type == Type::kI64;
  switch (inst.op) {
    case Opcode::kFToS: return wide ? truncate<i64>(x, false) : truncate<i32>(x, false);
    case Opcode::kFToU: return wide ? truncate<u64>(x, false) : truncate<u32>(x, false);
    case Opcode::kFToSSat: return wide ? truncate<i64>(x, true) : truncate<i32>(x, true);
    case Opcode::kFToUSat: return wide ? truncate<u64>(x, true) : truncate<u32>(x, true);
    default: return {};
  }
}

template <class F>
Evaluated floating(const Inst& inst, u64 a_bits, u64 b_bits) {
  const F a = std::bit_cast<F>(static_cast<BitsOf<F>>(a_bits));
  const F b = std::bit_cast<F>(static_cast<BitsOf<F>>(b_bits));
  constexpr u64 kSign = u64{1} << (sizeof(F) * 8 - 1);
  switch (inst.op) {
    case Opcode::kFAdd: return result(a + b);
    case Opcode::kFSub: return result(a - b);
    case Opcode::kFMul: return result(a * b);
    case Opcode::kFDiv: return result(a / b);
    case Opcode::kFMin: return result(minimum(a, b));
    case Opcode::kFMax: return result(maximum(a, b));
    case Opcode::kFCopysign: return (bits_of(a) & ~kSign) | (bits_of(b) & kSign);
    case Opcode::kFAbs: return bits_of(a) & ~kSign;
    case Opcode::kFNeg: return bits_of(a) ^ kSign;
    case Opcode::kFCeil: return result(std::ceil(a));
    case Opcode::kFFloor: return result(std::floor(a));
    case Opcode::kFTrunc: return result(std::trunc(a));
    case Opcode::kFNearest: return result(nearest(a));
    case Opcode::kFSqrt: return result(std::sqrt(a));
    case Opcode::kFCmp: return u64{compare(inst.float_cond(), a, b)};
    case Opcode::kPromote: return result(static_cast<f64>(a));
    case Opcode::kDemote: return result(static_cast<f32>(a));
    case Opcode::kBitcast: return bits_of(a);
    default: return to_integer(inst, a);
  }
}

/// i32 or i64 → float.
template <class I>
Evaluated to_float(const Inst& inst, I x) {
  return inst.type == Type::kF32 ? bits_of(static_cast<f32>(x)) : bits_of(static_cast<f64>(x));
}

Evaluated from_integer(const Inst& inst, Type from, u64 a) {
  const bool wide = from == Type::kI64;
  const u32 low = static_cast<u32>(a);
  switch (inst.op) {
    case Opcode::kSExt32: return static_cast<u64>(i64{static_cast<i32>(low)});
    case Opcode::kZExt32:
    case Opcode::kWrap: return u64{low};
    case Opcode::kBitcast: return wide ? a : u64{low};
    case Opcode::kSToF:
      return wide ? to_float(inst, static_cast<i64>(a)) : to_float(inst, static_cast<i32>(low));
    case Opcode::kUToF: return wide ? to_float(inst, a) : to_float(inst, low);
    default: return {};
  }
}

}  // namespace

Evaluated evaluate(const Inst& inst, Type from, u64 a, u64 b, u64 c) {
  if (inst.op == Opcode::kSelect) return static_cast<u32>(a) != 0 ? b : c;
  switch (from) {
    case Type::kI32:
    case Type::kI64: {
      const Evaluated converted = from_integer(inst, from, a);
      if (converted.index() != 0) return converted;
      if (from == Type::kI64) return integer<u64>(inst, a, b);
      return integer<u32>(inst, static_cast<u32>(a), static_cast<u32>(b));
    }
    case Type::kF32: return floating<f32>(inst, a, b);
    case Type::kF64: return floating<f64>(inst, a, b);
    case Type::kNone:
    case Type::kV128: return {};
  }
  return {};
}

}  // namespace wazuka::opt

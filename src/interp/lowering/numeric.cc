// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arithmetic: choosing the form that fits where the operands are, and deferring compares to the
// branch that uses them.
#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

namespace {

constexpr bool is_float_shape_op(Base b) {
  return in_range(b, Base::kF32Add, base_at(index_of(Base::kTruncF32S32) - 1));
}

i64 int_value(const Operand& o) {
  return o.type == kI32 ? i64{static_cast<i32>(o.bits)} : static_cast<i64>(o.bits);
}

/// Whether the operands may be exchanged (with exchanged(b)).
bool commutes(Base b) {
  return base_info(b).shape == Shape::kBinC;
}

}  // namespace

/// The first combo of b's shape that the operands can have; `with_acc`: only with an accumulator.
int match_combo(Base b, const Operand& x, const Operand& y, bool x_imm, bool y_imm, bool with_acc) {
  const ShapeInfo& shape = shape_of(b);
  auto has = [](Kind k, const Operand& o, bool immediate) {
    return k == Kind::kR ? o.in_acc : k == Kind::kS ? o.in_slot : k == Kind::kI ? immediate : true;
  };
  for (u32 i = 0; i < shape.count; ++i) {
    const Combo c = shape.combos[i];
    if (with_acc != (c.a == Kind::kR || c.b == Kind::kR)) continue;
    if (has(c.a, x, x_imm) && has(c.b, y, y_imm)) return static_cast<int>(i);
  }
  return -1;
}

// Forms ------------------------------------------------------------------------------------------

bool Lowering::immediate_fits(Base base, const Operand& o) const {
  if (is_float_shape_op(base)) return true;
  const i64 v = int_value(o);
  return v == static_cast<i32>(v);
}

Lowering::Choice Lowering::choose(Base base, const Operand& x, const Operand& y) const {
  const bool x_imm = x.is_const && immediate_fits(base, x);
  const bool y_imm = y.is_const && immediate_fits(base, y);
  const Base other = exchanged(base);
  const bool both_ways = commutes(base);
  // Accumulators first.
  for (bool with_acc : {true, false}) {
    int combo = match_combo(base, x, y, x_imm, y_imm, with_acc);
    if (combo >= 0) return {base, combo, false};
    if (!both_ways) continue;
    combo = match_combo(other, y, x, y_imm, x_imm, with_acc);
    if (combo >= 0) return {other, combo, true};
  }
  return {};
}

void Lowering::emit_binary(Base base, Operand x, Operand y, Slot& out) {
  if (base == Base::kSub && y.is_const) {
    base = Base::kAdd;
    y.bits = 0 - y.bits;
    if (y.type == kI32) y.bits = static_cast<u32>(y.bits);
  } else if (base == Base::kRotr32 && y.is_const) {
    base = Base::kRotl32;
    y.bits = (32 - y.bits) & 31;
  } else if (base == Base::kRotr64 && y.is_const) {
    base = Base::kRotl64;
    y.bits = (64 - y.bits) & 63;
  }
  Choice c = choose(base, x, y);
  if (c.combo < 0) {
    force_slot(y.is_const && !x.is_const ? y : x);
    c = choose(base, x, y);
    if (c.combo < 0) {
      force_slot(x);
      force_slot(y);
      c = choose(base, x, y);
    }
  }
  if (c.exchanged) std::swap(x, y);
  const Combo kinds = make_form(c.base, c.combo).combo();
  Fields f;
  if (kinds.a == Kind::kS) f.set(1, x.cell);
  if (kinds.b == Kind::kS) f.set(kinds.a == Kind::kS ? 2 : 1, y.cell);
  const Operand* imm = kinds.a == Kind::kI ? &x : kinds.b == Kind::kI ? &y : nullptr;
  const bool wide = imm != nullptr && imm->type == kF64;
  if (imm != nullptr && !wide) f.imm(static_cast<u32>(imm->bits));
  produce(c.base, c.combo, f, out);
  if (wide) e_.word(imm->bits);
}

void Lowering::emit_unary(Base base, Operand x, Slot& out) {
  if (x.is_const) force_slot(x);
  const int combo = find_combo(base, {x.in_acc ? Kind::kR : Kind::kS, Kind::kNone});
  Fields f;
  if (!x.in_acc) f.set(1, x.cell);
  produce(base, combo, f, out);
}

// Hooks ------------------------------------------------------------------------------------------

void Lowering::constant(u64 bits, Slot& out) {
  out.value = top_value(Where::kConst, out.type);
  out.value.bits = bits;
}

void Lowering::compare_with_zero(Op op, Slot& a, Slot& out) {
  const bool wide = op == Op::kI64Eqz;
  if (a.value.where == Where::kDeferred && !wide && negate_deferred()) {
    out.value = a.value;
    return;
  }
  Operand x = take(a);
  Operand zero;
  zero.type = wide ? kI64 : kI32;
  zero.is_const = true;
  const Base base = wide ? Base::kEq64 : Base::kEq32;
  if (!defer_condition(base, x, zero, out)) emit_binary(base, x, zero, out);
}

void Lowering::unary(Op op, Slot& a, Slot& out) {
  if (op == Op::kI32Eqz || op == Op::kI64Eqz) return compare_with_zero(op, a, out);
  if (op_info(op).prefix == 0xfd) {
    Slot* const args[] = {&a};
    return simd(op, args, out);
  }
  // The low half of a cell is the i32: wrapping does nothing.
  const bool wrap = op == Op::kI32WrapI64;
  const bool reinterpret = op == Op::kI32ReinterpretF32 || op == Op::kI64ReinterpretF64 ||
                           op == Op::kF32ReinterpretI32 || op == Op::kF64ReinterpretI64;
  if (a.value.where == Where::kConst && (wrap || reinterpret)) {
    return constant(wrap ? static_cast<u32>(a.value.bits) : a.value.bits, out);
  }
  if (wrap || (reinterpret && a.value.where != Where::kAcc && a.value.where != Where::kDeferred)) {
    out.value = a.value;
    return;
  }
  Operand x = take(a);
  emit_unary(mapping(op).base, x, out);
  canonicalize(op, out);
}

void Lowering::binary(Op op, Slot& a, Slot& b, Slot& out) {
  if (op_info(op).prefix == 0xfd) {
    Slot* const args[] = {&a, &b};
    return simd(op, args, out);
  }
  const OpMapping& m = mapping(op);
  if (fuse(op, a, b, out)) return canonicalize(op, out);
  compute(a);  // first: taking b notes what is in the accumulators
  Operand y = take(b);
  Operand x = take(a);
  if (m.exchange) std::swap(x, y);
  if (defer_binary(op, m.base, x, y, out)) return;
  emit_binary(m.base, x, y, out);
  canonicalize(op, out);
}

namespace {

constexpr bool between(Op op, Op first, Op last) {
  return op >= first && op <= last;
}

/// Whether the result may be a NaN that was made or changed by the operation.
constexpr bool makes_nans(Op op) {
  return between(op, Op::kF32Ceil, Op::kF32Max) || between(op, Op::kF64Ceil, Op::kF64Max) ||
         op == Op::kF32DemoteF64 || op == Op::kF64PromoteF32;
}
constexpr bool makes_f32_nans(Op op) {
  return between(op, Op::kF32x4Ceil, Op::kF32x4Nearest) ||
         between(op, Op::kF32x4Sqrt, Op::kF32x4Max) || op == Op::kF32x4DemoteF64x2Zero ||
         op == Op::kF32x4RelaxedMadd || op == Op::kF32x4RelaxedNmadd ||
         op == Op::kF32x4RelaxedMin || op == Op::kF32x4RelaxedMax;
}
constexpr bool makes_f64_nans(Op op) {
  return op == Op::kF64x2Ceil || op == Op::kF64x2Floor || op == Op::kF64x2Trunc ||
         op == Op::kF64x2Nearest || between(op, Op::kF64x2Sqrt, Op::kF64x2Max) ||
         op == Op::kF64x2PromoteLowF32x4 || op == Op::kF64x2RelaxedMadd ||
         op == Op::kF64x2RelaxedNmadd || op == Op::kF64x2RelaxedMin || op == Op::kF64x2RelaxedMax;
}

}  // namespace

/// The result of `op` has just been produced.
void Lowering::canonicalize(Op op, Slot& out) {
  if (!context_.options.canonical_nans) return;
  if (out.type.is_v128()) {
    const bool f32 = makes_f32_nans(op);
    if (!f32 && !makes_f64_nans(op)) return;
    produce_in_slot(f32 ? Base::kF32x4Canonical : Base::kF64x2Canonical,
                    Fields().set(1, out.value.cell), out);
  } else if (makes_nans(op)) {
    const Operand x = take(out);
    emit_unary(out.type == kF32 ? Base::kF32Canonical : Base::kF64Canonical, x, out);
  }
}

void Lowering::select(Slot& a, Slot& b, Slot& condition, Slot& out) {
  Operand c = take(condition);
  Operand y = take(b);
  Operand x = take(a);
  if (c.is_const) force_slot(c);
  const Class cls = class_of(out.type);
  if (cls == Class::kV128) {
    force_slot(c);
    produce_in_slot(Base::kSelectV, Fields().set(1, c.cell).set(2, x.cell).set(3, y.cell), out);
    return;
  }
  auto small = [](const Operand& o) {
    return o.is_const && int_value(o) == static_cast<i16>(int_value(o));
  };
  const bool is_int = cls == Class::kInt;
  for (Operand* o : {&x, &y}) {
    if (o->is_const && (!is_int || !small(*o))) force_slot(*o);
  }
  // One of the three can be in an integer accumulator; another class has its own.
  const bool r = c.in_acc;
  Base base = is_int               ? (r ? Base::kSelectR : Base::kSelectS)
              : cls == Class::kF32 ? (r ? Base::kSelectF32R : Base::kSelectF32S)
                                   : (r ? Base::kSelectF64R : Base::kSelectF64S);
  const bool may_use_acc = !is_int || !r;
  Combo kinds{x.is_const                ? Kind::kI
              : may_use_acc && x.in_acc ? Kind::kR
                                        : Kind::kS,
              y.is_const ? Kind::kI : Kind::kS};
  if (kinds.a != Kind::kR && !y.is_const && may_use_acc && y.in_acc) kinds.b = Kind::kR;
  Fields f;
  if (!r) f.set(1, c.cell);
  f.set(2, kinds.a == Kind::kI ? static_cast<u32>(x.bits) : x.cell);
  f.set(3, kinds.b == Kind::kI ? static_cast<u32>(y.bits) : y.cell);
  produce(base, find_combo(base, kinds), f, out);
}

// Globals ----------------------------------------------------------------------------------------

void Lowering::global_get(u32 index, Slot& out) {
  const VMLayout& layout = *context_.layout;
  const bool imported = layout.is_imported_global(index);
  const u64 offset = imported ? layout.imported_global(index) : layout.defined_global(index);
  Fields f = Fields().imm(static_cast<u32>(offset));
  if (out.type.is_v128()) {
    produce_in_slot(imported ? Base::kGlobalGetVI : Base::kGlobalGetV, f, out);
    return;
  }
  const Base base = imported ? Base::kGlobalGetI : Base::kGlobalGet;
  if (class_of(out.type) == Class::kInt) {
    produce(base, 0, f, out);
    return;
  }
  // Floats pass through the integer accumulator into their cell.
  spill(Class::kInt);
  acc(Class::kInt) = {};
  out.value = top_value(Where::kSlot, out.type);
  note_write(out.value.cell);
  e_.emit(make_form(base, 0, /*stores=*/true), f.set(0, out.value.cell));
}

void Lowering::global_set(u32 index, Slot& in) {
  const VMLayout& layout = *context_.layout;
  const bool imported = layout.is_imported_global(index);
  const u64 offset = imported ? layout.imported_global(index) : layout.defined_global(index);
  Operand x = take(in);
  Fields f = Fields().imm(static_cast<u32>(offset));
  if (in.type.is_v128()) {
    e_.emit(imported ? Base::kGlobalSetVI : Base::kGlobalSetV, f.set(0, x.cell));
    return;
  }
  const bool is_int = class_of(in.type) == Class::kInt;
  const bool small =
      x.is_const && is_int && !imported && int_value(x) == static_cast<i16>(int_value(x));
  Kind kind = small ? Kind::kI : is_int && x.in_acc ? Kind::kR : Kind::kS;
  if (kind == Kind::kS) force_slot(x);
  const Base base = imported ? Base::kGlobalSetI : Base::kGlobalSet;
  if (kind == Kind::kI) f.set(0, static_cast<u32>(x.bits));
  if (kind == Kind::kS) f.set(0, x.cell);
  e_.emit(make_form(base, find_combo(base, {kind, Kind::kNone})), f);
}

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Loads and stores of scalars.
#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

/// Whether the forms for memory 0 can be used: offset + size in 32 bits.
bool Lowering::fast_access(const MemArg& arg, u32 bytes) const {
  return arg.memory == 0 && arg.offset <= ~u32{0} - bytes;
}

/// Fields f2 and f3 of the forms for any memory; word 2 is the offset.
Fields Lowering::any_access(const MemArg& arg) const {
  return Fields().set(2, memory_word(arg.memory)).set(3, is_memory64(arg.memory));
}

namespace {

/// The offset-plus-size immediate if the address is known: false if it does not fit.
bool fold_address(Operand& address, u64 end, u32& immediate) {
  if (!address.is_const) return immediate = static_cast<u32>(end), true;
  u64 sum = 0;
  if (__builtin_add_overflow(address.bits, end, &sum) || sum > ~u32{0}) return false;
  immediate = static_cast<u32>(sum);
  return true;
}

}  // namespace

void Lowering::load(Op op, const MemArg& arg, Slot& address, Slot& out) {
  if (out.type.is_v128()) return load_vector(op, arg, address, out);
  const u32 bytes = op_info(op).access_bytes();
  const Base base = mapping(op).base;
  const bool fast = fast_access(arg, bytes);
  if (address.value.where == Where::kDeferred && fast &&
      load_deferred_address(op, static_cast<u32>(arg.offset + bytes), out)) {
    return;
  }
  Operand x = take(address);
  if (fast && !x.is_const && defer_load(op, x, static_cast<u32>(arg.offset + bytes), out)) {
    return;
  }
  if (!fast) {
    force_slot(x);
    produce(base_at(index_of(base) + 2), 0, any_access(arg).set(1, x.cell), out);
    e_.word(arg.offset);
    return;
  }
  u32 end = 0;
  if (!fold_address(x, arg.offset + bytes, end)) {
    force_slot(x);
    end = static_cast<u32>(arg.offset + bytes);
  }
  const Kind kind = x.is_const ? Kind::kI : x.in_acc ? Kind::kR : Kind::kS;
  const Base wide = is_memory64(0) ? base_at(index_of(base) + 1) : base;
  Fields f = Fields().imm(end);
  if (kind == Kind::kS) f.set(1, x.cell);
  produce(wide, find_combo(wide, {kind, Kind::kNone}), f, out);
}

void Lowering::store(Op op, const MemArg& arg, Slot& address, Slot& value) {
  if (value.type.is_v128()) return store_vector(arg, address, value);
  const u32 bytes = op_info(op).access_bytes();
  Base base = mapping(op).base;
  Operand v = take(value);
  Operand x = take(address);
  const bool is_float = class_of(v.type) != Class::kInt;
  const bool fast = fast_access(arg, bytes);
  // A float that is not in its accumulator is stored as the integer of its size.
  if (is_float && !(fast && v.in_acc)) {
    force_slot(v);
    v.in_acc = false;
    base = bytes == 4 ? Base::kStore32 : Base::kStore64;
  }
  if (!fast) {
    force_slot(x);
    force_slot(v);
    e_.emit(base_at(index_of(base) + 2), any_access(arg).set(0, x.cell).set(1, v.cell));
    e_.word(arg.offset);
    return;
  }
  u32 end = 0;
  if (!fold_address(x, arg.offset + bytes, end)) {
    force_slot(x);
    end = static_cast<u32>(arg.offset + bytes);
  }
  if (v.is_const && static_cast<i64>(v.bits) != static_cast<i16>(v.bits) &&
      !(v.type == kI32 && static_cast<i32>(v.bits) == static_cast<i16>(v.bits))) {
    force_slot(v);
  }
  const bool float_value = is_float && v.in_acc;
  Kind kx = x.is_const ? Kind::kI : x.in_acc ? Kind::kR : Kind::kS;
  Kind kv = v.is_const ? Kind::kI : v.in_acc ? Kind::kR : Kind::kS;
  if (kx == Kind::kR && kv == Kind::kR && !float_value) {
    // Both are in the one integer accumulator: one of them is in a slot as well.
    (v.in_slot ? kv : kx) = Kind::kS;
  }
  const Base wide = is_memory64(0) ? base_at(index_of(base) + 1) : base;
  Fields f = Fields().imm(end);
  if (kx == Kind::kS) f.set(0, x.cell);
  if (kv == Kind::kS) f.set(1, v.cell);
  if (kv == Kind::kI) f.set(1, static_cast<u32>(v.bits));
  e_.emit(make_form(wide, find_combo(wide, {kx, kv})), f);
}

}  // namespace wazuka::interp

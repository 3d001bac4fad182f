// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// SIMD: operands and v128 results in slots.
#include <cstring>

#include "interp/lowering/lowering.h"
#include "interp/lowering/op_map.h"

namespace wazuka::interp {

void Lowering::v128_const(const u8* bytes, Slot& out) {
  produce_in_slot(Base::kConstV, {}, out);
  u64 halves[2];
  std::memcpy(halves, bytes, sizeof halves);
  e_.word(halves[0]);
  e_.word(halves[1]);
}

void Lowering::simd(Op op, std::span<Slot* const> args, Slot& out) {
  const Base base = mapping(op).base;
  u32 cells[3] = {};
  for (size_t i = args.size(); i-- > 0;) cells[i] = take_in_slot(*args[i]).cell;
  Fields f;
  for (u32 i = 0; i < args.size(); ++i) f.set(1 + i, cells[i]);
  if (out.type.is_v128()) {
    produce_in_slot(base, f, out);
    canonicalize(op, out);
  } else {
    produce(base, 0, f, out);
  }
}

void Lowering::ternary(Op op, Slot& a, Slot& b, Slot& c, Slot& out) {
  Slot* const args[] = {&a, &b, &c};
  simd(op, args, out);
}

void Lowering::extract_lane(Op op, u32 lane, Slot& vector, Slot& out) {
  const u32 cell = take_in_slot(vector).cell;
  produce(mapping(op).base, 0, Fields().set(1, cell).set(2, lane), out);
}

void Lowering::replace_lane(Op op, u32 lane, Slot& vector, Slot& x, Slot& out) {
  const u32 scalar = take_in_slot(x).cell;
  const u32 cell = take_in_slot(vector).cell;
  produce_in_slot(mapping(op).base, Fields().set(1, cell).set(2, scalar).set(3, lane), out);
}

void Lowering::shuffle(const u8* lanes, Slot& a, Slot& b, Slot& out) {
  const u32 y = take_in_slot(b).cell;
  const u32 x = take_in_slot(a).cell;
  produce_in_slot(Base::kI8x16Shuffle, Fields().set(1, x).set(2, y), out);
  u64 halves[2];
  std::memcpy(halves, lanes, sizeof halves);
  e_.word(halves[0]);
  e_.word(halves[1]);
}

void Lowering::load_vector(Op op, const MemArg& arg, Slot& address, Slot& out) {
  const u32 x = take_in_slot(address).cell;
  produce_in_slot(mapping(op).base, any_access(arg).set(1, x), out);
  e_.word(arg.offset);
}

void Lowering::store_vector(const MemArg& arg, Slot& address, Slot& value) {
  const u32 v = take_in_slot(value).cell;
  const u32 x = take_in_slot(address).cell;
  e_.emit(Base::kV128Store, any_access(arg).set(0, x).set(1, v));
  e_.word(arg.offset);
}

void Lowering::load_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector,
                         Slot& out) {
  const u32 v = take_in_slot(vector).cell;
  const u32 x = take_in_slot(address).cell;
  produce_in_slot(mapping(op).base, any_access(arg).set(1, x), out);
  e_.word(arg.offset);
  e_.word(u64{v} | u64{lane} << 16);
}

void Lowering::store_lane(Op op, const MemArg& arg, u32 lane, Slot& address, Slot& vector) {
  const u32 v = take_in_slot(vector).cell;
  const u32 x = take_in_slot(address).cell;
  e_.emit(mapping(op).base, any_access(arg).set(0, x).set(1, v));
  e_.word(arg.offset);
  e_.word(lane);
}

}  // namespace wazuka::interp

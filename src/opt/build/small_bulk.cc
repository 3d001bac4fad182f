// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// memory.copy and memory.fill of a few bytes, which is what compilers make of assignments of
// structures: loads and stores instead of a call of the runtime. Everything is checked before the
// first store, and loaded before it, since places may overlap; pieces overlap where the length is
// no sum of powers of two.
#include <algorithm>

#include "opt/build/graph_builder.h"

namespace wazuka::opt {

namespace {

constexpr u32 kMostBytes = 64;

/// Calls f(offset, bytes) for pieces of at most `widest` bytes that cover `length`.
template <class F>
void each_piece(u32 length, u32 widest, F f) {
  u32 bytes = widest;
  while (bytes > length) bytes /= 2;
  u32 at = 0;
  for (; at + bytes <= length; at += bytes) f(at, bytes);
  if (at == length) return;
  const u32 rest = length - at;
  // One piece for the rest if there is one so wide, behind or overlapping the last.
  u32 last = 1;
  while (last < rest) last *= 2;
  f(length - last, last);
}

Type type_of_piece(u32 bytes) {
  return bytes == 16 ? Type::kV128 : bytes == 8 ? Type::kI64 : Type::kI32;
}

}  // namespace

bool GraphBuilder::is_small(Value length) const {
  const Inst& inst = g_[length];
  return env_->opt_level >= 2 && inst.op == Opcode::kIConst && inst.bits() != 0 &&
         inst.bits() <= kMostBytes;
}

u16 GraphBuilder::piece_access(u32 memory, u32 offset, u32 bytes) {
  return intern({.offset = offset,
                 .region_index = memory_region(memory),
                 .region = Region::kMemory,
                 .bytes = static_cast<u8>(bytes)});
}

void GraphBuilder::store_piece(u32 memory, const Address& to, u32 offset, u32 bytes, Value value) {
  append({.op = Opcode::kStore,
          .aux = piece_access(memory, offset, bytes),
          .args = {index_of(to.base), index_of(to.index), index_of(value)}});
}

void GraphBuilder::copy_small(u32 to_memory, u32 from_memory, std::span<Slot> args) {
  const u32 length = static_cast<u32>(g_[args[2].value].bits());
  const Address to = checked_address({.memory = to_memory}, length, args[0].value);
  const Address from = checked_address({.memory = from_memory}, length, args[1].value);
  struct Piece {
    u32 offset, bytes;
    Value value;
  };
  std::vector<Piece> pieces;
  each_piece(length, 16, [&](u32 offset, u32 bytes) {
    const Value v = append({.op = Opcode::kLoad,
                            .type = type_of_piece(bytes),
                            .aux = piece_access(from_memory, offset, bytes),
                            .args = {index_of(from.base), index_of(from.index)}});
    pieces.push_back({offset, bytes, v});
  });
  for (const Piece& p : pieces) store_piece(to_memory, to, p.offset, p.bytes, p.value);
}

void GraphBuilder::fill_small(u32 memory, std::span<Slot> args) {
  const u32 length = static_cast<u32>(g_[args[2].value].bits());
  const Address to = checked_address({.memory = memory}, length, args[0].value);
  constexpr u64 kOnes = 0x0101'0101'0101'0101;
  const Inst byte = g_[args[1].value];
  const bool constant = byte.op == Opcode::kIConst;
  Value all = kNoValue;
  if (!constant) {
    all = f_.binary(Opcode::kIMul, f_.zext(f_.binary(Opcode::kIAnd, args[1].value, u64{0xff})),
                    kOnes);
  }
  each_piece(length, constant ? 16 : 8, [&](u32 offset, u32 bytes) {
    Value v = all;
    if (bytes == 16) {
      Graph::Bytes16 pattern;
      pattern.fill(static_cast<u8>(byte.bits()));
      Slot s{kV128, {}};
      v128_const(pattern.data(), s);
      v = s.value;
    } else if (constant) {
      const u64 bits = kOnes * static_cast<u8>(byte.bits());
      v = f_.iconst(type_of_piece(bytes), bytes == 8 ? bits : bits & 0xffff'ffff);
    } else if (bytes != 8) {
      v = f_.wrap(all);
    }
    store_piece(memory, to, offset, bytes, v);
  });
}

}  // namespace wazuka::opt

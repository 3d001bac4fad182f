// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constant expressions (spec 3.4.11): initial values of globals and tables, offsets and items of
// segments. They are ordinary instruction sequences, so the body decoder reads them; whoever wants
// their value runs a Sink over them:
//
//   struct Evaluator : SinkBase<Cell, Empty> {
//     template <class P> void i32_const(P&, u32 bits, Slot& out) { out.value = bits; }
//     template <class P> void global_get(P&, u32 index, Slot& out) { … }
//     template <class P> void other(P&, Op op, const Immediates&, std::span<Slot> args,
//                                   std::span<Slot> results) { … ref.func, struct.new … }
//     template <class P> void end_const(P&, Slot& result) { … }
//   };
//
// Hooks that occur: the constants, global_get, binary (extended-const: add, sub, mul), and `other`
// for ref.null, ref.func, ref.i31, struct.new*, array.new*, any.convert_extern,
// extern.convert_any; end_const receives the result.
#pragma once

#include <span>

#include "wasm/body_decoder.h"

namespace wazuka {

/// Runs a Sink over an expression of a validated module; `type` is what it was validated against.
/// Who evaluates many keeps the buffers.
template <class Sink>
void visit_const_expr(const Module& module, ByteRange expr, ValType type, Sink& sink,
                      DecoderBuffers<Sink>* buffers = nullptr) {
  BodyDecoder<Sink, Validate::kNo, Expression::kConstant>(module, sink, expr, type, buffers).run();
}

/// An integer constant and nothing else, as most offsets of segments are.
struct PlainConst {
  u64 bits;   // of an i32: zero-extended
  u32 bytes;  // of the expression; 0: it is something else, or has a long immediate
};

/// If such an expression of this type begins here.
inline PlainConst read_plain_const(std::span<const u8> code, ValType type) {
  constexpr u32 kLongest = 4;  // bytes of the immediate: none of them can be superfluous
  const u8 opcode = type == kI32 ? 0x41 : 0x42;
  if (code.empty() || code[0] != opcode || (type != kI32 && type != kI64)) return {};
  u64 bits = 0;
  u32 length = 0;
  do {
    if (length == kLongest || code.size() < length + 3) return {};
    bits |= u64{code[1 + length] & 0x7fu} << (7 * length);
  } while (code[1 + length++] >= 0x80);
  if (code[1 + length] != 0x0b) return {};
  const u32 unused = 64 - 7 * length;
  bits = static_cast<u64>(static_cast<i64>(bits << unused) >> unused);
  return {type == kI32 ? static_cast<u32>(bits) : bits, length + 2};
}

/// Whether the expression is `ref.func x` and nothing else; then *func = x.
bool is_ref_func(const Module& module, ByteRange expr, u32* func);

}  // namespace wazuka

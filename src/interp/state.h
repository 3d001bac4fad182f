// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the interpreter keeps in machine registers, and how handlers read their operands.
//
// A handler body is a function `TrapOr run(State&)`, always inlined: it advances `pc`, changes the
// accumulators, and returns kContinue; anything else leaves the dispatch (dispatch.h). Bodies may
// fail only before they have changed anything but memory, so that an instruction can be retried.
//
// x86-64: with preserve_none the members live in r12 r13 r14 r15 rdi rsi rdx xmm0 xmm1, in this
// order. The first four survive calls of C functions, so they are the ones slow paths need.
#pragma once

#include <cstring>
#include <type_traits>

#include "abi/vm.h"
#include "interp/isa.h"

namespace wazuka::interp {

struct State {
  Cell* fp;       // cells of the current frame
  const u64* pc;  // the current instruction
  u8* mem;        // memory 0 of vm
  VMContext* vm;
  u64 mem_size;  // of memory 0, as last seen (shared memories grow unseen)
  VMStoreContext* ctx;
  u64 acc;  // accumulators: integers and references, f32, f64
  f32 facc;
  f64 dacc;
};

// Results of a handler body besides trap codes (>= 0) and kHostError.
inline constexpr TrapOr kContinue = kNoTrap;
inline constexpr TrapOr kExit = -3;         // back to the host: the activation's end
inline constexpr TrapOr kOutOfBounds = -4;  // memory 0: look at its size again, then trap
// Others leave the dispatch with `recorded(why)`: exit_pc and exit_fp are in the context already.
inline constexpr TrapOr kRecorded = -1000;
constexpr TrapOr recorded(TrapOr why) {
  return kRecorded - why;
}

// An access failed at ctx->fault_address.
inline TrapOr out_of_bounds(State& s, u64 address) {
  s.ctx->fault_address = address;
  return kOutOfBounds;
}

/// Field i of word 1.
[[gnu::always_inline]] inline u16 field(const State& s, u32 i) {
  u16 v;
  std::memcpy(&v, reinterpret_cast<const u8*>(s.pc) + 8 + 2 * i, sizeof v);
  return v;
}
/// The 32-bit immediate of word 1, sign- or zero-extended by its type.
template <class T = i32>
[[gnu::always_inline]] inline T imm32(const State& s) {
  T v;
  static_assert(sizeof v == 4);
  std::memcpy(&v, reinterpret_cast<const u8*>(s.pc) + 12, sizeof v);
  return v;
}

/// A value of type T in a slot.
template <class T>
[[gnu::always_inline]] inline T slot(const State& s, u32 cell) {
  T v;
  std::memcpy(&v, s.fp + cell, sizeof v);
  return v;
}
/// Integers are stored whole, so that a copy of 64 bits never waits for a narrower store.
template <class T>
[[gnu::always_inline]] inline void set_slot(State& s, u32 cell, T v) {
  if constexpr (std::is_integral_v<T>) {
    s.fp[cell] = static_cast<u64>(v);
  } else {
    std::memcpy(s.fp + cell, &v, sizeof v);
  }
}

/// The accumulator of T's class.
template <class T>
[[gnu::always_inline]] inline T accumulator(const State& s) {
  if constexpr (std::is_same_v<T, f32>) {
    return s.facc;
  } else if constexpr (std::is_same_v<T, f64>) {
    return s.dacc;
  } else {
    return static_cast<T>(s.acc);
  }
}
template <class T>
[[gnu::always_inline]] inline void set_accumulator(State& s, T v) {
  if constexpr (std::is_same_v<T, f32>) {
    s.facc = v;
  } else if constexpr (std::is_same_v<T, f64>) {
    s.dacc = v;
  } else {
    s.acc = static_cast<u64>(v);
  }
}

/// An operand of kind K: a slot named by field `f`, the accumulator, or the immediate.
template <Kind K, class T>
[[gnu::always_inline]] inline T operand(const State& s, u32 f) {
  if constexpr (K == Kind::kR) {
    return accumulator<T>(s);
  } else if constexpr (K == Kind::kS) {
    return slot<T>(s, field(s, f));
  } else if constexpr (std::is_same_v<T, f32>) {
    return imm32<f32>(s);
  } else if constexpr (std::is_same_v<T, f64>) {
    f64 v;
    std::memcpy(&v, s.pc + 2, sizeof v);
    return v;
  } else {
    return static_cast<T>(i64{imm32<i32>(s)});
  }
}

/// Puts a result into the accumulator and, if the form says so, into slot f0.
template <bool kStores, class T>
[[gnu::always_inline]] inline void result(State& s, T v) {
  set_accumulator(s, v);
  if constexpr (kStores) set_slot(s, field(s, 0), v);
}

/// Words of a form whose operands have type T: float immediates of 64 bits take a word.
template <class T>
constexpr u32 words_with(Combo c) {
  return std::is_same_v<T, f64> && (c.a == Kind::kI || c.b == Kind::kI) ? 3 : 2;
}

}  // namespace wazuka::interp

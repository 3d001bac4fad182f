// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// From handler bodies to a running interpreter, in one of two ways chosen when building:
//
// * Threaded (clang): each form of each operation is a function of its own with the State in
//   machine registers (preserve_none) that ends in a guaranteed tail call (musttail) to the next
//   instruction's handler, whose address is the instruction's first word. No frame, no loop, and an
//   indirect branch per handler, which branch predictors like.
// * Portable (any C++ compiler): the first word is the form's number, and a loop calls body after
//   body through a table.
//
// `Exec<base, form>` is the body. A body of a conditional branch is split into the condition and
// the taken path (kBranches), so that both ways get a dispatch of their own.
#pragma once

#include "interp/state.h"

#if defined(__clang__) && !WAZUKA_PORTABLE_DISPATCH && (defined(__x86_64__) || defined(__aarch64__))
#define WAZUKA_THREADED 1
#else
#define WAZUKA_THREADED 0
#endif

namespace wazuka::interp {

/// Specialised in handlers/*.cc.
template <Base kBase, u32 kForm>
struct Exec;

#if WAZUKA_THREADED

using Handler = __attribute__((preserve_none)) TrapOr (*)(Cell* fp, const u64* pc, u8* mem,
                                                          VMContext* vm, u64 mem_size,
                                                          VMStoreContext* ctx, u64 acc, f32 facc,
                                                          f64 dacc);

// The cold ends of all handlers (dispatch.cc).
__attribute__((preserve_none)) TrapOr leave(Cell* fp, const u64* pc, u8* mem, VMContext* vm,
                                            u64 mem_size, VMStoreContext* ctx, u64 why, f32 facc,
                                            f64 dacc);
__attribute__((preserve_none)) TrapOr retry_or_trap(Cell* fp, const u64* pc, u8* mem, VMContext* vm,
                                                    u64 mem_size, VMStoreContext* ctx, u64 acc,
                                                    f32 facc, f64 dacc);

[[gnu::always_inline]] inline Handler handler_at(const u64* pc) {
  return reinterpret_cast<Handler>(*pc);
}

template <Base kBase, u32 kForm>
__attribute__((preserve_none)) TrapOr handle(Cell* fp, const u64* pc, u8* mem, VMContext* vm,
                                             u64 mem_size, VMStoreContext* ctx, u64 acc, f32 facc,
                                             f64 dacc) {
  using E = Exec<kBase, kForm>;
  State s{fp, pc, mem, vm, mem_size, ctx, acc, facc, dacc};
  if constexpr (requires { E::kBranches; }) {
    if (E::condition(s)) {
      s.pc += imm32<i32>(s);
      asm volatile("");  // keeps the two dispatches apart
      [[clang::musttail]] return handler_at(s.pc)(s.fp, s.pc, s.mem, s.vm, s.mem_size, s.ctx, s.acc,
                                                  s.facc, s.dacc);
    }
    s.pc += E::kWords;
  } else {
    const TrapOr t = E::run(s);
    if (t != kContinue) [[unlikely]] {
      if (t == kOutOfBounds) {
        [[clang::musttail]] return retry_or_trap(fp, pc, mem, vm, mem_size, ctx, acc, facc, dacc);
      }
      [[clang::musttail]] return leave(fp, pc, mem, vm, mem_size, ctx, static_cast<u64>(i64{t}),
                                       facc, dacc);
    }
  }
  [[clang::musttail]] return handler_at(s.pc)(s.fp, s.pc, s.mem, s.vm, s.mem_size, s.ctx, s.acc,
                                              s.facc, s.dacc);
}

#else

using Handler = TrapOr (*)(State&);

template <Base kBase, u32 kForm>
TrapOr handle(State& s) {
  using E = Exec<kBase, kForm>;
  if constexpr (requires { E::kBranches; }) {
    s.pc += E::condition(s) ? imm32<i32>(s) : static_cast<i32>(E::kWords);
    return kContinue;
  } else {
    return E::run(s);
  }
}

#endif

/// The handlers of all forms of the bases [kFirst, kEnd).
template <Base kFirst, Base kEnd>
constexpr auto make_handlers() {
  constexpr u32 first = first_form(kFirst);
  std::array<Handler, first_form(kEnd) - first> table{};
  auto fill_base = [&]<u32 kOffset>() {
    constexpr Base base = static_cast<Base>(static_cast<u32>(kFirst) + kOffset);
    [&]<u32... kForm>(std::integer_sequence<u32, kForm...>) {
      ((table[first_form(base) - first + kForm] = &handle<base, kForm>), ...);
    }(std::make_integer_sequence<u32, shape_of(base).forms()>{});
  };
  [&]<u32... kOffset>(std::integer_sequence<u32, kOffset...>) {
    (fill_base.template operator()<kOffset>(), ...);
  }(std::make_integer_sequence<u32, static_cast<u32>(kEnd) - static_cast<u32>(kFirst)>{});
  return table;
}

/// First word of an instruction of this form.
u64 handler_word(Form f);
/// The form of a first word: for printing. Cold.
Form form_of_word(u64 word);

/// Runs from s.pc until the activation exits; kExit, a trap code or kHostError.
TrapOr run(State& s);

}  // namespace wazuka::interp

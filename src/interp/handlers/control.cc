// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of the first part of ops/control.def: copies, constants, globals, select, branches
// without a compare, references. Each body is a function template over the form, bound to its row
// below.
#include "interp/code.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

// Copies and constants ---------------------------------------------------------------------------

template <>
struct Simple<Base::kCopy> : Words<2> {
  static void run(State& s) { s.fp[field(s, 0)] = s.fp[field(s, 1)]; }
};
template <>
struct Simple<Base::kCopy2> : Words<2> {
  static void run(State& s) {
    s.fp[field(s, 0)] = s.fp[field(s, 1)];
    s.fp[field(s, 2)] = s.fp[field(s, 3)];
  }
};
template <>
struct Simple<Base::kCopy32> : Words<2> {
  static void run(State& s) { set_slot(s, field(s, 0), slot<f32>(s, field(s, 1))); }
};
template <>
struct Simple<Base::kCopyV> : Words<2> {
  static void run(State& s) { copy_v128(s.fp + field(s, 0), s.fp + field(s, 1)); }
};
template <>
struct Simple<Base::kConst32> : Words<2> {
  static void run(State& s) { s.fp[field(s, 0)] = static_cast<u64>(i64{imm32<i32>(s)}); }
};
template <>
struct Simple<Base::kConst64> : Words<3> {
  static void run(State& s) { s.fp[field(s, 0)] = s.pc[2]; }
};
template <>
struct Simple<Base::kConstV> : Words<4> {
  static void run(State& s) { copy_v128(s.fp + field(s, 0), s.pc + 2); }
};
template <>
struct Simple<Base::kSet> : Words<2> {
  static void run(State& s) { set_slot(s, field(s, 0), s.acc); }
};
template <>
struct Simple<Base::kSetF32> : Words<2> {
  static void run(State& s) { set_slot(s, field(s, 0), s.facc); }
};
template <>
struct Simple<Base::kSetF64> : Words<2> {
  static void run(State& s) { set_slot(s, field(s, 0), s.dacc); }
};
template <>
struct Simple<Base::kZero> : Words<2> {
  static void run(State& s) {
    Cell* at = s.fp + field(s, 0);
    for (u32 n = imm32<u32>(s); n != 0; --n) *at++ = 0;
  }
};

// Globals ----------------------------------------------------------------------------------------

template <bool kImported>
[[gnu::always_inline]] inline Cell* global(State& s) {
  u8* at = reinterpret_cast<u8*>(s.vm) + imm32<u32>(s);
  return kImported ? *reinterpret_cast<Cell**>(at) : reinterpret_cast<Cell*>(at);
}

template <u32 kForm>
struct Exec<Base::kGlobalGet, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    result<kForm & 1>(s, *global<false>(s));
    s.pc += 2;
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kGlobalGetI, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    result<kForm & 1>(s, *global<true>(s));
    s.pc += 2;
    return kContinue;
  }
};
template <>
struct Simple<Base::kGlobalGetV> : Words<2> {
  static void run(State& s) { copy_v128(s.fp + field(s, 0), global<false>(s)); }
};
template <>
struct Simple<Base::kGlobalGetVI> : Words<2> {
  static void run(State& s) { copy_v128(s.fp + field(s, 0), global<true>(s)); }
};
template <u32 kForm>
struct Exec<Base::kGlobalSet, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Kind k = Form{Base::kGlobalSet, kForm}.combo().a;
    *global<false>(s) = small_operand<k>(s, 0);
    s.pc += 2;
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kGlobalSetI, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    *global<true>(s) = operand<Form{Base::kGlobalSetI, kForm}.combo().a, u64>(s, 0);
    s.pc += 2;
    return kContinue;
  }
};
template <>
struct Simple<Base::kGlobalSetV> : Words<2> {
  static void run(State& s) { copy_v128(global<false>(s), s.fp + field(s, 0)); }
};
template <>
struct Simple<Base::kGlobalSetVI> : Words<2> {
  static void run(State& s) { copy_v128(global<true>(s), s.fp + field(s, 0)); }
};

// Select -----------------------------------------------------------------------------------------

template <Base kBase, u32 kForm>
  requires(kBase == Base::kSelectR || kBase == Base::kSelectS)
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    const u32 condition =
        kBase == Base::kSelectR ? static_cast<u32>(s.acc) : slot<u32>(s, field(s, 1));
    const u64 a = small_operand<form.combo().a>(s, 2);
    const u64 b = small_operand<form.combo().b>(s, 3);
    result<form.stores()>(s, condition != 0 ? a : b);
    s.pc += 2;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(kBase >= Base::kSelectF32R && kBase <= Base::kSelectF64S)
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    using T = std::conditional_t<kBase <= Base::kSelectF32S, f32, f64>;
    constexpr bool in_acc = kBase == Base::kSelectF32R || kBase == Base::kSelectF64R;
    const u32 condition = in_acc ? static_cast<u32>(s.acc) : slot<u32>(s, field(s, 1));
    const T a = operand<form.combo().a, T>(s, 2);
    const T b = operand<form.combo().b, T>(s, 3);
    result<form.stores()>(s, condition != 0 ? a : b);
    s.pc += 2;
    return kContinue;
  }
};
template <>
struct Simple<Base::kSelectV> : Words<2> {
  static void run(State& s) {
    copy_v128(s.fp + field(s, 0),
              s.fp + (slot<u32>(s, field(s, 1)) != 0 ? field(s, 2) : field(s, 3)));
  }
};

// Limits -----------------------------------------------------------------------------------------

template <>
struct Simple<Base::kFuel> : Words<2> {
  static void run(State& s) { s.ctx->fuel -= imm32<u32>(s); }
};
// A guest decides about the units: they empty the counter at most.
inline void pay_units(State& s) {
  const u64 cell = s.fp[field(s, 0)];
  const u64 units = field(s, 1) != 0 ? cell : static_cast<u32>(cell);
  const i64 left = static_cast<i64>(s.ctx->fuel);
  if (left > 0) s.ctx->fuel = units < static_cast<u64>(left) ? s.ctx->fuel - units : 0;
}
/// The runtime may call the host, and that wasm, behind this frame. As long as that lasts the
/// frame's roots are not known.
[[gnu::noinline, gnu::cold]] TrapOr limit_reached(State& s, Limit limit) {
  s.ctx->exit_pc = s.pc;
  s.ctx->exit_fp = s.fp;
  s.ctx->exit_vmctx = s.vm;
  s.ctx->trapped_activation = nullptr;
  FuncCode* const code = const_cast<FuncCode*>(find_code(s.pc).code);
  const u64 frame_bytes = lower_now(*code)[-1];  // it has been lowered: it runs
  s.ctx->stack_top = s.fp + frame_bytes / sizeof(Cell);
  return s.ctx->builtins->limit_reached(s.vm, static_cast<u32>(limit));
}

template <u32 kForm>
struct Exec<Base::kFuelBulk, kForm> {
  static TrapOr run(State& s) {
    const u64 what = s.pc[2];
    const TrapOr t =
        s.ctx->builtins->pay_for_bulk(s.vm, static_cast<u32>(what), static_cast<u32>(what >> 32),
                                      imm32<u32>(s), s.fp + field(s, 0));
    if (t != kNoTrap) return t;
    s.pc += 3;
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kFuelGrown, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    const u64 old_size = s.fp[field(s, 2)];
    const bool failed =
        field(s, 1) != 0 ? old_size == ~u64{0} : static_cast<u32>(old_size) == ~u32{0};
    if (!failed) {
      pay_units(s);
      if (static_cast<i64>(s.ctx->fuel) <= 0) {
        if (const TrapOr t = limit_reached(s, Limit::kFuel); t != kNoTrap) return t;
      }
    }
    s.pc += 2;
    return kContinue;
  }
};
// Between two checks the counter may fall below zero.
template <u32 kForm>
struct Exec<Base::kFuelCheck, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    if (static_cast<i64>(s.ctx->fuel) <= 0) [[unlikely]] {
      if (const TrapOr t = limit_reached(s, Limit::kFuel); t != kNoTrap) return t;
    }
    s.pc += 2;
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kEpochCheck, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    if (s.ctx->epoch->load(std::memory_order_relaxed) >= s.ctx->epoch_deadline) [[unlikely]] {
      if (const TrapOr t = limit_reached(s, Limit::kEpoch); t != kNoTrap) return t;
    }
    s.pc += 2;
    return kContinue;
  }
};

// Branches ---------------------------------------------------------------------------------------

template <u32 kForm>
struct Exec<Base::kBr, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    s.pc += imm32<i32>(s);
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kBrTable, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    const u32 index = operand<Form{Base::kBrTable, kForm}.combo().a, u32>(s, 0);
    const u32 last = imm32<u32>(s);
    s.pc += static_cast<i64>(s.pc[2 + (index < last ? index : last)]);
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kUnreachable, kForm> {
  [[gnu::always_inline]] static TrapOr run(State&) {
    return trap_or(TrapCode::kUnreachableCodeReached);
  }
};

// References -------------------------------------------------------------------------------------

template <u32 kForm>
struct Exec<Base::kRefFunc, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    VMFuncRef* ref = s.ctx->builtins->ref_func(s.vm, imm32<u32>(s));
    result<kForm & 1>(s, reinterpret_cast<u64>(ref));
    s.pc += 2;
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kAsNonNull, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    if (operand<Form{Base::kAsNonNull, kForm}.combo().a, u64>(s, 0) == 0) [[unlikely]] {
      return trap_or(TrapCode::kNullReference);
    }
    s.pc += 2;
    return kContinue;
  }
};

constinit const std::array<Handler, kControlForms> kControlHandlers =
    make_handlers<Base::kCopy, Base::kCall>();

}  // namespace wazuka::interp

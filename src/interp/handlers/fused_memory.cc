// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/fused_memory.def.
#include "interp/handlers/access.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

namespace {

[[gnu::always_inline]] inline u32 low_half(const State& s) {
  u32 v;
  std::memcpy(&v, s.pc + 2, sizeof v);
  return v;
}
[[gnu::always_inline]] inline u32 high_half(const State& s) {
  u32 v;
  std::memcpy(&v, reinterpret_cast<const u8*>(s.pc + 2) + 4, sizeof v);
  return v;
}

}  // namespace

// Loads ------------------------------------------------------------------------------------------

template <Base kBase>
struct AddressedLoad;  // using Value, Memory

#define ONLY_LOADS
#define OP(name, shape, words, text, V, M) \
  template <>                              \
  struct AddressedLoad<Base::k##name> {    \
    using Value = V;                       \
    using Memory = M;                      \
  };
#include "interp/ops/fused_memory.def"
#undef OP
#undef ONLY_LOADS

template <Base kBase, u32 kForm>
  requires requires { typename AddressedLoad<kBase>::Value; }
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    constexpr Combo c = form.combo();
    using V = typename AddressedLoad<kBase>::Value;
    using M = typename AddressedLoad<kBase>::Memory;
    u64 end;
    if constexpr (base_info(kBase).shape == Shape::kLoad2) {
      end = u64{operand<c.a, u32>(s, 1) + low_half(s)} + imm32<u32>(s);
    } else {
      const u32 index = operand<c.b, u32>(s, 2) << (field(s, 3) & 31);
      end = u64{operand<c.a, u32>(s, 1) + index} + low_half(s);
    }
    if (end > s.mem_size) [[unlikely]]
      return out_of_bounds(s, end - sizeof(M));
    result<form.stores()>(s, load_value<V, M>(s.mem + (end - sizeof(M))));
    s.pc += 3;
    return kContinue;
  }
};

// Operations on memory ---------------------------------------------------------------------------

template <Base kBase>
struct LoadOperation;  // using Type; static Type eval(x, m)
template <Base kBase>
struct LoopCondition;  // using Type; static bool eval(a, b)

#define OP_LoadOp(name, T, expr)                                    \
  template <>                                                       \
  struct LoadOperation<Base::k##name> {                             \
    using Type = T;                                                 \
    [[gnu::always_inline]] static T eval(T x, T m) { return expr; } \
  };
#define OP_LoopEnd(name, T, expr)                                      \
  template <>                                                          \
  struct LoopCondition<Base::k##name> {                                \
    using Type = T;                                                    \
    [[gnu::always_inline]] static bool eval(T a, T b) { return expr; } \
  };
#define OP_Load2(...)
#define OP_LoadX(...)
#define OP_Plain(...)
#define OP(name, shape, words, text, ...) OP_##shape(name __VA_OPT__(, ) __VA_ARGS__)
#include "interp/ops/fused_memory.def"
#undef OP
#undef OP_LoadOp
#undef OP_LoopEnd
#undef OP_Load2
#undef OP_LoadX
#undef OP_Plain

template <Base kBase, u32 kForm>
  requires requires { typename LoadOperation<kBase>::Type; }
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    constexpr Combo c = form.combo();
    using T = typename LoadOperation<kBase>::Type;
    u32 address;
    if constexpr (c.b == Kind::kI) {
      address = slot<u32>(s, field(s, 2)) + high_half(s);
    } else {
      address = operand<c.b, u32>(s, 2);
    }
    const u64 end = u64{address} + low_half(s);
    if (end > s.mem_size) [[unlikely]]
      return out_of_bounds(s, end - sizeof(T));
    const T m = load_value<T, T>(s.mem + (end - sizeof(T)));
    result<form.stores()>(s, LoadOperation<kBase>::eval(operand<c.a, T>(s, 1), m));
    s.pc += 3;
    return kContinue;
  }
};

// Loop ends --------------------------------------------------------------------------------------

template <Base kBase, u32 kForm>
  requires requires { typename LoopCondition<kBase>::Type; }
struct Exec<kBase, kForm> {
  static constexpr bool kBranches = true;
  static constexpr u32 kWords = 3;
  [[gnu::always_inline]] static bool condition(State& s) {
    using T = typename LoopCondition<kBase>::Type;
    const u64 sum = s.fp[field(s, 1)] + static_cast<u64>(i64{static_cast<i32>(low_half(s))});
    s.acc = sum;
    s.fp[field(s, 0)] = sum;
    T limit;
    if constexpr (Form{kBase, kForm}.combo().a == Kind::kS) {
      limit = slot<T>(s, high_half(s));
    } else {
      limit = static_cast<T>(high_half(s));
    }
    return LoopCondition<kBase>::eval(static_cast<T>(sum), limit);
  }
};

// Pairs ------------------------------------------------------------------------------------------

template <>
struct Simple<Base::kAddAddImm> : Words<3> {
  static void run(State& s) {
    s.fp[field(s, 0)] = s.fp[field(s, 1)] + static_cast<u64>(i64{static_cast<i32>(low_half(s))});
    s.acc = s.fp[field(s, 3)] + static_cast<u64>(i64{static_cast<i32>(high_half(s))});
    s.fp[field(s, 2)] = s.acc;
  }
};

template <u32 kForm>
struct Exec<Base::kCopyBr, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    s.fp[field(s, 0)] = s.fp[field(s, 1)];
    s.pc += imm32<i32>(s);
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kConstBr, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    s.fp[field(s, 0)] = static_cast<u64>(i64{static_cast<i16>(field(s, 1))});
    s.pc += imm32<i32>(s);
    return kContinue;
  }
};

namespace {
/// Field i of word 2.
[[gnu::always_inline]] inline u16 more_field(const State& s, u32 i) {
  u16 v;
  std::memcpy(&v, reinterpret_cast<const u8*>(s.pc + 2) + 2 * i, sizeof v);
  return v;
}
}  // namespace

template <>
struct Simple<Base::kCopy3> : Words<3> {
  static void run(State& s) {
    s.fp[field(s, 0)] = s.fp[field(s, 1)];
    s.fp[field(s, 2)] = s.fp[field(s, 3)];
    s.fp[more_field(s, 0)] = s.fp[more_field(s, 1)];
  }
};
template <>
struct Simple<Base::kCopy4> : Words<3> {
  static void run(State& s) {
    s.fp[field(s, 0)] = s.fp[field(s, 1)];
    s.fp[field(s, 2)] = s.fp[field(s, 3)];
    s.fp[more_field(s, 0)] = s.fp[more_field(s, 1)];
    s.fp[more_field(s, 2)] = s.fp[more_field(s, 3)];
  }
};

constinit const std::array<Handler, kFusedMemoryForms> kFusedMemoryHandlers =
    make_handlers<Base::kLoadAdd8S, Base::kCopy>();

}  // namespace wazuka::interp

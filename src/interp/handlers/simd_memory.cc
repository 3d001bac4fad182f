// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/simd_memory.def.
#include "interp/handlers/access.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"
#include "interp/simd.h"

namespace wazuka::interp {

template <Base kBase>
struct VectorLoad;  // kBytes; static auto eval(const u8* at)

#define ONLY_LOADS
#define OP(name, shape, words, text, bytes, expr)                          \
  template <>                                                              \
  struct VectorLoad<Base::k##name> {                                       \
    static constexpr u32 kBytes = bytes;                                   \
    [[gnu::always_inline]] static auto eval(const u8* at) { return expr; } \
  };
#include "interp/ops/simd_memory.def"
#undef OP
#undef ONLY_LOADS

template <Base kBase, u32 kForm>
  requires requires { VectorLoad<kBase>::kBytes; }
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    using L = VectorLoad<kBase>;
    const u8* at = resolve_any(s, field(s, 1), L::kBytes);
    if (at == nullptr) [[unlikely]]
      return trap_or(TrapCode::kMemoryOutOfBounds);
    const auto v = L::eval(at);
    std::memcpy(s.fp + field(s, 0), &v, 16);
    s.pc += 3;
    return kContinue;
  }
};

template <u32 kForm>
struct Exec<Base::kV128Store, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    u8* at = resolve_any(s, field(s, 0), 16);
    if (at == nullptr) [[unlikely]]
      return trap_or(TrapCode::kMemoryOutOfBounds);
    std::memcpy(at, s.fp + field(s, 1), 16);
    s.pc += 3;
    return kContinue;
  }
};

// Lanes ------------------------------------------------------------------------------------------

/// The vector of lanes that an instruction is about, and the type of a lane.
template <Base kBase>
constexpr auto lane_vector() {
  constexpr Base b = kBase;
  if constexpr (b == Base::kV128Load8Lane || b == Base::kV128Store8Lane ||
                b == Base::kI8x16ExtractLaneU || b == Base::kI8x16ReplaceLane) {
    return u8x16{};
  } else if constexpr (b == Base::kV128Load16Lane || b == Base::kV128Store16Lane ||
                       b == Base::kI16x8ExtractLaneU || b == Base::kI16x8ReplaceLane) {
    return u16x8{};
  } else if constexpr (b == Base::kV128Load32Lane || b == Base::kV128Store32Lane ||
                       b == Base::kI32x4ExtractLane || b == Base::kI32x4ReplaceLane) {
    return u32x4{};
  } else if constexpr (b == Base::kV128Load64Lane || b == Base::kV128Store64Lane ||
                       b == Base::kI64x2ExtractLane || b == Base::kI64x2ReplaceLane) {
    return u64x2{};
  } else if constexpr (b == Base::kI8x16ExtractLaneS) {
    return i8x16{};
  } else if constexpr (b == Base::kI16x8ExtractLaneS) {
    return i16x8{};
  } else if constexpr (b == Base::kF32x4ExtractLane || b == Base::kF32x4ReplaceLane) {
    return f32x4{};
  } else {
    return f64x2{};
  }
}
template <Base kBase>
using LaneVector = decltype(lane_vector<kBase>());

constexpr bool between(Base b, Base first, Base last) {
  return b >= first && b <= last;
}

template <Base kBase, u32 kForm>
  requires(between(kBase, Base::kV128Load8Lane, Base::kV128Load64Lane))
struct Exec<kBase, kForm> {
  static TrapOr run(State& s) {
    using V = LaneVector<kBase>;
    const u8* at = resolve_any(s, field(s, 1), sizeof(LaneOf<V>));
    if (at == nullptr) [[unlikely]]
      return trap_or(TrapCode::kMemoryOutOfBounds);
    V v = slot<V>(s, s.pc[3] & 0xffff);
    v[s.pc[3] >> 16] = load_as<LaneOf<V>>(at);
    std::memcpy(s.fp + field(s, 0), &v, 16);
    s.pc += 4;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(between(kBase, Base::kV128Store8Lane, Base::kV128Store64Lane))
struct Exec<kBase, kForm> {
  static TrapOr run(State& s) {
    using V = LaneVector<kBase>;
    u8* at = resolve_any(s, field(s, 0), sizeof(LaneOf<V>));
    if (at == nullptr) [[unlikely]]
      return trap_or(TrapCode::kMemoryOutOfBounds);
    const auto lane = slot<V>(s, field(s, 1))[s.pc[3]];
    std::memcpy(at, &lane, sizeof lane);
    s.pc += 4;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(between(kBase, Base::kI8x16ExtractLaneS, Base::kF64x2ExtractLane))
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    using V = LaneVector<kBase>;
    const LaneOf<V> lane = slot<V>(s, field(s, 1))[field(s, 2)];
    if constexpr (std::is_integral_v<LaneOf<V>>) {
      result<kForm & 1>(s, static_cast<u64>(static_cast<i64>(lane)));
    } else {
      result<kForm & 1>(s, lane);
    }
    s.pc += 2;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(between(kBase, Base::kI8x16ReplaceLane, Base::kF64x2ReplaceLane))
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    using V = LaneVector<kBase>;
    V v = slot<V>(s, field(s, 1));
    v[field(s, 3)] = slot<LaneOf<V>>(s, field(s, 2));
    std::memcpy(s.fp + field(s, 0), &v, 16);
    s.pc += 2;
    return kContinue;
  }
};

template <u32 kForm>
struct Exec<Base::kI8x16Shuffle, kForm> {
  static TrapOr run(State& s) {
    u8 both[32], lanes[16], out[16];
    std::memcpy(both, s.fp + field(s, 1), 16);
    std::memcpy(both + 16, s.fp + field(s, 2), 16);
    std::memcpy(lanes, s.pc + 2, 16);
#if defined(__SSE4_1__)
    // pshufb twice: an index with bit 7 gives zero.
    const u8x16 index = load_as<u8x16>(lanes);
    const u8x16 low = swizzle(load_as<u8x16>(both), index);
    const u8x16 high = swizzle(load_as<u8x16>(both + 16), index - splat<u8x16>(16));
    const u8x16 r = low | high;
    std::memcpy(out, &r, 16);
#else
    for (int i = 0; i < 16; ++i) out[i] = both[lanes[i]];
#endif
    std::memcpy(s.fp + field(s, 0), out, 16);
    s.pc += 4;
    return kContinue;
  }
};

constinit const std::array<Handler, kSimdMemoryForms> kSimdMemoryHandlers =
    make_handlers<Base::kV128Load, Base::kGcOp>();

}  // namespace wazuka::interp

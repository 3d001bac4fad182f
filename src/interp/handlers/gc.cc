// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/gc.def. References are 32-bit offsets in the heap's reservation
// (abi/gc_access.h), so an access cannot leave it whatever the reference is.
#include "abi/gc_access.h"
#include "abi/gc_layout.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"
#include "wasm/types.h"

namespace wazuka::interp {

template <u32 kForm>
struct Exec<Base::kGcOp, kForm> {
  static TrapOr run(State& s) {
    // A safepoint: here the collector's walk of the stack begins.
    s.ctx->exit_pc = s.pc;
    s.ctx->exit_fp = s.fp;
    s.ctx->exit_vmctx = s.vm;
    s.ctx->trapped_activation = nullptr;
    Cell* const cells = s.fp + field(s, 0);
    const u64 what = s.pc[2];
    const TrapOr t = s.ctx->builtins->gc_operation(
        s.vm, static_cast<u32>(what), static_cast<u32>(what >> 32), imm32<u32>(s), cells);
    if (t != kNoTrap) return t;
    s.acc = cells[0];
    std::memcpy(&s.facc, cells, sizeof s.facc);
    std::memcpy(&s.dacc, cells, sizeof s.dacc);
    s.pc += 3;
    return kContinue;
  }
};

// Accesses ---------------------------------------------------------------------------------------

namespace {

template <class T>
[[gnu::always_inline]] inline T load_at(const State& s, u32 ref, u32 offset) {
  T v;
  std::memcpy(&v, gc_address(s.ctx->gc, ref, offset), sizeof v);
  return v;
}
template <class T>
[[gnu::always_inline]] inline void store_at(const State& s, u32 ref, u32 offset, T v) {
  std::memcpy(gc_address(s.ctx->gc, ref, offset), &v, sizeof v);
}

/// As an accumulator's value: packed values as i32, references zero-extended.
template <class T>
[[gnu::always_inline]] inline auto widened(T v) {
  if constexpr (std::is_floating_point_v<T>) {
    return v;
  } else if constexpr (std::is_signed_v<T>) {
    return u64{static_cast<u32>(i32{v})};
  } else {
    return u64{v};
  }
}

/// Sets `ref` and `index`; a trap if there is no such element.
[[gnu::always_inline]] inline TrapOr element_of(const State& s, u32 first_field, u32& ref,
                                                u32& index) {
  ref = slot<u32>(s, field(s, first_field));
  if (ref == 0) [[unlikely]]
    return trap_or(TrapCode::kNullReference);
  index = slot<u32>(s, field(s, first_field + 1));
  if (index >= gc_array_length(s.ctx->gc, ref)) [[unlikely]]
    return trap_or(TrapCode::kArrayOutOfBounds);
  return kContinue;
}

template <class T>
[[gnu::always_inline]] inline u32 element_offset(const State& s, u32 index) {
  return field(s, 3) + index * static_cast<u32>(sizeof(T));
}

template <Base kBase, class T, u32 kForm>
struct FieldGet {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    const u32 ref = operand<form.combo().a, u32>(s, 1);
    if (ref == 0) [[unlikely]]
      return trap_or(TrapCode::kNullReference);
    result<form.stores()>(s, widened(load_at<T>(s, ref, imm32<u32>(s))));
    s.pc += 2;
    return kContinue;
  }
};

template <class T>
struct FieldSet {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    const u32 ref = slot<u32>(s, field(s, 0));
    if (ref == 0) [[unlikely]]
      return trap_or(TrapCode::kNullReference);
    store_at(s, ref, imm32<u32>(s), slot<T>(s, field(s, 1)));
    s.pc += 2;
    return kContinue;
  }
};

template <class T, bool kStores>
struct ElementGet {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    u32 ref = 0, index = 0;
    if (TrapOr t = element_of(s, 1, ref, index); t != kContinue) [[unlikely]]
      return t;
    result<kStores>(s, widened(load_at<T>(s, ref, element_offset<T>(s, index))));
    s.pc += 2;
    return kContinue;
  }
};

template <class T>
struct ElementSet {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    u32 ref = 0, index = 0;
    if (TrapOr t = element_of(s, 0, ref, index); t != kContinue) [[unlikely]]
      return t;
    store_at(s, ref, element_offset<T>(s, index), slot<T>(s, field(s, 2)));
    s.pc += 2;
    return kContinue;
  }
};

}  // namespace

#define GET(name, type)                                                                  \
  template <u32 kForm>                                                                   \
  struct Exec<Base::kGcGet##name, kForm> : FieldGet<Base::kGcGet##name, type, kForm> {}; \
  template <u32 kForm>                                                                   \
  struct Exec<Base::kGcAt##name, kForm> : ElementGet<type, (kForm & 1) != 0> {};
#define SET(name, type)                                       \
  template <u32 kForm>                                        \
  struct Exec<Base::kGcSet##name, kForm> : FieldSet<type> {}; \
  template <u32 kForm>                                        \
  struct Exec<Base::kGcPut##name, kForm> : ElementSet<type> {};
GET(8S, i8)
GET(8U, u8)
GET(16S, i16)
GET(16U, u16)
GET(32, u32)
GET(64, u64)
GET(F32, f32)
GET(F64, f64)
SET(8, u8)
SET(16, u16)
SET(32, u32)
SET(64, u64)
#undef GET
#undef SET

template <u32 kForm>
struct Exec<Base::kGcLen, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{Base::kGcLen, kForm};
    const u32 ref = operand<form.combo().a, u32>(s, 1);
    if (ref == 0) [[unlikely]]
      return trap_or(TrapCode::kNullReference);
    result<form.stores()>(s, u64{gc_array_length(s.ctx->gc, ref)});
    s.pc += 2;
    return kContinue;
  }
};

// i31 --------------------------------------------------------------------------------------------

template <u32 kForm>
struct Exec<Base::kRefI31, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{Base::kRefI31, kForm};
    result<form.stores()>(s, u64{gc_i31(operand<form.combo().a, u32>(s, 1))});
    s.pc += 2;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(kBase == Base::kI31GetS || kBase == Base::kI31GetU)
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    const u32 ref = operand<form.combo().a, u32>(s, 1);
    if (ref == 0) [[unlikely]]
      return trap_or(TrapCode::kNullReference);
    result<form.stores()>(s, u64{kBase == Base::kI31GetS ? gc_i31_get_s(ref) : gc_i31_get_u(ref)});
    s.pc += 2;
    return kContinue;
  }
};

// Casts ------------------------------------------------------------------------------------------

namespace {

[[gnu::always_inline]] inline bool is_instance(const State& s, Cell ref, u64 target) {
  const u32 wanted = static_cast<u32>(target >> 32);
  if (ref == 0) return ValType::from_bits(static_cast<u32>(target)).nullable();
  if (wanted != ~u32{0} && gc_is_object(static_cast<u32>(ref)) &&
      gc_load_u32(s.ctx->gc, static_cast<u32>(ref), 0) == wanted) [[likely]] {
    return true;
  }
  return s.ctx->builtins->gc_is_instance(s.vm, ref, static_cast<u32>(target));
}

}  // namespace

template <u32 kForm>
struct Exec<Base::kRefTest, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{Base::kRefTest, kForm};
    const Cell ref = operand<form.combo().a, u64>(s, 1);
    result<form.stores()>(s, u64{is_instance(s, ref, s.pc[2])});
    s.pc += 3;
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kRefCast, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    const Cell ref = operand<Form{Base::kRefCast, kForm}.combo().a, u64>(s, 0);
    if (!is_instance(s, ref, s.pc[2])) [[unlikely]]
      return trap_or(TrapCode::kCastFailure);
    s.pc += 3;
    return kContinue;
  }
};

// Custom descriptors -----------------------------------------------------------------------------

namespace {

/// Whether the cast succeeds: 0 or 1; or a trap.
[[gnu::always_inline]] inline TrapOr test_descriptor(const State& s, bool& matches) {
  const Cell ref = slot<u64>(s, field(s, 1));
  const Cell descriptor = slot<u64>(s, field(s, 2));
  if (descriptor == 0) [[unlikely]]
    return trap_or(TrapCode::kNullReference);
  matches = ref == 0 ? field(s, 3) != 0 : s.ctx->builtins->gc_has_descriptor(s.vm, ref, descriptor);
  return kContinue;
}

}  // namespace

template <u32 kForm>
struct Exec<Base::kRefTestDesc, kForm> {
  static TrapOr run(State& s) {
    bool matches = false;
    if (TrapOr t = test_descriptor(s, matches); t != kContinue) return t;
    result<kForm & 1>(s, u64{matches});
    s.pc += 2;
    return kContinue;
  }
};
template <u32 kForm>
struct Exec<Base::kRefCastDesc, kForm> {
  static TrapOr run(State& s) {
    bool matches = false;
    if (TrapOr t = test_descriptor(s, matches); t != kContinue) return t;
    if (!matches) return trap_or(TrapCode::kCastFailure);
    s.pc += 2;
    return kContinue;
  }
};

constinit const std::array<Handler, kGcForms> kGcHandlers =
    make_handlers<Base::kGcOp, Base::kContNew>();

}  // namespace wazuka::interp

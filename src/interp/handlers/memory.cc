// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/memory.def.
#include "interp/handlers/access.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

template <Base kBase>
struct Access;  // using Value, Memory; kIndex

#define OP(name, shape, words, text, V, M, index) \
  template <>                                     \
  struct Access<Base::k##name> {                  \
    using Value = V;                              \
    using Memory = M;                             \
    static constexpr Index kIndex = index;        \
  };
#include "interp/ops/memory.def"
#undef OP

constexpr bool is_load(Base b) {
  return b < Base::kStore8;
}

template <Base kBase, u32 kForm>
  requires(is_load(kBase) && Access<kBase>::kIndex != Index::kAny)
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Form form{kBase, kForm};
    using A = Access<kBase>;
    constexpr u32 bytes = sizeof(typename A::Memory);
    const u64 end = access_end<A::kIndex, form.combo().a>(s, 1);
    if (end_is_outside<A::kIndex>(s, end)) [[unlikely]]
      return out_of_bounds(s, end - bytes);
    result<form.stores()>(s,
                          load_value<typename A::Value, typename A::Memory>(s.mem + (end - bytes)));
    s.pc += 2;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(is_load(kBase) && Access<kBase>::kIndex == Index::kAny)
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    using A = Access<kBase>;
    const u8* at = resolve_any(s, field(s, 1), sizeof(typename A::Memory));
    if (at == nullptr) [[unlikely]]
      return trap_or(TrapCode::kMemoryOutOfBounds);
    result<Form{kBase, kForm}.stores()>(s, load_value<typename A::Value, typename A::Memory>(at));
    s.pc += 3;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(!is_load(kBase) && kBase < Base::kLoadAdd8S && Access<kBase>::kIndex != Index::kAny)
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Combo c = Form{kBase, kForm}.combo();
    using A = Access<kBase>;
    using V = typename A::Value;
    constexpr u32 bytes = sizeof(typename A::Memory);
    const u64 end = access_end<A::kIndex, c.a>(s, 0);
    if (end_is_outside<A::kIndex>(s, end)) [[unlikely]]
      return out_of_bounds(s, end - bytes);
    V v;
    if constexpr (c.b == Kind::kI) {
      v = static_cast<V>(static_cast<i64>(static_cast<i16>(field(s, 1))));
    } else {
      v = operand<c.b, V>(s, 1);
    }
    store_value<typename A::Memory>(s.mem + (end - bytes), v);
    s.pc += 2;
    return kContinue;
  }
};

template <Base kBase, u32 kForm>
  requires(!is_load(kBase) && kBase < Base::kLoadAdd8S && Access<kBase>::kIndex == Index::kAny)
struct Exec<kBase, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    using A = Access<kBase>;
    u8* at = resolve_any(s, field(s, 0), sizeof(typename A::Memory));
    if (at == nullptr) [[unlikely]]
      return trap_or(TrapCode::kMemoryOutOfBounds);
    store_value<typename A::Memory>(at, slot<typename A::Value>(s, field(s, 1)));
    s.pc += 3;
    return kContinue;
  }
};

constinit const std::array<Handler, kMemoryForms> kMemoryHandlers =
    make_handlers<Base::kLoad8S, Base::kLoadAdd8S>();

}  // namespace wazuka::interp

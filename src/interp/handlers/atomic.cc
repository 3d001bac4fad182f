// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/atomic.def. All accesses are sequentially consistent. Misalignment is looked at
// before bounds, as Wasmtime does.
#include "interp/handlers/access.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

enum class Atomic : u8 {
  kLoad,
  kStore,
  kAdd,
  kSub,
  kAnd,
  kOr,
  kXor,
  kXchg,
  kCmpxchg,
  kWait,
  kNotify,
  kFence
};

template <Base kBase>
struct AtomicOp;  // using Memory; kWhat

#define OP(name, shape, words, text, M, what)     \
  template <>                                     \
  struct AtomicOp<Base::k##name> {                \
    using Memory = M;                             \
    static constexpr Atomic kWhat = Atomic::what; \
  };
#include "interp/ops/atomic.def"
#undef OP

namespace {

// Waiting and notifying see an address that overflows before its alignment, as in Wasmtime.
template <class T, Atomic kWhat>
T* atomic_address(State& s, TrapOr& trap) {
  const bool wide = field(s, 3) != 0;
  const u64 index = wide ? slot<u64>(s, field(s, 1)) : slot<u32>(s, field(s, 1));
  const u64 address = index + s.pc[2];
  const bool overflows = (kWhat == Atomic::kWait || kWhat == Atomic::kNotify) &&
                         (wide ? address < index : address > ~u32{0});
  if (!overflows && (address & (sizeof(T) - 1)) != 0) {
    trap = trap_or(TrapCode::kHeapMisaligned);
    return nullptr;
  }
  u8* at = resolve_any(s, field(s, 1), sizeof(T));
  if (at == nullptr) trap = trap_or(TrapCode::kMemoryOutOfBounds);
  return reinterpret_cast<T*>(at);
}

/// Operand i of word 3.
template <class T>
T extra(const State& s, u32 i) {
  return slot<T>(s, s.pc[3] >> (16 * i) & 0xffff);
}

template <Atomic kWhat, class T>
T modify(T* at, State& s) {
  const T v = extra<T>(s, 0);
  if constexpr (kWhat == Atomic::kAdd) return __atomic_fetch_add(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kWhat == Atomic::kSub) return __atomic_fetch_sub(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kWhat == Atomic::kAnd) return __atomic_fetch_and(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kWhat == Atomic::kOr) return __atomic_fetch_or(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kWhat == Atomic::kXor) return __atomic_fetch_xor(at, v, __ATOMIC_SEQ_CST);
  if constexpr (kWhat == Atomic::kXchg) return __atomic_exchange_n(at, v, __ATOMIC_SEQ_CST);
}

template <class T>
T compare_exchange(T* at, State& s) {
  // As in Wasmtime the expected value is wrapped to the width of the access.
  T expected = extra<T>(s, 0);
  __atomic_compare_exchange_n(at, &expected, extra<T>(s, 1), false, __ATOMIC_SEQ_CST,
                              __ATOMIC_SEQ_CST);
  return expected;
}

/// The guest address of an access that has been checked.
u64 guest_address(const State& s) {
  const u64 index = field(s, 3) != 0 ? slot<u64>(s, field(s, 1)) : slot<u32>(s, field(s, 1));
  return index + s.pc[2];
}

template <class T>
TrapOr wait(State& s, u32& out) {
  const u32 memory = static_cast<u32>(s.pc[3] >> 48);
  const i64 timeout = extra<i64>(s, 1);
  s.ctx->exit_pc = s.pc;
  s.ctx->exit_fp = s.fp;
  s.ctx->exit_vmctx = s.vm;
  if constexpr (sizeof(T) == 4) {
    return s.ctx->builtins->atomic_wait32(s.vm, memory, guest_address(s), extra<u32>(s, 0), timeout,
                                          &out);
  } else {
    return s.ctx->builtins->atomic_wait64(s.vm, memory, guest_address(s), extra<u64>(s, 0), timeout,
                                          &out);
  }
}

}  // namespace

template <Base kBase, u32 kForm>
  requires requires { AtomicOp<kBase>::kWhat; }
struct Exec<kBase, kForm> {
  static TrapOr run(State& s) {
    using T = typename AtomicOp<kBase>::Memory;
    constexpr Atomic what = AtomicOp<kBase>::kWhat;
    constexpr bool stores = Form{kBase, kForm}.stores();
    if constexpr (what == Atomic::kFence) {
      __atomic_thread_fence(__ATOMIC_SEQ_CST);
    } else {
      TrapOr trap = kNoTrap;
      T* at = atomic_address<T, what>(s, trap);
      if (at == nullptr) return trap;
      if constexpr (what == Atomic::kLoad) {
        result<stores>(s, u64{__atomic_load_n(at, __ATOMIC_SEQ_CST)});
      } else if constexpr (what == Atomic::kStore) {
        __atomic_store_n(at, extra<T>(s, 0), __ATOMIC_SEQ_CST);
      } else if constexpr (what == Atomic::kCmpxchg) {
        result<stores>(s, u64{compare_exchange(at, s)});
      } else if constexpr (what == Atomic::kNotify) {
        result<stores>(s, u64{s.ctx->builtins->atomic_notify(s.vm, static_cast<u32>(s.pc[3] >> 48),
                                                             guest_address(s), extra<u32>(s, 0))});
      } else if constexpr (what == Atomic::kWait) {
        u32 out = 0;
        if (trap = wait<T>(s, out); trap != kNoTrap) return trap;
        result<stores>(s, u64{out});
      } else {
        result<stores>(s, u64{modify<what>(at, s)});
      }
    }
    s.pc += base_info(kBase).words;
    return kContinue;
  }
};

constinit const std::array<Handler, kAtomicForms> kAtomicHandlers =
    make_handlers<Base::kAtomicLoad8, Base::kV128Not>();

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Bounds checks. The check is explicit: with E = address + offset + size, an access is inside iff
// E <= memory size. The lowering adds offset and size, so a check is one addition and one compare;
// 32-bit addresses cannot overflow the 64-bit sum, 64-bit ones need a second compare.
//
// These functions are the only ones that make host addresses from guest addresses, besides those
// of handlers/bulk.h.
#pragma once

#include "interp/dispatch.h"

namespace wazuka::interp {

enum class Index : u8 { k32, k64, kAny };

/// End of the access: address operand (field f) + immediate.
template <Index kIndex, Kind kAddress>
[[gnu::always_inline]] inline u64 access_end(const State& s, u32 f) {
  if constexpr (kAddress == Kind::kI) {
    return imm32<u32>(s);
  } else if constexpr (kIndex == Index::k32) {
    return u64{operand<kAddress, u32>(s, f)} + imm32<u32>(s);
  } else {
    return operand<kAddress, u64>(s, f) + imm32<u32>(s);
  }
}

template <Index kIndex>
[[gnu::always_inline]] inline bool end_is_outside(const State& s, u64 end) {
  if constexpr (kIndex == Index::k32) {
    return end > s.mem_size;
  } else {
    return end > s.mem_size || end < imm32<u32>(s);
  }
}

template <class V, class M>
[[gnu::always_inline]] inline V load_value(const u8* at) {
  M m;
  std::memcpy(&m, at, sizeof m);
  if constexpr (std::is_integral_v<M>) {
    return static_cast<V>(static_cast<i64>(m));
  } else {
    return m;
  }
}

template <class M, class V>
[[gnu::always_inline]] inline void store_value(u8* at, V v) {
  const M m = static_cast<M>(v);
  std::memcpy(at, &m, sizeof m);
}

/// An access of `bytes` bytes to any memory; fields f2, f3 and word 2 as in memory.def. Null (and
/// the fault recorded) if it is out of bounds.
[[gnu::always_inline]] inline u8* resolve_any(State& s, u32 address_slot, u64 bytes) {
  const u64 index = field(s, 3) != 0 ? slot<u64>(s, address_slot) : slot<u32>(s, address_slot);
  VMMemory* memory = reinterpret_cast<VMMemory**>(s.vm)[field(s, 2)];
  const u64 size = memory->size.load(std::memory_order_relaxed);
  u64 start = 0, end = 0;
  if (__builtin_add_overflow(index, s.pc[2], &start) ||
      __builtin_add_overflow(start, bytes, &end) || end > size) [[unlikely]] {
    s.ctx->fault_address = start;
    s.ctx->fault_memory_size = size;
    return nullptr;
  }
  return memory->base + start;
}

}  // namespace wazuka::interp

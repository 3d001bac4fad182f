// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/bulk.def. Nothing here is hot by its dispatch: operands are in slots, and
// memories and tables are looked up in the VMContext.
#include "abi/layout.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

namespace {

// The trap is not one of an access with an address.
TrapOr bulk_out_of_bounds(State& s) {
  s.ctx->fault_memory_size = ~u64{0};
  return trap_or(TrapCode::kMemoryOutOfBounds);
}

/// An index, address or count: 32 or 64 bits of a slot.
u64 index_at(const State& s, u32 cell, bool wide) {
  return wide ? s.fp[cell] : static_cast<u32>(s.fp[cell]);
}

bool inside(u64 start, u64 count, u64 size) {
  return start <= size && count <= size - start;
}

VMMemory& memory_at(State& s, u64 word) {
  return *reinterpret_cast<VMMemory**>(s.vm)[word];
}
VMTable& table_at(State& s, u64 offset) {
  return **vm_at<VMTable*>(s.vm, offset);
}

void reload_size(State& s) {
  s.mem_size = s.vm->memory0->size.load(std::memory_order_relaxed);
}

/// Builtins may look at the stack: where we are.
void record_exit(State& s) {
  s.ctx->exit_pc = s.pc;
  s.ctx->exit_fp = s.fp;
  s.ctx->exit_vmctx = s.vm;
}

TrapOr next(State& s, u32 words) {
  s.pc += words;
  return kContinue;
}

TrapOr next_or(State& s, u32 words, TrapOr t) {
  if (t != kNoTrap) {
    s.ctx->fault_memory_size = ~u64{0};
    return t;
  }
  return next(s, words);
}

}  // namespace

template <u32 kForm>
struct Exec<Base::kMemorySize, kForm> {
  static TrapOr run(State& s) {
    const u64 size = memory_at(s, field(s, 1)).size.load(std::memory_order_seq_cst);
    result<kForm & 1>(s, size >> field(s, 2));
    return next(s, 2);
  }
};
template <u32 kForm>
struct Exec<Base::kMemoryGrow, kForm> {
  static TrapOr run(State& s) {
    const u64 delta = index_at(s, field(s, 1), field(s, 3) != 0);
    record_exit(s);
    const u64 old = s.ctx->builtins->memory_grow(s.vm, field(s, 2), delta);
    if (old == kGrowRaised) return recorded(kHostError);
    reload_size(s);
    result<kForm & 1>(s, old);
    return next(s, 2);
  }
};
template <u32 kForm>
struct Exec<Base::kMemoryFill, kForm> {
  static TrapOr run(State& s) {
    const bool wide = field(s, 3) != 0;
    VMMemory& memory = memory_at(s, s.pc[2]);
    const u64 to = index_at(s, field(s, 0), wide), count = index_at(s, field(s, 2), wide);
    if (!inside(to, count, memory.size.load(std::memory_order_relaxed))) {
      return bulk_out_of_bounds(s);
    }
    std::memset(memory.base + to, static_cast<int>(s.fp[field(s, 1)] & 0xff), count);
    return next(s, 3);
  }
};
template <u32 kForm>
struct Exec<Base::kMemoryCopy, kForm> {
  static TrapOr run(State& s) {
    const u64 where = s.pc[2];
    const bool to_wide = (where >> 32 & 1) != 0, from_wide = (where >> 48 & 1) != 0;
    VMMemory& target = memory_at(s, where & 0xffff);
    VMMemory& source = memory_at(s, where >> 16 & 0xffff);
    const u64 to = index_at(s, field(s, 0), to_wide), from = index_at(s, field(s, 1), from_wide);
    const u64 count = index_at(s, field(s, 2), to_wide && from_wide);
    if (!inside(to, count, target.size.load(std::memory_order_relaxed)) ||
        !inside(from, count, source.size.load(std::memory_order_relaxed))) {
      return bulk_out_of_bounds(s);
    }
    std::memmove(target.base + to, source.base + from, count);
    return next(s, 3);
  }
};
template <u32 kForm>
struct Exec<Base::kMemoryInit, kForm> {
  static TrapOr run(State& s) {
    const u64 where = s.pc[2];
    const u64 to = index_at(s, field(s, 0), field(s, 3) != 0);
    return next_or(
        s, 3,
        s.ctx->builtins->memory_init(s.vm, static_cast<u32>(where), static_cast<u32>(where >> 32),
                                     to, slot<u32>(s, field(s, 1)), slot<u32>(s, field(s, 2))));
  }
};
template <u32 kForm>
struct Exec<Base::kDataDrop, kForm> {
  static TrapOr run(State& s) {
    s.ctx->builtins->data_drop(s.vm, imm32<u32>(s));
    return next(s, 2);
  }
};

template <u32 kForm>
struct Exec<Base::kTableGet, kForm> {
  static TrapOr run(State& s) {
    const VMTable& table = table_at(s, s.pc[2]);
    const u64 i = index_at(s, field(s, 1), field(s, 2) != 0);
    if (i >= table.size) return trap_or(TrapCode::kTableOutOfBounds);
    result<kForm & 1>(s, table.elements[i]);
    return next(s, 3);
  }
};
template <u32 kForm>
struct Exec<Base::kTableSet, kForm> {
  static TrapOr run(State& s) {
    VMTable& table = table_at(s, s.pc[2]);
    const u64 i = index_at(s, field(s, 0), field(s, 2) != 0);
    if (i >= table.size) return trap_or(TrapCode::kTableOutOfBounds);
    table.elements[i] = s.fp[field(s, 1)];
    return next(s, 3);
  }
};
template <u32 kForm>
struct Exec<Base::kTableSize, kForm> {
  static TrapOr run(State& s) {
    result<kForm & 1>(s, table_at(s, imm32<u32>(s)).size);
    return next(s, 2);
  }
};
template <u32 kForm>
struct Exec<Base::kTableGrow, kForm> {
  static TrapOr run(State& s) {
    const u64 delta = index_at(s, field(s, 2), field(s, 3) != 0);
    record_exit(s);
    const u64 old =
        s.ctx->builtins->table_grow(s.vm, static_cast<u32>(s.pc[2]), delta, s.fp[field(s, 1)]);
    if (old == kGrowRaised) return recorded(kHostError);
    result<kForm & 1>(s, old);
    return next(s, 3);
  }
};
template <u32 kForm>
struct Exec<Base::kTableFill, kForm> {
  static TrapOr run(State& s) {
    const bool wide = field(s, 3) != 0;
    VMTable& table = table_at(s, s.pc[2]);
    const u64 to = index_at(s, field(s, 0), wide), count = index_at(s, field(s, 2), wide);
    if (!inside(to, count, table.size)) return trap_or(TrapCode::kTableOutOfBounds);
    std::fill_n(table.elements + to, count, s.fp[field(s, 1)]);
    return next(s, 3);
  }
};
template <u32 kForm>
struct Exec<Base::kTableCopy, kForm> {
  static TrapOr run(State& s) {
    const bool to_wide = (field(s, 3) & 1) != 0, from_wide = (field(s, 3) & 2) != 0;
    VMTable& target = table_at(s, s.pc[2]);
    VMTable& source = table_at(s, s.pc[3]);
    const u64 to = index_at(s, field(s, 0), to_wide), from = index_at(s, field(s, 1), from_wide);
    const u64 count = index_at(s, field(s, 2), to_wide && from_wide);
    if (!inside(to, count, target.size) || !inside(from, count, source.size)) {
      return trap_or(TrapCode::kTableOutOfBounds);
    }
    if (count != 0) {
      std::memmove(target.elements + to, source.elements + from, count * sizeof(Cell));
    }
    return next(s, 4);
  }
};
template <u32 kForm>
struct Exec<Base::kTableInit, kForm> {
  static TrapOr run(State& s) {
    const u64 where = s.pc[2];
    const u64 to = index_at(s, field(s, 0), field(s, 3) != 0);
    return next_or(
        s, 3,
        s.ctx->builtins->table_init(s.vm, static_cast<u32>(where), static_cast<u32>(where >> 32),
                                    to, slot<u32>(s, field(s, 1)), slot<u32>(s, field(s, 2))));
  }
};
template <u32 kForm>
struct Exec<Base::kElemDrop, kForm> {
  static TrapOr run(State& s) {
    s.ctx->builtins->elem_drop(s.vm, imm32<u32>(s));
    return next(s, 2);
  }
};

// Wide arithmetic --------------------------------------------------------------------------------

using U128 = unsigned __int128;
using I128 = __int128;

namespace {
U128 pair_at(const State& s, u32 low, u32 high) {
  return U128{s.fp[field(s, high)]} << 64 | s.fp[field(s, low)];
}
void set_pair(State& s, U128 v) {
  Cell* to = s.fp + s.pc[2];
  to[0] = static_cast<u64>(v);
  to[1] = static_cast<u64>(v >> 64);
}
}  // namespace

template <>
struct Simple<Base::kAdd128> : Words<3> {
  static void run(State& s) { set_pair(s, pair_at(s, 0, 1) + pair_at(s, 2, 3)); }
};
template <>
struct Simple<Base::kSub128> : Words<3> {
  static void run(State& s) { set_pair(s, pair_at(s, 0, 1) - pair_at(s, 2, 3)); }
};
template <>
struct Simple<Base::kMulWideS> : Words<3> {
  static void run(State& s) {
    set_pair(s, static_cast<U128>(I128{slot<i64>(s, field(s, 0))} * slot<i64>(s, field(s, 1))));
  }
};
template <>
struct Simple<Base::kMulWideU> : Words<3> {
  static void run(State& s) {
    set_pair(s, U128{slot<u64>(s, field(s, 0))} * slot<u64>(s, field(s, 1)));
  }
};

constinit const std::array<Handler, kBulkForms> kBulkHandlers =
    make_handlers<Base::kMemorySize, Base::kThrow>();

}  // namespace wazuka::interp

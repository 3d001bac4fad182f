// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The table of all handlers, and entering and leaving the dispatch.
#include "interp/dispatch.h"

#include <algorithm>
#include <unordered_map>

#include "interp/handlers/tables.h"
#include "interp/trace.h"

namespace wazuka::interp {

namespace {

const std::array<Handler, kFormCount>& all_handlers() {
  static const std::array<Handler, kFormCount> table = [] {
    std::array<Handler, kFormCount> t{};
    auto* at = t.data();
    auto append = [&at](const auto& part) { at = std::copy(part.begin(), part.end(), at); };
    append(kIntHandlers);
    append(kFloatHandlers);
    append(kConvertHandlers);
    append(kFusedHandlers);
    append(kMemoryHandlers);
    append(kFusedMemoryHandlers);
    append(kControlHandlers);
    append(kCallHandlers);
    append(kBulkHandlers);
    append(kExceptionHandlers);
    append(kAtomicHandlers);
    append(kSimdHandlers);
    append(kSimdMemoryHandlers);
    append(kGcHandlers);
    append(kStackSwitchingHandlers);
    return t;
  }();
  return table;
}

Form form_of_number(u32 number) {
  u32 base = 0;
  while (kFirstForm[base + 1] <= number) ++base;
  return {static_cast<Base>(base), static_cast<u8>(number - kFirstForm[base])};
}

void record_exit(VMStoreContext& ctx, const u64* pc, Cell* fp, VMContext* vm) {
  ctx.exit_pc = pc;
  ctx.exit_fp = fp;
  ctx.exit_vmctx = vm;
}

/// A result of a handler body as a result of run().
TrapOr leave_with(VMStoreContext& ctx, const u64* pc, Cell* fp, VMContext* vm, TrapOr why) {
  if (why <= kRecorded / 2) return kRecorded - why;
  if (why != kExit) record_exit(ctx, pc, fp, vm);
  return why;
}

}  // namespace

#if WAZUKA_THREADED

u64 handler_word(Form f) {
  return reinterpret_cast<u64>(all_handlers()[f.number()]);
}

Form form_of_word(u64 word) {
  static const auto* const numbers = [] {
    auto* map = new std::unordered_map<u64, u32>;
    for (u32 i = 0; i < kFormCount; ++i) {
      map->emplace(reinterpret_cast<u64>(all_handlers()[i]), i);
    }
    return map;
  }();
  return form_of_number(numbers->at(word));
}

__attribute__((preserve_none)) TrapOr leave(Cell* fp, const u64* pc, u8*, VMContext* vm, u64,
                                            VMStoreContext* ctx, u64 why, f32, f64) {
  return leave_with(*ctx, pc, fp, vm, static_cast<TrapOr>(why));
}

// Shared memories grow without the registers noticing.
__attribute__((preserve_none)) TrapOr retry_or_trap(Cell* fp, const u64* pc, u8* mem, VMContext* vm,
                                                    u64 mem_size, VMStoreContext* ctx, u64 acc,
                                                    f32 facc, f64 dacc) {
  const u64 size = vm->memory0->size.load(std::memory_order_acquire);
  if (size == mem_size) {
    ctx->fault_memory_size = size;
    return leave_with(*ctx, pc, fp, vm, trap_or(TrapCode::kMemoryOutOfBounds));
  }
  [[clang::musttail]] return handler_at(pc)(fp, pc, mem, vm, size, ctx, acc, facc, dacc);
}

TrapOr run(State& s) {
  return handler_at(s.pc)(s.fp, s.pc, s.mem, s.vm, s.mem_size, s.ctx, s.acc, s.facc, s.dacc);
}

#else

u64 handler_word(Form f) {
  return f.number();
}

Form form_of_word(u64 word) {
  return form_of_number(static_cast<u32>(word));
}

TrapOr run(State& s) {
  const std::array<Handler, kFormCount>& handlers = all_handlers();
  for (;;) {
    if constexpr (kTrace) trace_instruction(form_of_word(*s.pc));
    TrapOr t = handlers[*s.pc](s);
    if (t == kContinue) [[likely]]
      continue;
    if (t == kOutOfBounds) {
      const u64 size = s.vm->memory0->size.load(std::memory_order_acquire);
      if (size != s.mem_size) {
        s.mem_size = size;
        continue;
      }
      s.ctx->fault_memory_size = size;
      t = trap_or(TrapCode::kMemoryOutOfBounds);
    }
    return leave_with(*s.ctx, s.pc, s.fp, s.vm, t);
  }
}

#endif

}  // namespace wazuka::interp

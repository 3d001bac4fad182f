// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls and returns. The native stack never grows from wasm to wasm: a call writes a link into the
// callee's frame and goes on at the callee's entry (frame.h). The word before an entry holds the
// bytes of the frame; it is read together with the entry, so that a function lowered by another
// thread meanwhile is seen whole or not at all. Every way of calling leaves the FuncCode* in the
// accumulator for the two entries that are stubs: `lower` and `host_call`.
//
// A call into another instance switches vm and memory and marks the return pc (kLinkRestore), so
// that the return switches back. Returns leave the first result in the accumulators, too.
#include "interp/code.h"
#include "interp/frame.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

namespace {

[[gnu::always_inline]] inline void load_memory(State& s) {
  VMMemory* memory = s.vm->memory0;
  s.mem = memory->base;
  s.mem_size = memory->size.load(std::memory_order_relaxed);
}

/// The stack check for a frame at `fp` of a function that is entered at `entry`. On integers: the
/// frame of a function that is too large for any stack (kHugeFrame) must not overflow a pointer.
[[gnu::always_inline]] inline bool fits(const State& s, const Cell* fp, const u64* entry) {
  return reinterpret_cast<u64>(fp) + entry[-1] <= reinterpret_cast<u64>(s.ctx->stack_limit);
}

/// The frame of `code` does not fit: the backtrace begins with the function that was not entered.
[[gnu::cold]] TrapOr overflow(State& s, const FuncCode& code) {
  s.ctx->overflowed = &code;
  return trap_or(TrapCode::kStackOverflow);
}

[[gnu::always_inline]] inline TrapOr enter(State& s, FuncCode* code, u32 words) {
  const u64* entry = code->entry.load(std::memory_order_acquire);
  Cell* fp = s.fp + field(s, 0);
  if (!fits(s, fp, entry)) [[unlikely]]
    return overflow(s, *code);
  Cell* link = s.fp + field(s, 1);
  link[kLinkPc] = reinterpret_cast<u64>(s.pc + words);
  link[kLinkFp] = reinterpret_cast<u64>(s.fp);
  s.fp = fp;
  s.pc = entry;
  s.acc = reinterpret_cast<u64>(code);
  return kContinue;
}

[[gnu::always_inline]] inline TrapOr enter_ref(State& s, const VMFuncRef& ref, u32 words) {
  VMContext* const caller = s.vm;
  VMContext* const callee = ref.vmctx;
  Cell* const link = s.fp + field(s, 1);
  if (TrapOr t = enter(s, ref.code, words); t != kContinue) [[unlikely]]
    return t;
  if (callee != caller && callee != nullptr) {
    link[kLinkPc] |= kLinkRestore;
    link[kLinkVm] = reinterpret_cast<u64>(caller);
    s.vm = callee;
    load_memory(s);
  }
  return kContinue;
}

/// Goes on after the call that the link describes.
[[gnu::always_inline]] inline TrapOr leave_frame(State& s, const Cell* link) {
  u64 pc = link[kLinkPc];
  if ((pc & kLinkRestore) != 0) [[unlikely]] {
    pc -= kLinkRestore;
    s.vm = reinterpret_cast<VMContext*>(link[kLinkVm]);
    load_memory(s);
  }
  s.fp = reinterpret_cast<Cell*>(link[kLinkFp]);
  s.pc = reinterpret_cast<const u64*>(pc);
  return kContinue;
}

/// call_indirect's checks: the table entry as a function of the expected type, or a trap.
[[gnu::always_inline]] inline TrapOr table_function(State& s, u64 index, u64 type_and_table,
                                                    const VMFuncRef*& ref) {
  const VMTable* table = *vm_at<const VMTable*>(s.vm, type_and_table >> 32);
  if (index >= table->size) [[unlikely]]
    return trap_or(TrapCode::kTableOutOfBounds);
  ref = reinterpret_cast<const VMFuncRef*>(table->elements[index]);
  if (ref == nullptr) [[unlikely]]
    return trap_or(TrapCode::kIndirectCallToNull);
  const u32 type_id = static_cast<u32>(type_and_table);
  if (ref->type_id != type_id) [[unlikely]] {
    if (!s.ctx->builtins->is_subtype(s.vm, ref->type_id, type_id)) {
      return trap_or(TrapCode::kBadSignature);
    }
  }
  return kContinue;
}

/// Replaces the current frame: moves the arguments and the link.
[[gnu::always_inline]] inline TrapOr tail_enter(State& s, FuncCode* code, VMContext* callee) {
  const u64* entry = code->entry.load(std::memory_order_acquire);
  if (!fits(s, s.fp, entry)) [[unlikely]]
    return overflow(s, *code);
  const Cell* old_link = s.fp + field(s, 1);
  Cell saved[kLinkCells] = {old_link[0], old_link[1], old_link[2]};
  const Cell* from = s.fp + field(s, 0);
  Cell* to = s.fp;
  for (u32 n = field(s, 3); n != 0; --n) *to++ = *from++;
  if (callee != nullptr && callee != s.vm) {
    if ((saved[kLinkPc] & kLinkRestore) == 0) {
      saved[kLinkPc] |= kLinkRestore;
      saved[kLinkVm] = reinterpret_cast<u64>(s.vm);
    }
    s.vm = callee;
    load_memory(s);
  }
  Cell* link = s.fp + field(s, 2);
  link[0] = saved[0];
  link[1] = saved[1];
  link[2] = saved[2];
  s.pc = entry;
  s.acc = reinterpret_cast<u64>(code);
  return kContinue;
}

[[gnu::always_inline]] inline const VMFuncRef* import_at(State& s, u64 offset) {
  return *vm_at<const VMFuncRef*>(s.vm, offset);
}

}  // namespace

// Calls ------------------------------------------------------------------------------------------

template <u32 kForm>
struct Exec<Base::kCall, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    return enter(s, reinterpret_cast<FuncCode*>(s.pc[2]), 3);
  }
};
template <u32 kForm>
struct Exec<Base::kCallImport, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    return enter_ref(s, *import_at(s, imm32<u32>(s)), 2);
  }
};
template <u32 kForm>
struct Exec<Base::kCallIndirect, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Kind k = Form{Base::kCallIndirect, kForm}.combo().a;
    const u64 index = field(s, 3) != 0 ? operand<k, u64>(s, 2) : operand<k, u32>(s, 2);
    const VMFuncRef* ref = nullptr;
    if (TrapOr t = table_function(s, index, s.pc[2], ref); t != kContinue) [[unlikely]]
      return t;
    return enter_ref(s, *ref, 3);
  }
};
template <u32 kForm>
struct Exec<Base::kCallRef, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    constexpr Kind k = Form{Base::kCallRef, kForm}.combo().a;
    const auto* ref = reinterpret_cast<const VMFuncRef*>(operand<k, u64>(s, 2));
    if (ref == nullptr) [[unlikely]]
      return trap_or(TrapCode::kNullReference);
    return enter_ref(s, *ref, 2);
  }
};

template <u32 kForm>
struct Exec<Base::kReturnCall, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    return tail_enter(s, reinterpret_cast<FuncCode*>(s.pc[2]), nullptr);
  }
};
template <u32 kForm>
struct Exec<Base::kReturnCallImport, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    const VMFuncRef* ref = import_at(s, s.pc[2]);
    return tail_enter(s, ref->code, ref->vmctx);
  }
};
template <u32 kForm>
struct Exec<Base::kReturnCallIndirect, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    const u64 where = s.pc[3];
    const u64 cell = s.fp[where & 0xffff];
    const u64 index = (where >> 16) != 0 ? cell : static_cast<u32>(cell);
    const VMFuncRef* ref = nullptr;
    if (TrapOr t = table_function(s, index, s.pc[2], ref); t != kContinue) [[unlikely]]
      return t;
    return tail_enter(s, ref->code, ref->vmctx);
  }
};
template <u32 kForm>
struct Exec<Base::kReturnCallRef, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    const auto* ref = reinterpret_cast<const VMFuncRef*>(s.fp[s.pc[2]]);
    if (ref == nullptr) [[unlikely]]
      return trap_or(TrapCode::kNullReference);
    return tail_enter(s, ref->code, ref->vmctx);
  }
};

// Returns ----------------------------------------------------------------------------------------

// Callers expect the first result in the accumulator of its class as well.

template <u32 kForm>
struct Exec<Base::kRet, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) { return leave_frame(s, s.fp + field(s, 0)); }
};
template <u32 kForm>
struct Exec<Base::kRetValue, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    s.acc = operand<Form{Base::kRetValue, kForm}.combo().a, u64>(s, 1);
    s.fp[0] = s.acc;
    return leave_frame(s, s.fp + field(s, 0));
  }
};
template <u32 kForm>
struct Exec<Base::kRetF32, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    s.facc = operand<Form{Base::kRetF32, kForm}.combo().a, f32>(s, 1);
    set_slot(s, 0, s.facc);
    return leave_frame(s, s.fp + field(s, 0));
  }
};
template <u32 kForm>
struct Exec<Base::kRetF64, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    s.dacc = operand<Form{Base::kRetF64, kForm}.combo().a, f64>(s, 1);
    set_slot(s, 0, s.dacc);
    return leave_frame(s, s.fp + field(s, 0));
  }
};
template <u32 kForm>
struct Exec<Base::kRetMulti, kForm> {
  [[gnu::always_inline]] static TrapOr run(State& s) {
    s.acc = s.fp[0];
    s.facc = slot<f32>(s, 0);
    s.dacc = slot<f64>(s, 0);
    return leave_frame(s, s.fp + field(s, 0));
  }
};

// Stubs ------------------------------------------------------------------------------------------

namespace {

void record_call_site(State& s, const Cell* link) {
  const u64 pc = link[kLinkPc];
  s.ctx->exit_pc = reinterpret_cast<const u64*>(pc & ~kLinkRestore) - 1;  // inside of the call
  s.ctx->exit_fp = reinterpret_cast<Cell*>(link[kLinkFp]);
  s.ctx->exit_vmctx = (pc & kLinkRestore) != 0 ? reinterpret_cast<VMContext*>(link[kLinkVm]) : s.vm;
  s.ctx->trapped_activation = nullptr;
}

// An exception that has passed through a host function goes on in the host function's caller.
[[gnu::noinline]] TrapOr host_failed(State& s, const Cell* link, TrapOr why) {
  if (why == kException) why = throw_at_caller(s, link);
  return why == kContinue ? kContinue : recorded(why);
}

/// Goes on in the body of `code`, whose frame has been made but for the check of its size.
TrapOr enter_lowered(State& s, FuncCode& code) {
  const u64* entry = lower_now(code);
  if (!fits(s, s.fp, entry)) {
    record_call_site(s, s.fp + code.link_cell());
    return recorded(overflow(s, code));
  }
  s.pc = entry;
  return kContinue;
}

/// Before a call into C for `code`, whose arguments are at s.fp.
[[gnu::always_inline]] inline void leave_wasm(State& s, const FuncCode& code, const Cell* link) {
  record_call_site(s, link);
  s.ctx->stack_top = s.fp + code.link_cell() + kLinkCells;
}

/// After it.
[[gnu::always_inline]] inline TrapOr return_from(State& s, const Cell* link, TrapOr t) {
  if (t != kNoTrap) [[unlikely]]
    return host_failed(s, link, t);
  load_memory(s);
  s.acc = s.fp[0];
  s.facc = slot<f32>(s, 0);
  s.dacc = slot<f64>(s, 0);
  return leave_frame(s, link);
}

}  // namespace

// The body has not been lowered yet (or another thread does it now).
template <u32 kForm>
struct Exec<Base::kLower, kForm> {
  static TrapOr run(State& s) { return enter_lowered(s, *reinterpret_cast<FuncCode*>(s.acc)); }
};

template <u32 kForm>
struct Exec<Base::kHostCall, kForm> {
  static TrapOr run(State& s) {
    const HostCode* code = static_cast<HostCode*>(reinterpret_cast<FuncCode*>(s.acc));
    const Cell* link = s.fp + code->link_cell();
    leave_wasm(s, *code, link);
    return return_from(s, link, code->callback(code->env, s.vm, s.fp));
  }
};

// A function with machine code, or soon to have some. Not on the stack of a continuation, which
// must have all its frames: there, everything is interpreted.
template <u32 kForm>
struct Exec<Base::kNativeCall, kForm> {
  static TrapOr run(State& s) {
    FuncCode* code = reinterpret_cast<FuncCode*>(s.acc);
    if (s.ctx->stack != nullptr) return enter_lowered(s, *code);
    const Cell* link = s.fp + code->link_cell();
    leave_wasm(s, *code, link);
    const VMFuncRef ref{code, s.vm, 0};
    return return_from(s, link, s.ctx->call_native(s.ctx, &ref, s.fp));
  }
};

template <u32 kForm>
struct Exec<Base::kExit, kForm> {
  [[gnu::always_inline]] static TrapOr run(State&) { return kExit; }
};

constinit const std::array<Handler, kCallForms> kCallHandlers =
    make_handlers<Base::kCall, Base::kMemorySize>();

}  // namespace wazuka::interp

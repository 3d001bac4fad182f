// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/exceptions.def.
#include "interp/exceptions.h"

#include "abi/layout.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

template <u32 kForm>
struct Exec<Base::kThrow, kForm> {
  static TrapOr run(State& s) {
    // The allocation may collect: where we are.
    s.ctx->exit_pc = s.pc;
    s.ctx->exit_fp = s.fp;
    s.ctx->exit_vmctx = s.vm;
    s.ctx->trapped_activation = nullptr;
    Cell exception = 0;
    VMTag* const tag = *vm_at<VMTag*>(s.vm, imm32<u32>(s));
    const TrapOr t = s.ctx->builtins->exn_new(s.vm, tag, s.fp + field(s, 0), &exception);
    return t != kNoTrap ? t : throw_here(s, exception);
  }
};

template <u32 kForm>
struct Exec<Base::kThrowRef, kForm> {
  static TrapOr run(State& s) {
    const Cell exception = s.fp[field(s, 0)];
    if (exception == 0) return trap_or(TrapCode::kNullReference);
    return throw_here(s, exception);
  }
};

constinit const std::array<Handler, kExceptionForms> kExceptionHandlers =
    make_handlers<Base::kThrow, Base::kAtomicLoad8>();

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "interp/exceptions.h"

#include "interp/code.h"
#include "interp/frame.h"
#include "interp/stack_switching.h"

namespace wazuka::interp {

namespace {

/// A place in a frame of wasm.
struct Place {
  const u64* pc;  // of the throwing instruction, or the last word of a call
  Cell* fp;
  VMContext* vm;
};

Place caller_of(const Cell* link, VMContext* vm) {
  const u64 pc = link[kLinkPc];
  const bool restores = (pc & kLinkRestore) != 0;
  return {reinterpret_cast<const u64*>(pc & ~kLinkRestore) - 1,
          reinterpret_cast<Cell*>(link[kLinkFp]),
          restores ? reinterpret_cast<VMContext*>(link[kLinkVm]) : vm};
}

bool catches(const CatchHandler& h, VMContext* vm, const VMTag* tag) {
  if (h.kind == CatchHandler::Kind::kAll) return true;
  return *reinterpret_cast<VMTag**>(reinterpret_cast<u8*>(vm) + h.tag) == tag;
}

const CatchHandler* find_handler(const HandlerTable& table, u32 word, VMContext* vm,
                                 const VMTag* tag) {
  u32 depth = ~u32{0};
  for (const TryRegion& region : table.regions) {
    if (word < region.begin || word >= region.end || region.depth > depth) continue;
    for (u32 i = region.first; i != CatchHandler::kNone; i = table.handlers[i].next) {
      const CatchHandler& h = table.handlers[i];
      if (h.kind == CatchHandler::Kind::kDelegate) {
        depth = h.target;
        break;
      }
      if (catches(h, vm, tag)) return &h;
    }
  }
  return nullptr;
}

TrapOr enter_handler(State& s, const Place& at, const u64* code, const CatchHandler& h, VMTag* tag,
                     Cell exception) {
  if (h.kind == CatchHandler::Kind::kTag) {
    const TrapOr t = s.ctx->builtins->exn_args(at.vm, tag, exception, at.fp + h.args_cell);
    if (t != kNoTrap) return t;
  }
  if (h.ref_cell != CatchHandler::kNone) at.fp[h.ref_cell] = exception;
  s.ctx->builtins->exn_caught(at.vm);
  s.ctx->trapped_activation = nullptr;
  s.fp = at.fp;
  s.vm = at.vm;
  s.mem = s.vm->memory0->base;
  s.mem_size = s.vm->memory0->size.load(std::memory_order_relaxed);
  s.pc = code + h.target;
  return kContinue;
}

TrapOr unwind(State& s, Place at, Cell exception) {
  VMTag* tag = nullptr;
  const TrapOr t = s.ctx->builtins->exn_tag(at.vm, exception, &tag);
  if (t != kNoTrap) return t;
  VMStack* stack = s.ctx->stack;
  while (at.pc + 1 != exit_code()) {
    if (is_in_cont_end(at.pc)) {  // on to who has resumed the continuation
      stack = reinterpret_cast<VMStack*>(at.fp);
      at = {stack->parent_pc, stack->parent_fp, stack->parent_vm};
      stack = stack->parent;
      continue;
    }
    const CodeLocation where = find_code(at.pc);
    const WasmCode& code = *static_cast<const WasmCode*>(where.code);
    const u32 word = static_cast<u32>(at.pc - where.start);
    if (const CatchHandler* h = find_handler(code.handlers, word, at.vm, tag)) {
      const TrapOr entered = enter_handler(s, at, where.start, *h, tag, exception);
      if (entered == kContinue) leave_stacks(s, stack);
      return entered;
    }
    at = caller_of(at.fp + code.link_cell(), at.vm);
  }
  s.ctx->exception = exception;
  return kException;
}

}  // namespace

TrapOr throw_here(State& s, Cell exception) {
  return unwind(s, {s.pc, s.fp, s.vm}, exception);
}

TrapOr throw_at(State& s, const u64* pc, Cell* fp, VMContext* vm, Cell exception) {
  return unwind(s, {pc, fp, vm}, exception);
}

TrapOr throw_at_caller(State& s, const Cell* link) {
  return unwind(s, caller_of(link, s.vm), s.ctx->exception);
}

}  // namespace wazuka::interp

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Handlers of ops/stack_switching.def.
#include "interp/stack_switching.h"

#include <algorithm>

#include "abi/layout.h"
#include "interp/exceptions.h"
#include "interp/frame.h"
#include "interp/handlers/simple.h"
#include "interp/handlers/tables.h"

namespace wazuka::interp {

const u64* cont_end_code() {
  static const u64 code[2] = {0, handler_word({Base::kContEnd, 0})};
  return code + 1;
}

void leave_stacks(State& s, VMStack* parent) {
  VMStoreContext& ctx = *s.ctx;
  while (ctx.stack != parent) {
    VMStack* const done = ctx.stack;
    ctx.stack = done->parent;
    ctx.stack_limit = done->parent_limit;
    ctx.builtins->cont_release(s.vm, done);
  }
}

namespace {

void record_here(State& s) {
  s.ctx->exit_pc = s.pc;
  s.ctx->exit_fp = s.fp;
  s.ctx->exit_vmctx = s.vm;
  s.ctx->trapped_activation = nullptr;
}

/// Goes on at `pc` in another frame; the first of the values passed is in the accumulators, too.
void go_to(State& s, const u64* pc, Cell* fp, VMContext* vm, const Cell* values) {
  s.pc = pc;
  s.fp = fp;
  s.vm = vm;
  s.mem = vm->memory0->base;
  s.mem_size = vm->memory0->size.load(std::memory_order_relaxed);
  s.acc = *values;
  std::memcpy(&s.facc, values, sizeof s.facc);
  std::memcpy(&s.dacc, values, sizeof s.dacc);
}

/// The operands of an instruction: values, and behind them the continuation.
struct Operands {
  Cell* values;
  u32 count;
  Cell& continuation() const { return values[count]; }
};
Operands operands_of(State& s) {
  return {s.fp + field(s, 0), field(s, 1)};
}

VMTag* tag_at(VMContext* vm, u32 offset) {
  return *vm_at<VMTag*>(vm, offset);
}

struct Found {
  VMStack* stack = nullptr;  // the outermost one to cut off; null: there is no such clause
  ResumeClause clause = {};
};

/// The innermost clause for the tag.
Found find_clause(const VMStoreContext& ctx, const VMTag* tag, bool switches) {
  for (VMStack* stack = ctx.stack; stack != nullptr; stack = stack->parent) {
    for (u32 i = 0; i < clause_count(stack->parent_pc); ++i) {
      const ResumeClause c = clause_of(stack->parent_pc, i);
      if ((c.type_id == kSwitchClause) != switches) continue;
      if (tag_at(stack->parent_vm, c.tag) == tag) return {stack, c};
    }
  }
  return {};
}

/// The stack of the instruction's continuation; the type is in the upper half of its word 2.
TrapOr find_stack(State& s, Cell continuation, VMStack*& stack) {
  return s.ctx->builtins->cont_stack(s.vm, static_cast<u32>(s.pc[2] >> 32), continuation, &stack);
}

/// The same, with memory behind it.
TrapOr stack_of(State& s, Cell continuation, VMStack*& stack) {
  const TrapOr t = find_stack(s, continuation, stack);
  if (t != kNoTrap || stack->base != nullptr) return t;
  return s.ctx->builtins->cont_prepare(s.vm, stack);
}

/// The current instruction is the parent of the chain that begins at `stack`.
void link_to_here(State& s, VMStack& stack) {
  VMStack& last = *stack.last;
  last.parent = s.ctx->stack;
  last.parent_pc = s.pc;
  last.parent_fp = s.fp;
  last.parent_vm = s.vm;
  last.parent_limit = s.ctx->stack_limit;
}

void make_innermost(State& s, VMStack& stack) {
  stack.state = VMStack::State::kActive;
  s.ctx->stack = &stack;
  s.ctx->stack_limit = stack.limit;
}

TrapOr start(State& s, VMStack& stack) {
  FuncCode* const code = stack.func->code;
  const u64* const entry = code->entry.load(std::memory_order_acquire);
  if (reinterpret_cast<u64>(stack.base) + entry[-1] > reinterpret_cast<u64>(stack.limit)) {
    s.ctx->overflowed = code;
    return trap_or(TrapCode::kStackOverflow);
  }
  make_innermost(s, stack);
  Cell* const link = stack.base + code->link_cell();
  link[kLinkPc] = reinterpret_cast<u64>(cont_end_code());
  link[kLinkFp] = reinterpret_cast<u64>(&stack);
  VMContext* const vm = stack.func->vmctx;
  go_to(s, entry, stack.base, vm != nullptr ? vm : s.vm, stack.base);
  s.acc = reinterpret_cast<u64>(code);
  return kContinue;
}

/// Goes on where the stack was suspended, or begins.
TrapOr go_on(State& s, VMStack& stack) {
  if (stack.state == VMStack::State::kFresh) return start(s, stack);
  make_innermost(s, stack);
  go_to(s, stack.pc + kSuspendWords, stack.fp, stack.vm, stack.args);
  return kContinue;
}

/// Cuts the chain from the innermost stack to `last` off. It will go on behind the current
/// instruction, with values where the operands were.
void cut(State& s, VMStack& last) {
  VMStack& stack = *s.ctx->stack;
  stack.state = VMStack::State::kSuspended;
  stack.pc = s.pc;
  stack.fp = s.fp;
  stack.vm = s.vm;
  stack.last = &last;
  stack.args = operands_of(s).values;
  stack.bound_cells = 0;
}

/// Passes values to a suspended or fresh stack, behind those bound already.
void pass(const Cell* values, u32 count, VMStack& stack) {
  std::copy(values, values + count, stack.args + stack.bound_cells);
}

}  // namespace

template <u32 kForm>
struct Exec<Base::kContNew, kForm> {
  static TrapOr run(State& s) {
    record_here(s);
    Cell* const cell = s.fp + field(s, 0);
    const auto* func = reinterpret_cast<const VMFuncRef*>(*cell);
    const TrapOr t = s.ctx->builtins->cont_new(s.vm, static_cast<u32>(s.pc[2]), func, cell);
    if (t != kNoTrap) return t;
    go_to(s, s.pc + 3, s.fp, s.vm, cell);
    return kContinue;
  }
};

template <u32 kForm>
struct Exec<Base::kContBind, kForm> {
  static TrapOr run(State& s) {
    record_here(s);
    const Operands o = operands_of(s);
    VMStack* stack = nullptr;
    TrapOr t = find_stack(s, o.continuation(), stack);
    if (t == kNoTrap && o.count != 0 && stack->base == nullptr) {
      t = s.ctx->builtins->cont_prepare(s.vm, stack);
    }
    Cell bound = 0;
    if (t == kNoTrap) {
      t = s.ctx->builtins->cont_capture(s.vm, static_cast<u32>(s.pc[2]), stack,
                                        static_cast<u32>(s.pc[2] >> 32), o.count, o.values, &bound);
    }
    if (t != kNoTrap) return t;
    s.ctx->builtins->cont_consume(s.vm, o.continuation());
    pass(o.values, o.count, *stack);
    stack->bound_cells += o.count;
    o.values[0] = bound;
    go_to(s, s.pc + 3, s.fp, s.vm, o.values);
    return kContinue;
  }
};

template <u32 kForm>
struct Exec<Base::kSuspend, kForm> {
  static TrapOr run(State& s) {
    const VMTag* const tag = tag_at(s.vm, imm32<u32>(s));
    const Found found = find_clause(*s.ctx, tag, false);
    if (found.stack == nullptr) return trap_or(TrapCode::kUnhandledTag);
    record_here(s);
    const Operands o = operands_of(s);
    Cell continuation = 0;
    const TrapOr t = s.ctx->builtins->cont_capture(s.vm, found.clause.type_id, s.ctx->stack,
                                                   tag->type_id, o.count, o.values, &continuation);
    if (t != kNoTrap) return t;
    VMStack& last = *found.stack;
    cut(s, last);
    s.ctx->stack = last.parent;
    s.ctx->stack_limit = last.parent_limit;
    Cell* const to = last.parent_fp + found.clause.cell;
    std::copy(o.values, o.values + o.count, to);
    to[o.count] = continuation;
    go_to(s, last.parent_pc + found.clause.target, last.parent_fp, last.parent_vm, to);
    return kContinue;
  }
};

template <u32 kForm>
struct Exec<Base::kSwitch, kForm> {
  static TrapOr run(State& s) {
    record_here(s);
    const Operands o = operands_of(s);
    VMStack* target = nullptr;
    TrapOr t = stack_of(s, o.continuation(), target);
    if (t != kNoTrap) return t;
    const Found found = find_clause(*s.ctx, tag_at(s.vm, imm32<u32>(s)), true);
    if (found.stack == nullptr) return trap_or(TrapCode::kUnhandledTag);
    // The operands have the types of the target's parameters, but for the last one, which is a
    // continuation of another type.
    Cell left = 0;
    t = s.ctx->builtins->cont_capture(s.vm, static_cast<u32>(s.pc[2]), s.ctx->stack,
                                      static_cast<u32>(s.pc[2] >> 32), o.count + 1, o.values,
                                      &left);
    if (t != kNoTrap) return t;
    s.ctx->builtins->cont_consume(s.vm, o.continuation());
    const VMStack& outermost = *found.stack;
    VMStack& last = *target->last;
    last.parent = outermost.parent;
    last.parent_pc = outermost.parent_pc;
    last.parent_fp = outermost.parent_fp;
    last.parent_vm = outermost.parent_vm;
    last.parent_limit = outermost.parent_limit;
    cut(s, *found.stack);
    pass(o.values, o.count, *target);
    target->args[target->bound_cells + o.count] = left;
    return go_on(s, *target);
  }
};

template <u32 kForm>
struct Exec<Base::kResume, kForm> {
  static TrapOr run(State& s) {
    const Operands o = operands_of(s);
    VMStack* stack = nullptr;
    const TrapOr t = stack_of(s, o.continuation(), stack);
    if (t != kNoTrap) return t;
    s.ctx->builtins->cont_consume(s.vm, o.continuation());
    pass(o.values, o.count, *stack);
    link_to_here(s, *stack);
    return go_on(s, *stack);
  }
};

namespace {

/// Throws in the place where the continuation would go on.
TrapOr throw_into(State& s, Cell continuation, VMStack& stack, Cell exception) {
  s.ctx->builtins->cont_consume(s.vm, continuation);
  if (stack.state == VMStack::State::kFresh) {
    s.ctx->builtins->cont_release(s.vm, &stack);
    return throw_here(s, exception);
  }
  link_to_here(s, stack);
  make_innermost(s, stack);
  return throw_at(s, stack.pc, stack.fp, stack.vm, exception);
}

}  // namespace

template <u32 kForm>
struct Exec<Base::kResumeThrow, kForm> {
  static TrapOr run(State& s) {
    record_here(s);
    const Operands o = operands_of(s);
    VMStack* stack = nullptr;
    TrapOr t = find_stack(s, o.continuation(), stack);
    if (t != kNoTrap) return t;
    Cell exception = 0;
    VMTag* const tag = tag_at(s.vm, static_cast<u32>(s.pc[2]));
    t = s.ctx->builtins->exn_new(s.vm, tag, o.values, &exception);
    return t != kNoTrap ? t : throw_into(s, o.continuation(), *stack, exception);
  }
};

template <u32 kForm>
struct Exec<Base::kResumeThrowRef, kForm> {
  static TrapOr run(State& s) {
    const Operands o = operands_of(s);
    VMStack* stack = nullptr;
    const TrapOr t = find_stack(s, o.continuation(), stack);
    if (t != kNoTrap) return t;
    if (o.values[0] == 0) return trap_or(TrapCode::kNullReference);
    return throw_into(s, o.continuation(), *stack, o.values[0]);
  }
};

template <u32 kForm>
struct Exec<Base::kContEnd, kForm> {
  static TrapOr run(State& s) {
    VMStack& stack = *reinterpret_cast<VMStack*>(s.fp);
    Cell* const fp = stack.parent_fp;
    const u64* const resume = stack.parent_pc;
    Cell* const to = fp + static_cast<u16>(resume[1]);
    std::copy(stack.base, stack.base + stack.func->code->result_cells, to);
    go_to(s, resume + words_of_resume(resume), fp, stack.parent_vm, to);
    leave_stacks(s, stack.parent);
    return kContinue;
  }
};

constinit const std::array<Handler, kStackSwitchingForms> kStackSwitchingHandlers =
    make_handlers<Base::kContNew, static_cast<Base>(kBaseCount)>();

}  // namespace wazuka::interp

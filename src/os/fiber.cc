// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/fiber.h"

#include <cstdlib>

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

#if defined(__SANITIZE_ADDRESS__)
#define WAZUKA_ASAN 1
#elif defined(__SANITIZE_THREAD__)
#define WAZUKA_TSAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define WAZUKA_ASAN 1
#elif __has_feature(thread_sanitizer)
#define WAZUKA_TSAN 1
#endif
#endif

#if WAZUKA_ASAN
#include <sanitizer/common_interface_defs.h>
#elif WAZUKA_TSAN
#include <sanitizer/tsan_interface.h>
#endif

#if defined(__x86_64__)

// void wazuka_switch_stacks(void** left, void* entered): pushes what C functions preserve, leaves
// the stack pointer in *left, and does the reverse with the other stack. A new stack is made to
// look as if its entry had called this function: it has the fiber in rbx.
asm(R"(
  .text
  .p2align 4
  .hidden wazuka_switch_stacks
  .globl wazuka_switch_stacks
  .type wazuka_switch_stacks,@function
wazuka_switch_stacks:
  .cfi_startproc
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  subq $8, %rsp
  stmxcsr (%rsp)
  fnstcw 4(%rsp)
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  ldmxcsr (%rsp)
  fldcw 4(%rsp)
  addq $8, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  ret
  .cfi_endproc
  .size wazuka_switch_stacks, .-wazuka_switch_stacks

  .p2align 4
  .hidden wazuka_fiber_start
  .globl wazuka_fiber_start
  .type wazuka_fiber_start,@function
wazuka_fiber_start:
  .cfi_startproc
  .cfi_undefined rip
  movq %rbx, %rdi
  call *%r12
  ud2
  .cfi_endproc
  .size wazuka_fiber_start, .-wazuka_fiber_start
)");

extern "C" {
void wazuka_switch_stacks(void** left, void* entered);
void wazuka_fiber_start();
}

#endif

namespace wazuka::os {

namespace {

#if defined(__x86_64__)

void* new_stack(StackBounds stack, void (*run)(Fiber*), Fiber* fiber) {
  auto* const top = reinterpret_cast<u64*>(reinterpret_cast<u64>(stack.high) & ~u64{15});
  u64* at = top - 2;
  *--at = reinterpret_cast<u64>(&wazuka_fiber_start);
  *--at = 0;                              // rbp
  *--at = reinterpret_cast<u64>(fiber);   // rbx
  *--at = reinterpret_cast<u64>(run);     // r12
  for (int i = 0; i < 3; ++i) *--at = 0;  // r13, r14, r15
  --at;
  u32 control[2] = {};
  asm volatile("stmxcsr %0\n\tfnstcw %1" : "=m"(control[0]), "=m"(control[1]));
  *at = control[0] | u64{control[1]} << 32;
  return at;
}

void switch_stacks(void** left, void* entered) {
  wazuka_switch_stacks(left, entered);
}

void free_stack(void*) {}

#else

struct Context {
  ucontext_t saved;
  void (*run)(Fiber*);
  Fiber* fiber;
};

void start(unsigned low, unsigned high) {
  auto* context = reinterpret_cast<Context*>(u64{low} | u64{high} << 32);
  context->run(context->fiber);
}

void* new_stack(StackBounds stack, void (*run)(Fiber*), Fiber* fiber) {
  auto* context = new Context{{}, run, fiber};
  getcontext(&context->saved);
  context->saved.uc_stack.ss_sp = stack.low;
  context->saved.uc_stack.ss_size = static_cast<size_t>(stack.high - stack.low);
  context->saved.uc_link = nullptr;
  const u64 bits = reinterpret_cast<u64>(context);
  makecontext(&context->saved, reinterpret_cast<void (*)()>(start), 2, static_cast<unsigned>(bits),
              static_cast<unsigned>(bits >> 32));
  return context;
}

/// The context of whoever is left is made when it is first needed.
void switch_stacks(void** left, void* entered) {
  if (*left == nullptr) *left = new Context{};
  swapcontext(&static_cast<Context*>(*left)->saved, &static_cast<Context*>(entered)->saved);
}

void free_stack(void* context) {
  delete static_cast<Context*>(context);
}

#endif

}  // namespace

// What sanitizers are told, before and after each change of stacks.
struct Fiber::Sanitizer {
#if WAZUKA_ASAN
  static void made(Fiber&) {}
  static void gone(Fiber&) {}
  static void enters(Fiber& f, void** fake) {
    __sanitizer_start_switch_fiber(fake, f.stack_.low,
                                   static_cast<size_t>(f.stack_.high - f.stack_.low));
  }
  static void has_come_back(Fiber&, void* fake) {
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
  }
  static void leaves(Fiber& f, bool for_ever) {
    __sanitizer_start_switch_fiber(for_ever ? nullptr : &f.own_shadow_, f.other_stack_.low,
                                   static_cast<size_t>(f.other_stack_.high - f.other_stack_.low));
  }
  static void is_entered(Fiber& f) {
    const void* low = nullptr;
    size_t bytes = 0;
    __sanitizer_finish_switch_fiber(f.own_shadow_, &low, &bytes);
    auto* const at = static_cast<u8*>(const_cast<void*>(low));
    f.other_stack_ = {at, at + bytes};
  }
#elif WAZUKA_TSAN
  static void made(Fiber& f) { f.own_shadow_ = __tsan_create_fiber(0); }
  static void gone(Fiber& f) { __tsan_destroy_fiber(f.own_shadow_); }
  static void enters(Fiber& f, void**) {
    f.other_shadow_ = __tsan_get_current_fiber();
    __tsan_switch_to_fiber(f.own_shadow_, 0);
  }
  static void has_come_back(Fiber&, void*) {}
  static void leaves(Fiber& f, bool) { __tsan_switch_to_fiber(f.other_shadow_, 0); }
  static void is_entered(Fiber&) {}
#else
  static void made(Fiber&) {}
  static void gone(Fiber&) {}
  static void enters(Fiber&, void**) {}
  static void has_come_back(Fiber&, void*) {}
  static void leaves(Fiber&, bool) {}
  static void is_entered(Fiber&) {}
#endif
};

Fiber::Fiber(StackBounds stack, Entry entry, void* env)
    : stack_(stack), entry_(entry), env_(env), own_(new_stack(stack, run, this)) {
  Sanitizer::made(*this);
}

Fiber::~Fiber() {
  Sanitizer::gone(*this);
  free_stack(own_);
  free_stack(other_);
}

void Fiber::run(Fiber* fiber) {
  Sanitizer::is_entered(*fiber);
  fiber->entry_(fiber->env_);
  fiber->ended_ = true;
  fiber->leave(/*for_ever=*/true);
  std::abort();  // an ended fiber was resumed
}

void Fiber::resume() {
  const StackBounds before = exchange_stack_bounds(stack_);
  void* fake = nullptr;
  Sanitizer::enters(*this, &fake);
  switch_stacks(&other_, own_);
  Sanitizer::has_come_back(*this, fake);
  exchange_stack_bounds(before);
}

void Fiber::suspend() {
  leave(/*for_ever=*/false);
  Sanitizer::is_entered(*this);
}

[[gnu::noinline]] void Fiber::leave(bool for_ever) {
  Sanitizer::leaves(*this, for_ever);
  switch_stacks(&own_, other_);
}

}  // namespace wazuka::os

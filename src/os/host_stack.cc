// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/host_stack.h"

#include <pthread.h>

#if defined(__linux__)
#include <sys/auxv.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>
#endif

namespace wazuka::os {

namespace {

#if defined(__linux__)

// The stack of a program's first thread grows when it is touched, up to the limit. (The C library
// would read /proc/self/maps to tell.) The kernel put its random bytes above the frames.
StackBounds first_thread_bounds() {
  rlimit limit{};
  if (getrlimit(RLIMIT_STACK, &limit) != 0) return {};
  constexpr u64 kAssumed = u64{8} << 20;  // of no limit, this much can be relied on
  const u64 bytes = limit.rlim_cur == RLIM_INFINITY ? kAssumed : limit.rlim_cur;
  const u64 high = getauxval(AT_RANDOM);
  const u64 low = bytes < high ? high - bytes : 0;
  return {reinterpret_cast<u8*>(low), reinterpret_cast<u8*>(high)};
}

StackBounds find() {
  if (syscall(SYS_gettid) == getpid()) return first_thread_bounds();
  pthread_attr_t attributes;
  if (pthread_getattr_np(pthread_self(), &attributes) != 0) return {};
  void* low = nullptr;
  size_t bytes = 0;
  StackBounds bounds;
  if (pthread_attr_getstack(&attributes, &low, &bytes) == 0) {
    bounds = {static_cast<u8*>(low), static_cast<u8*>(low) + bytes};
  }
  pthread_attr_destroy(&attributes);
  return bounds;
}

#else

StackBounds find() {
  return {};
}

#endif

}  // namespace

namespace {

struct Known {
  StackBounds bounds;
  bool known;
};
// Without a function call for the address, in shared libraries too, and without a guard.
[[gnu::tls_model("initial-exec")]] thread_local constinit Known cache{};

}  // namespace

StackBounds stack_bounds() {
  if (!cache.known) [[unlikely]]
    cache = {find(), true};
  return cache.bounds;
}

// Not inline: a fiber may go on on another thread, whose variable has another address.
[[gnu::noinline]] StackBounds exchange_stack_bounds(StackBounds stack) {
  const StackBounds before = stack_bounds();
  cache = {stack, true};
  return before;
}

}  // namespace wazuka::os

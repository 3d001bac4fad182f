// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/thread.h"

#include <csignal>
#include <memory>
#include <pthread.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <unistd.h>

namespace wazuka::os {
namespace {

struct Start {
  void (*body)(void*);
  void* argument;
};

void* run(void* raw) {
  std::unique_ptr<Start> start(static_cast<Start*>(raw));
  start->body(start->argument);
  return nullptr;
}

}  // namespace

bool start_thread(void (*body)(void*), void* argument) {
  auto start = std::make_unique<Start>(Start{body, argument});
  pthread_t thread;
  if (::pthread_create(&thread, nullptr, &run, start.get()) != 0) return false;
  static_cast<void>(start.release());  // the thread owns it now
  ::pthread_detach(thread);
  return true;
}

void become_background_thread() {
  sigset_t all;
  ::sigfillset(&all);
  for (int fault : {SIGSEGV, SIGBUS, SIGILL, SIGFPE, SIGTRAP, SIGABRT}) ::sigdelset(&all, fault);
  ::pthread_sigmask(SIG_SETMASK, &all, nullptr);
  // Of this thread alone, under Linux.
  constexpr int kNice = 10;
  ::setpriority(PRIO_PROCESS, thread_id(), kNice);
}

u32 process_id() {
  return static_cast<u32>(::getpid());
}

u32 thread_id() {
#if defined(__linux__)
  return static_cast<u32>(::syscall(SYS_gettid));
#else
  return process_id();
#endif
}

}  // namespace wazuka::os

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// POSIX threads rather than std::thread: that one reports exhaustion by an exception, which the
// engine is built without.
#include "base/parallel.h"

#include <pthread.h>
#include <sched.h>
#include <thread>
#include <vector>

namespace wazuka {

u32 usable_cores() {
#ifdef __linux__
  cpu_set_t set;
  if (sched_getaffinity(0, sizeof(set), &set) == 0 && CPU_COUNT(&set) > 0) {
    return static_cast<u32>(CPU_COUNT(&set));
  }
#endif
  unsigned cores = std::thread::hardware_concurrency();
  return cores == 0 ? 1 : cores;
}

namespace detail {
namespace {

struct Job {
  void (*body)(void*);
  void* context;
};

void* thread_main(void* job) {
  static_cast<Job*>(job)->body(static_cast<Job*>(job)->context);
  return nullptr;
}

}  // namespace

void run_parallel(u32 threads, void (*body)(void*), void* context) {
  Job job{body, context};
  std::vector<pthread_t> started;
  while (started.size() + 1 < threads) {
    pthread_t thread;
    if (pthread_create(&thread, nullptr, thread_main, &job) != 0) break;
    started.push_back(thread);
  }
  body(context);
  for (pthread_t thread : started) pthread_join(thread, nullptr);
}

}  // namespace detail
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/wait_queue.h"

#include <chrono>
#include <condition_variable>
#include <mutex>

namespace wazuka::wait_queue {
namespace {

/// A sleeping thread; lives on its stack.
struct Node {
  const void* cell = nullptr;
  bool woken = false;
  std::condition_variable wakeup;
  Node* next = nullptr;
};

/// The waiters of all addresses that hash to this queue, in order of arrival.
struct Queue {
  std::mutex lock;
  Node* first = nullptr;

  void append(Node& n) {
    Node** end = &first;
    while (*end != nullptr) end = &(*end)->next;
    *end = &n;
  }
  void remove(Node& n) {
    Node** at = &first;
    while (*at != nullptr && *at != &n) at = &(*at)->next;
    if (*at != nullptr) *at = n.next;
  }
};

constexpr size_t kQueues = 64;
constinit Queue queues[kQueues];

Queue& queue_of(const void* cell) {
  u64 address = reinterpret_cast<u64>(cell) >> 2;
  return queues[(address * 0x9e3779b97f4a7c15) >> 58];
}

template <class T>
Outcome wait(T* cell, T expected, i64 timeout_ns) {
  using Clock = std::chrono::steady_clock;
  // Longer than any machine runs: not worth the overflow of adding it to the clock.
  constexpr i64 kForever = i64{1} << 61;
  bool forever = timeout_ns < 0 || timeout_ns >= kForever;
  auto deadline = Clock::now() + std::chrono::nanoseconds(forever ? 0 : timeout_ns);

  Queue& queue = queue_of(cell);
  std::unique_lock<std::mutex> lock(queue.lock);
  if (__atomic_load_n(cell, __ATOMIC_SEQ_CST) != expected) return Outcome::kNotEqual;
  Node self;
  self.cell = cell;
  queue.append(self);
  while (!self.woken) {
    if (forever) {
      self.wakeup.wait(lock);
    } else if (self.wakeup.wait_until(lock, deadline) == std::cv_status::timeout && !self.woken) {
      queue.remove(self);
      return Outcome::kTimedOut;
    }
  }
  return Outcome::kWoken;
}

}  // namespace

Outcome wait32(u32* cell, u32 expected, i64 timeout_ns) {
  return wait(cell, expected, timeout_ns);
}

Outcome wait64(u64* cell, u64 expected, i64 timeout_ns) {
  return wait(cell, expected, timeout_ns);
}

u32 notify(const void* cell, u32 count) {
  Queue& queue = queue_of(cell);
  std::unique_lock<std::mutex> lock(queue.lock);
  u32 woken = 0;
  for (Node** at = &queue.first; *at != nullptr && woken < count;) {
    Node& n = **at;
    if (n.cell != cell) {
      at = &n.next;
      continue;
    }
    *at = n.next;
    n.woken = true;
    n.wakeup.notify_one();
    ++woken;
  }
  return woken;
}

}  // namespace wazuka::wait_queue

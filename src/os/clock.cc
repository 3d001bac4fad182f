// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/clock.h"

#include <algorithm>
#include <limits>
#include <sys/random.h>
#include <time.h>

namespace wazuka::os {
namespace {

constexpr u64 kNanosPerSecond = 1'000'000'000;

clockid_t native(HostClock clock) {
  return clock == HostClock::kRealtime ? CLOCK_REALTIME : CLOCK_MONOTONIC;
}

u64 to_nanos(const timespec& t) {
  if (t.tv_sec < 0) return 0;
  return static_cast<u64>(t.tv_sec) * kNanosPerSecond + static_cast<u64>(t.tv_nsec);
}

}  // namespace

u64 clock_now(HostClock clock) {
  timespec t = {};
  ::clock_gettime(native(clock), &t);
  return to_nanos(t);
}

u64 clock_resolution(HostClock clock) {
  timespec t = {};
  ::clock_getres(native(clock), &t);
  return std::max<u64>(to_nanos(t), 1);
}

void sleep_until(u64 deadline) {
  timespec t = {};
  t.tv_sec = static_cast<time_t>(deadline / kNanosPerSecond);
  t.tv_nsec = static_cast<long>(deadline % kNanosPerSecond);
  while (::clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &t, nullptr) == EINTR) {
  }
}

HostResult<void> random_bytes(std::span<u8> bytes) {
  while (!bytes.empty()) {
    // The kernel serves at most 32 MiB - 1 per call; shorter pieces keep signals responsive.
    ssize_t count = ::getrandom(bytes.data(), std::min<size_t>(bytes.size(), 1 << 20), 0);
    if (count < 0) {
      if (errno == EINTR) continue;
      return std::unexpected(errno);
    }
    bytes = bytes.subspan(static_cast<size_t>(count));
  }
  return {};
}

}  // namespace wazuka::os

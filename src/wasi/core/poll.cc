// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/poll.h"

#include <algorithm>
#include <cerrno>
#include <optional>
#include <poll.h>
#include <time.h>
#include <vector>

namespace wazuka::wasi {
namespace {

constexpr u64 kNanosPerSecond = 1'000'000'000;
constexpr u64 kLongestWait = 3600 * kNanosPerSecond;  // keeps far deadlines within a timespec

/// Marks timers that are due; returns the earliest deadline of the others.
std::optional<u64> mark_timers(std::span<PollItem> items, u64 now, bool& any) {
  std::optional<u64> earliest;
  for (PollItem& item : items) {
    if (item.kind != PollItem::Kind::kTimer) continue;
    if (item.deadline <= now) {
      item.ready = any = true;
    } else {
      earliest = std::min(earliest.value_or(item.deadline), item.deadline);
    }
  }
  return earliest;
}

/// Polls the host descriptors for at most `timeout` nanoseconds (none: for ever).
WasiResult<void> poll_host(std::vector<pollfd>& fds, std::span<PollItem> items,
                           std::optional<u64> timeout, bool& any) {
  timespec limit = {};
  if (timeout) {
    u64 wait = std::min(*timeout, kLongestWait);
    limit.tv_sec = static_cast<time_t>(wait / kNanosPerSecond);
    limit.tv_nsec = static_cast<long>(wait % kNanosPerSecond);
  }
  int count = ::ppoll(fds.data(), fds.size(), timeout ? &limit : nullptr, nullptr);
  if (count < 0 && errno != EINTR) return host_failure(errno);
  if (count <= 0) return {};
  size_t next = 0;
  for (PollItem& item : items) {
    if (item.kind != PollItem::Kind::kHost) continue;
    short happened = fds[next++].revents;
    if (happened == 0) continue;
    item.ready = any = true;
    item.hangup = (happened & POLLHUP) != 0 && (happened & POLLIN) == 0;
  }
  return {};
}

}  // namespace

WasiResult<void> wait_for_any(Clocks& clocks, std::span<PollItem> items) {
  std::vector<pollfd> fds;
  bool any = false;
  bool has_timer = false;
  for (PollItem& item : items) {
    if (item.kind == PollItem::Kind::kAlways) item.ready = any = true;
    if (item.kind == PollItem::Kind::kTimer) has_timer = true;
    if (item.kind == PollItem::Kind::kHost) fds.push_back({item.fd, item.events, 0});
  }
  for (;;) {
    std::optional<u64> wait;
    std::optional<u64> earliest;
    if (has_timer) {
      u64 now = clocks.monotonic_now();
      earliest = mark_timers(items, now, any);
      if (earliest) wait = *earliest - now;
    }
    // Simulated time never passes by itself: look once, then jump to the next timer.
    if (any || (clocks.is_simulated() && earliest)) wait = 0;
    if (!fds.empty()) {
      if (auto ok = poll_host(fds, items, wait, any); !ok) return ok;
    } else if (!any && !clocks.is_simulated()) {
      clocks.sleep_until(*earliest);
    }
    if (any) return {};
    if (clocks.is_simulated() && earliest) clocks.sleep_until(*earliest);
  }
}

}  // namespace wazuka::wasi

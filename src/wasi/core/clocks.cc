// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/clocks.h"

#include <algorithm>

#include "os/clock.h"

namespace wazuka::wasi {
namespace {

u64 saturating_add(u64 a, u64 b) {
  return a > ~u64{0} - b ? ~u64{0} : a + b;
}

}  // namespace

Clocks Clocks::host() {
  Clocks clocks;
  clocks.monotonic_origin_ = os::clock_now(os::HostClock::kMonotonic);
  return clocks;
}

Clocks Clocks::simulated(u64 realtime_start, u64 step) {
  Clocks clocks;
  clocks.simulated_ = true;
  clocks.realtime_start_ = realtime_start;
  clocks.step_ = step;
  return clocks;
}

u64 Clocks::advance() {
  u64 now = elapsed_;
  elapsed_ = saturating_add(elapsed_, step_);
  return now;
}

u64 Clocks::realtime_now() {
  if (simulated_) return saturating_add(realtime_start_, advance());
  return os::clock_now(os::HostClock::kRealtime);
}

u64 Clocks::monotonic_now() {
  if (simulated_) return advance();
  return os::clock_now(os::HostClock::kMonotonic) - monotonic_origin_;
}

u64 Clocks::realtime_resolution() const {
  return simulated_ ? std::max<u64>(step_, 1) : os::clock_resolution(os::HostClock::kRealtime);
}

u64 Clocks::monotonic_resolution() const {
  return simulated_ ? std::max<u64>(step_, 1) : os::clock_resolution(os::HostClock::kMonotonic);
}

void Clocks::sleep_until(u64 deadline) {
  if (simulated_) {
    elapsed_ = std::max(elapsed_, deadline);
    return;
  }
  os::sleep_until(saturating_add(deadline, monotonic_origin_));
}

}  // namespace wazuka::wasi

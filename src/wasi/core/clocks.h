// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The clocks of one guest: the host's, or simulated ones for repeatable runs. Simulated time starts
// at chosen values, advances by a fixed step with every reading, and jumps ahead instead of
// sleeping, so a program's behaviour depends on nothing but its own calls.
//
// The monotonic clock starts near zero for each guest, so that it does not reveal the host's
// uptime.
#pragma once

#include "base/ints.h"

namespace wazuka::wasi {

class Clocks {
 public:
  /// The host's clocks; the monotonic one counts from now.
  static Clocks host();
  /// Simulated clocks; all values in nanoseconds.
  static Clocks simulated(u64 realtime_start, u64 step);

  /// Nanoseconds since the Unix epoch.
  u64 realtime_now();
  /// Nanoseconds since these clocks were made.
  u64 monotonic_now();
  u64 realtime_resolution() const;
  u64 monotonic_resolution() const;

  bool is_simulated() const { return simulated_; }
  /// Waits until monotonic_now() would be at least `deadline`.
  void sleep_until(u64 deadline);

 private:
  u64 advance();

  bool simulated_ = false;
  u64 monotonic_origin_ = 0;  // host clock value that counts as zero
  u64 realtime_start_ = 0;
  u64 elapsed_ = 0;  // simulated
  u64 step_ = 0;
};

}  // namespace wazuka::wasi

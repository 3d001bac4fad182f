// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The guest's source of random bytes: the operating system's generator, or a seeded sequence for
// repeatable runs (which must never be used where secrecy matters).
#pragma once

#include <optional>
#include <span>

#include "base/ints.h"
#include "wasi/core/errno.h"

namespace wazuka::wasi {

class Random {
 public:
  /// The operating system's generator.
  static Random os() { return {}; }
  /// SplitMix64 from `seed`.
  static Random seeded(u64 seed);

  WasiResult<void> fill(std::span<u8> bytes);

 private:
  std::optional<u64> state_;
};

}  // namespace wazuka::wasi

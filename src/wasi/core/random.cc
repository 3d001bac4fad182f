// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/random.h"

#include <algorithm>

#include "os/clock.h"

namespace wazuka::wasi {
namespace {

u64 split_mix(u64& state) {
  u64 z = state += 0x9e3779b97f4a7c15;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
  z = (z ^ z >> 27) * 0x94d049bb133111eb;
  return z ^ z >> 31;
}

}  // namespace

Random Random::seeded(u64 seed) {
  Random random;
  random.state_ = seed;
  return random;
}

WasiResult<void> Random::fill(std::span<u8> bytes) {
  if (!state_) {
    if (auto done = os::random_bytes(bytes); !done) return host_failure(done.error());
    return {};
  }
  while (!bytes.empty()) {
    u64 word = split_mix(*state_);
    size_t count = std::min<size_t>(bytes.size(), sizeof word);
    for (size_t i = 0; i < count; ++i) bytes[i] = static_cast<u8>(word >> (8 * i));
    bytes = bytes.subspan(count);
  }
  return {};
}

}  // namespace wazuka::wasi

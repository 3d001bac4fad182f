// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wasi_options.h"

#include "cli/option_values.h"

namespace wazuka::cli {
namespace {

constexpr u64 kNanosPerSecond = 1'000'000'000;
// How far a virtual clock moves with each reading: loops that wait for it to pass must end.
constexpr u64 kClockStep = 1'000;

}  // namespace

Result<wasi::Preopen> parse_dir(std::string_view text) {
  wasi::Preopen preopen;
  size_t split = text.find("::");
  preopen.host_path = text.substr(0, split);
  preopen.guest_name = preopen.host_path;
  if (split == std::string_view::npos) return preopen;
  std::string_view rest = text.substr(split + 2);
  split = rest.find("::");
  preopen.guest_name = rest.substr(0, split);
  if (split == std::string_view::npos) return preopen;
  std::string_view access = rest.substr(split + 2);
  if (access == "ro") {
    preopen.access = wasi::Access::kReadOnly;
  } else if (access != "rw") {
    return fail("unknown access `" + std::string(access) + "`, only ro,rw accepted");
  }
  if (preopen.guest_name.empty()) preopen.guest_name = preopen.host_path;
  return preopen;
}

void set_sources(const Options& options, bool deterministic, wasi::ContextOptions& wasi) {
  if (auto seed = options.number(OptionId::kWasiRandomSeed)) {
    wasi.random = wasi::Random::seeded(*seed);
  } else if (deterministic) {
    wasi.random = wasi::Random::seeded(0);
  }
  bool chosen = options.has(OptionId::kWasiClock);
  u64 start = chosen ? *options.number(OptionId::kWasiClock) : kVirtualClockStart;
  if (chosen ? start != kHostClock : deterministic) {
    wasi.clocks = wasi::Clocks::simulated(start * kNanosPerSecond, kClockStep);
  }
  if (deterministic) {
    if (start == kHostClock) start = kVirtualClockStart;
    wasi.files = wasi::FileView::repeatable(start * kNanosPerSecond);
  }
}

}  // namespace wazuka::cli

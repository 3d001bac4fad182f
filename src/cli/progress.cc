// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/progress.h"

#include <chrono>
#include <fmt/format.h>
#include <unistd.h>

#include "cli/output.h"

namespace wazuka::cli {
namespace {

constexpr size_t kFewBytes = size_t{1} << 20;
constexpr std::chrono::milliseconds kPatience{500}, kPace{100};

}  // namespace

Progress::Progress(std::string what, size_t bytes) {
  if (bytes < kFewBytes || isatty(STDERR_FILENO) == 0) return;
  what_ = fmt::format("{} ({:.1f} MB)", what, static_cast<double>(bytes) / 1e6);
  thread_ = std::thread([this] { show(); });
}

Progress::~Progress() {
  if (!thread_.joinable()) return;
  {
    std::lock_guard lock(mutex_);
    done_ = true;
  }
  ended_.notify_one();
  thread_.join();
}

void Progress::show() {
  const auto start = std::chrono::steady_clock::now();
  std::unique_lock lock(mutex_);
  if (ended_.wait_for(lock, kPatience, [this] { return done_; })) return;
  do {
    std::chrono::duration<double> passed = std::chrono::steady_clock::now() - start;
    print_err(fmt::format("\r{} {:.1f} s", what_, passed.count()));
  } while (!ended_.wait_for(lock, kPace, [this] { return done_; }));
  print_err("\r\x1b[K");
}

}  // namespace wazuka::cli

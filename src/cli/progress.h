// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A line on a terminal that tells what takes so long.
#pragma once

#include <condition_variable>
#include <mutex>
#include <string>
#include <thread>

#include "base/ints.h"

namespace wazuka::cli {

/// Watches over one step of work. From half a second on, a line on standard error names the step
/// and the time it has taken, if that is a terminal; the line is gone when the step ends.
class Progress {
 public:
  /// `bytes`: how much input the step has. Little input is never slow, and not watched.
  Progress(std::string what, size_t bytes);
  ~Progress();
  Progress(const Progress&) = delete;
  Progress& operator=(const Progress&) = delete;

 private:
  void show();

  std::string what_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool done_ = false;
  std::thread thread_;
};

}  // namespace wazuka::cli

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a guest is shown of the attributes of files that differ from run to run: the host's, or for
// repeatable runs serial numbers in the order in which the guest meets the files, one time for all
// of them, and folders sorted by name.
#pragma once

#include <unordered_map>

#include "wasi/core/files.h"

namespace wazuka::wasi {

class FileView {
 public:
  /// The host's attributes.
  static FileView host() { return {}; }
  /// Every time is `time`, in nanoseconds since the Unix epoch.
  static FileView repeatable(u64 time);

  void apply(FileStat& stat);
  void apply(DirectorySnapshot& snapshot);

 private:
  u64 serial_of(u64 identity);

  bool repeatable_ = false;
  u64 time_ = 0;
  std::unordered_map<u64, u64> serials_;  // by identity
};

}  // namespace wazuka::wasi

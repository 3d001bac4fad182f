// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A folder of images that programs of one user share: the code that earlier runs of a module have
// compiled (docs/images.md). An entry is found by a hash of the module and of what its code relies
// on; it is only used if the module in it is the same, byte for byte, and its code is as it was
// written. Entries appear as a whole; nothing depends on their being there.
#pragma once

#include <memory>
#include <string>

#include "base/error.h"
#include "image/image.h"

namespace wazuka::image {

struct CacheLimits {
  u64 total_bytes = u64{512} << 20;
  u64 files = 65536;
  u64 percent = 70;            // of both that is kept when they are exceeded
  u64 cleanup_seconds = 3600;  // between two looks
};

class Cache {
 public:
  explicit Cache(std::string folder, const CacheLimits& limits = {})
      : folder_(std::move(folder)), limits_(limits) {}

  /// The name of the entry for a module.
  static std::string key(std::span<const u8> module, const Settings& settings);

  /// Null if there is none; an error says why the one that is there is not used.
  Result<std::shared_ptr<const Image>> find(const std::string& key,
                                            std::span<const u8> module) const;

  /// Stores an entry in the place of what there was, and cleans up if it is time. An error if the
  /// host refuses: nothing has changed then.
  Result<void> store(const std::string& key, std::span<const u8> image) const;

  /// Removes the entries that have not been used for the longest time, until the limits hold again,
  /// and what interrupted writers have left.
  void clean_up() const;

 private:
  bool is_due() const;

  std::string folder_;
  CacheLimits limits_;
};

}  // namespace wazuka::image

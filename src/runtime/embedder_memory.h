// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear memories whose bytes the embedder provides. Code compares with their size, since nothing
// is known about what lies behind them; and they must not move while they live.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "base/error.h"
#include "wasm/types.h"

namespace wazuka {

/// Destroying it gives the memory back.
class EmbedderMemory {
 public:
  struct Bytes {
    u8* base = nullptr;
    u64 size = 0;      // accessible, at least what was asked for
    u64 capacity = 0;  // that it may grow to where it is
  };

  virtual ~EmbedderMemory() = default;
  virtual Bytes bytes() = 0;
  /// Makes this many bytes accessible, the new ones zero. False: it stays as it was.
  virtual bool grow(u64 size) = 0;
};

/// Makes a memory of `min` bytes that may grow to `max`, in a reservation of its own.
using MemoryCreator = std::function<Result<std::unique_ptr<EmbedderMemory>>(
    const MemoryType& type, u64 min, std::optional<u64> max, u64 reserved, u64 guard)>;

}  // namespace wazuka

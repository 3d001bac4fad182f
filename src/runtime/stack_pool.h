// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stacks that are kept for the next ones: those of asynchronous calls, which are native stacks, and
// the interpreter's, which each store has one of. Mapping a stack, and touching it anew, costs more
// than a small instance. Pages that are not touched cost nothing.
//
// A stack that was used for something else may be full of its data: nobody reads a stack before
// writing it.
#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "base/error.h"
#include "os/host_stack.h"
#include "os/virtual_memory.h"

namespace wazuka {

/// A stack that the embedder has made; destroying it gives it back.
class EmbedderStack {
 public:
  virtual ~EmbedderStack() = default;
  os::StackBounds bounds;
};
using StackCreator = std::function<Result<std::unique_ptr<EmbedderStack>>(u64 bytes)>;

class StackPool {
 public:
  /// Which end frames must not grow beyond: there is an inaccessible page.
  enum class Guard : u8 { kLow, kHigh };

  StackPool(u64 bytes, Guard guard);

  /// An empty one if the host has no room.
  os::Reservation take();
  void give(os::Reservation stack);
  /// What of a stack may be used.
  os::StackBounds usable(const os::Reservation& stack) const;

 private:
  static constexpr size_t kMaxKept = 256;
  static constexpr size_t kMaxDirty = 16;         // of those, as they were left
  static constexpr size_t kKeptBytes = 64 << 10;  // of the others, where frames begin

  bool discard(os::Reservation& stack) const;

  size_t bytes_, page_;
  Guard guard_;
  std::mutex lock_;
  std::vector<os::Reservation> kept_;
};

}  // namespace wazuka

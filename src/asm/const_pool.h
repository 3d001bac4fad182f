// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Constants that instructions refer to relative to themselves, placed after the code of the
// function: floating-point numbers, vectors, masks. Each distinct constant is there once, aligned
// to its size; the largest come first, so that no space is lost between them.
#pragma once

#include <array>
#include <span>
#include <vector>

#include "asm/code_buffer.h"
#include "asm/label.h"
#include "base/ints.h"

namespace wazuka::assembly {

class ConstPool {
 public:
  static constexpr u32 kMaxSize = 32;

  /// The label of a constant of 4, 8, 16 or 32 bytes. Valid until the next call: for use in the
  /// instruction that is being emitted.
  Label& add(std::span<const u8> bytes);

  /// Alignment that the beginning of the code must have, at least, for place(): 1, or the size of
  /// the largest constant.
  u32 alignment() const { return alignment_; }
  bool empty() const { return entries_.empty(); }
  u32 size() const { return static_cast<u32>(entries_.size()); }

  /// Appends the constants to the code, after filling up to their alignment with `fill`, and binds
  /// their labels.
  void place(CodeBuffer& code, u8 fill);

  /// Empty again; keeps its memory.
  void reset();

 private:
  struct Entry {
    std::array<u8, kMaxSize> bytes{};
    u32 size = 0;
    Label label;
  };

  static u32 hash(std::span<const u8> bytes);
  void rehash();

  std::vector<Entry> entries_;
  std::vector<u32> slots_;  // open addressing: index into entries_ and 1; 0: free
  u32 alignment_ = 1;
};

}  // namespace wazuka::assembly

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A place in code that may be referred to before it is known. Labels are plain values in the hands
// of the compiler (in its control stack, say) and cost no allocation: while a label is not bound,
// the references to it form a list that runs through the displacement fields of the code itself,
// newest first, and the label has the head of it.
//
//   32-bit fields hold `previous field << 3 | trailing`: where the next older field is (0: none; a
//     field is never at 0), and how many bytes of the instruction follow the field, since
//     displacements count from the end of the instruction;
//   8-bit fields hold the distance to the next older one (0: none): short references to one place
//     are within 127 bytes of it, so of each other.
//
// Copying an unbound label that has references would lose some; labels only move.
#pragma once

#include <cassert>
#include <utility>

#include "base/ints.h"

namespace wazuka::assembly {

/// How far a forward jump will have to go. Backward jumps are as short as they can be anyhow.
enum class Reach : u8 {
  kAny,    // 32-bit displacement
  kShort,  // 8-bit displacement: the compiler knows that the label follows closely. If it does not,
           // the code is refused (CodeBuffer::failure()).
};

class Label {
 public:
  constexpr Label() = default;
  Label(const Label&) = delete;
  Label& operator=(const Label&) = delete;
  constexpr Label(Label&& from) noexcept { *this = std::move(from); }
  constexpr Label& operator=(Label&& from) noexcept {
    assert(!is_linked());
    position_ = std::exchange(from.position_, kUnbound);
    far_ = std::exchange(from.far_, 0);
    near_ = std::exchange(from.near_, 0);
    return *this;
  }

  constexpr bool is_bound() const { return position_ != kUnbound; }
  /// Whether code refers to it that waits for its position.
  constexpr bool is_linked() const { return far_ != 0 || near_ != 0; }
  /// Offset in the code. The label must be bound.
  constexpr u32 position() const {
    assert(is_bound());
    return position_;
  }

 private:
  friend class CodeBuffer;
  static constexpr u32 kUnbound = ~u32{0};

  u32 position_ = kUnbound;
  u32 far_ = 0;   // offset of the newest 32-bit field that waits; 0: none
  u32 near_ = 0;  // offset of the newest 8-bit field that waits; 0: none
};

}  // namespace wazuka::assembly

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where each virtual register is at each point, when all bundles have their places.
#pragma once

#include "opt/regalloc/state.h"

namespace wazuka::regalloc {

/// A run of points at which a virtual register is in one register or in its slot (if it is made
/// again, then nowhere).
struct Piece {
  static constexpr PReg kSlot = kNoReg;
  Point from, to;
  PReg reg;
};

class Places {
 public:
  explicit Places(const State& s);

  /// In ascending order. Empty if the virtual register has no place at all: nobody reads it.
  std::span<const Piece> of(VReg v) const {
    return std::span(pieces_).subspan(first_[v], count_[v]);
  }
  /// The piece at a point where it is live.
  const Piece& at(VReg v, Point p) const { return *find(v, p); }
  /// The same, or null.
  const Piece* find(VReg v, Point p) const;

 private:
  void join(VReg v);
  std::vector<Piece> pieces_;
  std::vector<u32> first_, count_;
};

/// Slots for intervals of points; those that do not overlap may share one.
class SlotColouring {
 public:
  /// Returns the number of the request.
  u32 add(Point from, Point to, RegClass reg_class);
  void run();
  /// After run().
  Allocation slot(u32 request) const {
    return Allocation::slot(slots_[request].unit + (slots_[request].wide ? 0 : wide_units_));
  }
  u32 units() const { return wide_units_ + narrow_units_; }

 private:
  struct Slot {
    Point from, to;
    bool wide;
    u32 unit = 0;
  };
  void run(bool wide);
  std::vector<Slot> slots_;
  u32 wide_units_ = 0, narrow_units_ = 0;
};

}  // namespace wazuka::regalloc

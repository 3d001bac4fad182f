// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Function bodies and constant expressions as text. Flat: an instruction on each line, as in the
// binary. Folded: operands inside of the instruction that takes them, see fold.h.
#pragma once

#include "wat/fold.h"
#include "wat/print_context.h"

namespace wazuka::wat {

/// A branch hint: the offset of its instruction in the binary, and 0 or 1.
struct BranchHint {
  u32 offset;
  u8 likely;
};

class BodyPrinter {
 public:
  explicit BodyPrinter(PrintContext& context) : c_(context) {}

  /// Locals and instructions; an error if they are not well-formed.
  Result<void> body(u32 func, std::span<const BranchHint> hints);
  /// The instructions of a constant expression without its end: one in parentheses, others behind
  /// each other, as `(list …)` if that is not empty.
  Result<void> expression(ByteRange expr, std::string_view list);

 private:
  static constexpr u32 kMaxInline = 12;  // nodes of a unit that may be on one line

  /// Something that is still to be written.
  struct Step {
    enum Kind : u8 { kUnit, kArm, kClose, kCloseConstruct } kind;
    u32 node = 0;  // kUnit: its last one; kArm: the one that starts it
    u32 depth = 0;
  };

  void locals(u32 first);
  void hint(u32 offset, u32 depth);
  Result<void> flat(ByteRange body);
  Result<void> folded(ByteRange body);
  void push_children(u32 first, u32 end, u32 depth);
  Instruction read(u32 node, InstructionReader& reader) const;
  void unit(u32 last, u32 depth, InstructionReader& reader);
  bool fits_line(u32 last, u32 depth, InstructionReader& reader);
  void inline_unit(u32 last, InstructionReader& reader);
  void construct(u32 last, u32 depth, InstructionReader& reader);
  void arm(const Step& step, InstructionReader& reader);

  PrintContext& c_;
  NameSpace locals_;
  LabelStack labels_;
  u32 next_label_ = 0;
  std::span<const BranchHint> hints_;
  std::vector<InstructionReader::LocalRun> runs_;
  FoldTree tree_;
  std::vector<Step> steps_;
};

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions one by one, with their immediates and nothing else: no types, no operand stack, no
// control stack, no look at what indices refer to. For those who show code as it stands, which the
// body decoder cannot do: its Sinks never hear of unreachable code, and it needs a valid module.
//
// What is not well-formed ends reading, with the decoder's words; what is merely invalid passes.
#pragma once

#include <vector>

#include "wasm/binary_reader.h"
#include "wasm/opcode.h"
#include "wasm/sink.h"

namespace wazuka {

/// Which members are set follows from the ImmKind of `op`.
struct Instruction {
  Op op = Op::kNop;
  u32 offset = 0;             // of the opcode in the binary
  u32 index = 0;              // the first index in the order of the binary; the label of br_on_cast
  u32 index2 = 0;             // the second one, or a count
  BlockType block;            // kBlock, kTryTable
  MemArg mem;                 // kMemArg, kMemArgLane
  u8 lane = 0;                // kLane, kMemArgLane
  u64 bits = 0;               // constants; integers are sign-extended
  const u8* bytes = nullptr;  // kV128, kShuffle: 16 bytes
  ValType type;               // kHeapType (nullable as the opcode says); kBrCast: from
  ValType type2;              // kBrCast: to
};

class InstructionReader : public BinaryReader {
 public:
  /// Reads module[range], which begins with an opcode (see read_locals for function bodies).
  InstructionReader(std::span<const u8> module, ByteRange range) : BinaryReader(module, range) {}

  /// The declarations in front of a function body: runs of equal types.
  struct LocalRun {
    u32 count;
    ValType type;
  };
  bool read_locals(std::vector<LocalRun>& out);

  /// Moves to another offset inside of the range.
  void seek(u32 offset) { pc_ = base_ + offset; }

  /// Reads the next instruction; false at the end of the range or after an error.
  bool next(Instruction& out);

  // The vectors of the instruction just read.
  std::span<const u32> targets() const { return targets_; }  // br_table, the default last
  std::span<const CatchClause> catches() const { return catches_; }
  std::span<const ResumeHandler> handlers() const { return handlers_; }
  std::span<const ValType> select_types() const { return select_types_; }

 private:
  bool read_op(Op& op);
  void read_immediates(Instruction& out, ImmKind kind);
  void read_mem_arg(MemArg& out);
  void read_br_table();
  void read_catches();
  void read_handlers();
  void read_select_types();

  std::vector<u32> targets_;
  std::vector<CatchClause> catches_;
  std::vector<ResumeHandler> handlers_;
  std::vector<ValType> select_types_;
};

/// Whether an instruction opens a construct that an `end` (or `delegate`) closes.
constexpr bool opens_block(Op op) {
  return op == Op::kBlock || op == Op::kLoop || op == Op::kIf || op == Op::kTry ||
         op == Op::kTryTable;
}
/// Whether it closes one.
constexpr bool closes_block(Op op) {
  return op == Op::kEnd || op == Op::kDelegate;
}
/// Whether it starts another arm of one.
constexpr bool divides_block(Op op) {
  return op == Op::kElse || op == Op::kCatch || op == Op::kCatchAll;
}

/// Finds the end of the expression at the reader's position and moves behind it; false if there is
/// none.
bool skip_expression(InstructionReader& reader);

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The bytecode under construction: words, labels, and the memory of the last instructions that the
// peephole optimisations need.
//
// Fusing works backwards: an instruction that consumes what the instruction just emitted has
// produced takes that one back (`take_back`) and emits one that does both. This is only possible
// while no label lies between; bind() forgets the last instruction for that reason.
#pragma once

#include <vector>

#include "base/ints.h"
#include "interp/isa.h"

namespace wazuka::interp {

/// Word 1.
struct Fields {
  u64 bits = 0;

  Fields& set(u32 i, u32 value) {
    bits |= u64{value & 0xffff} << (16 * i);
    return *this;
  }
  Fields& imm(u32 value) {
    bits |= u64{value} << 32;
    return *this;
  }
  u16 get(u32 i) const { return static_cast<u16>(bits >> (16 * i)); }
  i32 imm() const { return static_cast<i32>(bits >> 32); }
};

/// A place in the code that is branched to; unbound labels chain the places to be filled in.
struct Label {
  static constexpr u32 kUnbound = ~u32{0};
  u32 position = kUnbound;
  i32 uses = -1;  // index of the newest use in the emitter's list

  bool bound() const { return position != kUnbound; }
  bool used() const { return uses >= 0; }
};

class Emitter {
 public:
  struct Last {
    Form form;
    u32 position = 0;
    bool valid = false;
  };

  void reset(bool record_offsets);

  /// Appends an instruction; returns its position. Further words follow by `word`.
  u32 emit(Form form, Fields fields);
  u32 emit(Base base, Fields fields) { return emit(Form{base, 0}, fields); }
  /// An instruction without word 1.
  u32 emit_bare(Base base);
  void word(u64 w) { words_.push_back(w); }

  /// The last instruction, if nothing can jump to right behind it; the one before it likewise.
  const Last& last() const { return last_; }
  const Last& before_last() const { return before_last_; }
  bool is_last(u32 position) const { return last_.valid && last_.position == position; }
  Fields fields(u32 position) const { return {words_[position + 1]}; }
  u64 word_at(u32 position) const { return words_[position]; }

  /// Removes the last instruction.
  void take_back();
  /// Changes an instruction of the same length in place.
  void rewrite(u32 position, Form form, Fields fields);
  /// Makes the instruction, whose form has a destination and does not store, store to `cell`.
  void store_result(u32 position, Form form, u32 cell);
  /// Removes the last instruction and hands out its words, to be put back behind others.
  void lift_last(std::vector<u64>& words);
  u32 put_back(Form form, const std::vector<u64>& words);

  /// The target of a branching instruction at `position` (imm of word 1).
  void branch_to(Label& label, u32 position);
  /// Word `word_position` as the 64-bit target of the instruction at `position`.
  void table_entry_to(Label& label, u32 position, u32 word_position);
  /// A position to be read by `landing` after the label has been bound.
  u32 landing_at(Label& label);
  u32 landing(u32 index) const { return landings_[index]; }
  void bind(Label& label);
  /// Nothing before this point may be changed any more.
  void barrier();

  u32 position() const { return static_cast<u32>(words_.size()); }
  const std::vector<u64>& words() const { return words_; }
  std::vector<u64>& words() { return words_; }

  /// The instructions emitted from now on belong to this offset in the module.
  void set_offset(u32 wasm_offset) { offset_ = wasm_offset; }
  struct Offset {
    u32 position, wasm_offset;
  };
  const std::vector<Offset>& offsets() const { return offsets_; }

 private:
  struct Use {
    u32 instruction;
    u32 word;
    i32 next;
    enum class Kind : u8 { kImmediate, kWord, kLanding } kind;
  };
  void fill(const Use& use, u32 target);
  void use(Label& label, Use use);
  void record(u32 position);

  std::vector<u64> words_;
  std::vector<Use> uses_;
  std::vector<u32> landings_;
  std::vector<Offset> offsets_;
  Last last_, before_last_;
  u32 offset_ = 0;
  bool record_offsets_ = false;
};

}  // namespace wazuka::interp

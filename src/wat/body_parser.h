// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Instructions, flat and folded (spec 6.5), straight to binary.
//
// A folded instruction (op operands…) is written after its operands, so its opcode and immediates
// wait: on a stack of levels, one per open parenthesis, with the immediates in one byte stack
// (levels close in the opposite order of opening). Nothing recurses, so nesting is bounded by
// memory only.
//
//     (i32.add (local.get 0) (i32.const 1))
//      level: kPlain i32.add          closes: emit i32.add
//               level: kPlain local.get, stash "00"   closes: emit local.get 00
//
// `(if …)` waits until its `(then`, because its condition comes first. Types that type uses imply
// are declared when the instruction is written, so a waiting instruction keeps its signature.
#pragma once

#include <optional>
#include <vector>

#include "wat/type_parser.h"

namespace wazuka::wat {

class BodyParser {
 public:
  BodyParser(ModuleContext& module, TypeParser& types) : m_(module), c_(module.c), types_(types) {}

  /// Locals and instructions of a function up to its closing `)`; appends its code section entry.
  [[nodiscard]] bool function(u32 func_index, const TypeUse& use, u32 type_index,
                              BinaryWriter& out);
  /// Instructions up to the closing `)`, and the final `end`.
  [[nodiscard]] bool expression(BinaryWriter& out);
  /// One folded instruction, and the final `end`.
  [[nodiscard]] bool folded_expression(BinaryWriter& out);

  /// Whether any function uses an instruction that needs the data count section.
  bool needs_data_count() const { return needs_data_count_; }
  /// Contents of the branch hint section, and its number of functions.
  const BinaryWriter& hints() const { return hint_section_; }
  u32 hinted_functions() const { return hinted_functions_; }

 private:
  static constexpr u32 kNoEntry = ~u32{0};
  static constexpr u8 kNoHint = 0xff;

  /// An instruction whose immediates are parsed: they are the stash from `begin` on, after the
  /// type index of `signature` if there is one.
  struct Instruction {
    Op op;
    u8 hint = kNoHint;
    u32 begin = 0;
    std::optional<Signature> signature;
  };
  struct Label {
    std::string_view id, name;
  };
  struct Block {
    u32 entry = kNoEntry;  // of its label in labels_
    u32 shadowed = 0;      // the depth that the label had before
    bool folded = false;
    std::string_view label;
  };
  enum class LevelKind : u8 {
    kPlain,     // `(op …`: emitted when it closes
    kBlock,     // `(block …`: `end` when it closes
    kArm,       // `(then …`, `(else …`, `(do …`, `(catch …`
    kIf,        // `(if …` before its `(then`
    kIfThen,    // behind `(then …)`
    kIfElse,    // behind `(else …)`
    kTry,       // `(try …` before its `(do`
    kTryDo,     // behind `(do …)`
    kTryCatch,  // behind `(catch …)`
    kTryCatchAll,
    kTryDelegate,
  };
  struct Level {
    LevelKind kind;
    Instruction instruction;
    Label label;  // kIf
  };

  // body_parser.cc: structure
  void reset();
  [[nodiscard]] bool locals(std::optional<u32> first, NameList& names);
  std::optional<u32> declare_params(const TypeUse& use, u32 type_index, NameList& names);
  void declare_local(std::string_view id, u32 index, u32 offset);
  [[nodiscard]] bool instructions(bool single);
  [[nodiscard]] bool open();
  [[nodiscard]] bool open_clause(bool& done);
  [[nodiscard]] bool open_instruction();
  [[nodiscard]] bool open_try_clause(Level& level);
  [[nodiscard]] bool close();
  [[nodiscard]] bool flat();
  [[nodiscard]] bool flat_structure(Op op);
  [[nodiscard]] bool start_block(Op op, bool folded);
  [[nodiscard]] bool current_op(Op& op);
  [[nodiscard]] bool branch_hint();
  void emit(const Instruction& i);
  void push_block(const Label& label, bool folded);
  void pop_block();
  void close_flat_blocks();
  [[nodiscard]] bool end_label();
  void finish_hints(u32 func_index);

  // immediates.cc
  [[nodiscard]] bool immediates(Instruction& i, bool waits);
  [[nodiscard]] bool constant(ImmKind kind);
  [[nodiscard]] bool block_type(Instruction& i, Label& label, bool waits);
  [[nodiscard]] bool try_table(Instruction& i, Label& label);
  [[nodiscard]] bool call_indirect(Instruction& i, bool waits);
  [[nodiscard]] bool index(Space space);
  [[nodiscard]] bool optional_index(Space space);
  [[nodiscard]] bool data_index();
  [[nodiscard]] bool count();
  [[nodiscard]] bool swapped_indices(Space optional, Space required);
  [[nodiscard]] bool copy_indices(Space space);
  [[nodiscard]] bool local();
  [[nodiscard]] bool label();
  [[nodiscard]] bool br_table();
  [[nodiscard]] bool type_field();
  [[nodiscard]] bool handlers();
  [[nodiscard]] bool select(Instruction& i);
  [[nodiscard]] bool mem_arg(const OpInfo& info);
  [[nodiscard]] bool mem_arg_lane(const OpInfo& info);
  [[nodiscard]] bool mem_arg_field(std::string_view name, std::optional<u64>& out);
  [[nodiscard]] bool lane();
  [[nodiscard]] bool shuffle();
  [[nodiscard]] bool reference(Instruction& i);
  [[nodiscard]] bool br_cast();

  ModuleContext& m_;
  Cursor& c_;
  TypeParser& types_;

  BinaryWriter code_;   // the body or expression being parsed
  BinaryWriter stash_;  // immediates that wait
  std::vector<Level> levels_;
  std::vector<Block> blocks_;
  NameMap labels_;  // → depth of the innermost block of that name, from 1; 0: none is open
  NameMap locals_;
  NameList label_names_;
  u32 label_count_ = 0;
  TypeUse use_;

  bool in_function_ = false;
  bool needs_data_count_ = false;
  u8 pending_hint_ = kNoHint;
  u32 hint_count_ = 0;
  BinaryWriter function_hints_, hint_section_;
  u32 hinted_functions_ = 0;
};

}  // namespace wazuka::wat

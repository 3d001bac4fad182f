// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the printers of one module share: the module, its names, the output, and how types, type
// uses and indices are written.
#pragma once

#include "wasm/instruction_reader.h"
#include "wat/print_names.h"
#include "wat/text_output.h"
#include "wat/wat_printer.h"

namespace wazuka::wat {

/// The labels that are in scope, with their names. A name may be that of an outer label, too: it
/// stands for the innermost.
class LabelStack {
 public:
  void reset(std::vector<std::pair<u32, std::string_view>> names);
  /// Of the label with this index (its construct's place among those of the function).
  PrintedName name(u32 index);
  void push(u32 index);
  void pop();
  u32 depth() const { return static_cast<u32>(open_.size()); }
  /// How to write a branch to the label `depth`; empty: as a number.
  std::string_view id(u32 depth) const;

 private:
  struct Open {
    std::string_view name, id;
    u32 shadowed = 0;  // where the label of the same name is that it hides, from 1
  };
  std::vector<std::pair<u32, std::string_view>> names_;  // sorted
  std::vector<Open> open_;
  NameMap innermost_;  // → place in open_, from 1; 0: not open
  std::deque<std::string> texts_;
};

class PrintContext {
 public:
  PrintContext(const Module& module, const PrintOptions& options, WriteText write)
      : m(module), options(options), names(module, options.name_unnamed), out(std::move(write)) {}

  const Module& m;
  const PrintOptions& options;
  PrintNames names;
  TextOutput out;

  /// Starts a line; `offset` is shown if offsets are asked for.
  static constexpr u32 kNoOffset = ~u32{0};
  void line(u32 depth, u32 offset = kNoOffset);

  /// ` $id (@name "…")`, where there is one.
  void definition_name(const PrintedName& name);
  /// The same and ` (;3;)`.
  void definition(const PrintedName& name, u32 index);
  /// `$id`, or the number.
  void reference(const PrintedName& name, u32 index);

  void type_index(u32 index) { reference(names.type(index), index); }
  void heap_type(HeapType heap, bool exact);
  void val_type(ValType type);
  void storage_type(StorageType type);
  /// ` (param …) (result …)`, with the names of parameters.
  void signature(const FuncType& type, const NameSpace* params);
  /// ` (type 3) (param …) (result …)`.
  void type_use(u32 type_index, const NameSpace* params);
  /// `(param …)` or `(local …)`, with spaces between and one before if `spaced`: runs of types
  /// without names share one list.
  void variables(bool spaced, std::string_view keyword, std::span<const ValType> types,
                 u32 first_index, const NameSpace* names);

  /// The function type of an index, or null.
  const FuncType* func_type(u32 type_index) const {
    bool is_func = type_index < m.types.size() && m.types[type_index].kind == CompositeKind::kFunc;
    return is_func ? &m.types[type_index].func : nullptr;
  }

  /// An instruction's mnemonic and immediates. `locals`: null outside of functions.
  void instruction(const Instruction& i, const InstructionReader& reader, const NameSpace* locals,
                   const LabelStack* labels, const PrintedName& block_name = {});

 private:
  void immediates(const Instruction& i, const InstructionReader& reader, const NameSpace* locals,
                  const LabelStack* labels);
  void label(u32 depth, const LabelStack* labels);
  void block_type(const BlockType& type);
  void mem_arg(const OpInfo& info, const MemArg& arg);
  void clauses(const InstructionReader& reader, const LabelStack* labels);
  void handlers(const InstructionReader& reader, const LabelStack* labels);
  void field(u32 type, u32 field);

  NameSpace fields_;  // of the type that instructions named last
  u32 fields_of_ = ~u32{0};
};

}  // namespace wazuka::wat

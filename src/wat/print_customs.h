// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Custom sections as annotations, each at its place among the sections, and branch hints.
#pragma once

#include "wasm/section_list.h"
#include "wat/body_printer.h"
#include "wat/print_context.h"

namespace wazuka::wat {

class CustomPrinter {
 public:
  CustomPrinter(PrintContext& context, const SectionList& list);

  /// Prints section number `section` of the list, which is a custom one, unless its contents show
  /// elsewhere: names, and hints on branches.
  void print(size_t section);
  /// The branch hints of a function, by offset.
  std::span<const BranchHint> hints(u32 func) const;

 private:
  void read_hints();
  bool read_hints(const CustomSection& section);
  bool read_function_hints(BinaryReader& reader, u32* last_func);
  bool kept(const SectionPlace& place);
  bool needs_data_count();
  void place(size_t section);
  bool producers(std::span<const u8> contents);

  struct FunctionHints {
    u32 func, begin, end;
  };

  PrintContext& c_;
  const SectionList& list_;
  bool hints_shown_ = false;
  std::vector<FunctionHints> hinted_;
  std::vector<BranchHint> hints_;
  std::optional<bool> needs_data_count_;
};

}  // namespace wazuka::wat

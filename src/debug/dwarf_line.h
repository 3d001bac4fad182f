// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Line programs (DWARF 5, 6.2; versions 2 to 5): which source position code comes from.
//
// A program is a byte code that makes rows (address, file, line, column) in *sequences*: runs of
// ascending addresses, each ended by a row of its own. Rows are as many as program bytes, so they
// are not kept. `LineProgram` runs the program once to note where each sequence starts, in the code
// and in the program; a lookup then runs the one sequence again. Linkers for wasm put each function
// in a sequence of its own, which makes that short.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "debug/dwarf_unit.h"

namespace wazuka::debug {

struct LineRow {
  u64 address = 0;
  u64 file = 1;
  u32 line = 1;    // 0: no position
  u32 column = 0;  // 0: the left edge of the line
};

class LineProgram {
 public:
  struct Sequence {
    u64 begin = 0, end = 0;  // addresses
    u64 start = 0;           // in .debug_line
  };

  /// Reads the header at `offset` and finds the sequences; false: malformed or out of budget.
  bool read(const DwarfSections& sections, u64 offset, u8 address_size, Budget& budget);

  const std::vector<Sequence>& sequences() const { return sequences_; }  // by begin
  std::optional<LineRow> find(u64 address, Budget& budget) const;

  /// The path of a file, joined with its directory and, if these are relative, with that of the
  /// unit. Empty: no such.
  std::string file_path(const DwarfUnit& unit, u64 file, Budget& budget) const;

 private:
  enum class Step : u8 { kRow, kEndSequence, kNoRow };
  struct File {
    std::string_view name, directory;
  };
  struct EntryFormat {
    u64 content = 0, form = 0;
  };

  bool read_header(u64 offset, u8 address_size);
  bool find_sequences(Budget& budget);
  Cursor program() const;
  Step step(Cursor& in, LineRow& row) const;
  Step extended(Cursor& in, LineRow& row) const;
  void standard(u8 opcode, Cursor& in, LineRow& row) const;
  std::optional<File> find_file(const DwarfUnit& unit, u64 file, Budget& budget) const;
  std::optional<File> find_file_v4(u64 file, Budget& budget) const;
  std::optional<File> find_file_v5(const DwarfUnit& unit, u64 file, Budget& budget) const;
  static bool read_formats(Cursor& in, std::vector<EntryFormat>& out);

  const DwarfSections* sections_ = nullptr;
  Encoding encoding_;
  u64 tables_ = 0, start_ = 0, end_ = 0;  // in .debug_line: directories and files, program
  u8 min_instruction_length_ = 1;
  i8 line_base_ = 0;
  u8 line_range_ = 1;
  u8 opcode_base_ = 1;
  u8 operand_counts_[256] = {};  // of the standard opcodes
  std::vector<Sequence> sequences_;
};

}  // namespace wazuka::debug

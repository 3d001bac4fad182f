// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Source positions of code from the DWARF that compilers leave in custom sections: what backtraces
// need and no more.
//
// Why a reader of our own: no library in Debian reads DWARF of wasm from memory in little space.
// elfutils' libdw (0.8 MB with libelf, and zlib, lzma and bzip2 below it) and libdwarf want object
// files, and wasm is none that they know: an ELF file would have to be made up around each module.
// LLVM's DebugInfoDWARF knows wasm, but adds 2.9 MB (linked statically, unused sections dropped,
// stripped) to a command that is to stay below 4. None of them promises to end on hostile input.
// What a backtrace needs is a small part of the format: units, subprograms, inlined calls and line
// programs; no types, variables, expressions, unwinding, nor split files.
//
// What is special in wasm: addresses are offsets in the contents of the code section, there is one
// address space, and numbers are little-endian. DWARF 2 to 5 is read, 32- and 64-bit, with 4- and
// 8-byte addresses.
//
//     lookup ──► units whose ranges hold the address     all units' ranges are read once
//                  ├─► function ──► inlined calls        a unit's functions are read once
//                  └─► line program ──► row              a program's sequences are read once
//
// Everything is read only when a lookup needs it, and what is cached is bounded. The input is
// hostile: each lookup has a budget of steps, and one that uses it up ends the index, which answers
// nothing from then on.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"
#include "debug/dwarf_functions.h"
#include "debug/dwarf_line.h"
#include "debug/dwarf_unit.h"
#include "wasm/module.h"

namespace wazuka::debug {

/// A function at a position: of the code itself, or of the call that was inlined in the frame after
/// it.
struct SourceFrame {
  std::string
      function;  // as the linker knows it (see demangle.h), else as in the source; empty: unknown
  std::string file;           // empty: unknown
  std::optional<u32> line;    // from 1
  std::optional<u32> column;  // from 1; 0: the left edge of the line
};

/// Whether the module has any DWARF, good or bad; much cheaper than an index.
bool has_debug_sections(const Module& module);

/// Views the module's bytes, which must outlive it. Not for concurrent use: lookups fill caches.
class DwarfIndex {
 public:
  /// Fails if the module has no debug information. Reads nothing yet: malformed information shows
  /// as empty lookups.
  static Result<DwarfIndex> open(const Module& module);
  static Result<DwarfIndex> open(const DwarfSections& sections);

  /// The frames at an instruction, innermost first: inlined functions and then the function itself.
  /// `code_offset` counts from the start of the code section's contents (`Module::code`). Empty:
  /// nothing is known.
  std::vector<SourceFrame> lookup(u32 code_offset);

  DwarfIndex(DwarfIndex&&) = default;
  DwarfIndex& operator=(DwarfIndex&&) = default;

 private:
  struct UnitRange {
    u64 begin = 0, end = 0;
    u32 unit = 0;
  };
  /// What is read of a unit when an address is in it.
  struct Details {
    AbbreviationTable abbreviations;
    std::vector<FunctionRange> functions;
    std::optional<LineProgram> lines;
    size_t size() const;
  };

  explicit DwarfIndex(const DwarfSections& sections)
      : sections_(std::make_unique<DwarfSections>(sections)) {}
  void read_units(Budget& budget);
  void add_ranges(u32 unit, Budget& budget);
  std::optional<LineProgram> read_lines(const DwarfUnit& unit, Budget& budget) const;
  const Details& details(u32 unit, Budget& budget);
  std::vector<SourceFrame> lookup_in(u32 unit, u64 address, Budget& budget);
  std::string function_name(u32 unit, u64 die, Budget& budget);
  std::optional<u32> unit_at(u64 die) const;

  std::unique_ptr<DwarfSections> sections_;  // units point to it
  std::vector<DwarfUnit> units_;             // by offset
  std::vector<UnitRange> ranges_;
  std::vector<std::unique_ptr<Details>> details_;  // by unit
  size_t cached_ = 0;                              // entries in details_
  bool units_read_ = false;
  bool exhausted_ = false;
};

}  // namespace wazuka::debug

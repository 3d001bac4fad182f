// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The section is read into lines and written again at the same time, as the parser would write it
// from these lines. What the text cannot say (long forms of numbers, unknown or divided
// subsections) shows in the comparison.
#include "wat/print_dylink.h"

#include <algorithm>
#include <fmt/format.h>
#include <vector>

#include "wasm/binary_reader.h"
#include "wasm/encoder.h"
#include "wat/dylink.h"

namespace wazuka::wat {
namespace {

/// One list of the annotation: a word, names, and numbers or flags as text.
struct Line {
  std::string_view word;
  std::vector<std::string_view> names;
  std::string rest;
};

class Dylink {
 public:
  explicit Dylink(std::span<const u8> contents)
      : contents_(contents), in_(contents, {0, static_cast<u32>(contents.size())}) {}

  bool read() {
    u8 last = 0;
    while (!in_.failed() && !in_.at_end()) {
      const u8 id = in_.read_u8();
      in_.read_u32();  // the size: compared in the end
      // The parser makes one subsection of neighbours.
      if (id == last && is_symbols(id)) return false;
      last = id;
      subsection_.clear();
      if (!read_subsection(id)) return false;
      again_.byte(id);
      again_.u32v(static_cast<u32>(subsection_.size()));
      again_.raw(subsection_.bytes());
    }
    return !in_.failed() && std::ranges::equal(again_.bytes(), contents_);
  }

  const std::vector<Line>& lines() const { return lines_; }

 private:
  static bool is_symbols(u8 id) { return id == kDylinkExportInfo || id == kDylinkImportInfo; }

  u32 number() {
    const u32 n = in_.read_u32();
    subsection_.u32v(n);
    return n;
  }

  void add_name(Line& line) {
    line.names.push_back(in_.read_name());
    subsection_.name(line.names.back());
  }

  bool read_subsection(u8 id) {
    if (id == kDylinkMemInfo) {
      mem_info();
      return true;
    }
    if (id != kDylinkNeeded && id != kDylinkRuntimePath && !is_symbols(id)) return false;
    const u32 count = number();
    if (!is_symbols(id)) {
      Line line{id == kDylinkNeeded ? "needed" : "runtime-path", {}, {}};
      for (u32 i = 0; i < count && !in_.failed(); ++i) add_name(line);
      lines_.push_back(std::move(line));
      return true;
    }
    for (u32 i = 0; i < count && !in_.failed(); ++i) symbol(id);
    return count != 0;
  }

  void mem_info() {
    Line line{"mem-info", {}, {}};
    for (std::string_view what : {"memory", "table"}) {
      const u32 size = number(), align = number();
      if (size != 0 || align != 0) line.rest += fmt::format(" ({} {} {})", what, size, align);
    }
    lines_.push_back(std::move(line));
  }

  void symbol(u8 id) {
    Line line{id == kDylinkExportInfo ? "export-info" : "import-info", {}, {}};
    add_name(line);
    if (id == kDylinkImportInfo) add_name(line);
    u32 flags = number();
    for (const DylinkFlag& f : kDylinkFlags) {
      if ((flags & f.bit) == 0) continue;
      line.rest += " " + std::string(f.name);
      flags &= ~f.bit;
    }
    if (flags != 0) line.rest += fmt::format(" {:#x}", flags);
    lines_.push_back(std::move(line));
  }

  std::span<const u8> contents_;
  BinaryReader in_;
  BinaryWriter again_, subsection_;
  std::vector<Line> lines_;
};

}  // namespace

bool print_dylink(PrintContext& context, std::span<const u8> contents) {
  Dylink section(contents);
  if (!section.read()) return false;
  context.out << "(@dylink.0";
  for (const Line& line : section.lines()) {
    context.line(2);
    context.out << '(' << line.word;
    for (std::string_view name : line.names) {
      context.out << ' ';
      context.out.name(name);
    }
    context.out << line.rest << ')';
  }
  if (!section.lines().empty()) context.line(1);
  context.out << ')';
  return true;
}

}  // namespace wazuka::wat

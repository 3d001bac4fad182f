// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/dwarf_line.h"

#include <algorithm>

#include "debug/dwarf_constants.h"

namespace wazuka::debug {
namespace {

constexpr size_t kMaxSequences = size_t{1} << 20;
constexpr u32 kMaxEntryFormats = 32;  // there are five kinds of contents, and some of vendors

bool is_unix_root(std::string_view path) {
  return path.starts_with('/') || (path.size() >= 3 && path.substr(1, 2) == ":/");
}
bool is_windows_root(std::string_view path) {
  return path.starts_with('\\') || (path.size() >= 3 && path.substr(1, 2) == ":\\");
}

/// Modules come from everywhere, so paths of both families are joined, whatever the host.
void join_path(std::string& path, std::string_view part) {
  if (is_unix_root(part) || is_windows_root(part)) {
    path = part;
    return;
  }
  const char separator = is_windows_root(path) ? '\\' : '/';
  if (!path.empty() && path.back() != separator) path += separator;
  path += part;
}

}  // namespace

bool LineProgram::read(const DwarfSections& sections, u64 offset, u8 address_size, Budget& budget) {
  sections_ = &sections;
  return read_header(offset, address_size) && find_sequences(budget);
}

bool LineProgram::read_header(u64 offset, u8 address_size) {
  Cursor in(sections_->line, offset);
  const std::optional<u64> length = read_initial_length(in, encoding_.offset_size);
  if (!in.ok() || !length || *length > in.remaining()) return false;
  end_ = in.pos() + *length;
  encoding_.version = in.u16le();
  encoding_.address_size = address_size;
  if (encoding_.version < 2 || encoding_.version > 5) return false;
  if (encoding_.version >= 5) {
    encoding_.address_size = in.byte();
    in.byte();  // the size of segment selectors: wasm has none
  }
  const u64 header_length = in.fixed(encoding_.offset_size);
  if (!in.ok() || header_length > in.remaining()) return false;
  start_ = in.pos() + header_length;
  min_instruction_length_ = in.byte();
  if (encoding_.version >= 4) in.byte();  // operations per instruction: one, but for VLIW machines
  in.byte();  // where rows start as statements; positions are all the same here
  line_base_ = static_cast<i8>(in.byte());
  line_range_ = in.byte();
  opcode_base_ = in.byte();
  if (line_range_ == 0 || opcode_base_ == 0) return false;
  for (u32 i = 1; i < opcode_base_; ++i) operand_counts_[i] = in.byte();
  tables_ = in.pos();
  return in.ok() && tables_ <= start_ && start_ <= end_ &&
         (encoding_.address_size == 4 || encoding_.address_size == 8);
}

Cursor LineProgram::program() const {
  return Cursor(sections_->line.first(static_cast<size_t>(end_)), start_);
}

bool LineProgram::find_sequences(Budget& budget) {
  Cursor in = program();
  Sequence sequence{0, 0, start_};
  LineRow row;
  bool has_rows = false;
  while (!in.at_end()) {
    const Step what = step(in, row);
    if (!in.ok() || !budget.spend()) return false;
    if (what == Step::kNoRow) continue;
    if (!has_rows) sequence.begin = row.address;
    has_rows = true;
    if (what == Step::kRow) continue;
    sequence.end = row.address;
    const bool live = !is_tombstone(sequence.begin, encoding_.address_size);
    if (live && sequence.begin < sequence.end) {
      if (sequences_.size() >= kMaxSequences) return false;
      sequences_.push_back(sequence);
    }
    sequence.start = in.pos();
    row = {};
    has_rows = false;
  }
  std::ranges::sort(sequences_, {}, &Sequence::begin);
  return true;
}

std::optional<LineRow> LineProgram::find(u64 address, Budget& budget) const {
  auto it = std::ranges::upper_bound(sequences_, address, {}, &Sequence::begin);
  if (it == sequences_.begin() || address >= (--it)->end) return std::nullopt;
  Cursor in = program();
  in.seek(it->start);
  std::optional<LineRow> best;
  LineRow row;
  while (in.ok() && !in.at_end() && budget.spend()) {
    const Step what = step(in, row);
    if (what == Step::kNoRow) continue;
    if (what == Step::kEndSequence || row.address > address) break;
    best = row;  // of rows with one address the last counts
  }
  return best;
}

LineProgram::Step LineProgram::step(Cursor& in, LineRow& row) const {
  const u8 opcode = in.byte();
  if (opcode >= opcode_base_) {
    const u8 adjusted = static_cast<u8>(opcode - opcode_base_);
    row.address += u64{min_instruction_length_} * (adjusted / line_range_);
    row.line += static_cast<u32>(line_base_ + adjusted % line_range_);
    return Step::kRow;
  }
  if (opcode == dw::kLnsExtended) return extended(in, row);
  if (opcode == dw::kLnsCopy) return Step::kRow;
  standard(opcode, in, row);
  return Step::kNoRow;
}

LineProgram::Step LineProgram::extended(Cursor& in, LineRow& row) const {
  const u64 length = in.uleb();
  const u64 start = in.pos();
  if (length == 0 || length > in.remaining()) {
    in.fail();
    return Step::kNoRow;
  }
  const u8 opcode = in.byte();
  if (opcode == dw::kLneSetAddress && (length == 5 || length == 9)) {
    row.address = in.fixed(static_cast<u32>(length - 1));
  }
  in.seek(start + length);
  return opcode == dw::kLneEndSequence ? Step::kEndSequence : Step::kNoRow;
}

void LineProgram::standard(u8 opcode, Cursor& in, LineRow& row) const {
  switch (opcode) {
    case dw::kLnsAdvancePc: row.address += min_instruction_length_ * in.uleb(); return;
    case dw::kLnsAdvanceLine: row.line += static_cast<u32>(in.sleb()); return;
    case dw::kLnsSetFile: row.file = in.uleb(); return;
    case dw::kLnsSetColumn: row.column = static_cast<u32>(in.uleb()); return;
    case dw::kLnsConstAddPc:
      row.address += u64{min_instruction_length_} * ((255u - opcode_base_) / line_range_);
      return;
    case dw::kLnsFixedAdvancePc: row.address += in.u16le(); return;
    default:
      for (u32 i = 0; i < operand_counts_[opcode]; ++i) in.uleb();
  }
}

std::string LineProgram::file_path(const DwarfUnit& unit, u64 file, Budget& budget) const {
  const std::optional<File> found = find_file(unit, file, budget);
  if (!found || found->name.empty()) return {};
  std::string path(unit.comp_dir());
  if (!found->directory.empty()) join_path(path, found->directory);
  join_path(path, found->name);
  return path;
}

std::optional<LineProgram::File> LineProgram::find_file(const DwarfUnit& unit, u64 file,
                                                        Budget& budget) const {
  return encoding_.version >= 5 ? find_file_v5(unit, file, budget) : find_file_v4(file, budget);
}

/// Until DWARF 4: directories and then files, both numbered from one and ended by an empty string.
std::optional<LineProgram::File> LineProgram::find_file_v4(u64 file, Budget& budget) const {
  if (file == 0) return std::nullopt;
  const std::span<const u8> header = sections_->line.first(static_cast<size_t>(start_));
  Cursor in(header, tables_);
  while (!in.c_str().empty()) {
    if (!budget.spend()) return std::nullopt;
  }
  File found;
  u64 directory = 0;
  for (u64 i = 1; i <= file; ++i) {
    found.name = in.c_str();
    if (!in.ok() || found.name.empty() || !budget.spend()) return std::nullopt;
    directory = in.uleb();
    in.uleb();  // time of change
    in.uleb();  // size
  }
  in = Cursor(header, tables_);
  for (u64 i = 1; i <= directory; ++i) {
    found.directory = in.c_str();
    if (!in.ok() || found.directory.empty() || !budget.spend()) return File{found.name, {}};
  }
  return found;
}

bool LineProgram::read_formats(Cursor& in, std::vector<EntryFormat>& out) {
  const u32 count = in.byte();
  if (count > kMaxEntryFormats) return false;
  out.clear();
  for (u32 i = 0; i < count; ++i) {
    const u64 content = in.uleb();
    out.push_back({content, in.uleb()});
  }
  return in.ok();
}

/// DWARF 5: both tables tell the form of their columns; numbered from zero, directory 0 is that of
/// the unit.
std::optional<LineProgram::File> LineProgram::find_file_v5(const DwarfUnit& unit, u64 file,
                                                           Budget& budget) const {
  Cursor in(sections_->line.first(static_cast<size_t>(start_)), tables_);
  std::vector<EntryFormat> formats;
  std::vector<Value> row;
  // Entry `index` of the table at the cursor, as `row`; reads the whole table when it has no such
  // entry.
  const auto read_table = [&](u64 index) {
    if (!read_formats(in, formats)) return false;
    const u64 count = in.uleb();
    for (u64 i = 0; i < count && in.ok() && budget.spend(formats.size() + 1); ++i) {
      row.clear();
      for (const EntryFormat& f : formats) {
        row.push_back(read_value(in, encoding_, f.form, 0));
      }
      if (i == index) return in.ok();
    }
    return false;
  };
  const auto column = [&](u16 content) {
    for (size_t i = 0; i < formats.size() && i < row.size(); ++i) {
      if (formats[i].content == content) return row[i];
    }
    return Value();
  };
  read_table(~u64{0});
  if (!in.ok() || !read_table(file)) return std::nullopt;
  File found{unit.text(column(dw::kLnctPath)), {}};
  const u64 directory = column(dw::kLnctDirectoryIndex).n;
  in = Cursor(sections_->line.first(static_cast<size_t>(start_)), tables_);
  if (directory != 0 && read_table(directory)) found.directory = unit.text(column(dw::kLnctPath));
  return found;
}

}  // namespace wazuka::debug

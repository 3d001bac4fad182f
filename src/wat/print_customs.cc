// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/print_customs.h"

#include <algorithm>

#include "wasm/encoder.h"
#include "wat/print_dylink.h"

namespace wazuka::wat {
namespace {

constexpr std::string_view kBranchHints = "metadata.code.branch_hint";

/// The word of a section in `(after …)`.
std::string_view anchor(SectionId id) {
  switch (id) {
    case SectionId::kFunction: return "func";
    case SectionId::kElement: return "elem";
    case SectionId::kCustom:
    case SectionId::kType:
    case SectionId::kImport:
    case SectionId::kTable:
    case SectionId::kMemory:
    case SectionId::kGlobal:
    case SectionId::kExport:
    case SectionId::kStart:
    case SectionId::kCode:
    case SectionId::kData:
    case SectionId::kDataCount:
    case SectionId::kTag: return section_name(id);
  }
  return "";
}

std::string_view text_of(std::span<const u8> bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

}  // namespace

CustomPrinter::CustomPrinter(PrintContext& context, const SectionList& list)
    : c_(context), list_(list) {
  read_hints();
}

// ---- Branch hints

/// They are shown on their instructions only if that gives the same section again.
void CustomPrinter::read_hints() {
  auto is_hints = [](const CustomSection& s) { return s.name == kBranchHints; };
  if (std::ranges::count_if(c_.m.customs, is_hints) != 1) return;
  hints_shown_ = read_hints(*std::ranges::find_if(c_.m.customs, is_hints));
  if (!hints_shown_) hinted_.clear();
}

bool CustomPrinter::read_hints(const CustomSection& section) {
  BinaryReader reader(c_.m.bytes, section.bytes);
  u32 functions = reader.read_u32();
  u32 last_func = 0;
  for (u32 i = 0; i < functions && !reader.failed(); ++i) {
    if (!read_function_hints(reader, &last_func)) return false;
  }
  return functions != 0 && !reader.failed() && reader.at_end();
}

bool CustomPrinter::read_function_hints(BinaryReader& reader, u32* last_func) {
  u32 func = reader.read_u32();
  bool ascending = hinted_.empty() || func > *last_func;
  if (!ascending || func < c_.m.imported_funcs || func >= c_.m.funcs.size()) return false;
  *last_func = func;
  u32 begin = static_cast<u32>(hints_.size());
  u32 count = reader.read_u32();
  if (count == 0) return false;
  ByteRange body = c_.m.funcs[func].body;
  InstructionReader code(c_.m.bytes, body);
  std::vector<InstructionReader::LocalRun> locals;
  if (!code.read_locals(locals)) return false;
  Instruction i;
  for (u32 n = 0; n < count; ++n) {
    u32 offset = reader.read_u32();
    bool sized = reader.read_u32() == 1;
    u8 likely = reader.read_u8();
    if (reader.failed() || !sized || likely > 1 || offset >= body.size) return false;
    do {
      if (!code.next(i) || i.offset > body.offset + offset) return false;
    } while (i.offset != body.offset + offset);
    if (i.op != Op::kIf && i.op != Op::kBrIf) return false;
    hints_.push_back({i.offset, likely});
  }
  hinted_.push_back({func, begin, static_cast<u32>(hints_.size())});
  return true;
}

std::span<const BranchHint> CustomPrinter::hints(u32 func) const {
  auto found = std::ranges::lower_bound(hinted_, func, {}, &FunctionHints::func);
  if (found == hinted_.end() || found->func != func) return {};
  return {hints_.data() + found->begin, found->end - found->begin};
}

// ---- Places

/// Whether the parser writes the section again: empty ones leave no trace in the text.
bool CustomPrinter::kept(const SectionPlace& place) {
  if (place.id == SectionId::kCustom) return false;
  if (place.id == SectionId::kStart) return true;
  if (place.id == SectionId::kDataCount) return needs_data_count();
  return place.count != 0;
}

/// Asked only about sections behind which a custom section comes.
bool CustomPrinter::needs_data_count() {
  if (needs_data_count_) return *needs_data_count_;
  bool needed = false;
  std::vector<InstructionReader::LocalRun> locals;
  for (u32 func = c_.m.imported_funcs; func < c_.m.funcs.size() && !needed; ++func) {
    InstructionReader reader(c_.m.bytes, c_.m.funcs[func].body);
    reader.read_locals(locals);
    Instruction i;
    while (!needed && reader.next(i)) {
      ImmKind imm = op_info(i.op).imm;
      needed = imm == ImmKind::kData || imm == ImmKind::kDataMemory || imm == ImmKind::kTypeData;
    }
  }
  needs_data_count_ = needed;
  return needed;
}

/// ` (after func)`; nothing for what comes last.
void CustomPrinter::place(size_t section) {
  const std::vector<SectionPlace>& all = list_.sections;
  size_t later = section + 1;
  while (later < all.size() && (all[later].id == SectionId::kCustom || !kept(all[later]))) ++later;
  if (later == all.size()) return;
  size_t before = section;
  while (before > 0 && !kept(all[before - 1])) --before;
  if (before == 0) {
    c_.out << " (before first)";
  } else if (all[before - 1].id == SectionId::kDataCount) {
    c_.out << " (before code)";
  } else {
    c_.out << " (after " << anchor(all[before - 1].id) << ')';
  }
}

// ---- Sections

void CustomPrinter::print(size_t section) {
  size_t number = 0;
  for (size_t i = 0; i < section; ++i) number += list_.sections[i].id == SectionId::kCustom;
  const CustomSection& custom = c_.m.customs[number];
  // Invented names take the place of those that cannot be read.
  if (custom.name == "name" && (c_.names.readable() || c_.options.name_unnamed)) return;
  if (custom.name == kBranchHints && hints_shown_) return;
  std::span<const u8> contents = c_.m.view(custom.bytes);
  c_.line(1, list_.sections[section].header);
  // The parser puts it before everything.
  if (section == 0 && custom.name == "dylink.0" && print_dylink(c_, contents)) return;
  bool last = true;
  for (size_t i = section + 1; i < list_.sections.size(); ++i) last &= !kept(list_.sections[i]);
  if (last && custom.name == "producers" && producers(contents)) return;
  c_.out << "(@custom ";
  c_.out.name(custom.name);
  place(section);
  c_.out << ' ';
  c_.options.skeleton ? void(c_.out << "\"\" (;...;)") : c_.out.bytes(text_of(contents));
  c_.out << ')';
}

/// `(@producers (language "C" "23") …)`, if that is all that the section says.
bool CustomPrinter::producers(std::span<const u8> contents) {
  constexpr std::string_view kFields[] = {"language", "sdk", "processed-by"};
  struct Value {
    u32 field;
    std::string_view name, version;
  };
  std::vector<Value> values;
  BinaryReader reader(contents, {0, static_cast<u32>(contents.size())});
  BinaryWriter again;
  u32 count = reader.read_u32();
  again.u32v(count);
  u32 next_field = 0;
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    std::string_view name = reader.read_name();
    u32 field = next_field;
    while (field < 3 && kFields[field] != name) ++field;
    u32 entries = reader.read_u32();
    if (field == 3 || entries == 0) return false;
    next_field = field + 1;
    again.name(name);
    again.u32v(entries);
    for (u32 k = 0; k < entries && !reader.failed(); ++k) {
      Value value{field, reader.read_name(), reader.read_name()};
      again.name(value.name);
      again.name(value.version);
      values.push_back(value);
    }
  }
  if (reader.failed() || !std::ranges::equal(again.bytes(), contents)) return false;
  c_.out << "(@producers";
  for (const Value& value : values) {
    c_.line(2);
    c_.out << '(' << kFields[value.field] << ' ';
    c_.out.name(value.name);
    c_.out << ' ';
    c_.out.name(value.version);
    c_.out << ')';
  }
  c_.line(1);
  c_.out << ')';
  return true;
}

}  // namespace wazuka::wat

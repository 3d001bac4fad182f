// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/dwarf.h"

#include <algorithm>

#include "debug/dwarf_constants.h"
#include "debug/text.h"

namespace wazuka::debug {
namespace {

// Steps of some nanoseconds each. The first address in one unit of 100 MB would take about 60
// million (measured: 0.3 million in a program with 17 MB of .debug_info), so that more means an
// input made to be slow.
constexpr u64 kStepsPerLookup = u64{1} << 26;
constexpr size_t kMaxUnits = size_t{1} << 18;
constexpr size_t kMaxUnitRanges = size_t{1} << 20;
// Functions, sequences and abbreviations of all units together, about 24 bytes each.
constexpr size_t kMaxCached = size_t{1} << 21;
// An entry may refer to another one for its name, and that to a third: definition → declaration,
// copy → original.
constexpr int kMaxReferences = 16;

std::optional<u32> known(u32 n) {
  return n != 0 ? std::optional(n) : std::nullopt;
}

}  // namespace

bool has_debug_sections(const Module& module) {
  return std::ranges::any_of(module.customs,
                             [](const CustomSection& s) { return s.name.starts_with(".debug_"); });
}

Result<DwarfIndex> DwarfIndex::open(const Module& module) {
  DwarfSections sections;
  for (const CustomSection& s : module.customs) sections.assign(s.name, module.view(s.bytes));
  return open(sections);
}

Result<DwarfIndex> DwarfIndex::open(const DwarfSections& sections) {
  if (sections.info.empty()) return fail("the module has no debug information");
  return DwarfIndex(sections);
}

size_t DwarfIndex::Details::size() const {
  return abbreviations.size() + functions.size() + (lines ? lines->sequences().size() : 0);
}

std::vector<SourceFrame> DwarfIndex::lookup(u32 code_offset) {
  if (exhausted_) return {};
  Budget budget(kStepsPerLookup);
  if (!units_read_) read_units(budget);
  std::vector<SourceFrame> frames;
  for (const UnitRange& range : ranges_) {
    if (code_offset < range.begin || code_offset >= range.end) continue;
    frames = lookup_in(range.unit, code_offset, budget);
    if (!frames.empty() || budget.exhausted()) break;
  }
  exhausted_ = budget.exhausted();
  if (exhausted_) return {};
  return frames;
}

void DwarfIndex::read_units(Budget& budget) {
  units_read_ = true;
  u64 offset = 0;
  while (offset < sections_->info.size() && units_.size() < kMaxUnits && !budget.exhausted()) {
    DwarfUnit unit;
    if (!unit.read(*sections_, offset, budget)) break;
    offset = unit.end();
    units_.push_back(unit);
  }
  for (u32 i = 0; i < units_.size() && !budget.exhausted(); ++i) add_ranges(i, budget);
  details_.resize(units_.size());
}

void DwarfIndex::add_ranges(u32 unit, Budget& budget) {
  const DwarfUnit& u = units_[unit];
  if (!u.has_code()) return;
  const size_t before = ranges_.size();
  const auto add = [&](u64 begin, u64 end) {
    if (ranges_.size() < kMaxUnitRanges) ranges_.push_back({begin, end, unit});
  };
  u.each_range(u.pcs(), budget, add);
  if (ranges_.size() != before) return;
  // Assemblers and some compilers leave the ranges out.
  if (const std::optional<LineProgram> lines = read_lines(u, budget)) {
    for (const LineProgram::Sequence& s : lines->sequences()) add(s.begin, s.end);
  }
}

std::optional<LineProgram> DwarfIndex::read_lines(const DwarfUnit& unit, Budget& budget) const {
  if (!unit.line_offset()) return std::nullopt;
  LineProgram lines;
  if (!lines.read(*sections_, *unit.line_offset(), unit.encoding().address_size, budget)) {
    return std::nullopt;
  }
  return lines;
}

const DwarfIndex::Details& DwarfIndex::details(u32 unit, Budget& budget) {
  if (details_[unit] != nullptr) return *details_[unit];
  auto fresh = std::make_unique<Details>();
  const DwarfUnit& u = units_[unit];
  if (u.read_abbreviations(fresh->abbreviations, budget)) {
    fresh->functions = read_functions(u, fresh->abbreviations, budget);
  }
  fresh->lines = read_lines(u, budget);
  if (cached_ + fresh->size() > kMaxCached) {
    for (auto& d : details_) d.reset();
    cached_ = 0;
  }
  cached_ += fresh->size();
  details_[unit] = std::move(fresh);
  return *details_[unit];
}

std::vector<SourceFrame> DwarfIndex::lookup_in(u32 unit, u64 address, Budget& budget) {
  const DwarfUnit& u = units_[unit];
  const Details& d = details(unit, budget);
  SourceFrame at;  // the position of the frame to come
  bool has_position = false;
  if (const auto row = d.lines ? d.lines->find(address, budget) : std::nullopt) {
    has_position = true;
    at.file = printable(d.lines->file_path(u, row->file, budget));
    at.line = known(row->line);
    if (at.line) at.column = row->column;
  }
  const FunctionRange* function = find_function(d.functions, address);
  if (function == nullptr) {
    if (!has_position) return {};
    return {at};
  }
  const u64 die = function->die;
  std::vector<InlinedCall> calls = find_inlined_calls(u, d.abbreviations, die, address, budget);
  std::vector<SourceFrame> frames;
  for (auto call = calls.rbegin(); call != calls.rend(); ++call) {
    at.function = function_name(unit, call->die, budget);
    frames.push_back(std::move(at));
    at = {{}, {}, known(call->call_line), known(call->call_column)};
    if (call->call_file && d.lines)
      at.file = printable(d.lines->file_path(u, *call->call_file, budget));
  }
  at.function = function_name(unit, die, budget);
  frames.push_back(std::move(at));
  return frames;
}

std::string DwarfIndex::function_name(u32 unit, u64 die, Budget& budget) {
  for (int i = 0; i < kMaxReferences; ++i) {
    const DwarfUnit& u = units_[unit];
    AbbreviationTable own;
    const AbbreviationTable* table = details_[unit] ? &details_[unit]->abbreviations : &own;
    if (table == &own && !u.read_abbreviations(own, budget)) return {};
    Cursor in = u.entry(die);
    const Abbreviation* a = table->find(in.uleb());
    if (!in.ok() || a == nullptr) return {};
    std::string_view linkage_name, name;
    std::optional<u64> origin;
    const bool ok =
        each_attribute(in, u.encoding(), *table, *a, budget, [&](u16 attribute, const Value& v) {
          if (attribute == dw::kAtLinkageName || attribute == dw::kAtMipsLinkageName)
            linkage_name = u.text(v);
          if (attribute == dw::kAtName) name = u.text(v);
          if (attribute == dw::kAtAbstractOrigin || attribute == dw::kAtSpecification)
            origin = u.reference(v);
        });
    if (!linkage_name.empty()) return printable(linkage_name);
    if (!name.empty()) return printable(name);
    const std::optional<u32> target = ok && origin ? unit_at(*origin) : std::nullopt;
    if (!target) return {};
    unit = *target;
    die = *origin;
  }
  return {};
}

std::optional<u32> DwarfIndex::unit_at(u64 die) const {
  const auto it = std::ranges::upper_bound(units_, die, {}, &DwarfUnit::offset);
  if (it == units_.begin() || die >= (it - 1)->end()) return std::nullopt;
  return static_cast<u32>(it - units_.begin() - 1);
}

}  // namespace wazuka::debug

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/dwarf_unit.h"

#include <algorithm>
#include <utility>

#include "debug/dwarf_constants.h"

namespace wazuka::debug {
namespace {

using Kind = Value::Kind;

// Real tables have some hundred abbreviations; link-time optimisation of everything makes a few
// thousand.
constexpr size_t kMaxAbbreviationAttributes = size_t{1} << 20;

struct FormInfo {
  Kind kind = Kind::kNone;
  u8 size = 0;  // in bytes, 0: varies
};

/// The forms that are plain numbers of a fixed size, among them those of no interest.
FormInfo fixed_form(u64 form, Encoding encoding) {
  const u8 offset_size = encoding.offset_size;
  switch (form) {
    case dw::kFormAddr: return {Kind::kAddress, encoding.address_size};
    case dw::kFormAddrx1: return {Kind::kAddrIndex, 1};
    case dw::kFormAddrx2: return {Kind::kAddrIndex, 2};
    case dw::kFormAddrx3: return {Kind::kAddrIndex, 3};
    case dw::kFormAddrx4: return {Kind::kAddrIndex, 4};
    case dw::kFormData1: return {Kind::kConstant, 1};
    case dw::kFormData2: return {Kind::kConstant, 2};
    case dw::kFormData4: return {Kind::kConstant, 4};
    case dw::kFormData8: return {Kind::kConstant, 8};
    case dw::kFormData16: return {Kind::kNone, 16};
    case dw::kFormFlag: return {Kind::kNone, 1};
    case dw::kFormStrp: return {Kind::kStr, offset_size};
    case dw::kFormLineStrp: return {Kind::kLineStr, offset_size};
    case dw::kFormStrx1: return {Kind::kStrIndex, 1};
    case dw::kFormStrx2: return {Kind::kStrIndex, 2};
    case dw::kFormStrx3: return {Kind::kStrIndex, 3};
    case dw::kFormStrx4: return {Kind::kStrIndex, 4};
    case dw::kFormRef1: return {Kind::kUnitRef, 1};
    case dw::kFormRef2: return {Kind::kUnitRef, 2};
    case dw::kFormRef4: return {Kind::kUnitRef, 4};
    case dw::kFormRef8: return {Kind::kUnitRef, 8};
    case dw::kFormRefAddr:
      return {Kind::kInfoRef, encoding.version <= 2 ? encoding.address_size : offset_size};
    case dw::kFormSecOffset: return {Kind::kSecOffset, offset_size};
    case dw::kFormRefSig8: return {Kind::kNone, 8};
    case dw::kFormRefSup4: return {Kind::kNone, 4};
    case dw::kFormRefSup8: return {Kind::kNone, 8};
    case dw::kFormStrpSup:
    case dw::kFormGnuRefAlt:
    case dw::kFormGnuStrpAlt: return {Kind::kNone, offset_size};
    default: return {};
  }
}

bool has_no_bytes(u64 form) {
  return form == dw::kFormFlagPresent || form == dw::kFormImplicitConst;
}

Value block(Cursor& in, u64 size) {
  in.skip(size);
  return {};
}

std::string_view text_at(std::span<const u8> section, u64 offset) {
  return Cursor(section, offset).c_str();
}

/// Entry `index` of an array of numbers at `base`; no value if that is not all in the section.
std::optional<u64> element(std::span<const u8> section, u64 base, u64 index, u8 size) {
  if (index > section.size() || base > section.size()) return std::nullopt;
  Cursor in(section, base + index * size);
  const u64 n = in.fixed(size);
  if (!in.ok()) return std::nullopt;
  return n;
}

}  // namespace

void DwarfSections::assign(std::string_view name, std::span<const u8> contents) {
  const struct {
    std::string_view name;
    std::span<const u8>* section;
  } known[] = {{".debug_abbrev", &abbrev},
               {".debug_addr", &addr},
               {".debug_info", &info},
               {".debug_line", &line},
               {".debug_line_str", &line_str},
               {".debug_ranges", &ranges},
               {".debug_rnglists", &rnglists},
               {".debug_str", &str},
               {".debug_str_offsets", &str_offsets}};
  for (const auto& k : known) {
    if (k.name == name && k.section->empty()) *k.section = contents;
  }
}

std::optional<u64> read_initial_length(Cursor& in, u8& offset_size) {
  const u64 length = in.u32le();
  offset_size = length == 0xffff'ffff ? 8 : 4;
  if (length >= 0xffff'fff0 && offset_size == 4) return std::nullopt;
  return offset_size == 8 ? in.u64le() : length;
}

Value read_value(Cursor& in, Encoding encoding, u64 form, i64 implicit_const) {
  if (form == dw::kFormIndirect) {
    form = in.uleb();
    // The standard forbids an implicit constant here; a second indirection says nothing that the
    // first could not.
    if (form == dw::kFormIndirect || form == dw::kFormImplicitConst) in.fail();
  }
  if (const FormInfo fixed = fixed_form(form, encoding); fixed.size != 0) {
    if (fixed.size > 8) return block(in, fixed.size);
    return {fixed.kind, in.fixed(fixed.size), {}};
  }
  switch (form) {
    case dw::kFormString: return {Kind::kText, 0, in.c_str()};
    case dw::kFormUdata: return {Kind::kConstant, in.uleb(), {}};
    case dw::kFormSdata: return {Kind::kConstant, static_cast<u64>(in.sleb()), {}};
    case dw::kFormImplicitConst: return {Kind::kConstant, static_cast<u64>(implicit_const), {}};
    case dw::kFormFlagPresent: return {};
    case dw::kFormStrx:
    case dw::kFormGnuStrIndex: return {Kind::kStrIndex, in.uleb(), {}};
    case dw::kFormAddrx:
    case dw::kFormGnuAddrIndex: return {Kind::kAddrIndex, in.uleb(), {}};
    case dw::kFormRnglistx: return {Kind::kRangeIndex, in.uleb(), {}};
    case dw::kFormLoclistx: in.uleb(); return {};
    case dw::kFormRefUdata: return {Kind::kUnitRef, in.uleb(), {}};
    case dw::kFormBlock1: return block(in, in.byte());
    case dw::kFormBlock2: return block(in, in.u16le());
    case dw::kFormBlock4: return block(in, in.u32le());
    case dw::kFormBlock:
    case dw::kFormExprloc: return block(in, in.uleb());
    default: in.fail(); return {};
  }
}

bool AbbreviationTable::read(std::span<const u8> section, u64 offset, Encoding encoding,
                             Budget& budget, u64 only) {
  Cursor in(section, offset);
  bool sorted = true;
  while (in.ok()) {
    Abbreviation a;
    a.code = in.uleb();
    if (a.code == 0) break;
    a.tag = static_cast<u16>(std::min<u64>(in.uleb(), 0xffff));
    a.has_children = in.byte() != 0;
    if (!read_attributes(in, encoding, budget, a)) return false;
    sorted = sorted && (abbreviations_.empty() || abbreviations_.back().code < a.code);
    abbreviations_.push_back(a);
    if (a.code == only) return true;
  }
  if (!sorted) {
    std::ranges::sort(abbreviations_, [](const Abbreviation& a, const Abbreviation& b) {
      return std::pair(a.code, a.first) < std::pair(b.code, b.first);
    });
  }
  return in.ok();
}

bool AbbreviationTable::read_attributes(Cursor& in, Encoding encoding, Budget& budget,
                                        Abbreviation& out) {
  out.first = static_cast<u32>(attributes_.size());
  u32 size = 0;
  bool fixed = true;
  while (true) {
    const u64 name = in.uleb(), form = in.uleb();
    if (!in.ok() || form > 0xffff || !budget.spend()) return false;
    if (name == 0 && form == 0) break;
    const i64 implicit_const = form == dw::kFormImplicitConst ? in.sleb() : 0;
    if (attributes_.size() >= kMaxAbbreviationAttributes) return false;
    attributes_.push_back(
        {static_cast<u16>(name > 0xffff ? 0 : name), static_cast<u16>(form), implicit_const});
    const u8 form_size = fixed_form(form, encoding).size;
    fixed = fixed && (form_size != 0 || has_no_bytes(form));
    size += form_size;
  }
  out.count = static_cast<u32>(attributes_.size()) - out.first;
  if (fixed) out.fixed_size = size;
  return true;
}

const Abbreviation* AbbreviationTable::find(u64 code) const {
  // Compilers number them from one on.
  if (code - 1 < abbreviations_.size() && abbreviations_[code - 1].code == code) {
    return &abbreviations_[code - 1];
  }
  const auto it = std::ranges::lower_bound(abbreviations_, code, {}, &Abbreviation::code);
  return it != abbreviations_.end() && it->code == code ? &*it : nullptr;
}

bool skip_attributes(Cursor& in, Encoding encoding, const AbbreviationTable& table,
                     const Abbreviation& abbreviation, Budget& budget) {
  if (abbreviation.fixed_size != Abbreviation::kVaries) {
    in.skip(abbreviation.fixed_size);
    return in.ok() && budget.spend();
  }
  return each_attribute(in, encoding, table, abbreviation, budget, [](u16, const Value&) {});
}

void PcAttributes::take(u16 name, const Value& value) {
  if (name == dw::kAtLowPc) low = value;
  if (name == dw::kAtHighPc) high = value;
  if (name == dw::kAtRanges) ranges = value;
}

bool DwarfUnit::read(const DwarfSections& sections, u64 offset, Budget& budget) {
  sections_ = &sections;
  offset_ = offset;
  Cursor in(sections.info, offset);
  const std::optional<u64> length = read_initial_length(in, encoding_.offset_size);
  if (!in.ok() || !length || *length > in.remaining()) return false;
  end_ = in.pos() + *length;
  encoding_.version = in.u16le();
  if (encoding_.version < 2 || encoding_.version > 5) return true;
  u8 type = dw::kCompile;
  if (encoding_.version >= 5) {
    type = in.byte();
    encoding_.address_size = in.byte();
    abbrev_offset_ = in.fixed(encoding_.offset_size);
  } else {
    abbrev_offset_ = in.fixed(encoding_.offset_size);
    encoding_.address_size = in.byte();
  }
  if (type == dw::kSkeleton || type == dw::kSplitCompile) in.skip(8);  // its id
  if (encoding_.address_size != 4 && encoding_.address_size != 8) return true;
  first_entry_ = in.pos();
  const bool readable =
      in.ok() && first_entry_ <= end_ && type != dw::kType && type != dw::kSplitType;
  has_code_ = readable && read_root(budget) && type != dw::kPartial;
  return true;
}

bool DwarfUnit::read_root(Budget& budget) {
  Cursor in = entry(first_entry_);
  const u64 code = in.uleb();
  AbbreviationTable table;
  if (code == 0 || !table.read(sections_->abbrev, abbrev_offset_, encoding_, budget, code))
    return false;
  const Abbreviation* abbreviation = table.find(code);
  if (abbreviation == nullptr) return false;
  // Without the attribute the numbers follow the section's header, as in split units.
  str_offsets_base_ = encoding_.offset_size == 8 ? 16 : 8;
  Value comp_dir;
  const bool ok =
      each_attribute(in, encoding_, table, *abbreviation, budget, [&](u16 name, const Value& v) {
        pcs_.take(name, v);
        if (name == dw::kAtCompDir) comp_dir = v;
        if (v.kind != Kind::kSecOffset && v.kind != Kind::kConstant) return;
        if (name == dw::kAtStmtList) line_offset_ = v.n;
        if (name == dw::kAtStrOffsetsBase) str_offsets_base_ = v.n;
        if (name == dw::kAtAddrBase) addr_base_ = v.n;
        if (name == dw::kAtRnglistsBase) rnglists_base_ = v.n;
      });
  comp_dir_ = text(comp_dir);  // resolved last: the bases may come after what needs them
  return ok;
}

bool DwarfUnit::read_abbreviations(AbbreviationTable& table, Budget& budget) const {
  return table.read(sections_->abbrev, abbrev_offset_, encoding_, budget);
}

Cursor DwarfUnit::entry(u64 die) const {
  Cursor in(sections_->info.first(static_cast<size_t>(end_)), die);
  if (die < first_entry_) in.fail();
  return in;
}

std::string_view DwarfUnit::text(const Value& value) const {
  const DwarfSections& s = *sections_;
  if (value.kind == Kind::kText) return value.text;
  if (value.kind == Kind::kStr) return text_at(s.str, value.n);
  if (value.kind == Kind::kLineStr) return text_at(s.line_str, value.n);
  if (value.kind != Kind::kStrIndex) return {};
  const auto offset = element(s.str_offsets, str_offsets_base_, value.n, encoding_.offset_size);
  return offset ? text_at(s.str, *offset) : std::string_view();
}

std::optional<u64> DwarfUnit::address(const Value& value) const {
  if (value.kind == Kind::kAddress) return value.n;
  if (value.kind != Kind::kAddrIndex) return std::nullopt;
  return element(sections_->addr, addr_base_, value.n, encoding_.address_size);
}

std::optional<u64> DwarfUnit::reference(const Value& value) const {
  if (value.kind == Kind::kInfoRef) return value.n;
  if (value.kind != Kind::kUnitRef || value.n >= end_ - offset_) return std::nullopt;
  return offset_ + value.n;
}

}  // namespace wazuka::debug

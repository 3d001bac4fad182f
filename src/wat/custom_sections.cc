// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/custom_sections.h"

#include <array>

#include "base/utf8.h"
#include "wat/dylink.h"

namespace wazuka::wat {
namespace {

constexpr Keyword kAnchorKeywords[] = {
    Keyword::kType,   Keyword::kImport, Keyword::kFunc,   Keyword::kTable,
    Keyword::kMemory, Keyword::kTag,    Keyword::kGlobal, Keyword::kExport,
    Keyword::kStart,  Keyword::kElem,   Keyword::kCode,   Keyword::kData,
};

}  // namespace

bool CustomSections::comes() const {
  return c_.at_annotation("custom") || c_.at_annotation("producers") ||
         c_.at_annotation("dylink.0");
}

bool CustomSections::parse() {
  bool is_custom = c_.at_annotation("custom"), is_producers = c_.at_annotation("producers");
  c_.advance(), c_.advance();
  return is_custom ? custom() : is_producers ? producers() : dylink();
}

void CustomSections::write(Place place, BinaryWriter& out) const {
  for (const Section& s : sections_) {
    if (s.place == place) write_custom_section(out, s.name, s.contents.bytes());
  }
}

bool CustomSections::custom() {
  Section section{kAfterLast, {}, {}};
  if (!c_.at(TokenKind::kString)) return c_.fail("@custom annotation: missing section name");
  u32 offset = c_.offset();
  if (!c_.expect_string(section.name)) return false;
  if (!is_valid_utf8(bytes_of(section.name))) {
    return c_.fail_at(offset, "@custom annotation: malformed UTF-8 encoding");
  }
  if (c_.at(TokenKind::kLParen) && !place(section.place)) return false;
  std::string bytes;
  while (c_.at(TokenKind::kString)) {
    if (!c_.expect_string(bytes)) return false;
  }
  if (!c_.at(TokenKind::kRParen)) return c_.fail("@custom annotation: unexpected token");
  c_.advance();
  section.contents.raw(bytes);
  sections_.push_back(std::move(section));
  return true;
}

bool CustomSections::place(Place& out) {
  c_.advance();
  bool is_before = c_.take(Keyword::kBefore);
  if (!is_before && !c_.take(Keyword::kAfter)) {
    return c_.fail("@custom annotation: malformed placement");
  }
  if (c_.take(is_before ? Keyword::kFirst : Keyword::kLast)) {
    out = is_before ? kBeforeFirst : kAfterLast;
    return c_.expect_right();
  }
  for (u8 i = 0; i < std::size(kAnchorKeywords); ++i) {
    if (!c_.take(kAnchorKeywords[i])) continue;
    out = is_before ? before(static_cast<Anchor>(i)) : after(static_cast<Anchor>(i));
    return c_.expect_right();
  }
  return c_.fail("@custom annotation: malformed section kind");
}

bool CustomSections::producers() {
  constexpr std::array<Keyword, 3> kFields{Keyword::kLanguage, Keyword::kSdk,
                                           Keyword::kProcessedBy};
  std::array<u32, 3> counts = {};
  std::array<BinaryWriter, 3> values;
  while (!c_.at_end()) {
    if (!c_.expect_left()) return false;
    u32 field = 0;
    while (field < 3 && !c_.take(kFields[field])) ++field;
    if (field == 3) {
      return c_.fail("unexpected token, expected one of: `language`, `sdk`, `processed-by`");
    }
    std::string_view name, version;
    if (!c_.expect_name(name) || !c_.expect_name(version) || !c_.expect_right()) return false;
    ++counts[field];
    values[field].name(name);
    values[field].name(version);
  }
  Section section{kAfterLast, "producers", {}};
  section.contents.u32v((counts[0] != 0) + (counts[1] != 0) + (counts[2] != 0));
  for (u32 i = 0; i < 3; ++i) {
    if (counts[i] == 0) continue;
    section.contents.name(keyword_text(kFields[i]));
    section.contents.u32v(counts[i]);
    section.contents.raw(values[i].bytes());
  }
  sections_.push_back(std::move(section));
  return c_.expect_right();
}

bool CustomSections::dylink() {
  sections_.push_back({kBeforeFirst, "dylink.0", {}});
  // Neighbouring export-info (and import-info) entries share a subsection.
  u8 open = 0;
  u32 count = 0;
  BinaryWriter entries;
  auto flush = [&] {
    if (open == 0) return;
    if (open != kDylinkMemInfo) entries.insert_u32v(0, count);
    BinaryWriter& out = sections_.back().contents;
    out.byte(open);
    out.u32v(static_cast<u32>(entries.size()));
    out.raw(entries.bytes());
    entries.clear();
    open = 0, count = 0;
  };
  while (!c_.at_end()) {
    if (!c_.expect_left()) return false;
    u8 id = c_.take(Keyword::kMemInfo)       ? kDylinkMemInfo
            : c_.take(Keyword::kNeeded)      ? kDylinkNeeded
            : c_.take(Keyword::kExportInfo)  ? kDylinkExportInfo
            : c_.take(Keyword::kImportInfo)  ? kDylinkImportInfo
            : c_.take(Keyword::kRuntimePath) ? kDylinkRuntimePath
                                             : u8{0};
    if (id == 0) {
      return c_.fail(
          "unexpected token, expected one of: `mem-info`, `needed`, `export-info`, `import-info`, "
          "`runtime-path`");
    }
    bool symbols = id == kDylinkExportInfo || id == kDylinkImportInfo;
    if (!symbols || id != open) flush();
    open = id;
    bool ok = id == kDylinkMemInfo ? mem_info(entries)
              : symbols            ? symbol(id == kDylinkExportInfo ? 1 : 2, entries)
                                   : names(count, entries);
    if (!ok || !c_.expect_right()) return false;
    if (symbols) ++count;
  }
  flush();
  return c_.expect_right();
}

bool CustomSections::mem_info(BinaryWriter& out) {
  for (Keyword k : {Keyword::kMemory, Keyword::kTable}) {
    u32 size = 0, align = 0;
    if (c_.take_list(k)) {
      if (!c_.expect_u32(size) || !c_.expect_u32(align) || !c_.expect_right()) return false;
    }
    out.u32v(size);
    out.u32v(align);
  }
  return true;
}

bool CustomSections::names(u32& count, BinaryWriter& out) {
  for (count = 0; !c_.at_end(); ++count) {
    std::string_view name;
    if (!c_.expect_name(name)) return false;
    out.name(name);
  }
  return true;
}

/// One or two names and flags.
bool CustomSections::symbol(u32 names, BinaryWriter& out) {
  for (u32 i = 0; i < names; ++i) {
    std::string_view name;
    if (!c_.expect_name(name)) return false;
    out.name(name);
  }
  u32 flags = 0;
  while (!c_.at_end()) {
    u32 bits = 0;
    if (c_.at(TokenKind::kInteger)) {
      if (!c_.expect_u32(bits)) return false;
    } else {
      for (const DylinkFlag& f : kDylinkFlags) {
        if (c_.at(TokenKind::kKeyword) && c_.spelling(c_.token()) == f.name) bits = f.bit;
      }
      if (bits == 0) return c_.fail("unexpected token, expected a symbol flag");
      c_.advance();
    }
    flags |= bits;
  }
  out.u32v(flags);
  return true;
}

}  // namespace wazuka::wat

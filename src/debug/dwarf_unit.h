// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The middle of the DWARF reader: units, abbreviations, attribute values, address ranges.
//
// .debug_info is a row of units, each a tree of entries (DIEs) written in depth-first order. An
// entry is the number of an abbreviation and then the attribute values that the abbreviation lists,
// without a length: whoever wants the next entry has to read over all values of this one. A value
// is given by its *form*, often as an index or offset into another section; `Value` keeps what was
// written, and `DwarfUnit` resolves it where it is wanted.
//
// All of it comes from the module, so all of it may be wrong. Reading goes through Cursor, and
// everything that loops pays into a Budget, which ends the work of an input made to be slow: a few
// bytes can stand for much work where lists are shared (ranges, abbreviations) or values take no
// space (flags).
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "base/ints.h"
#include "debug/cursor.h"

namespace wazuka::debug {

/// The contents of the custom sections of one module; empty where it has none.
struct DwarfSections {
  std::span<const u8> abbrev, addr, info, line, line_str, ranges, rnglists, str, str_offsets;

  /// Takes the section if it is one of these; a section that comes twice counts the first time.
  void assign(std::string_view name, std::span<const u8> contents);
};

/// Counts down the steps that one lookup may take.
class Budget {
 public:
  explicit Budget(u64 steps) : left_(steps) {}
  bool spend(u64 steps = 1) {
    left_ = steps < left_ ? left_ - steps : 0;
    return left_ != 0;
  }
  bool exhausted() const { return left_ == 0; }

 private:
  u64 left_;
};

/// An attribute value as written.
struct Value {
  enum class Kind : u8 {
    kNone,        // of no interest here, or absent
    kConstant,    // also offsets in DWARF 2 and 3; signed ones as two's complement
    kAddress,     // `n`
    kAddrIndex,   // `n`, in .debug_addr
    kText,        // `text`
    kStr,         // offset `n` in .debug_str
    kLineStr,     // offset `n` in .debug_line_str
    kStrIndex,    // `n`, in .debug_str_offsets
    kUnitRef,     // an entry at `n` from the unit's header
    kInfoRef,     // an entry at `n` in .debug_info
    kSecOffset,   // `n`, in a section that the attribute tells
    kRangeIndex,  // `n`, in the offsets of .debug_rnglists
  };
  Kind kind = Kind::kNone;
  u64 n = 0;
  std::string_view text;
};

/// How numbers are written in a unit or line program.
struct Encoding {
  u16 version = 0;
  u8 address_size = 4;
  u8 offset_size = 4;  // 4, or 8 in 64-bit DWARF
};

/// Reads one value; an unknown form fails the cursor, because nobody knows where the next value is.
Value read_value(Cursor& in, Encoding encoding, u64 form, i64 implicit_const);

/// The length that starts a unit, line program or list: the bytes after it, and offset_size. No
/// value: a reserved one.
std::optional<u64> read_initial_length(Cursor& in, u8& offset_size);

/// Addresses that linkers write for code that they have dropped. Zero is one of them, because the
/// code section starts with its count of bodies, so that no instruction is there.
inline bool is_tombstone(u64 address, u8 address_size) {
  const u64 max = address_size == 4 ? 0xffff'ffffu : ~u64{0};
  return address == 0 || address >= max - 1;
}

struct AttributeSpec {
  u16 name = 0;
  u16 form = 0;
  i64 implicit_const = 0;
};

struct Abbreviation {
  static constexpr u32 kVaries = ~u32{0};
  u64 code = 0;
  u16 tag = 0;
  bool has_children = false;
  u32 first = 0, count = 0;  // its attributes in the table
  u32 fixed_size = kVaries;  // of all values together, if that does not depend on them
};

class AbbreviationTable {
 public:
  /// Reads the table at `offset`. With `only` it may stop after that code. False: malformed, too
  /// large, out of budget.
  bool read(std::span<const u8> section, u64 offset, Encoding encoding, Budget& budget,
            u64 only = 0);
  const Abbreviation* find(u64 code) const;
  std::span<const AttributeSpec> attributes(const Abbreviation& a) const {
    return std::span(attributes_).subspan(a.first, a.count);
  }
  size_t size() const { return abbreviations_.size() + attributes_.size(); }

 private:
  bool read_attributes(Cursor& in, Encoding encoding, Budget& budget, Abbreviation& out);
  std::vector<Abbreviation> abbreviations_;  // by code
  std::vector<AttributeSpec> attributes_;
};

/// The attributes that say where the code of an entry is.
struct PcAttributes {
  Value low, high, ranges;
  void take(u16 name, const Value& value);
};

class DwarfUnit {
 public:
  /// Reads the header at `offset` of .debug_info and the attributes of the unit's own entry. False
  /// when the header is no header at all, and with it the row of units ends; otherwise `end()` is
  /// where the next one starts.
  bool read(const DwarfSections& sections, u64 offset, Budget& budget);

  u64 offset() const { return offset_; }
  u64 end() const { return end_; }
  Encoding encoding() const { return encoding_; }
  bool has_code() const { return has_code_; }  // not a unit of types only, and readable
  std::optional<u64> line_offset() const { return line_offset_; }
  std::string_view comp_dir() const { return comp_dir_; }
  const PcAttributes& pcs() const { return pcs_; }

  bool read_abbreviations(AbbreviationTable& table, Budget& budget) const;
  /// At the entry at `die` in .debug_info; never reads beyond the unit.
  Cursor entry(u64 die) const;
  u64 first_entry() const { return first_entry_; }

  std::string_view text(const Value& value) const;  // empty: not a string, or not there
  std::optional<u64> address(const Value& value) const;
  std::optional<u64> reference(const Value& value) const;  // in .debug_info

  /// Calls `fn(begin, end)` for each range that is not empty nor of dropped code. False: malformed
  /// or out of budget; the ranges before were reported.
  bool each_range(const PcAttributes& pcs, Budget& budget,
                  const std::function<void(u64, u64)>& fn) const;
  bool contains(const PcAttributes& pcs, u64 address, Budget& budget) const;

 private:
  bool read_root(Budget& budget);
  std::optional<u64> ranges_offset(const Value& value) const;
  bool each_in_ranges(u64 offset, Budget& budget, const std::function<void(u64, u64)>& fn) const;
  bool each_in_rnglists(u64 offset, Budget& budget, const std::function<void(u64, u64)>& fn) const;
  u64 base_address() const { return address(pcs_.low).value_or(0); }

  const DwarfSections* sections_ = nullptr;
  u64 offset_ = 0, first_entry_ = 0, end_ = 0, abbrev_offset_ = 0;
  u64 str_offsets_base_ = 0, addr_base_ = 0, rnglists_base_ = 0;
  std::optional<u64> line_offset_;
  std::string_view comp_dir_;
  PcAttributes pcs_;
  Encoding encoding_;
  bool has_code_ = false;
};

/// Reads the values of an entry whose abbreviation has been read, calling `fn(attribute, value)`
/// for each.
template <class Fn>
bool each_attribute(Cursor& in, Encoding encoding, const AbbreviationTable& table,
                    const Abbreviation& abbreviation, Budget& budget, Fn&& fn) {
  if (!budget.spend(abbreviation.count + 1)) return false;
  for (const AttributeSpec& spec : table.attributes(abbreviation)) {
    const Value value = read_value(in, encoding, spec.form, spec.implicit_const);
    if (!in.ok()) return false;
    fn(spec.name, value);
  }
  return true;
}

/// Reads over the values of an entry whose abbreviation has been read.
bool skip_attributes(Cursor& in, Encoding encoding, const AbbreviationTable& table,
                     const Abbreviation& abbreviation, Budget& budget);

}  // namespace wazuka::debug

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Makes the debug information of a small program by hand, in DWARF 2 to 5: one unit /src/prog.c
// with
//
//     outer (linkage name _Z5outerv), code 0x10–0x40, line 20
//       └─ middle, inlined at 0x18–0x30 from line 21
//            └─ inner, inlined at 0x20–0x28 and 0x2c–0x2e from inc/in.h:7
//     other, code 0x40–0x50, line 30 (in DWARF 5 by index in .debug_addr)
//     dropped, at the addresses that linkers write for code that is not there
#pragma once

#include <string_view>
#include <vector>

#include "debug/dwarf.h"

namespace wazuka::debug {

class Bytes {
 public:
  std::vector<u8> data;
  Bytes& u8_(u32 n) { return fixed(n, 1); }
  Bytes& u16_(u32 n) { return fixed(n, 2); }
  Bytes& u32_(u32 n) { return fixed(n, 4); }
  Bytes& uleb(u64 n) {
    for (; n >= 0x80; n >>= 7) data.push_back(static_cast<u8>(n | 0x80));
    data.push_back(static_cast<u8>(n));
    return *this;
  }
  Bytes& text(std::string_view s) {
    data.insert(data.end(), s.begin(), s.end());
    data.push_back(0);
    return *this;
  }
  Bytes& list(std::initializer_list<u32> numbers) {
    for (const u32 n : numbers) uleb(n);
    return *this;
  }
  Bytes& append(const Bytes& other) {
    data.insert(data.end(), other.data.begin(), other.data.end());
    return *this;
  }
  /// A length of four bytes, and the bytes.
  Bytes& counted(const Bytes& other) {
    return u32_(static_cast<u32>(other.data.size())).append(other);
  }

 private:
  Bytes& fixed(u32 n, u32 size) {
    for (u32 i = 0; i < size; ++i) data.push_back(static_cast<u8>(n >> (8 * i)));
    return *this;
  }
};

struct SampleProgram {
  Bytes abbrev, info, line, ranges, rnglists, str, addr, str_offsets;

  explicit SampleProgram(u32 version) {
    make_abbreviations(version);
    make_strings();
    make_ranges(version);
    make_line(version);
    make_info(version);
  }

  DwarfSections sections() const {
    DwarfSections s;
    s.abbrev = abbrev.data;
    s.info = info.data;
    s.line = line.data;
    s.ranges = ranges.data;
    s.rnglists = rnglists.data;
    s.str = str.data;
    s.addr = addr.data;
    s.str_offsets = str_offsets.data;
    return s;
  }

 private:
  static constexpr u32 kUnit = 1, kFunction = 2, kAbstract = 3, kInlined = 4, kInlinedRanges = 5,
                       kOther = 6;

  void make_abbreviations(u32 version) {
    const bool v5 = version >= 5;
    // Until DWARF 3, offsets were plain numbers, flags took a byte, and high_pc was an address.
    const u32 offset = version >= 4 ? 0x17 : 0x06, flag = version >= 4 ? 0x19 : 0x0c,
              high_pc = version >= 4 ? 0x06 : 0x01;
    // DW_TAG_compile_unit: name, comp_dir, stmt_list, low_pc, ranges[, str_offsets_base, addr_base]
    abbrev.list({kUnit, 0x11, 1, 0x03, 0x08, 0x1b, 0x08, 0x10, offset, 0x11, 0x01, 0x55, offset});
    if (v5) abbrev.list({0x72, 0x17, 0x73, 0x17});
    abbrev.list({0, 0});
    // DW_TAG_subprogram: name (strp), linkage_name (string), low_pc, high_pc, external
    abbrev.list(
        {kFunction, 0x2e, 1, 0x03, 0x0e, 0x6e, 0x08, 0x11, 0x01, 0x12, high_pc, 0x3f, flag, 0, 0});
    // DW_TAG_subprogram without code: name, an expression of no interest
    abbrev.list({kAbstract, 0x2e, 0, 0x03, 0x08, 0x02, v5 ? 0x18u : 0x09u, 0, 0});
    // DW_TAG_inlined_subroutine: abstract_origin (ref4), low_pc, high_pc, call_file, call_line,
    // call_column
    abbrev.list({kInlined, 0x1d, 1, 0x31, 0x13, 0x11, 0x01, 0x12, 0x0b, 0x58, 0x0b, 0x59, 0x0b,
                 0x57, 0x0b, 0, 0});
    abbrev.list({kInlinedRanges, 0x1d, 0, 0x31, 0x13, 0x55, offset, 0x58, 0x0b, 0x59, 0x0f, 0, 0});
    // DW_TAG_subprogram: name and low_pc by index from version 5 on
    abbrev.list(
        {kOther, 0x2e, 0, 0x03, v5 ? 0x25u : 0x08u, 0x11, v5 ? 0x29u : 0x01u, 0x12, 0x0f, 0, 0});
    abbrev.u8_(0);
  }

  void make_strings() {
    str.text("outer").text("other");
    str_offsets.counted(Bytes().u16_(5).u16_(0).u32_(6));  // header, then the offset of "other"
    addr.counted(Bytes().u16_(5).u8_(4).u8_(0).u32_(0x40));
  }

  void make_ranges(u32 version) {
    if (version < 5) {
      ranges.u32_(0x10).u32_(0x50).u32_(0).u32_(0);         // 0: the unit
      ranges.u32_(0xffff'ffff).u32_(0x20).u32_(0).u32_(8);  // 16: base 0x20, then inner
      ranges.u32_(0xc).u32_(0xe).u32_(0xffff'fffe).u32_(0xffff'fffe).u32_(0).u32_(0);
      return;
    }
    rnglists.u32_(0).u16_(5).u8_(4).u8_(0).u32_(0);  // a header of 12 bytes, its length is not used
    rnglists.u8_(6).u32_(0x10).u32_(0x50).u8_(0);    // 12: start_end
    rnglists.u8_(5).u32_(0x20).u8_(4).list({0, 8});  // 22: base_address, offset_pair
    rnglists.u8_(7).u32_(0x2c).uleb(2);              // start_length
    rnglists.u8_(3).list({0, 0}).u8_(0);             // startx_length, empty
  }

  void make_line(u32 version) {
    Bytes tables;
    tables.u8_(1);                            // minimum instruction length
    if (version >= 4) tables.u8_(1);          // operations per instruction
    tables.u8_(1).u8_(0xfb).u8_(14).u8_(13);  // is_stmt, line_base −5, line_range, opcode_base
    tables.list({0, 1, 1, 1, 1, 0, 0, 0, 1, 0, 0, 1});  // operands
    if (version >= 5) {
      tables.u8_(1).list({1, 0x08}).uleb(2).text("/src").text("inc");
      tables.u8_(2).list({1, 0x08, 2, 0x0b}).uleb(2);
      tables.text("prog.c").u8_(0).text("in.h").u8_(1);
    } else {
      tables.text("inc").u8_(0);
      tables.text("prog.c").list({0, 0, 0}).text("in.h").list({1, 0, 0}).u8_(0);
    }
    const u32 file = version >= 5 ? 0 : 1;  // prog.c
    Bytes program;
    set_address(program, 0x10);
    program.list({4, file, 3, 19, 5, 3, 1});        // file, line 20, column 3: row at 0x10
    program.list({2, 8}).list({4, file + 1, 1});    // 0x18: in.h:20:3
    program.list({2, 8, 3, 0x73, 5, 9, 1});         // 0x20: line 7 (−13), column 9
    program.list({2, 8, 4, file, 3, 14, 5, 0, 1});  // 0x28: prog.c:21, left edge
    program.list({8}).list({3, 0x6b, 1});           // const_add_pc (17): 0x39, line 0
    program.list({2, 7}).list({0, 1, 1});           // end of the sequence at 0x40
    set_address(program, 0x40);
    program.list({4, file, 3, 29, 1, 2, 16, 0, 1, 1});  // prog.c:30, 0x40–0x50
    set_address(program, 0xffff'ffff);
    program.list({1, 2, 16, 0, 1, 1});  // dropped
    Bytes unit;
    unit.u16_(version);
    if (version >= 5) unit.u8_(4).u8_(0);
    unit.counted(tables).append(program);
    line.counted(unit);
  }

  static void set_address(Bytes& program, u32 address) { program.list({0, 5, 2}).u32_(address); }

  void make_info(u32 version) {
    const bool v5 = version >= 5;
    Bytes unit;
    unit.u16_(version);
    if (v5) {
      unit.u8_(1).u8_(4).u32_(0);
    } else {
      unit.u32_(0).u8_(4);
    }
    const auto here = [&] { return static_cast<u32>(unit.data.size()) + 4; };  // from the header
    unit.uleb(kUnit).text("prog.c").text("/src").u32_(0).u32_(0).u32_(v5 ? 12 : 0);
    if (v5) unit.u32_(8).u32_(8);
    const u32 inner = here();
    unit.uleb(kAbstract).text("inner").uleb(2).u8_(1).u8_(2);
    const u32 middle = here();
    unit.uleb(kAbstract).text("middle").uleb(0);
    const bool v4 = version >= 4;
    unit.uleb(kFunction).u32_(0).text("_Z5outerv").u32_(0x10).u32_(v4 ? 0x30 : 0x40);
    if (!v4) unit.u8_(1);
    unit.uleb(kInlined).u32_(middle).u32_(0x18).u8_(0x18).u8_(v5 ? 0 : 1).u8_(21).u8_(5);
    unit.uleb(kInlinedRanges).u32_(inner).u32_(v5 ? 22 : 16).u8_(v5 ? 1 : 2).uleb(7);
    unit.u8_(0);  // the end of middle
    unit.u8_(0);  // the end of outer
    unit.uleb(kOther);
    if (v5) {
      unit.u8_(0).u8_(0);
    } else {
      unit.text("other").u32_(0x40);
    }
    unit.uleb(0x10);
    unit.uleb(kFunction).u32_(0).text("dropped").u32_(0).u32_(0x100);
    if (!v4) unit.u8_(1);
    unit.u8_(0);  // it has no children
    unit.u8_(0);  // the end of the unit
    info.counted(unit);
  }
};

}  // namespace wazuka::debug

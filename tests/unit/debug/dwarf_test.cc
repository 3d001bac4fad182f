// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/dwarf.h"

#include <gtest/gtest.h>

#include "dwarf_builder.h"

namespace wazuka::debug {
namespace {

std::string describe(const std::vector<SourceFrame>& frames) {
  std::string out;
  for (const SourceFrame& f : frames) {
    out += f.function + " " + f.file;
    if (f.line) out += ":" + std::to_string(*f.line);
    if (f.column) out += ":" + std::to_string(*f.column);
    out += "\n";
  }
  return out;
}

std::string lookup(const DwarfSections& sections, u32 offset) {
  auto index = DwarfIndex::open(sections);
  return index ? describe(index->lookup(offset)) : index.error().message;
}

class SampleProgramTest : public testing::TestWithParam<u32> {};
INSTANTIATE_TEST_SUITE_P(Versions, SampleProgramTest, testing::Values(2, 3, 4, 5));

TEST_P(SampleProgramTest, FindsFunctionsAndInlinedCalls) {
  const SampleProgram program(GetParam());
  const DwarfSections s = program.sections();
  EXPECT_EQ(lookup(s, 0x10), "_Z5outerv /src/prog.c:20:3\n");
  EXPECT_EQ(lookup(s, 0x17), "_Z5outerv /src/prog.c:20:3\n");
  EXPECT_EQ(lookup(s, 0x18), "middle /src/inc/in.h:20:3\n_Z5outerv /src/prog.c:21:5\n");
  EXPECT_EQ(lookup(s, 0x20),
            "inner /src/inc/in.h:7:9\nmiddle /src/inc/in.h:7\n_Z5outerv /src/prog.c:21:5\n");
  EXPECT_EQ(lookup(s, 0x28), "middle /src/prog.c:21:0\n_Z5outerv /src/prog.c:21:5\n");
  EXPECT_EQ(lookup(s, 0x2d),
            "inner /src/prog.c:21:0\nmiddle /src/inc/in.h:7\n_Z5outerv /src/prog.c:21:5\n");
  EXPECT_EQ(lookup(s, 0x2f), "middle /src/prog.c:21:0\n_Z5outerv /src/prog.c:21:5\n");
  EXPECT_EQ(lookup(s, 0x30), "_Z5outerv /src/prog.c:21:0\n");
  EXPECT_EQ(lookup(s, 0x39), "_Z5outerv /src/prog.c\n");  // line 0: made by the compiler
  EXPECT_EQ(lookup(s, 0x40), "other /src/prog.c:30:0\n");
}

TEST_P(SampleProgramTest, KnowsNothingElsewhere) {
  const SampleProgram program(GetParam());
  for (const u32 offset : {0u, 1u, 0xfu, 0x50u, 0x80u, 0xffff'fffeu, 0xffff'ffffu}) {
    EXPECT_EQ(lookup(program.sections(), offset), "") << offset;
  }
}

TEST(DwarfIndex, AnswersAgainFromItsCaches) {
  const SampleProgram program(5);
  auto index = DwarfIndex::open(program.sections());
  ASSERT_TRUE(index);
  const std::string first = describe(index->lookup(0x20));
  EXPECT_EQ(describe(index->lookup(0x40)), "other /src/prog.c:30:0\n");
  EXPECT_EQ(describe(index->lookup(0x20)), first);
}

TEST(DwarfIndex, NoInformation) {
  EXPECT_EQ(lookup({}, 0x10), "the module has no debug information");
}

TEST(DwarfIndex, UnitsWithoutRangesHaveThoseOfTheirLines) {
  SampleProgram program(4);
  program.ranges.data.clear();
  // Without the ranges of the unit (and of inner) its line program still tells where its code is.
  EXPECT_EQ(lookup(program.sections(), 0x40), "other /src/prog.c:30:0\n");
}

TEST(DwarfIndex, LinesWithoutFunctionsAndFunctionsWithoutLines) {
  SampleProgram program(4);
  DwarfSections s = program.sections();
  s.line = {};
  EXPECT_EQ(lookup(s, 0x20), "inner \nmiddle :7\n_Z5outerv :21:5\n");
  // The unit's entry alone: cut the unit after it.
  const size_t unit_entry = 11 + 1 + 7 + 5 + 12;
  program.info.data.resize(unit_entry);
  program.info.data[0] = static_cast<u8>(unit_entry - 4);
  EXPECT_EQ(lookup(program.sections(), 0x20), " /src/inc/in.h:7:9\n");
}

TEST(DwarfIndex, SkipsUnitsThatItCannotRead) {
  const SampleProgram program(5);
  for (const u32 version : {1u, 6u}) {
    Bytes info;
    info.counted(Bytes().u16_(version).u32_(0).u32_(0)).append(program.info);
    DwarfSections s = program.sections();
    s.info = info.data;
    EXPECT_EQ(lookup(s, 0x40), "other /src/prog.c:30:0\n");
  }
}

TEST(DwarfIndex, ReadsNamesInOtherUnits) {
  // A second unit whose function takes its name from "inner" of the first, by an offset in the
  // section.
  SampleProgram program(4);
  Bytes abbrev;
  abbrev.list({1, 0x11, 1, 0, 0, 2, 0x2e, 0, 0x31, 0x10, 0x11, 0x01, 0x12, 0x06, 0, 0, 0});
  const u32 abbrev_offset = static_cast<u32>(program.abbrev.data.size());
  program.abbrev.append(abbrev);
  Bytes unit;
  const u32 inner = 11 + 1 + 7 + 5 + 12;  // header, then the unit's own entry
  unit.u16_(4).u32_(abbrev_offset).u8_(4).uleb(1).uleb(2).u32_(inner).u32_(0x60).u32_(0x10).u8_(0);
  program.info.counted(unit);
  // The unit has no ranges nor lines, so that nobody looks there; a unit with them does.
  EXPECT_EQ(lookup(program.sections(), 0x60), "");
  Bytes abbrev_with_pcs;
  abbrev_with_pcs.list({1, 0x11, 1, 0x11, 0x01, 0x12, 0x06, 0, 0});
  program.abbrev.data.resize(abbrev_offset);
  program.abbrev.append(abbrev_with_pcs)
      .list({2, 0x2e, 0, 0x31, 0x10, 0x11, 0x01, 0x12, 0x06, 0, 0, 0});
  Bytes again;
  again.u16_(4).u32_(abbrev_offset).u8_(4).uleb(1).u32_(0x60).u32_(0x10);
  again.uleb(2).u32_(inner).u32_(0x60).u32_(0x10).u8_(0);
  const SampleProgram fresh(4);
  program.info = fresh.info;
  program.info.counted(again);
  EXPECT_EQ(lookup(program.sections(), 0x68), "inner \n");
}

TEST(DwarfIndex, Reads64BitDwarf) {
  Bytes abbrev, info, str, header;
  // Both entries: name (strp), low_pc, high_pc (data8).
  abbrev.list({1, 0x11, 1, 0x03, 0x0e, 0x11, 0x01, 0x12, 0x07, 0, 0});
  abbrev.list({2, 0x2e, 0, 0x03, 0x0e, 0x11, 0x01, 0x12, 0x07, 0, 0, 0});
  str.text("unit").text("wide");
  const auto wide = [](Bytes& out, u32 n) { out.u32_(n).u32_(0); };
  header.u16_(4);
  wide(header, 0);  // abbreviations
  header.u8_(8);    // bytes of an address
  for (const u32 code : {1u, 2u}) {
    header.uleb(code);
    wide(header, code == 1 ? 0 : 5);
    wide(header, 0x10);
    wide(header, 0x20);
  }
  header.u8_(0);
  info.u32_(0xffff'ffff);
  wide(info, static_cast<u32>(header.data.size()));
  info.append(header);
  DwarfSections s;
  s.abbrev = abbrev.data;
  s.info = info.data;
  s.str = str.data;
  EXPECT_EQ(lookup(s, 0x2f), "wide \n");
  EXPECT_EQ(lookup(s, 0x30), "");
}

TEST(DwarfIndex, NamesThatReferInACircleAreNoNames) {
  Bytes abbrev, info;
  abbrev.list({1, 0x11, 1,    0x11, 0x01, 0x12, 0x06, 0, 0, 2, 0x2e,
               0, 0x31, 0x13, 0x11, 0x01, 0x12, 0x06, 0, 0, 0});
  const u32 self = 11 + 9;
  info.counted(Bytes()
                   .u16_(4)
                   .u32_(0)
                   .u8_(4)
                   .uleb(1)
                   .u32_(0x10)
                   .u32_(0x10)
                   .uleb(2)
                   .u32_(self)
                   .u32_(0x10)
                   .u32_(0x10)
                   .u8_(0));
  DwarfSections s;
  s.abbrev = abbrev.data;
  s.info = info.data;
  EXPECT_EQ(lookup(s, 0x10), " \n");
}

/// One byte of an entry stands for a million flags, and there are as many entries as bytes.
TEST(DwarfIndex, WorkIsBounded) {
  Bytes abbrev, info;
  abbrev.list({1, 0x11, 1, 0x11, 0x01, 0x12, 0x06, 0, 0, 2, 0x2e, 0});
  for (int i = 0; i < 500'000; ++i) abbrev.list({0x3f, 0x19});
  abbrev.list({0, 0, 0});
  Bytes unit;
  unit.u16_(4).u32_(0).u8_(4).uleb(1).u32_(0x10).u32_(0x10);
  unit.data.resize(unit.data.size() + 100'000, 2);
  info.counted(unit);
  DwarfSections s;
  s.abbrev = abbrev.data;
  s.info = info.data;
  auto index = DwarfIndex::open(s);
  ASSERT_TRUE(index);
  for (int i = 0; i < 1000; ++i) EXPECT_TRUE(index->lookup(0x10).empty());  // the first one ends it
}

TEST(DwarfIndex, TablesOfFilesAreBounded) {
  SampleProgram program(5);
  // The table of directories becomes one of 2^56 without columns.
  const std::string_view whole(reinterpret_cast<const char*>(program.line.data.data()),
                               program.line.data.size());
  const size_t at = whole.find(std::string_view("\x01\x01\x08\x02/src", 8));
  ASSERT_NE(at, std::string_view::npos);
  program.line.data[at] = 0;
  for (size_t i = 1; i <= 8; ++i) program.line.data[at + i] = 0xff;
  program.line.data[at + 9] = 0x01;
  auto index = DwarfIndex::open(program.sections());
  ASSERT_TRUE(index);
  for (int i = 0; i < 100; ++i) index->lookup(0x10);
  EXPECT_TRUE(index->lookup(0x10).empty());
}

std::span<const u8> part(const Bytes& bytes, size_t size) {
  return std::span(bytes.data).first(std::min(size, bytes.data.size()));
}

TEST_P(SampleProgramTest, TruncatedSectionsGiveLess) {
  const SampleProgram program(GetParam());
  for (size_t size = 0; size < program.info.data.size(); ++size) {
    DwarfSections s = program.sections();
    s.info = part(program.info, size);
    EXPECT_EQ(lookup(s, 0x20).find("outer"), std::string::npos) << size;
  }
  for (size_t size = 0; size < 200; ++size) {
    DwarfSections s = program.sections();
    s.abbrev = part(program.abbrev, size);
    s.line = part(program.line, size);
    s.ranges = part(program.ranges, size);
    s.rnglists = part(program.rnglists, size);
    s.str = part(program.str, size);
    for (const u32 offset : {0x10u, 0x20u, 0x2du, 0x40u}) {
      EXPECT_LT(lookup(s, offset).size(), 200u);
    }
  }
}

TEST_P(SampleProgramTest, CorruptBytesDoNoHarm) {
  const SampleProgram original(GetParam());
  const std::vector<u8> Bytes::* data = &Bytes::data;
  Bytes SampleProgram::* const sections[] = {&SampleProgram::abbrev,   &SampleProgram::info,
                                             &SampleProgram::line,     &SampleProgram::ranges,
                                             &SampleProgram::rnglists, &SampleProgram::addr};
  size_t answers = 0;
  for (Bytes SampleProgram::* section : sections) {
    for (size_t i = 0; i < (original.*section.*data).size(); ++i) {
      for (const u8 value : {u8{0}, u8{1}, u8{0x7f}, u8{0x80}, u8{0xff}}) {
        SampleProgram program = original;
        (program.*section).data[i] = value;
        auto index = DwarfIndex::open(program.sections());
        ASSERT_TRUE(index);
        for (const u32 offset : {0x10u, 0x20u, 0x40u}) answers += index->lookup(offset).size();
      }
    }
  }
  EXPECT_GT(answers, 1000u);  // most bytes are of something else
}

}  // namespace
}  // namespace wazuka::debug

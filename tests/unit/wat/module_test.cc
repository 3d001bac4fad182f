// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules in text against the bytes that they stand for, worked out by hand from the binary format.
#include <algorithm>
#include <gtest/gtest.h>

#include "wasm/encoder.h"
#include "wat/wat_parser.h"

namespace wazuka::wat {
namespace {

using Bytes = std::vector<u8>;

std::string hex(std::span<const u8> bytes) {
  std::string s;
  for (u8 b : bytes) {
    s += "0123456789abcdef"[b >> 4];
    s += "0123456789abcdef"[b & 15];
    s += ' ';
  }
  return s;
}

/// The binary without names, after the eight bytes of the header.
std::string sections(std::string_view text) {
  auto r = text_to_binary(text, {.emit_names = false});
  if (!r) return "error: " + r.error().message;
  return hex(std::span(*r).subspan(8));
}

/// The instructions of the only function: the code section without its frame.
std::string body(std::string instructions) {
  auto r = text_to_binary(
      "(type (func)) (func) (tag) (memory 1) (table 1 funcref) (func " + instructions + ")",
      {.emit_names = false});
  if (!r) return "error: " + r.error().message;
  // The code section: two bodies, the first of them empty.
  constexpr u8 kBefore[] = {2, 2, 0, 0x0b};
  auto at = std::ranges::search(*r, kBefore);
  if (at.empty()) return "no code section";
  return hex(std::span(at.end() + 2, r->end() - 1));
}

TEST(WatModule, EmptyForms) {
  EXPECT_EQ(sections("(module)"), "");
  EXPECT_EQ(sections("(module $name)"), "");
  EXPECT_EQ(sections("(;c;) (module ;; x\n )"), "");
  EXPECT_EQ(sections("(@unknown (annotation) \")\")"), "");
  EXPECT_EQ(sections("(module binary \"\\00asm\" \"\\01\\00\\00\\00\" \"abc\")"), "61 62 63 ");
}

TEST(WatModule, FieldsWithoutModule) {
  EXPECT_EQ(sections("(memory 1 2)"), "05 04 01 01 01 02 ");
}

TEST(WatModule, NameSection) {
  auto r = text_to_binary("(module $m (func $f (param $p i32) (local $l i32) (block $b)))");
  ASSERT_TRUE(r);
  BinaryWriter names;
  names.raw(std::string_view("\x00\x02\x01m", 4));
  names.raw(
      std::string_view("\x01\x04\x01\x00\x01"
                       "f",
                       6));
  names.raw(std::string_view("\x02\x09\x01\x00\x02\x00\x01p\x01\x01l", 11));
  names.raw(
      std::string_view("\x03\x06\x01\x00\x01\x00\x01"
                       "b",
                       8));
  BinaryWriter section;
  write_custom_section(section, "name", names.bytes());
  std::span<const u8> tail = std::span(*r).last(section.size());
  EXPECT_EQ(hex(tail), hex(section.bytes()));
}

TEST(WatModule, NameAnnotationsReplaceIdentifiers) {
  auto r = text_to_binary("(module $m (@name \"Big\") (func $f (@name \"é x\")))");
  ASSERT_TRUE(r);
  std::string_view bytes(reinterpret_cast<const char*>(r->data()), r->size());
  EXPECT_NE(bytes.find("Big"), bytes.npos);
  EXPECT_NE(bytes.find("é x"), bytes.npos);
  EXPECT_EQ(bytes.find("\x01m"), bytes.npos);
}

TEST(WatModule, TypeUsesAreShared) {
  // One declared type, one implied by the second function and shared with the block.
  EXPECT_EQ(sections("(type (func (param i32)))"
                     "(func (param i32))"
                     "(func (result i32 i32) (block (result i32 i32) i32.const 1 i32.const 2))"),
            "01 0a 02 60 01 7f 00 60 00 02 7f 7f "
            "03 03 02 00 01 "
            "0a 0e 02 02 00 0b 09 00 02 01 41 01 41 02 0b 0b ");
}

TEST(WatModule, ImpliedTypesComeInTheOrderOfTheBinary) {
  // The operand's block type is declared before that of the call that it belongs to.
  EXPECT_EQ(sections("(table 0 funcref) (func (call_indirect (result i32 i32)"
                     " (block (result i64 i64) unreachable) i32.const 0))"),
            "01 0e 03 60 00 00 60 00 02 7e 7e 60 00 02 7f 7f "
            "03 02 01 00 "
            "04 04 01 70 00 00 "
            "0a 0d 01 0b 00 02 01 00 0b 41 00 11 02 00 0b ");
}

TEST(WatModule, TypeIndexOfATypeThatIsImpliedLater) {
  // (type 1) is what the second function implies; its parameter count places the local.
  EXPECT_EQ(sections("(type (func)) (func (type 1) (local $x i64) (drop (local.get $x)))"
                     "(func (param f32 f32))"),
            "01 09 02 60 00 00 60 02 7d 7d 00 "
            "03 03 02 01 01 "
            "0a 0c 02 07 01 01 7e 20 02 1a 0b 02 00 0b ");
  EXPECT_EQ(sections("(func (type 1) (param i32)) (func (param i64))"),
            "error: unknown type: type index out of bounds");
}

TEST(WatModule, GcTypes) {
  EXPECT_EQ(
      sections("(rec (type $a (sub (struct (field (mut (ref null $b))) (field $x i8))))"
               "     (type $b (sub final $a (struct (field i32 i16)))))"
               "(type (array (mut f64))) (type (cont 3)) (type (func (param (ref $a) anyref)))"),
      "01 20 04 4e 02 50 00 5f 02 63 01 01 78 00 4f 01 00 5f 02 7f 00 77 00 "
      "5e 7c 01 5d 03 60 02 64 00 6e 00 ");
}

TEST(WatModule, CustomDescriptors) {
  EXPECT_EQ(sections("(rec (type (descriptor 1) (struct)) (type (describes 0) (struct)))"
                     "(func (param (ref (exact 0))))"),
            "01 11 02 4e 02 4d 01 5f 00 4c 00 5f 00 60 01 64 62 00 00 "
            "03 02 01 02 "
            "0a 04 01 02 00 0b ");
}

TEST(WatModule, Imports) {
  EXPECT_EQ(sections("(import \"m\" \"f\" (func (param i32)))"
                     "(memory (export \"e\") (import \"m\" \"m\") i64 1 2 shared)"
                     "(import \"m\" \"t\" (table i64 1 externref))"
                     "(global (import \"m\" \"g\") (mut i32)) (import \"m\" \"x\" (tag))"),
            "01 08 02 60 01 7f 00 60 00 00 "
            "02 25 05 01 6d 01 66 00 00 01 6d 01 6d 02 07 01 02 01 6d 01 74 01 6f 04 01 "
            "01 6d 01 67 03 7f 01 01 6d 01 78 04 00 01 "
            "07 05 01 01 65 02 00 ");
}

TEST(WatModule, CompactImports) {
  EXPECT_EQ(
      sections("(import \"m\" (item \"a\" (func)) (item \"b\" (global i32)))"
               "(import \"n\" (item \"a\") (item \"b\") (memory 1)) (export \"e\" (memory 1))"),
      "01 04 01 60 00 00 "
      "02 1b 02 01 6d 00 7f 02 01 61 00 00 01 62 03 7f 00 "
      "01 6e 00 7e 02 00 01 02 01 61 01 62 "
      "07 05 01 01 65 02 01 ");
}

TEST(WatModule, InlineSegments) {
  EXPECT_EQ(sections("(memory (data \"abc\" (i16 1 -1))) (table funcref (elem $f $f)) (func $f)"),
            "01 04 01 60 00 00 "
            "03 02 01 00 "
            "04 05 01 70 01 02 02 "
            "05 04 01 01 01 01 "
            "09 0a 01 02 00 41 00 0b 00 02 00 00 "
            "0a 04 01 02 00 0b "
            "0b 0d 01 00 41 00 0b 07 61 62 63 01 00 ff ff ");
}

TEST(WatModule, SegmentForms) {
  EXPECT_EQ(sections("(elem declare func 0) (elem funcref (ref.func 0) (item ref.null func))"
                     "(elem (offset i32.const 1) 0) (elem (table 0) (i32.const 2) externref)"),
            "09 1b 04 03 00 01 00 05 70 02 d2 00 0b d0 70 0b "
            "00 41 01 0b 01 00 06 00 41 02 0b 6f 00 ");
  EXPECT_EQ(
      sections("(data \"x\") (data (memory 1) (i32.const 0)) (data (offset i32.const 3) \"yz\")"),
      "0b 11 03 01 01 78 02 01 41 00 0b 00 00 41 03 0b 02 79 7a ");
}

TEST(WatModule, CustomSectionsInTheirPlaces) {
  EXPECT_EQ(sections("(@custom \"z\" \"1\") (@custom \"a\" (before first) \"2\")"
                     "(memory 1) (@custom \"m\" (before memory) \"3\")"),
            "00 03 01 61 32 00 03 01 6d 33 05 03 01 00 01 00 03 01 7a 31 ");
}

TEST(WatModule, BranchHints) {
  EXPECT_EQ(sections("(func (@metadata.code.branch_hint \"\\01\") (if (i32.const 0) (then)))"),
            "01 04 01 60 00 00 03 02 01 00 "
            "00 20 19 6d 65 74 61 64 61 74 61 2e 63 6f 64 65 2e 62 72 61 6e 63 68 5f 68 69 6e 74 "
            "01 00 01 03 01 01 "
            "0a 09 01 07 00 41 00 04 40 0b 0b ");
}

TEST(WatModule, DataCountOnlyWhereNeeded) {
  EXPECT_EQ(sections("(memory 1) (data $d \"\") (func (data.drop $d))"),
            "01 04 01 60 00 00 03 02 01 00 05 03 01 00 01 0c 01 01 0a 07 01 05 00 fc 09 00 0b "
            "0b 03 01 01 00 ");
}

TEST(WatBody, FoldedAndFlatAreTheSame) {
  EXPECT_EQ(body("(drop (i32.add (i32.const 1) (i32.const 2)))"), "41 01 41 02 6a 1a ");
  EXPECT_EQ(body("i32.const 1 i32.const 2 i32.add drop"), "41 01 41 02 6a 1a ");
  std::string folded = body("(if $x (i32.const 1) (then (br $x)) (else (nop)))");
  EXPECT_EQ(folded, "41 01 04 40 0c 00 05 01 0b ");
  EXPECT_EQ(body("i32.const 1 if $x br $x else $x nop end $x"), folded);
}

TEST(WatBody, LabelsShadow) {
  EXPECT_EQ(body("(block $a (block $b (block $a (br $a) (br $b)) (br $a)))"),
            "02 40 02 40 02 40 0c 00 0c 01 0b 0c 01 0b 0b ");
}

TEST(WatBody, Memory) {
  EXPECT_EQ(body("(drop (i64.load32_u offset=0x10 align=2 (i32.const 0)))"), "41 00 35 01 10 1a ");
  EXPECT_EQ(body("(memory.copy) (memory.init 3) (memory.fill 0)"),
            "fc 0a 00 00 fc 08 03 00 fc 0b 00 ");
  EXPECT_EQ(body("i32.const 0 i32.load 1 offset=2"), "41 00 28 42 01 02 ");
  EXPECT_EQ(body("v128.load8_lane 3 v128.load16_lane 1 align=1 2 v128.load32_lane offset=4 1"),
            "fd 54 00 00 03 fd 55 40 01 00 02 fd 56 02 04 01 ");
}

TEST(WatBody, TablesAndCalls) {
  EXPECT_EQ(body("table.get table.init 2 table.init 0 2 table.copy table.copy 0 0"),
            "25 00 fc 0c 02 00 fc 0c 02 00 fc 0e 00 00 fc 0e 00 00 ");
  EXPECT_EQ(body("call 1 call_indirect (type 0) return_call_ref 0"), "10 01 11 00 00 15 00 ");
}

TEST(WatBody, Constants) {
  EXPECT_EQ(body("i32.const -1 i64.const 0xffffffffffffffff f32.const 1.5 f64.const -0"),
            "41 7f 42 7f 43 00 00 c0 3f 44 00 00 00 00 00 00 00 80 ");
  EXPECT_EQ(body("v128.const i16x8 1 2 3 4 5 6 7 -1"),
            "fd 0c 01 00 02 00 03 00 04 00 05 00 06 00 07 00 ff ff ");
}

TEST(WatBody, References) {
  EXPECT_EQ(
      body("ref.null 0 ref.null none ref.test (ref null i31) ref.test (ref 0) ref.cast eqref"),
      "d0 00 d0 71 fb 15 6c fb 14 00 fb 17 6d ");
  EXPECT_EQ(body("(block br_on_cast 0 anyref (ref struct) br_on_cast_fail 0 (ref 0) (ref null 0))"),
            "02 40 fb 18 01 00 6e 6b fb 19 02 00 00 00 0b ");
  EXPECT_EQ(body("select (result i32) (result) select"), "1c 01 7f 1b ");
}

TEST(WatBody, StandardExceptions) {
  EXPECT_EQ(body("(block $h (try_table (catch 0 $h) (catch_all_ref 1) (throw 0)))"),
            "02 40 1f 40 02 00 00 00 03 01 08 00 0b 0b ");
}

TEST(WatBody, LegacyExceptions) {
  std::string folded = body("(try $t (do (nop)) (catch 0 (rethrow $t)) (catch_all (nop)))");
  EXPECT_EQ(folded, "06 40 01 07 00 09 00 19 01 0b ");
  EXPECT_EQ(body("try $t nop catch 0 rethrow $t catch_all nop end"), folded);
  std::string delegate = body("(block $b (try (do (nop)) (delegate $b)))");
  EXPECT_EQ(delegate, "02 40 06 40 01 18 00 0b ");
  EXPECT_EQ(body("(block $b try nop delegate $b)"), delegate);
}

TEST(WatBody, StackSwitching) {
  EXPECT_EQ(body("(block $l (resume 0 (on 0 $l) (on 0 switch))) suspend 0 switch 0 0"),
            "02 40 e3 00 02 00 00 00 01 00 0b e2 00 e6 00 00 ");
}

TEST(WatBody, NestingIsBoundedByMemoryOnly) {
  constexpr size_t kDepth = 200'000;
  std::string text = "(func (drop ";
  for (size_t i = 0; i < kDepth; ++i) text += "(i32.eqz ";
  text += "(i32.const 0)" + std::string(kDepth, ')') + "))";
  auto r = text_to_binary(text);
  ASSERT_TRUE(r) << r.error().message;
  EXPECT_GT(r->size(), kDepth);
}

}  // namespace
}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names that are no identifiers, numbers, strings, places of custom sections: what a print must
// keep.
#include <gtest/gtest.h>

#include "unit/wat/round_trip.h"
#include "wasm/encoder.h"

namespace wazuka::wat {
namespace {

std::string flat(std::span<const u8> binary) {
  auto text = print_text(binary, {});
  EXPECT_TRUE(text) << text.error().message;
  return text ? *text : "";
}

/// Parses, and checks that every kind of print gives the same binary.
std::string printed(std::string_view text) {
  auto binary = text_to_binary(text);
  EXPECT_TRUE(binary) << binary.error().message;
  if (!binary) return "";
  EXPECT_EQ(check_round_trips(*binary, Canonical::kYes), "") << text;
  return flat(*binary);
}

bool has(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

/// A module of two empty functions with this custom section.
std::vector<u8> with_custom(std::string_view name, const BinaryWriter& contents) {
  std::vector<u8> binary = *text_to_binary("(module (func) (func))");
  BinaryWriter section;
  write_custom_section(section, name, contents.bytes());
  binary.insert(binary.end(), section.bytes().begin(), section.bytes().end());
  return binary;
}

BinaryWriter func_names(std::initializer_list<std::pair<u32, std::string_view>> names) {
  BinaryWriter map, section;
  map.u32v(static_cast<u32>(names.size()));
  for (auto [index, name] : names) map.u32v(index), map.name(name);
  section.byte(1);
  section.u32v(static_cast<u32>(map.size()));
  section.raw(map.bytes());
  return section;
}

TEST(Print, NamesThatAreNoIdentifiers) {
  std::string text = printed(
      "(module (func $\"two words\") (func $\"caf\xc3\xa9\") (func $\"a\\\"\\n\") (func "
      "$\"\\u{202e}\")"
      " (start $\"two words\"))");
  EXPECT_TRUE(has(text, "(func $\"two words\" ")) << text;
  EXPECT_TRUE(has(text, "(func $\"caf\xc3\xa9\" "));
  EXPECT_TRUE(has(text, "(func $\"a\\\"\\n\" "));
  EXPECT_TRUE(has(text, "(func $\"\\u{202e}\" "));
  EXPECT_TRUE(has(text, "(start $\"two words\")"));
}

TEST(Print, DuplicateAndEmptyNames) {
  std::string text =
      printed("(module (func $f) (func $g (@name \"f\")) (func (@name \"\") call 1))");
  EXPECT_TRUE(has(text, "(func $f (;0;)")) << text;
  EXPECT_TRUE(has(text, "(func $#func1<f> (@name \"f\") (;1;)"));
  EXPECT_TRUE(has(text, "(func (@name \"\") (;2;)"));
  EXPECT_TRUE(has(text, "call $#func1<f>"));
  printed("(module (type (struct (field $a i32) (field $b (@name \"a\") i32))))");
  printed(
      "(module (func (param $a i32) (param $b (@name \"a\") i32) (local $c (@name \"a\") f32)))");
  printed("(module (func block (@name \"\") end loop $l block $l br 0 br 1 end end))");
}

TEST(Print, NameSectionsOfBinaries) {
  // Twice the same index, and one of nothing: what remains is printed the same again.
  std::vector<u8> binary =
      with_custom("name", func_names({{0, "a"}, {0, "b"}, {1, "a"}, {7, "c"}}));
  EXPECT_EQ(check_round_trips(binary, Canonical::kNo), "");
  EXPECT_TRUE(has(flat(binary), "(func $#func1<a> (@name \"a\")"));
  // Not UTF-8: a custom section like any other.
  binary = with_custom("name", func_names({{0, "\xff"}}));
  EXPECT_EQ(check_round_trips(binary, Canonical::kYes), "");
  EXPECT_TRUE(has(flat(binary), "(@custom \"name\" \"\\01\\04\\01\\00\\01\\ff\")"));
}

TEST(Print, Numbers) {
  std::string text = printed(
      "(module (func (f32.const nan) (f32.const -nan:0x1) (f64.const nan:0x8000000000001) "
      "(f64.const"
      " -inf) (f32.const -0) (f32.const 0x1p-149) (f64.const 0x1.fffffffffffffp1023) (f64.const "
      "0.1)"
      " (i32.const -2147483648) (i64.const 0xffffffffffffffff) (v128.const f32x4 1 nan -0 inf)"
      " drop drop drop drop drop drop drop drop drop drop drop))");
  for (const char* part :
       {"f32.const nan\n", "f32.const -nan:0x1\n", "f64.const nan:0x8000000000001\n",
        "f64.const -inf\n", "f32.const -0\n", "f32.const 1e-45\n",
        "f64.const 1.7976931348623157e+308\n", "f64.const 0.1\n", "i32.const -2147483648\n",
        "i64.const -1\n", "v128.const i32x4 0x3f800000 0x7fc00000 0x80000000 0x7f800000\n"}) {
    EXPECT_TRUE(has(text, part)) << part << text;
  }
}

TEST(Print, CustomSectionsKeepTheirPlaces) {
  std::string text = printed(
      "(module (@custom \"a\" (before first) \"x\") (@custom \"b\" (after type) \"\") (type (func))"
      " (@custom \"c\" (before code) \"\\00\\ff\") (func (memory.init 0 (i32.const 0) (i32.const 0)"
      " (i32.const 0))) (memory 1) (data \"d\") (@custom \"e\" \"\") (@producers (sdk \"s\" "
      "\"1\")))");
  EXPECT_TRUE(has(text, "(@custom \"a\" (before first) \"x\")")) << text;
  EXPECT_TRUE(has(text, "(@custom \"b\" (after type) \"\")"));
  EXPECT_TRUE(has(text, "(@custom \"c\" (before code) \"\\00\\ff\")"));
  EXPECT_TRUE(has(text, "(@custom \"e\" \"\")\n  (@producers\n    (sdk \"s\" \"1\")\n  )"));
}

std::vector<u8> with_dylink(std::string_view contents) {
  BinaryWriter out, section;
  section.raw(contents);
  out.raw(std::string_view("\0asm\1\0\0\0", 8));
  write_custom_section(out, "dylink.0", section.bytes());
  return {out.bytes().begin(), out.bytes().end()};
}

TEST(Print, Dylink) {
  std::string text = printed(
      "(module (@dylink.0 (mem-info (memory 5 4) (table 3 2)) (needed \"libc.so\" \"libm.so\")"
      " (export-info \"foo\" tls undefined) (export-info \"bar\")"
      " (import-info \"env\" \"x\" binding-weak 0x8000) (runtime-path \"/a\" \"/b\"))"
      " (func))");
  // As wasm-tools prints it.
  EXPECT_TRUE(has(text,
                  "(module\n  (@dylink.0\n    (mem-info (memory 5 4) (table 3 2))\n"
                  "    (needed \"libc.so\" \"libm.so\")\n"
                  "    (export-info \"foo\" undefined tls)\n    (export-info \"bar\")\n"
                  "    (import-info \"env\" \"x\" binding-weak 0x8000)\n"
                  "    (runtime-path \"/a\" \"/b\")\n  )\n"))
      << text;
  EXPECT_TRUE(has(printed("(module (@dylink.0))"), "(@dylink.0)"));
  EXPECT_TRUE(has(printed("(module (@dylink.0 (mem-info)))"), "    (mem-info)\n"));
  EXPECT_TRUE(has(printed("(module (@dylink.0 (needed) (mem-info (table 1 0))))"),
                  "    (needed)\n    (mem-info (table 1 0))\n"));
  EXPECT_TRUE(has(printed("(module (@dylink.0 (export-info \"a\") (needed) (export-info \"b\")))"),
                  "    (needed)\n    (export-info \"b\")\n"));
}

TEST(Print, DylinkThatTheAnnotationCannotSay) {
  // Not the first section, an unknown subsection, a long number, neighbours, an empty list of
  // symbols, a wrong size, cut off.
  BinaryWriter names;
  names.raw(std::string_view("\2\1\0", 3));
  std::vector<u8> late = with_custom("dylink.0", names);
  EXPECT_EQ(check_round_trips(late, Canonical::kYes), "");
  EXPECT_TRUE(has(flat(late), "(@custom \"dylink.0\" \"\\02\\01\\00\")"));
  for (std::string_view contents :
       {std::string_view("\7\1\0", 3), std::string_view("\2\2\x80\0", 4),
        std::string_view("\3\4\1\1a\0\3\4\1\1b\0", 12), std::string_view("\3\1\0", 3),
        std::string_view("\2\5\0", 3), std::string_view("\1\2\0\0", 4)}) {
    std::vector<u8> binary = with_dylink(contents);
    EXPECT_EQ(check_round_trips(binary, Canonical::kYes), "");
    EXPECT_TRUE(has(flat(binary), "(@custom \"dylink.0\" (before first)") ||
                has(flat(binary), "(@custom \"dylink.0\" \""))
        << flat(binary);
  }
}

TEST(Print, BranchHints) {
  std::string text = printed(
      "(module (func (param i32) (block (@metadata.code.branch_hint \"\\01\") (br_if 0 (local.get "
      "0)))"
      " (@metadata.code.branch_hint \"\\00\") (if (local.get 0) (then nop))))");
  EXPECT_TRUE(has(text, "(@metadata.code.branch_hint \"\\01\")\n      br_if 0")) << text;
  EXPECT_TRUE(has(text, "(@metadata.code.branch_hint \"\\00\")\n    if"));
  BinaryWriter hints;  // of an instruction that is none: bytes
  hints.raw(std::string_view("\1\0\1\7\1\1", 6));
  std::vector<u8> binary = with_custom("metadata.code.branch_hint", hints);
  EXPECT_EQ(check_round_trips(binary, Canonical::kYes), "");
  EXPECT_TRUE(has(flat(binary), "(@custom \"metadata.code.branch_hint\" "));
}

TEST(Print, SegmentsKeepTheirForm) {
  printed(
      "(module (table 1 funcref) (func $f) (elem (i32.const 0) $f) (elem (table 0) (i32.const 0) "
      "func"
      " $f) (elem (i32.const 0) funcref (ref.func $f)) (elem declare func $f) (elem funcref "
      "(ref.null"
      " func) (item (ref.func $f))) (elem (ref null $t) (ref.func $f)) (type $t (func))"
      " (global i32 (i32.const 3)) (data (offset (global.get 0) (i32.const 1) (i32.add)) \"\")"
      " (memory i64 1 2 shared (pagesize 1)))");
}

TEST(Print, DeepNestingNeedsNeitherStackNorQuadraticText) {
  BinaryWriter body;
  constexpr u32 kDepth = 50'000;
  body.u32v(0);
  for (u32 i = 0; i < kDepth; ++i) body.op(Op::kBlock), body.empty_block_type();
  for (u32 i = 0; i <= kDepth; ++i) body.op(Op::kEnd);
  BinaryWriter type, function, code, binary;
  type.func_type({}, {});
  function.u32v(0);
  code.u32v(static_cast<u32>(body.size()));
  code.raw(body.bytes());
  write_module_header(binary);
  write_vector_section(binary, SectionId::kType, 1, type);
  write_vector_section(binary, SectionId::kFunction, 1, function);
  write_vector_section(binary, SectionId::kCode, 1, code);
  EXPECT_EQ(check_round_trips(binary.bytes(), Canonical::kYes), "");
  EXPECT_LT(flat(binary.bytes()).size(), 300u * kDepth);
}

TEST(Print, FoldsWhatFitsOnly) {
  PrintOptions options;
  options.fold = true;
  auto text = print_text(*text_to_binary("(module (func (result i32) i32.const 1 nop br 0 i32.add"
                                         " i32.const 2 i32.const 3 i32.mul))"),
                         options);
  EXPECT_TRUE(has(*text,
                  "    (i32.const 1)\n    (nop)\n    (br 0)\n    (i32.add)\n"
                  "    (i32.mul (i32.const 2) (i32.const 3))\n"))
      << *text;
}

}  // namespace
}  // namespace wazuka::wat

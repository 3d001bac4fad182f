// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Messages, places and the rendering of text errors, as Wasmtime shows them.
#include <gtest/gtest.h>

#include "wat/diagnostic.h"
#include "wat/wat_parser.h"

namespace wazuka::wat {
namespace {

/// "message @line:column", or "ok".
std::string error_of(std::string_view text) {
  auto r = text_to_binary(text);
  if (r) return "ok";
  TextPosition at = position_of(text, r.error().offset);
  return r.error().message + " @" + std::to_string(at.line) + ":" + std::to_string(at.column);
}

TEST(WatError, Rendering) {
  std::string_view text = "(module (func i32.const 1 bogus))";
  auto r = text_to_binary(text);
  ASSERT_FALSE(r);
  EXPECT_EQ(render_error(r.error(), text, "a.wat"),
            "unknown operator or unexpected token\n"
            "     --> a.wat:1:27\n"
            "      |\n"
            "    1 | (module (func i32.const 1 bogus))\n"
            "      |                           ^");
}

TEST(WatError, RenderingOfTabsWideCharactersAndLineEnds) {
  auto render = [](std::string_view text) {
    auto r = text_to_binary(text);
    return r ? "ok" : render_error(r.error(), text, "t.wat");
  };
  EXPECT_EQ(render("(module\r\n\t(func\t call $x))\r\n"),
            "unknown func: failed to find name `$x`\n     --> t.wat:2:14\n      |\n"
            "    2 |     (func     call $x))\n      |              ^");
  EXPECT_EQ(render("(module (func (export \"日\") foo))"),
            "unknown operator or unexpected token\n     --> t.wat:1:29\n      |\n"
            "    1 | (module (func (export \"日\") foo))\n      |                             ^");
  EXPECT_EQ(render("(module)\n\n("),
            "extra tokens remaining after parse\n     --> t.wat:3:1\n      |\n"
            "    3 | (\n      | ^");
  EXPECT_EQ(render(""),
            "expected at least one module field\n     --> t.wat:1:1\n      |\n    1 | \n      | ^");
  EXPECT_EQ(render("(module" + std::string(600, ' ') + "x)"), "expected `(` at t.wat:1:608");
  EXPECT_EQ(render("(module \xff)"), "failed to parse `t.wat`: input bytes aren't valid utf-8");
}

TEST(WatError, Syntax) {
  EXPECT_EQ(error_of("foo"), "expected `(` @1:1");
  EXPECT_EQ(error_of("(foo)"), "expected valid module field @1:2");
  EXPECT_EQ(error_of("(module (func (i32.const 1)"), "expected `)` @1:28");
  EXPECT_EQ(error_of("(module (func (i32.const 1"), "expected an instruction @1:27");
  EXPECT_EQ(error_of("(module) (module)"), "extra tokens remaining after parse @1:10");
  EXPECT_EQ(error_of("(module (import \"a\" \"b\" (foo)))"),
            "unexpected token, expected one of: `func`, `table`, `memory`, `global`, `tag` @1:26");
  EXPECT_EQ(error_of("(func (param $x i33))").substr(0, 47),
            "unexpected token, expected one of: `i32`, `i64`");
  EXPECT_EQ(
      error_of("(func (result i32) (param i32))"),
      "result before parameter (or unexpected token): cannot list params after results @1:21");
  EXPECT_EQ(error_of("(func (if (i32.const 0)))"), "previous `if` had no `then` @1:25");
  EXPECT_EQ(error_of("(func (if (i32.const 0) (then) nop))"), "expected `(` @1:32");
  EXPECT_EQ(error_of("(func (try nop))"), "expected `(` @1:12");
  EXPECT_EQ(error_of("(func (then))"), "unknown operator or unexpected token @1:8");
  EXPECT_EQ(error_of("(func (end))"), "unknown operator or unexpected token @1:8");
  EXPECT_EQ(error_of("(memory 1) (func (drop (i32.load align=3 (i32.const 0))))"),
            "alignment must be a power of two @1:42");
  EXPECT_EQ(error_of("(memory 1 (pagesize 3))"), "invalid custom page size: 3 @1:21");
}

TEST(WatError, LegacyTryClauses) {
  std::string_view expected = "unexpected token: expected `catch`, `catch_all` or `delegate`";
  for (std::string_view clauses :
       {"(catch 0) (delegate 0)", "(catch_all) (delegate 0)", "(catch_all) (catch 0)",
        "(catch_all) (catch_all)", "(delegate 0) (delegate 0)", "(delegate 0) (catch_all)"}) {
    auto r = text_to_binary("(func (try (do) " + std::string(clauses) + "))");
    ASSERT_FALSE(r) << clauses;
    EXPECT_EQ(r.error().message, expected) << clauses;
  }
  EXPECT_EQ(error_of("(func (try))"), "previous `try` had no `do` @1:12");
  EXPECT_EQ(error_of("(func (catch_all))"), "unknown operator or unexpected token @1:8");
}

TEST(WatError, OldSpellingsAreGone) {
  for (std::string_view op : {"get_local 0", "set_global 0", "current_memory", "i32.wrap/i64",
                              "i32.trunc_s:sat/f32", "anyfunc", "tee_local 0", "grow_memory"}) {
    EXPECT_EQ(error_of("(func " + std::string(op) + ")"),
              "unknown operator or unexpected token @1:7")
        << op;
  }
}

TEST(WatError, Numbers) {
  EXPECT_EQ(error_of("(func (drop (i32.const 4294967296)))"),
            "invalid i32 number: constant out of range @1:24");
  EXPECT_EQ(error_of("(func (drop (f32.const 1e39)))"),
            "invalid float value: constant out of range @1:24");
  EXPECT_EQ(error_of("(func (drop (i32.const 1_)))"), "expected a i32 @1:24");
  EXPECT_EQ(error_of("(func (br -1))"), "invalid u32 number: constant out of range @1:11");
  EXPECT_EQ(error_of("(func (i8x16.extract_lane_u 256))"), "malformed lane index @1:29");
  EXPECT_EQ(error_of("(func (v128.const f99x1 1))"),
            "unexpected token, expected one of: `i8x16`, `i16x8`, `i32x4`, `i64x2`, `f32x4`, "
            "`f64x2` @1:19");
}

TEST(WatError, Lexical) {
  EXPECT_EQ(error_of("(module (;"), "unterminated block comment @1:9");
  EXPECT_EQ(error_of("(module (data \"a"), "unexpected end-of-file @1:17");
  EXPECT_EQ(error_of("(module \"\\z\")"), "invalid string escape 'z' @1:11");
  EXPECT_EQ(error_of("(module \"\\u{110000}\")"), "invalid unicode scalar value 0x110000 @1:18");
  EXPECT_EQ(error_of("(module \"\\u{d800}\")"), "invalid unicode scalar value 0xd800 @1:16");
  EXPECT_EQ(error_of("(module é)"), "unexpected character '\\u{e9}' @1:9");
  EXPECT_EQ(error_of("(module \"\n\")"), "invalid character in string '\\n' @1:10");
  EXPECT_EQ(error_of("(func $)"), "empty identifier @1:7");
  EXPECT_EQ(error_of("(func $\"\\ff\")"), "malformed UTF-8 encoding of string-based id @1:7");
  EXPECT_EQ(error_of("(@)"), "empty annotation id @1:2");
  EXPECT_EQ(error_of("(@x (y)"), "unclosed annotation @1:2");
  EXPECT_EQ(error_of("(module (func (export \"a\"x)))"), "expected a string @1:23");
  EXPECT_EQ(error_of("(func) ;; \xe2\x80\xae"),
            "likely-confusing unicode character found '\\u{202e}' @1:11");
}

TEST(WatError, Names) {
  EXPECT_EQ(error_of("(func $f) (func $f)"), "duplicate func identifier @1:17");
  EXPECT_EQ(error_of("(func (param $x i32) (local $x i32))"), "duplicate local identifier @1:29");
  EXPECT_EQ(error_of("(type (struct (field $a i32) (field $a i32)))"),
            "duplicate identifier: duplicate field named `a` @1:37");
  EXPECT_EQ(error_of("(func (block $x (br $y)))"), "unknown label: failed to find name `$y` @1:21");
  EXPECT_EQ(error_of("(func (block $x) (br $x))"), "unknown label: failed to find name `$x` @1:22");
  EXPECT_EQ(error_of("(func block $x end $y)"), "mismatching labels between end and block @1:20");
  EXPECT_EQ(error_of("(func (local.get $nope))"),
            "unknown local: failed to find name `$nope` @1:18");
  EXPECT_EQ(error_of("(func (type $t))"), "unknown type: failed to find name `$t` @1:13");
  EXPECT_EQ(error_of("(func $\"a b\") (export \"x\" (func $\"a\\20b\"))"), "ok");
}

TEST(WatError, SyntaxComesBeforeMeaning) {
  EXPECT_EQ(error_of("(func call $nope) (func bogus)"),
            "unknown operator or unexpected token @1:25");
  EXPECT_EQ(error_of("(func call $nope) (func $a) (func $a)"), "duplicate func identifier @1:35");
}

TEST(WatError, Structure) {
  EXPECT_EQ(error_of("(func) (import \"a\" \"b\" (memory 1))"), "import after function @1:9");
  EXPECT_EQ(error_of("(memory 1) (func (import \"a\" \"b\"))"), "import after memory @1:13");
  EXPECT_EQ(error_of("(func $f) (start $f) (start $f)"), "multiple start sections @1:23");
  EXPECT_EQ(error_of("(func end)"), "unexpected token: no block to end here @1:10");
  EXPECT_EQ(error_of("(func block)"), "unexpected token: expected `end` of a block @1:12");
  EXPECT_EQ(error_of("(func (block end))"), "unexpected token: no block to end here @1:17");
  EXPECT_EQ(error_of("(func (block block))"), "unexpected token: expected `end` of a block @1:19");
  EXPECT_EQ(error_of("(type $t (func)) (func (type $t) (param i32))"),
            "inline function type doesn't match type reference @1:30");
  EXPECT_EQ(error_of("(type $t (struct)) (func (type $t) (param i32))"),
            "invalid type: not a function type @1:32");
}

TEST(WatError, Annotations) {
  EXPECT_EQ(error_of("(@custom)"), "@custom annotation: missing section name @1:9");
  EXPECT_EQ(error_of("(@custom \"a\" (above type))"),
            "@custom annotation: malformed placement @1:15");
  EXPECT_EQ(error_of("(@custom \"a\" (after types))"),
            "@custom annotation: malformed section kind @1:21");
  EXPECT_EQ(error_of("(func (@custom \"a\"))"), "misplaced @custom annotation @1:7");
  EXPECT_EQ(error_of("(module (@name \"a\") (@name \"b\"))"),
            "@name annotation: multiple module @1:21");
  EXPECT_EQ(error_of("(func (@metadata.code.branch_hint \"\\01\"))"),
            "@metadata.code.branch_hint annotation: must precede an instruction @1:41");
}

TEST(WatError, WhatIsNotThereSaysSo) {
  EXPECT_EQ(error_of("(component)"), "components in the text format are not supported @1:2");
  EXPECT_EQ(error_of("(func (param (ref (shared any))))"),
            "shared reference types are not supported @1:20");
}

}  // namespace
}  // namespace wazuka::wat

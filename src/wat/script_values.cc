// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/script_values.h"

#include "wat/type_parser.h"
#include "wat/v128_const.h"

namespace wazuka::wat {
namespace {

constexpr u32 kMaxNesting = 100;  // of (either …)

bool heap_type(Cursor& c, HeapType& out) {
  // Scripts have no index spaces: only abstract types and numbers make sense.
  ModuleContext no_module(c);
  bool exact = false;
  u32 offset = c.offset();
  if (!TypeParser(no_module).heap_type(out, exact)) return false;
  if (no_module.rank != Rank::kNone) return c.fail_at(offset, no_module.meaning.message);
  return true;
}

bool number(Cursor& c, u64& out) {
  u32 n = 0;
  if (!c.expect_u32(n)) return false;
  out = n;
  return true;
}

/// i32.const and i64.const: `bits` are zero-extended.
bool integer(Cursor& c, u32 bits, u64& out) {
  c.advance();
  return c.expect_integer(bits, out);
}

bool floating(Cursor& c, bool is_f64, u64& out) {
  if (is_f64) return c.expect_f64(out);
  u32 narrow = 0;
  if (!c.expect_f32(narrow)) return false;
  out = narrow;
  return true;
}

Keyword head(const Cursor& c) {
  return c.at(TokenKind::kKeyword) ? c.token().keyword : Keyword::kUnknown;
}

struct SimplePattern {
  Keyword keyword;
  Pattern::Kind kind;
};
constexpr SimplePattern kSimplePatterns[] = {
    {Keyword::kRefAny, Pattern::Kind::kRefAny},
    {to_keyword(Op::kRefEq), Pattern::Kind::kRefEq},
    {to_keyword(Op::kRefI31), Pattern::Kind::kRefI31},
    {Keyword::kRefI31Shared, Pattern::Kind::kRefI31Shared},
    {Keyword::kRefStruct, Pattern::Kind::kRefStruct},
    {Keyword::kRefArray, Pattern::Kind::kRefArray},
    {Keyword::kRefExn, Pattern::Kind::kRefExn},
};

bool number_pattern(Cursor& c, Keyword k, Pattern& out) {
  using Kind = Pattern::Kind;
  if (k == to_keyword(Op::kI32Const)) return out.kind = Kind::kI32, integer(c, 32, out.bits);
  if (k == to_keyword(Op::kI64Const)) return out.kind = Kind::kI64, integer(c, 64, out.bits);
  c.advance();
  if (k == to_keyword(Op::kV128Const)) {
    V128Text v;
    if (!parse_v128(c, /*allow_patterns=*/true, v)) return false;
    out.kind = Kind::kV128;
    out.shape = v.shape, out.v128 = v.bytes, out.lane_nans = v.nans;
    return true;
  }
  bool is_f64 = k == to_keyword(Op::kF64Const);
  out.kind = is_f64 ? Kind::kF64 : Kind::kF32;
  out.nan = take_nan_pattern(c);
  return out.nan != NanPattern::kNone || floating(c, is_f64, out.bits);
}

bool reference_pattern(Cursor& c, Keyword k, Pattern& out) {
  c.advance();
  out.has_operand = !c.at_end();
  if (k == to_keyword(Op::kRefNull)) {
    out.kind = Pattern::Kind::kRefNull;
    return !out.has_operand || heap_type(c, out.heap);
  }
  out.kind = k == Keyword::kRefHost     ? Pattern::Kind::kRefHost
             : k == Keyword::kRefExtern ? Pattern::Kind::kRefExtern
                                        : Pattern::Kind::kRefFunc;
  bool required = out.kind == Pattern::Kind::kRefHost;
  return (!out.has_operand && !required) || number(c, out.bits);
}

bool is_number(Keyword k) {
  return k == to_keyword(Op::kI32Const) || k == to_keyword(Op::kI64Const) ||
         k == to_keyword(Op::kF32Const) || k == to_keyword(Op::kF64Const) ||
         k == to_keyword(Op::kV128Const);
}

bool is_reference(Keyword k) {
  return k == to_keyword(Op::kRefNull) || k == to_keyword(Op::kRefFunc) ||
         k == Keyword::kRefExtern || k == Keyword::kRefHost;
}

bool pattern(Cursor& c, Pattern& out, u32 nesting) {
  Keyword k = head(c);
  if (is_number(k)) return number_pattern(c, k, out);
  if (is_reference(k)) return reference_pattern(c, k, out);
  for (const SimplePattern& s : kSimplePatterns) {
    if (!c.take(s.keyword)) continue;
    out.kind = s.kind;
    out.has_operand = false;
    return true;
  }
  if (k != Keyword::kEither) return c.fail("expected a [type].const expression");
  if (nesting == kMaxNesting) return c.fail("item nesting too deep");
  c.advance();
  out.kind = Pattern::Kind::kEither;
  while (!c.at_end()) {
    Pattern& alternative = out.alternatives.emplace_back();
    if (!c.expect_left() || !pattern(c, alternative, nesting + 1) || !c.expect_right()) {
      return false;
    }
  }
  return true;
}

}  // namespace

bool parse_value(Cursor& c, Value& out) {
  using Kind = Value::Kind;
  Keyword k = head(c);
  if (k == to_keyword(Op::kI32Const)) return out.kind = Kind::kI32, integer(c, 32, out.bits);
  if (k == to_keyword(Op::kI64Const)) return out.kind = Kind::kI64, integer(c, 64, out.bits);
  if (k == to_keyword(Op::kF32Const) || k == to_keyword(Op::kF64Const)) {
    out.kind = k == to_keyword(Op::kF64Const) ? Kind::kF64 : Kind::kF32;
    c.advance();
    return floating(c, out.kind == Kind::kF64, out.bits);
  }
  if (k == to_keyword(Op::kV128Const)) {
    c.advance();
    V128Text v;
    if (!parse_v128(c, /*allow_patterns=*/false, v)) return false;
    out.kind = Kind::kV128;
    out.v128 = v.bytes;
    return true;
  }
  if (k == to_keyword(Op::kRefNull)) {
    c.advance();
    out.kind = Kind::kRefNull;
    return heap_type(c, out.heap);
  }
  if (k == Keyword::kRefExtern || k == Keyword::kRefHost) {
    out.kind = k == Keyword::kRefHost ? Kind::kRefHost : Kind::kRefExtern;
    c.advance();
    return number(c, out.bits);
  }
  return c.fail("expected a [type].const expression");
}

bool parse_pattern(Cursor& c, Pattern& out) {
  return pattern(c, out, 0);
}

}  // namespace wazuka::wat

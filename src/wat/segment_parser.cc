// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Element and data segments (spec 6.6.10, 6.6.11): the part of FieldParser for them.
#include "wat/field_parser.h"
#include "wat/v128_const.h"

namespace wazuka::wat {
namespace {

// Bits of the flags of an element segment (spec 5.5.12): with an active one, `kExplicit` says that
// a table and a type are written; else it tells declared from passive.
constexpr u8 kPassive = 1, kExplicit = 2, kDeclared = 3, kExpressions = 4;
constexpr u8 kFuncElemKind = 0;

}  // namespace

bool FieldParser::elem() {
  Head h;
  h.index = next_index(Space::kElem);
  c_.advance();
  std::string_view id;
  if (!m_.optional_id_and_name(id, h.name)) return false;
  if (h.name.data() != nullptr) m_.names.add(NameKind::kElem, h.index, h.name);

  u8 mode = kPassive;
  u32 table = 0;
  bool table_written = false, old_style = false;
  BinaryWriter offset;
  if (c_.take(Keyword::kDeclare)) {
    mode = kDeclared;
  } else if (c_.at(TokenKind::kInteger) || (c_.at(TokenKind::kLParen) && !types_.at_ref_type())) {
    mode = 0;
    if (c_.at(TokenKind::kInteger)) {  // a bare table index: the first edition's syntax
      table_written = old_style = true;
      if (!c_.expect_u32(table)) return false;
    } else if (c_.take_list(Keyword::kTable)) {
      table_written = true;
      if (!m_.index(Space::kTable, table) || !c_.expect_right()) return false;
    } else {
      old_style = true;
    }
    if (!expression_or_folded(Keyword::kOffset, offset)) return false;
  }
  Elements elements;
  bool indices = c_.take(Keyword::kFunc) || (old_style && !types_.at_ref_type());
  if (!indices) {
    elements.expressions = true;
    if (!types_.ref_type(elements.type)) return false;
  }
  if (!(indices ? element_indices(elements) : element_expressions(elements))) return false;
  write_elem(mode, table_written ? &table : nullptr, offset, elements);
  return true;
}

/// Function indices up to `)`: as such, or as ref.func expressions if `out.expressions`.
bool FieldParser::element_indices(Elements& out) {
  for (; !c_.at_end(); ++out.count) {
    u32 func = 0;
    if (!m_.index(Space::kFunc, func)) return false;
    if (out.expressions) out.items.op(Op::kRefFunc);
    out.items.u32v(func);
    if (out.expressions) out.items.op(Op::kEnd);
  }
  return true;
}

bool FieldParser::element_expressions(Elements& out) {
  for (; !c_.at_end(); ++out.count) {
    if (!expression_or_folded(Keyword::kItem, out.items)) return false;
  }
  return true;
}

/// `(offset instr…)`, or one folded instruction.
bool FieldParser::expression_or_folded(Keyword list, BinaryWriter& out) {
  if (!c_.take_list(list)) return body_.folded_expression(out);
  return body_.expression(out) && c_.expect_right();
}

void FieldParser::write_elem(u8 mode, const u32* table, const BinaryWriter& offset,
                             const Elements& elements) {
  BinaryWriter& out = elems_.entries;
  bool active = mode == 0;
  bool plain = table == nullptr && (!elements.expressions || elements.type == kFuncRef);
  u8 flags = active && !plain ? kExplicit : mode;
  out.u32v(flags | (elements.expressions ? kExpressions : 0u));
  if (active && !plain) out.u32v(table == nullptr ? 0 : *table);
  out.raw(offset.bytes());
  if (!active || !plain) {
    elements.expressions ? out.val_type(elements.type) : out.byte(kFuncElemKind);
  }
  out.u32v(elements.count);
  out.raw(elements.items.bytes());
  ++elems_.count;
}

bool FieldParser::data() {
  u32 index = next_index(Space::kData);
  c_.advance();
  std::string_view id, name;
  if (!m_.optional_id_and_name(id, name)) return false;
  if (name.data() != nullptr) m_.names.add(NameKind::kData, index, name);
  bool active = !c_.at(TokenKind::kString) && !c_.at(TokenKind::kRParen);
  u32 memory = 0;
  BinaryWriter offset;
  if (active) {
    if (c_.at(TokenKind::kInteger)) {  // a bare memory index: the first edition's syntax
      if (!c_.expect_u32(memory)) return false;
    } else if (c_.take_list(Keyword::kMemory)) {
      if (!m_.index(Space::kMemory, memory) || !c_.expect_right()) return false;
    }
    if (!c_.at(TokenKind::kLParen)) return c_.fail("expected `(`");
    if (!expression_or_folded(Keyword::kOffset, offset)) return false;
  }
  std::string bytes;
  if (!data_values(bytes)) return false;
  write_data(memory, offset, bytes);
  return true;
}

/// Strings and number lists up to `)`.
bool FieldParser::data_values(std::string& bytes) {
  while (!c_.at_end()) {
    if (c_.at(TokenKind::kLParen)) {
      c_.advance();
      if (!data_list(bytes) || !c_.expect_right()) return false;
    } else if (!c_.expect_string(bytes)) {
      return false;
    }
  }
  return true;
}

/// `i16 1 2 3`, little endian.
bool FieldParser::data_list(std::string& bytes) {
  constexpr Keyword kTypes[] = {Keyword::kI8,  Keyword::kI16, Keyword::kI32, Keyword::kI64,
                                Keyword::kF32, Keyword::kF64, Keyword::kV128};
  constexpr u32 kBytes[] = {1, 2, 4, 8, 4, 8, 16};
  u32 type = 0;
  while (type < std::size(kTypes) && !c_.take(kTypes[type])) ++type;
  if (type == std::size(kTypes)) {
    return c_.fail(
        "unexpected token, expected one of: `i8`, `i16`, `i32`, `i64`, `f32`, `f64`, `v128`");
  }
  while (!c_.at_end()) {
    if (kTypes[type] == Keyword::kV128) {
      V128Text v;
      if (!parse_v128(c_, /*allow_patterns=*/false, v)) return false;
      bytes.append(reinterpret_cast<const char*>(v.bytes.data()), v.bytes.size());
      continue;
    }
    u64 bits = 0;
    u32 narrow = 0;
    bool ok = kTypes[type] == Keyword::kF32   ? c_.expect_f32(narrow)
              : kTypes[type] == Keyword::kF64 ? c_.expect_f64(bits)
                                              : c_.expect_integer(kBytes[type] * 8, bits);
    if (!ok) return false;
    if (kTypes[type] == Keyword::kF32) bits = narrow;
    for (u32 i = 0; i < kBytes[type]; ++i) bytes.push_back(static_cast<char>(bits >> (8 * i)));
  }
  return true;
}

/// An empty offset: passive.
void FieldParser::write_data(u32 memory, const BinaryWriter& offset, std::string_view bytes) {
  BinaryWriter& out = datas_.entries;
  ++datas_.count;
  out.u32v(offset.empty() ? kPassive : memory == 0 ? 0u : kExplicit);
  if (!offset.empty() && memory != 0) out.u32v(memory);
  out.raw(offset.bytes());
  out.u32v(static_cast<u32>(bytes.size()));
  out.raw(bytes);
}

}  // namespace wazuka::wat

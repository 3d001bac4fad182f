// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/type_parser.h"

#include <algorithm>
#include <bit>

namespace wazuka::wat {
namespace {

struct Shorthand {
  Keyword keyword;
  HeapType::Abstract heap;
};

constexpr Shorthand kRefShorthands[] = {
    {Keyword::kFuncRef, HeapType::kFunc},
    {Keyword::kExternRef, HeapType::kExtern},
    {Keyword::kExnRef, HeapType::kExn},
    {Keyword::kContRef, HeapType::kCont},
    {Keyword::kAnyRef, HeapType::kAny},
    {Keyword::kEqRef, HeapType::kEq},
    {Keyword::kStructRef, HeapType::kStruct},
    {Keyword::kArrayRef, HeapType::kArray},
    {Keyword::kI31Ref, HeapType::kI31},
    {Keyword::kNullFuncRef, HeapType::kNoFunc},
    {Keyword::kNullExternRef, HeapType::kNoExtern},
    {Keyword::kNullExnRef, HeapType::kNoExn},
    {Keyword::kNullContRef, HeapType::kNoCont},
    {Keyword::kNullRef, HeapType::kNone},
};

constexpr Shorthand kAbstractHeaps[] = {
    {Keyword::kFunc, HeapType::kFunc},         {Keyword::kExtern, HeapType::kExtern},
    {Keyword::kExn, HeapType::kExn},           {Keyword::kCont, HeapType::kCont},
    {Keyword::kAny, HeapType::kAny},           {Keyword::kEq, HeapType::kEq},
    {Keyword::kStruct, HeapType::kStruct},     {Keyword::kArray, HeapType::kArray},
    {Keyword::kI31, HeapType::kI31},           {Keyword::kNoFunc, HeapType::kNoFunc},
    {Keyword::kNoExtern, HeapType::kNoExtern}, {Keyword::kNoExn, HeapType::kNoExn},
    {Keyword::kNoCont, HeapType::kNoCont},     {Keyword::kNone_, HeapType::kNone},
};

std::string expected_type(bool include_val_types) {
  std::string message = "unexpected token, expected one of: ";
  if (include_val_types) message += "`i32`, `i64`, `f32`, `f64`, `v128`, ";
  for (const Shorthand& s : kRefShorthands) {
    message += '`';
    message += keyword_text(s.keyword);
    message += "`, ";
  }
  return message + "lparen";
}

bool find_ref_shorthand(Keyword k, ValType& out) {
  if (k < Keyword::kFuncRef || k > Keyword::kNullRef) return false;
  auto it = std::ranges::find(kRefShorthands, k, &Shorthand::keyword);
  out = ValType::ref(it->heap, true);
  return true;
}

}  // namespace

void TextMemoryType::write(BinaryWriter& out) const {
  u32 flags = (shared ? 2u : 0) | (is64 ? 4u : 0) | (page_size_log2 ? 8u : 0);
  out.limits(limits, static_cast<u8>(flags));
  if (page_size_log2) out.u32v(*page_size_log2);
}

bool TypeParser::shorthand(ValType& out, bool include_val_types) {
  if (!c_.at(TokenKind::kKeyword)) return false;
  Keyword k = c_.token().keyword;
  if (include_val_types && k >= Keyword::kI32 && k <= Keyword::kV128) {
    constexpr ValType kTypes[] = {kI32, kI64, kF32, kF64, kV128};
    out = kTypes[static_cast<u32>(k) - static_cast<u32>(Keyword::kI32)];
  } else if (!find_ref_shorthand(k, out)) {
    return false;
  }
  c_.advance();
  return true;
}

bool TypeParser::val_type(ValType& out) {
  if (shorthand(out, /*include_val_types=*/true)) return true;
  if (!c_.at(TokenKind::kLParen)) return c_.fail(expected_type(true));
  return ref_type(out);
}

bool TypeParser::ref_type(ValType& out) {
  if (shorthand(out, /*include_val_types=*/false)) return true;
  if (!c_.at(TokenKind::kLParen)) return c_.fail(expected_type(false));
  c_.advance();
  if (c_.at(Keyword::kShared)) return c_.fail("shared reference types are not supported");
  if (!c_.take(Keyword::kRef)) return c_.fail("unexpected token, expected `ref` or `shared`");
  bool nullable = c_.take(Keyword::kNull), exact = false;
  HeapType heap;
  if (!heap_type(heap, exact) || !c_.expect_right()) return false;
  out = ValType::ref(heap, nullable, exact);
  return true;
}

bool TypeParser::at_ref_type() const {
  ValType ignored;
  if (c_.at(TokenKind::kKeyword)) return find_ref_shorthand(c_.token().keyword, ignored);
  return c_.at_list(Keyword::kRef) || c_.at_list(Keyword::kShared);
}

bool TypeParser::heap_type(HeapType& heap, bool& exact) {
  exact = false;
  if (c_.at(TokenKind::kKeyword)) {
    auto it = std::ranges::find(kAbstractHeaps, c_.token().keyword, &Shorthand::keyword);
    if (it != std::end(kAbstractHeaps)) {
      heap = it->heap;
      c_.advance();
      return true;
    }
  }
  bool list = c_.at(TokenKind::kLParen);
  if (list) {
    c_.advance();
    if (c_.at(Keyword::kShared)) return c_.fail("shared reference types are not supported");
    if (!c_.expect(Keyword::kExact)) return false;
    exact = true;
  } else if (!c_.at_index()) {
    return c_.fail("unexpected token, expected one of: an index, left paren, absheaptype");
  }
  u32 offset = c_.offset(), index = 0;
  if (!m_.index(Space::kType, index)) return false;
  if (index >= HeapType::kAbstractBase) {
    m_.complain(Rank::kResolve, offset, "unknown type: type index out of bounds");
    index = 0;
  }
  heap = HeapType::index(index);
  return !list || c_.expect_right();
}

bool TypeParser::storage_type(StorageType& out) {
  out.packed = StorageType::kNotPacked;
  if (c_.at(Keyword::kI8) || c_.at(Keyword::kI16)) {
    out.packed = c_.at(Keyword::kI8) ? StorageType::kI8 : StorageType::kI16;
    out.val = kI32;
    c_.advance();
    return true;
  }
  if (shorthand(out.val, /*include_val_types=*/true)) return true;
  if (!at_ref_type()) return c_.fail("unexpected token, expected one of: `i8`, `i16`, valtype");
  return ref_type(out.val);
}

bool TypeParser::field_type(FieldType& out) {
  out.mut = c_.take_list(Keyword::kMut);
  return storage_type(out.storage) && (!out.mut || c_.expect_right());
}

bool TypeParser::limits(Limits& out) {
  if (!c_.expect_u64(out.min)) return false;
  out.max.reset();
  if (!c_.at(TokenKind::kInteger)) return true;
  return c_.expect_u64(out.max.emplace());
}

bool TypeParser::global_type(GlobalType& out) {
  bool list = c_.at_list(Keyword::kShared) || c_.at_list(Keyword::kMut);
  if (list) c_.advance();
  out.shared = list && c_.take(Keyword::kShared);
  out.mut = list && c_.take(Keyword::kMut);
  return val_type(out.type) && (!list || c_.expect_right());
}

bool TypeParser::table_type(TableType& out) {
  out.shared = c_.take(Keyword::kShared);
  out.address = c_.take(Keyword::kI64) ? AddressType::kI64 : AddressType::kI32;
  if (out.address == AddressType::kI32) c_.take(Keyword::kI32);
  return limits(out.limits) && ref_type(out.element);
}

bool TypeParser::memory_type(TextMemoryType& out) {
  out.is64 = c_.take(Keyword::kI64);
  if (!out.is64) c_.take(Keyword::kI32);
  if (!limits(out.limits)) return false;
  out.shared = c_.take(Keyword::kShared);
  return page_size(out.page_size_log2);
}

bool TypeParser::page_size(std::optional<u32>& log2) {
  log2.reset();
  if (!c_.take_list(Keyword::kPagesize)) return true;
  u32 offset = c_.offset(), size = 0;
  if (!c_.expect_u32(size)) return false;
  if (!std::has_single_bit(size)) {
    return c_.fail_at(offset, "invalid custom page size: " + std::to_string(size));
  }
  log2 = static_cast<u32>(std::countr_zero(size));
  return c_.expect_right();
}

bool TypeParser::type_use(TypeUse& out, bool allow_names) {
  out.clear();
  if (c_.take_list(Keyword::kType)) {
    out.has_index = true;
    out.index_offset = c_.offset();
    if (!m_.index(Space::kType, out.index) || !c_.expect_right()) return false;
  }
  return signature(out, allow_names);
}

bool TypeParser::signature(TypeUse& out, bool allow_names) {
  for (;;) {
    if (c_.at_list(Keyword::kParam)) {
      c_.advance();
      if (!out.results.empty()) {
        return c_.fail(
            "result before parameter (or unexpected token): cannot list params after results");
      }
      c_.advance();
      out.has_inline = true;
      if (!param_list(out, allow_names) || !c_.expect_right()) return false;
    } else if (c_.take_list(Keyword::kResult)) {
      out.has_inline = true;
      while (!c_.at_end()) {
        if (!val_type(out.results.emplace_back())) return false;
      }
      if (!c_.expect_right()) return false;
    } else {
      return true;
    }
  }
}

bool TypeParser::param_list(TypeUse& out, bool allow_names) {
  if (c_.at_end()) return true;
  TypeUse::Param param{static_cast<u32>(out.params.size()), c_.offset(), {}, {}};
  if (allow_names && !m_.optional_id_and_name(param.id, param.name)) return false;
  bool named = param.name.data() != nullptr;
  if (named) out.named.push_back(param);
  do {
    if (!val_type(out.params.emplace_back())) return false;
  } while (!named && !c_.at_end());
  return true;
}

void TypeParser::check(const TypeUse& use) {
  if (!use.has_index || !use.has_inline) return;
  const Signature* s = m_.types.signature(use.index);
  if (s == nullptr) {
    bool known = use.index < m_.types.size();
    if (!known && !m_.second_run) {
      m_.needs_types = true;  // an implied type that only comes later
      return;
    }
    m_.complain(
        Rank::kResolve, use.index_offset,
        known ? "invalid type: not a function type" : "unknown type: type index out of bounds");
  } else if (!std::ranges::equal(m_.types.params(*s), use.params) ||
             !std::ranges::equal(m_.types.results(*s), use.results)) {
    m_.complain(Rank::kResolve, use.index_offset,
                "inline function type doesn't match type reference");
  }
}

u32 TypeParser::resolve(const TypeUse& use) {
  if (!use.has_index) return m_.types.intern(use.params, use.results);
  check(use);
  return use.index;
}

bool TypeParser::rec_field() {
  // The count comes before the types in the binary, so the group is read ahead of being written.
  u32 count = 0;
  Lexer ahead(c_.text());
  ahead.seek(c_.offset());
  while (ahead.next().kind == TokenKind::kLParen && ahead.skip_list()) ++count;
  m_.types.begin_group(count);
  while (c_.take_list(Keyword::kType)) {
    if (!type_field(/*in_group=*/true) || !c_.expect_right()) return false;
  }
  return true;
}

bool TypeParser::type_field(bool in_group) {
  std::string_view id, name;
  if (!m_.optional_id_and_name(id, name)) return false;
  u32 index = m_.types.size();
  if (name.data() != nullptr) m_.names.add(NameKind::kType, index, name);
  SubType type;
  if (!c_.expect_left() || !type_definition(index, type) || !c_.expect_right()) return false;
  bool plain = type.final && type.supertype == SubType::kNone && !type.shared;
  m_.types.declare(type, in_group, /*reusable=*/plain && !in_group);
  name_parts(index, type);
  return true;
}

/// Names of fields and parameters for the name section.
void TypeParser::name_parts(u32 index, const SubType& type) {
  if (type.kind == CompositeKind::kFunc) {
    NameList names;
    for (const TypeUse::Param& p : use_.named) names.add(p.index, p.name);
    m_.names.add(NameKind::kParam, index, names);
  } else if (type.kind == CompositeKind::kStruct) {
    m_.names.add(NameKind::kField, index, field_names_);
  }
}

/// Behind the first parenthesis of the definition.
bool TypeParser::type_definition(u32 index, SubType& out) {
  if (!c_.take(Keyword::kSub)) return composite(index, out);
  out.final = c_.take(Keyword::kFinal);
  if (c_.at_index() && !m_.index(Space::kType, out.supertype)) return false;
  return c_.expect_left() && composite(index, out) && c_.expect_right();
}

bool TypeParser::composite(u32 index, SubType& out) {
  out.shared = c_.take(Keyword::kShared);
  if (out.shared && !c_.expect_left()) return false;
  if (c_.take(Keyword::kDescribes)) {
    if (!m_.index(Space::kType, out.describes) || !c_.expect_next_list()) return false;
  }
  if (c_.take(Keyword::kDescriptor)) {
    if (!m_.index(Space::kType, out.descriptor) || !c_.expect_next_list()) return false;
  }
  return composite_kind(index, out) && (!out.shared || c_.expect_right());
}

bool TypeParser::composite_kind(u32 index, SubType& out) {
  fields_.clear();
  if (c_.take(Keyword::kFunc)) {
    out.kind = CompositeKind::kFunc;
    use_.clear();
    if (!signature(use_, /*allow_names=*/true)) return false;
    out.func = {use_.params, use_.results};
    return true;
  }
  if (c_.take(Keyword::kCont)) {
    out.kind = CompositeKind::kCont;
    return m_.index(Space::kType, out.cont_func);
  }
  if (c_.take(Keyword::kArray)) {
    out.kind = CompositeKind::kArray;
    if (!field_type(fields_.emplace_back())) return false;
  } else if (c_.take(Keyword::kStruct)) {
    out.kind = CompositeKind::kStruct;
    if (!struct_fields(index)) return false;
  } else {
    return c_.fail("unexpected token, expected one of: `func`, `struct`, `array`, `cont`");
  }
  out.fields = fields_;
  return true;
}

void TypeParser::declare_field(u32 type, u32 field, std::string_view id, u32 offset) {
  if (m_.struct_names.empty() || m_.struct_names.back().type_index != type) {
    m_.struct_names.push_back({type, {}});
  }
  if (m_.struct_names.back().fields.insert(id, field).inserted) return;
  m_.complain(Rank::kDuplicate, offset,
              "duplicate identifier: duplicate field named `" + std::string(id) + "`");
}

bool TypeParser::struct_fields(u32 index) {
  field_names_.clear();
  while (!c_.at_end()) {
    if (!c_.expect_left() || !c_.expect(Keyword::kField)) return false;
    if (c_.at(TokenKind::kId) || c_.at_annotation("name")) {
      u32 offset = c_.offset(), field = static_cast<u32>(fields_.size());
      std::string_view id, name;
      if (!m_.optional_id_and_name(id, name)) return false;
      if (!id.empty()) declare_field(index, field, id, offset);
      field_names_.add(field, name);
      if (!field_type(fields_.emplace_back())) return false;
    } else {
      while (!c_.at_end()) {
        if (!field_type(fields_.emplace_back())) return false;
      }
    }
    if (!c_.expect_right()) return false;
  }
  return true;
}

}  // namespace wazuka::wat

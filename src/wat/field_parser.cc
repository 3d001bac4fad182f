// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/field_parser.h"

namespace wazuka::wat {
namespace {

constexpr std::string_view kExpectedItem =
    "unexpected token, expected one of: `func`, `table`, `memory`, `global`, `tag`";
constexpr u8 kExactFunc = 0x20;                           // import kind (custom descriptors)
constexpr u8 kGroupOfItems = 0x7f, kGroupOfNames = 0x7e;  // compact imports, behind an empty name

struct ItemKind {
  Keyword keyword;
  Space space;
  ExternKind kind;
  NameKind names;
};
constexpr ItemKind kItemKinds[] = {
    {Keyword::kFunc, Space::kFunc, ExternKind::kFunc, NameKind::kFunc},
    {Keyword::kTable, Space::kTable, ExternKind::kTable, NameKind::kTable},
    {Keyword::kMemory, Space::kMemory, ExternKind::kMemory, NameKind::kMemory},
    {Keyword::kGlobal, Space::kGlobal, ExternKind::kGlobal, NameKind::kGlobal},
    {Keyword::kTag, Space::kTag, ExternKind::kTag, NameKind::kTag},
};

const ItemKind* find_item_kind(const Cursor& c) {
  for (const ItemKind& k : kItemKinds) {
    if (c.at(k.keyword)) return &k;
  }
  return nullptr;
}

}  // namespace

bool FieldParser::fields(bool named) {
  while (!c_.at_end()) {
    if (customs_.comes()) {
      if (!customs_.parse()) return false;
      continue;
    }
    if (c_.at_annotation()) return misplaced_annotation(named);
    if (!c_.expect_left() || !field()) return false;
    any_field_ = true;
  }
  return true;
}

bool FieldParser::misplaced_annotation(bool named) {
  if (c_.at_annotation("name")) {
    return c_.fail(named && !any_field_ ? "@name annotation: multiple module"
                                        : "misplaced @name annotation");
  }
  return c_.fail("@metadata.code.branch_hint annotation: not in a function");
}

/// One field, behind its parenthesis, with the closing one.
bool FieldParser::field() {
  Keyword k = c_.at(TokenKind::kKeyword) ? c_.token().keyword : Keyword::kUnknown;
  if (k == Keyword::kType || k == Keyword::kRec) return skip_field();
  bool ok = k == Keyword::kFunc     ? func()
            : k == Keyword::kImport ? import_field()
            : k == Keyword::kExport ? export_field()
            : k == Keyword::kTable  ? table()
            : k == Keyword::kMemory ? memory()
            : k == Keyword::kGlobal ? global()
            : k == Keyword::kTag    ? tag()
            : k == Keyword::kStart  ? start()
            : k == Keyword::kElem   ? elem()
            : k == Keyword::kData   ? data()
                                    : c_.fail("expected valid module field");
  return ok && c_.expect_right();
}

/// Types were parsed before everything else.
bool FieldParser::skip_field() {
  Lexer lexer(c_.text());
  lexer.seek(c_.offset());
  if (!lexer.skip_list()) return c_.fail("expected `)`");
  c_.seek(lexer.position());
  return true;
}

bool FieldParser::head(Space space, ExternKind kind, NameKind names, Head& out) {
  out.offset = c_.offset();
  out.index = next_index(space);
  c_.advance();
  std::string_view id;
  if (!m_.optional_id_and_name(id, out.name)) return false;
  if (out.name.data() != nullptr) m_.names.add(names, out.index, out.name);
  return export_names(kind, out.index);
}

/// `(export "…")`, any number of them.
bool FieldParser::export_names(ExternKind kind, u32 index) {
  while (c_.take_list(Keyword::kExport)) {
    std::string_view name;
    if (!c_.expect_name(name) || !c_.expect_right()) return false;
    ++exports_.count;
    exports_.entries.name(name);
    exports_.entries.byte(static_cast<u8>(kind));
    exports_.entries.u32v(index);
  }
  return true;
}

// ---- Imports

void FieldParser::check_import_order(u32 offset) {
  if (last_defined_.empty()) return;
  m_.complain(Rank::kImportOrder, offset, "import after " + std::string(last_defined_));
}

bool FieldParser::import_field() {
  check_import_order(c_.offset());
  c_.advance();
  std::string_view module, name;
  if (!c_.expect_name(module)) return false;
  ++imports_.count;
  imports_.entries.name(module);
  if (!c_.at(TokenKind::kString)) return import_group();
  if (!c_.expect_name(name)) return false;
  imports_.entries.name(name);
  return c_.expect_left() && item(1, imports_.entries) && c_.expect_right();
}

/// Compact imports: `(item "n" (func …))…`, or `(item "n")… (func …)`.
bool FieldParser::import_group() {
  BinaryWriter items;
  u32 count = 0;
  bool typed = c_.at_end();  // without items and type: the first form
  while (c_.take_list(Keyword::kItem)) {
    std::string_view name;
    if (!c_.expect_name(name)) return false;
    items.name(name);
    bool has_type = !c_.at_end();
    if (has_type && (!c_.expect_left() || !item(1, items) || !c_.expect_right())) return false;
    if (!c_.expect_right()) return false;
    if (count == 0) typed = has_type;
    if (typed != has_type) {
      return c_.fail(has_type ? "unexpected import type" : "unexpected `)`");
    }
    ++count;
  }
  imports_.entries.name("");
  imports_.entries.byte(typed ? kGroupOfItems : kGroupOfNames);
  if (!typed) {
    if (!c_.expect_left()) return false;
    if (c_.ahead().kind == TokenKind::kId) {
      return c_.fail_at(c_.ahead().offset, "identifier not allowed");
    }
    if (!item(count, imports_.entries) || !c_.expect_right()) return false;
  }
  imports_.entries.u32v(count);
  imports_.entries.raw(items.bytes());
  return true;
}

/// The type of an import: kind, optional identifier, type. Declares `copies` entities.
bool FieldParser::item(u32 copies, BinaryWriter& out) {
  const ItemKind* kind = find_item_kind(c_);
  if (kind == nullptr) return c_.fail(std::string(kExpectedItem));
  c_.advance();
  std::string_view id, name;
  if (!m_.optional_id_and_name(id, name)) return false;
  u32 first = next_[static_cast<u32>(kind->space)];
  for (u32 i = 0; i < copies; ++i) {
    u32 index = next_index(kind->space);
    if (name.data() != nullptr) m_.names.add(kind->names, index, name);
  }
  if (!item_type(kind->keyword, out)) return false;
  if (kind->space != Space::kFunc) return true;
  for (u32 i = 0; i < copies; ++i) name_params(first + i);
  return true;
}

bool FieldParser::item_type(Keyword kind, BinaryWriter& out) {
  if (kind == Keyword::kFunc) return func_type_of_import(out);
  if (kind == Keyword::kTable) {
    TableType type;
    if (!types_.table_type(type)) return false;
    out.byte(static_cast<u8>(ExternKind::kTable));
    out.table_type(type);
  } else if (kind == Keyword::kMemory) {
    TextMemoryType type;
    if (!types_.memory_type(type)) return false;
    out.byte(static_cast<u8>(ExternKind::kMemory));
    type.write(out);
  } else if (kind == Keyword::kGlobal) {
    GlobalType type;
    if (!types_.global_type(type)) return false;
    out.byte(static_cast<u8>(ExternKind::kGlobal));
    out.global_type(type);
  } else {
    if (!types_.type_use(use_, /*allow_names=*/true)) return false;
    out.byte(static_cast<u8>(ExternKind::kTag));
    out.tag_type({types_.resolve(use_)});
  }
  return true;
}

bool FieldParser::func_type_of_import(BinaryWriter& out) {
  bool exact = c_.take_list(Keyword::kExact);
  if (!types_.type_use(use_, /*allow_names=*/true)) return false;
  out.byte(exact ? kExactFunc : static_cast<u8>(ExternKind::kFunc));
  out.u32v(types_.resolve(use_));
  return !exact || c_.expect_right();
}

/// The parameters in use_ are those of an imported function.
void FieldParser::name_params(u32 func) {
  NameList names;
  for (const TypeUse::Param& p : use_.named) names.add(p.index, p.name);
  m_.names.add(NameKind::kLocal, func, names);
}

/// Behind `(import` inside of a definition: the two names and `)`.
bool FieldParser::inline_import(const Head& head, BinaryWriter& out) {
  check_import_order(head.offset);
  std::string_view module, name;
  if (!c_.expect_name(module) || !c_.expect_name(name) || !c_.expect_right()) return false;
  ++imports_.count;
  out.name(module);
  out.name(name);
  return true;
}

// ---- Definitions

bool FieldParser::func() {
  Head h;
  if (!head(Space::kFunc, ExternKind::kFunc, NameKind::kFunc, h)) return false;
  if (c_.take_list(Keyword::kImport)) {
    if (!inline_import(h, imports_.entries) || !func_type_of_import(imports_.entries)) return false;
    name_params(h.index);
    return true;
  }
  defined("function");
  if (!types_.type_use(use_, /*allow_names=*/true)) return false;
  u32 type = types_.resolve(use_);
  ++funcs_.count;
  funcs_.entries.u32v(type);
  ++codes_.count;
  return body_.function(h.index, use_, type, codes_.entries);
}

bool FieldParser::table() {
  Head h;
  if (!head(Space::kTable, ExternKind::kTable, NameKind::kTable, h)) return false;
  if (c_.take_list(Keyword::kImport)) {
    return inline_import(h, imports_.entries) && item_type(Keyword::kTable, imports_.entries);
  }
  defined("table");
  bool starts = c_.at(Keyword::kShared) || c_.at(Keyword::kI32) || c_.at(Keyword::kI64) ||
                c_.at(TokenKind::kInteger) || types_.at_ref_type();
  if (!starts) {
    return c_.fail("unexpected token, expected one of: `shared`, `i32`, `i64`, reftype, u64");
  }
  TableType type;
  bool reftype_second =
      c_.ahead().keyword >= Keyword::kFuncRef && c_.ahead().keyword <= Keyword::kNullRef;
  reftype_second |= c_.ahead().kind == TokenKind::kLParen;
  bool prefixed = c_.at(TokenKind::kKeyword) && !types_.at_ref_type();
  if (types_.at_ref_type() || (prefixed && reftype_second)) {
    type.shared = c_.take(Keyword::kShared);
    type.address = c_.take(Keyword::kI64) ? AddressType::kI64 : AddressType::kI32;
    if (type.address == AddressType::kI32) c_.take(Keyword::kI32);
    return types_.ref_type(type.element) && inline_table(type, h.index);
  }
  if (!types_.table_type(type)) return false;
  ++tables_.count;
  if (c_.at_end()) {
    tables_.entries.table_type(type);
    return true;
  }
  tables_.entries.byte(0x40);
  tables_.entries.byte(0);
  tables_.entries.table_type(type);
  return body_.expression(tables_.entries);
}

/// `reftype (elem …)`: the table is as long as its elements, which become an active segment.
bool FieldParser::inline_table(TableType type, u32 index) {
  if (!c_.expect_left() || !c_.expect(Keyword::kElem)) return false;
  Elements elements;
  elements.type = type.element;
  bool lists = c_.at(TokenKind::kLParen);
  elements.expressions = lists || type.element != kFuncRef;
  if (!(lists ? element_expressions(elements) : element_indices(elements))) return false;
  type.limits = {elements.count, elements.count};
  ++tables_.count;
  tables_.entries.table_type(type);
  BinaryWriter offset;
  offset.op(type.address == AddressType::kI64 ? Op::kI64Const : Op::kI32Const);
  offset.s32v(0);
  offset.op(Op::kEnd);
  next_index(Space::kElem);
  write_elem(/*mode=*/0, &index, offset, elements);
  return c_.expect_right();
}

bool FieldParser::memory() {
  Head h;
  if (!head(Space::kMemory, ExternKind::kMemory, NameKind::kMemory, h)) return false;
  if (c_.take_list(Keyword::kImport)) {
    return inline_import(h, imports_.entries) && item_type(Keyword::kMemory, imports_.entries);
  }
  defined("memory");
  bool addressed = c_.at(Keyword::kI32) || c_.at(Keyword::kI64);
  if (c_.at(TokenKind::kLParen) || (addressed && c_.ahead().kind == TokenKind::kLParen)) {
    return inline_memory(h.index);
  }
  if (!addressed && !c_.at(TokenKind::kInteger)) {
    return c_.fail("unexpected token, expected one of: left paren, u32, `i32`, `i64`");
  }
  TextMemoryType type;
  if (!types_.memory_type(type)) return false;
  ++memories_.count;
  type.write(memories_.entries);
  return true;
}

/// `(data …)`: the memory is as large as its data, which becomes an active segment.
bool FieldParser::inline_memory(u32 index) {
  TextMemoryType type;
  type.is64 = c_.take(Keyword::kI64);
  if (!type.is64) c_.take(Keyword::kI32);
  if (!types_.page_size(type.page_size_log2)) return false;
  std::string bytes;
  if (!c_.expect_left() || !c_.expect(Keyword::kData) || !data_values(bytes)) return false;
  u32 log2 = type.page_size_log2.value_or(16);
  u64 pages = (bytes.size() + (u64{1} << log2) - 1) >> log2;
  type.limits = {pages, pages};
  ++memories_.count;
  type.write(memories_.entries);
  BinaryWriter offset;
  offset.op(type.is64 ? Op::kI64Const : Op::kI32Const);
  offset.s32v(0);
  offset.op(Op::kEnd);
  next_index(Space::kData);
  write_data(index, offset, bytes);
  return c_.expect_right();
}

bool FieldParser::global() {
  Head h;
  if (!head(Space::kGlobal, ExternKind::kGlobal, NameKind::kGlobal, h)) return false;
  if (c_.take_list(Keyword::kImport)) {
    return inline_import(h, imports_.entries) && item_type(Keyword::kGlobal, imports_.entries);
  }
  defined("global");
  GlobalType type;
  if (!types_.global_type(type)) return false;
  ++globals_.count;
  globals_.entries.global_type(type);
  return body_.expression(globals_.entries);
}

bool FieldParser::tag() {
  Head h;
  if (!head(Space::kTag, ExternKind::kTag, NameKind::kTag, h)) return false;
  if (c_.take_list(Keyword::kImport)) {
    return inline_import(h, imports_.entries) && item_type(Keyword::kTag, imports_.entries);
  }
  defined("tag");
  if (!types_.type_use(use_, /*allow_names=*/true)) return false;
  ++tags_.count;
  tags_.entries.tag_type({types_.resolve(use_)});
  return true;
}

bool FieldParser::export_field() {
  c_.advance();
  std::string_view name;
  if (!c_.expect_name(name) || !c_.expect_left()) return false;
  const ItemKind* kind = find_item_kind(c_);
  if (kind == nullptr) return c_.fail(std::string(kExpectedItem));
  c_.advance();
  u32 index = 0;
  if (!m_.index(kind->space, index)) return false;
  ++exports_.count;
  exports_.entries.name(name);
  exports_.entries.byte(static_cast<u8>(kind->kind));
  exports_.entries.u32v(index);
  return c_.expect_right();
}

bool FieldParser::start() {
  u32 offset = c_.offset();
  c_.advance();
  if (has_start_) m_.complain(Rank::kResolve, offset, "multiple start sections");
  has_start_ = true;
  return m_.index(Space::kFunc, start_);
}

// ---- The binary

std::vector<u8> FieldParser::assemble(bool emit_names) const {
  BinaryWriter out;
  write_module_header(out);
  auto section = [&](Anchor anchor, SectionId id, u32 count, const BinaryWriter& entries) {
    customs_.write(before(anchor), out);
    write_vector_section(out, id, count, entries);
    customs_.write(after(anchor), out);
  };
  customs_.write(kBeforeFirst, out);
  section(Anchor::kType, SectionId::kType, m_.types.section_count(), m_.types.section());
  section(Anchor::kImport, SectionId::kImport, imports_.count, imports_.entries);
  section(Anchor::kFunc, SectionId::kFunction, funcs_.count, funcs_.entries);
  section(Anchor::kTable, SectionId::kTable, tables_.count, tables_.entries);
  section(Anchor::kMemory, SectionId::kMemory, memories_.count, memories_.entries);
  section(Anchor::kTag, SectionId::kTag, tags_.count, tags_.entries);
  section(Anchor::kGlobal, SectionId::kGlobal, globals_.count, globals_.entries);
  section(Anchor::kExport, SectionId::kExport, exports_.count, exports_.entries);
  customs_.write(before(Anchor::kStart), out);
  if (has_start_) {
    BinaryWriter start;
    start.u32v(start_);
    write_section(out, SectionId::kStart, start);
  }
  customs_.write(after(Anchor::kStart), out);
  section(Anchor::kElem, SectionId::kElement, elems_.count, elems_.entries);
  if (body_.needs_data_count()) {
    BinaryWriter count;
    count.u32v(datas_.count);
    write_section(out, SectionId::kDataCount, count);
  }
  customs_.write(before(Anchor::kCode), out);
  if (body_.hinted_functions() != 0) {
    BinaryWriter hints;
    hints.u32v(body_.hinted_functions());
    hints.raw(body_.hints().bytes());
    write_custom_section(out, "metadata.code.branch_hint", hints.bytes());
  }
  write_vector_section(out, SectionId::kCode, codes_.count, codes_.entries);
  customs_.write(after(Anchor::kCode), out);
  section(Anchor::kData, SectionId::kData, datas_.count, datas_.entries);
  customs_.write(kAfterLast, out);
  if (emit_names) m_.names.write(out);
  return std::move(out).take();
}

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The passes over a module: names, types, fields. The fields are read once more in one rare case: a
// type index meant a type that only a later type use implies, and its signature mattered.
#include "wat/wat_parser.h"

#include "base/utf8.h"
#include "wat/field_parser.h"
#include "wat/module_parser.h"
#include "wat/name_scanner.h"

namespace wazuka::wat {
namespace {

bool parse_binary_form(Cursor& c, ParsedModule& out) {
  c.advance();
  std::string bytes;
  while (!c.at_end()) {
    if (!c.expect_string(bytes)) return false;
  }
  out.is_binary = true;
  out.binary = std::vector<u8>(bytes.begin(), bytes.end());
  return true;
}

bool parse_types(ModuleContext& module, const std::vector<u32>& keywords) {
  TypeParser types(module);
  for (u32 offset : keywords) {
    module.c.seek(offset);
    bool group = module.c.at(Keyword::kRec);
    module.c.advance();
    if (!(group ? types.rec_field() : types.type_field(/*in_group=*/false))) return false;
    if (!module.c.expect_right()) return false;
  }
  return true;
}

/// All passes. `named`: the module has a (@name …).
bool parse_fields(ModuleContext& module, const Options& options, bool named, ParsedModule& out) {
  Cursor& c = module.c;
  if (c.at(TokenKind::kError)) return c.fail({});
  u32 begin = c.offset();
  std::vector<u32> types = scan_names(module, begin);
  if (!parse_types(module, types)) return false;
  NameSection names = module.names;
  for (;;) {
    c.seek(begin);
    FieldParser fields(module);
    if (!fields.fields(named)) return false;
    if (module.rank != Rank::kNone) {
      out.binary = std::unexpected(std::move(module.meaning));
      return true;
    }
    if (!module.needs_types || module.second_run) {
      out.binary = fields.assemble(options.emit_names);
      return true;
    }
    module.second_run = true;
    module.names = names;
  }
}

}  // namespace

bool parse_module(Cursor& c, const Options& options, ParsedModule& out) {
  ModuleContext module(c);
  std::string_view id, name;
  if (!module.optional_id_and_name(id, name)) return false;
  if (!id.empty()) out.name = std::string(id);
  if (c.at(Keyword::kBinary)) return parse_binary_form(c, out);
  if (name.data() != nullptr) module.names.set_module(name);
  bool named = name.data() != nullptr && name.data() != id.data();
  return parse_fields(module, options, named, out);
}

bool parse_bare_fields(Cursor& c, const Options& options, ParsedModule& out) {
  ModuleContext module(c);
  return parse_fields(module, options, /*named=*/false, out);
}

Result<std::vector<u8>> valid_text_to_binary(std::string_view text, const Options& options) {
  if (Lexer(text).next_raw().kind == TokenKind::kEof) {
    return fail("expected at least one module field", text.size());
  }
  Cursor c(text);
  bool wrapped = c.at_list(Keyword::kModule);
  if (c.at_list(Keyword::kComponent)) {
    return fail("components in the text format are not supported", c.ahead().offset);
  }
  if (wrapped) c.advance(), c.advance();
  ParsedModule module;
  bool ok = wrapped ? parse_module(c, options, module) && c.expect_right()
                    : parse_bare_fields(c, options, module);
  if (ok && !c.at(TokenKind::kEof)) ok = c.fail("extra tokens remaining after parse");
  if (!ok) return std::unexpected(c.take_error());
  return std::move(module.binary);
}

Result<std::vector<u8>> text_to_binary(std::string_view text, const Options& options) {
  if (text.size() >= ~u32{0}) return fail("text of 4 GiB or more");
  if (!is_valid_utf8(bytes_of(text))) return fail("input bytes aren't valid utf-8");
  return valid_text_to_binary(text, options);
}

}  // namespace wazuka::wat

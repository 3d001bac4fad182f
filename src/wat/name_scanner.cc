// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/name_scanner.h"

#include <optional>

#include "base/utf8.h"

namespace wazuka::wat {
namespace {

class NameScanner {
 public:
  NameScanner(ModuleContext& module, u32 offset) : m_(module), lexer_(module.c.text()) {
    lexer_.seek(offset);
  }

  std::vector<u32> run() {
    while (lexer_.next().kind == TokenKind::kLParen) {
      Token head = lexer_.next();
      if (!field(head) || !lexer_.skip_list()) break;
    }
    return std::move(types_);
  }

 private:
  /// Reads as much of a field as declares names; leaves the lexer inside its list.
  bool field(const Token& head) {
    if (head.kind != TokenKind::kKeyword) return head.kind == TokenKind::kAnnotation;
    Keyword k = head.keyword;
    if (k == Keyword::kType || k == Keyword::kRec) {
      types_.push_back(head.offset);
      return k == Keyword::kType ? declare(Space::kType) : group();
    }
    if (k == Keyword::kImport) return import();
    if (k == Keyword::kMemory)
      return declare(Space::kMemory) && implied(Keyword::kData, Space::kData);
    if (k == Keyword::kTable)
      return declare(Space::kTable) && implied(Keyword::kElem, Space::kElem);
    if (k == Keyword::kElem) return declare(Space::kElem);
    if (k == Keyword::kData) return declare(Space::kData);
    auto space = space_of(k);
    return !space || declare(*space);
  }

  static std::optional<Space> space_of(Keyword k) {
    if (k == Keyword::kFunc) return Space::kFunc;
    if (k == Keyword::kTable) return Space::kTable;
    if (k == Keyword::kMemory) return Space::kMemory;
    if (k == Keyword::kGlobal) return Space::kGlobal;
    if (k == Keyword::kTag) return Space::kTag;
    return std::nullopt;
  }

  /// One more entity of a space, with the identifier that comes next, if any.
  bool declare(Space space) {
    Token t = lexer_.next();
    u32 index = m_.counts[static_cast<u32>(space)]++;
    if (t.kind != TokenKind::kId) {
      lexer_.seek(t.offset);
      return t.kind != TokenKind::kError;
    }
    std::string_view id = lexer_.text().substr(t.offset + 1, t.size - 1);
    if (t.has(Token::kQuoted)) {
      std::string decoded;
      append_unescaped(id.substr(1, id.size() - 2), decoded);
      if (!is_valid_utf8(bytes_of(decoded))) return false;
      id = m_.c.keep(decoded);
    }
    if (id.empty()) return false;
    if (!m_.spaces[static_cast<u32>(space)].insert(id, index).inserted) {
      m_.complain(Rank::kDuplicate, t.offset,
                  "duplicate " + std::string(space_name(space)) + " identifier");
    }
    return true;
  }

  bool group() {
    for (;;) {
      Token t = lexer_.next();
      if (t.kind == TokenKind::kRParen) return lexer_.seek(t.offset), true;
      if (t.kind != TokenKind::kLParen) return false;
      if (lexer_.next().keyword != Keyword::kType) return false;
      if (!declare(Space::kType) || !lexer_.skip_list()) return false;
    }
  }

  /// `(memory … (data …))` and `(table … (elem …))` declare a segment, too.
  bool implied(Keyword keyword, Space space) {
    for (;;) {
      Token t = lexer_.next();
      if (t.kind == TokenKind::kRParen) return lexer_.seek(t.offset), true;
      if (t.kind == TokenKind::kEof || t.kind == TokenKind::kError) return false;
      if (t.kind != TokenKind::kLParen) continue;
      if (lexer_.next().keyword == keyword) ++m_.counts[static_cast<u32>(space)];
      if (!lexer_.skip_list()) return false;
    }
  }

  /// `(import "m" "n" (func $f …))`, or a group: `(import "m" (item "n" (func $f …)) …)` or
  /// `(import "m" (item "n") … (func …))`.
  bool import() {
    if (lexer_.next().kind != TokenKind::kString) return false;
    Token t = lexer_.next();
    if (t.kind == TokenKind::kString) {
      if (lexer_.next().kind != TokenKind::kLParen) return false;
      auto space = space_of(lexer_.next().keyword);
      return space && declare(*space) && lexer_.skip_list();
    }
    u32 unnamed = 0;
    for (; t.kind == TokenKind::kLParen; t = lexer_.next()) {
      Keyword k = lexer_.next().keyword;
      if (k == Keyword::kItem) {
        if (!import_item(unnamed)) return false;
      } else if (auto space = space_of(k)) {
        m_.counts[static_cast<u32>(*space)] += unnamed;
      } else {
        return false;
      }
      if (!lexer_.skip_list()) return false;
    }
    lexer_.seek(t.offset);
    return t.kind == TokenKind::kRParen;
  }

  bool import_item(u32& unnamed) {
    if (lexer_.next().kind != TokenKind::kString) return false;
    Token t = lexer_.next();
    if (t.kind != TokenKind::kLParen) {
      ++unnamed;
      return lexer_.seek(t.offset), true;
    }
    auto space = space_of(lexer_.next().keyword);
    return space && declare(*space) && lexer_.skip_list();
  }

  ModuleContext& m_;
  Lexer lexer_;
  std::vector<u32> types_;
};

}  // namespace

std::vector<u32> scan_names(ModuleContext& module, u32 offset) {
  return NameScanner(module, offset).run();
}

}  // namespace wazuka::wat

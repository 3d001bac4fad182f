// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/lexer.h"

#include <array>
#include <cstring>
#include <initializer_list>

#include "base/utf8.h"
#include "wat/number.h"

namespace wazuka::wat {
namespace {

enum CharClass : u8 { kOther, kSpace, kIdChar, kQuote, kOpen, kClose, kSemicolon, kPunctuation };

constexpr std::array<u8, 256> kClass = [] {
  std::array<u8, 256> c{};
  for (char i = '0'; i <= '9'; ++i) c[static_cast<u8>(i)] = kIdChar;
  for (char i = 'A'; i <= 'Z'; ++i) c[static_cast<u8>(i)] = kIdChar;
  for (char i = 'a'; i <= 'z'; ++i) c[static_cast<u8>(i)] = kIdChar;
  for (char i : std::string_view("!#$%&'*+-./:<=>?@\\^_`|~")) c[static_cast<u8>(i)] = kIdChar;
  for (char i : std::string_view(" \t\n\r")) c[static_cast<u8>(i)] = kSpace;
  for (char i : std::string_view(",[]{}")) c[static_cast<u8>(i)] = kPunctuation;
  c['"'] = kQuote, c['('] = kOpen, c[')'] = kClose, c[';'] = kSemicolon;
  return c;
}();

CharClass class_of(char c) {
  return static_cast<CharClass>(kClass[static_cast<u8>(c)]);
}

/// The annotations that mean something to us; all others are white space.
bool is_known_annotation(std::string_view name) {
  for (std::string_view known :
       {"custom", "name", "producers", "dylink.0", "metadata.code.branch_hint"}) {
    if (name == known) return true;
  }
  return false;
}

/// Decodes the character at p; the text is valid UTF-8.
u32 decode_char(const char* p) {
  u8 b = static_cast<u8>(p[0]);
  auto next = [p](int i) { return static_cast<u32>(p[i]) & 0x3f; };
  if (b < 0x80) return b;
  if (b < 0xe0) return (b & 0x1fu) << 6 | next(1);
  if (b < 0xf0) return (b & 0x0fu) << 12 | next(1) << 6 | next(2);
  return (b & 0x07u) << 18 | next(1) << 12 | next(2) << 6 | next(3);
}

size_t char_size(const char* p) {
  u8 b = static_cast<u8>(*p);
  return b < 0x80 ? 1 : b < 0xe0 ? 2 : b < 0xf0 ? 3 : 4;
}

std::string hex_digits(u32 n) {
  std::string s;
  do {
    s.insert(s.begin(), "0123456789abcdef"[n & 15]);
    n >>= 4;
  } while (n != 0);
  return s;
}

/// A character as messages show it.
std::string quoted_char(const char* p) {
  u32 c = decode_char(p);
  switch (c) {
    case '\t': return "'\\t'";
    case '\r': return "'\\r'";
    case '\n': return "'\\n'";
    case '\\': return "'\\\\'";
    case '\'': return "'\\''";
    default: break;
  }
  if (c >= 0x20 && c < 0x7f) return {'\'', static_cast<char>(c), '\''};
  return "'\\u{" + hex_digits(c) + "}'";
}

/// Characters that change the direction of text: source would not mean what it looks like.
bool is_confusing(u32 c) {
  return (c >= 0x202a && c <= 0x202e && c != 0x202c) || (c >= 0x2066 && c <= 0x2069) || c == 0x206c;
}

int hex_value(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

void append_utf8(u32 c, std::string& out) {
  auto put = [&out](u32 b) { out.push_back(static_cast<char>(b)); };
  if (c < 0x80) return put(c);
  if (c < 0x800) return put(0xc0 | c >> 6), put(0x80 | (c & 0x3f));
  if (c < 0x10000) {
    return put(0xe0 | c >> 12), put(0x80 | (c >> 6 & 0x3f)), put(0x80 | (c & 0x3f));
  }
  put(0xf0 | c >> 18), put(0x80 | (c >> 12 & 0x3f)), put(0x80 | (c >> 6 & 0x3f));
  put(0x80 | (c & 0x3f));
}

}  // namespace

Token Lexer::token(TokenKind kind, const char* start, u8 flags) const {
  Token t;
  t.kind = kind;
  t.flags = flags;
  t.offset = static_cast<u32>(start - begin_);
  t.size = static_cast<u32>(p_ - start);
  return t;
}

[[gnu::cold, gnu::noinline]] Token Lexer::fail(const char* at, std::string message) {
  error_ = std::move(message);
  failed_ = true;
  error_token_ = Token{};
  error_token_.kind = TokenKind::kError;
  error_token_.offset = static_cast<u32>(at - begin_);
  return error_token_;
}

Token Lexer::next() {
  for (;;) {
    Token t = next_raw();
    bool annotation = t.kind == TokenKind::kLParen && p_ != end_ && *p_ == '@';
    if (!annotation) return t;
    if (t = annotated_paren(t); t.kind != TokenKind::kEof) return t;
  }
}

/// The next token as it stands, annotations not interpreted.
Token Lexer::next_raw() {
  if (failed_) return error_token_;
  for (;;) {
    while (p_ != end_ && class_of(*p_) == kSpace) ++p_;
    if (p_ == end_) return token(TokenKind::kEof, p_);
    const char* start = p_;
    char following = p_ + 1 == end_ ? '\0' : p_[1];
    switch (class_of(*p_)) {
      case kIdChar:
      case kQuote: return word();
      case kClose: ++p_; return token(TokenKind::kRParen, start);
      case kPunctuation: ++p_; return token(TokenKind::kReserved, start);
      case kOpen:
      case kSemicolon: {
        bool block = *p_ == '(';
        if (following != ';') {
          ++p_;
          return token(block ? TokenKind::kLParen : TokenKind::kReserved, start);
        }
        Token error;
        if (!skip_comment(block, error)) return error;
        continue;
      }
      case kOther:
      case kSpace: return fail(p_, "unexpected character " + quoted_char(p_));
    }
  }
}

/// p_ is at `(;`; returns the end of the comment, or null if it does not end.
const char* Lexer::skip_block_comment() {
  u32 depth = 0;
  for (const char* p = p_; p + 1 < end_; ++p) {
    if (p[0] == '(' && p[1] == ';') {
      ++depth, ++p;
    } else if (p[0] == ';' && p[1] == ')') {
      ++p;
      if (--depth == 0) return p + 1;
    }
  }
  return nullptr;
}

bool Lexer::skip_comment(bool block, Token& error) {
  const char* start = p_;
  const char* to = start;
  if (block) {
    to = skip_block_comment();
    if (to == nullptr) {
      error = fail(start, "unterminated block comment");
      return false;
    }
  } else {
    while (to != end_ && *to != '\n' && *to != '\r') ++to;
  }
  if (!find_confusing(start, to, error)) return false;
  p_ = to;
  return true;
}

bool Lexer::find_confusing(const char* from, const char* to, Token& error) {
  if (allow_confusing_) return true;
  // All of them start with the byte 0xe2, which is never inside another character.
  while (const void* hit = std::memchr(from, 0xe2, static_cast<size_t>(to - from))) {
    const char* at = static_cast<const char*>(hit);
    if (is_confusing(decode_char(at))) {
      error = fail(at, "likely-confusing unicode character found " + quoted_char(at));
      return false;
    }
    from = at + 1;
  }
  return true;
}

Token Lexer::word() {
  const char* start = p_;
  while (p_ != end_ && class_of(*p_) == kIdChar) ++p_;
  if (p_ != end_ && *p_ == '"') return reserved(start);
  std::string_view text{start, static_cast<size_t>(p_ - start)};
  char first = *start;
  if (first >= 'a' && first <= 'z') {
    if (text == "inf" || text.starts_with("nan")) {
      if (auto number = classify_number(text)) return token(number->kind, start, number->flags);
    }
    Token t = token(TokenKind::kKeyword, start);
    t.keyword = find_keyword(text);
    return t;
  }
  if (first == '$') return token(TokenKind::kId, start);
  if (first == '@') return token(TokenKind::kAnnotation, start);
  if (auto number = classify_number(text)) return token(number->kind, start, number->flags);
  return token(TokenKind::kReserved, start);
}

/// Words with strings in them: one string alone, a quoted id or annotation, else a reserved word.
Token Lexer::reserved(const char* start) {
  u32 strings = 0;
  bool escapes = false;
  while (p_ != end_ && (class_of(*p_) == kIdChar || *p_ == '"')) {
    if (*p_ != '"') {
      ++p_;
      continue;
    }
    ++strings;
    Token error;
    if (!scan_string(error, escapes)) return error;
  }
  u8 flags = escapes ? Token::kEscapes : 0;
  bool ends_in_string = p_[-1] == '"' && strings == 1;
  if (*start == '"' && ends_in_string) return token(TokenKind::kString, start, flags);
  if (ends_in_string && start[1] == '"') {
    u8 quoted = static_cast<u8>(flags | Token::kQuoted);
    if (*start == '$') return token(TokenKind::kId, start, quoted);
    if (*start == '@') return token(TokenKind::kAnnotation, start, quoted);
  }
  return token(TokenKind::kReserved, start);
}

/// p_ is at the `@` behind `open`. Returns `open`, flagged if the annotation is known; kEof if it
/// was skipped; or an error.
Token Lexer::annotated_paren(Token open) {
  const char* at = p_;
  Token name = word();
  if (name.kind == TokenKind::kError) return name;
  p_ = at;
  if (name.kind != TokenKind::kAnnotation) return open;
  std::string decoded;
  std::string_view id{begin_ + name.offset + 1, name.size - 1};
  if (name.has(Token::kQuoted)) {
    append_unescaped(id.substr(1, id.size() - 2), decoded);
    id = decoded;
    if (!is_valid_utf8(bytes_of(id)))
      return fail(at, "malformed UTF-8 encoding of string-based id");
  }
  if (id.empty()) return fail(at, "empty annotation id");
  if (is_known_annotation(id)) {
    open.flags = Token::kAnnotated;
    return open;
  }
  Token error;
  return skip_annotation(error) ? Token{} : error;
}

bool Lexer::skip_annotation(Token& error) {
  const char* start = p_;
  for (u32 depth = 1; depth != 0;) {
    Token t = next_raw();
    if (t.kind == TokenKind::kEof) t = fail(start, "unclosed annotation");
    if (t.kind == TokenKind::kError) {
      error = t;
      return false;
    }
    if (t.kind == TokenKind::kLParen) ++depth;
    if (t.kind == TokenKind::kRParen) --depth;
  }
  return true;
}

/// p_ is at the opening quote; moves behind the closing one.
bool Lexer::scan_string(Token& error, bool& escapes) {
  const char* last = p_++;
  while (p_ != end_) {
    last = p_;
    u8 c = static_cast<u8>(*p_++);
    if (c == '"') return true;
    if (c == '\\') {
      escapes = true;
      if (!scan_escape(last, error)) return false;
    } else if (c < 0x20 || c == 0x7f) {
      error = fail(last, "invalid character in string " + quoted_char(last));
      return false;
    } else if (c == 0xe2 && !allow_confusing_ && is_confusing(decode_char(last))) {
      error = fail(last, "likely-confusing unicode character found " + quoted_char(last));
      return false;
    }
  }
  error = fail(end_, "unexpected end-of-file");
  return false;
}

/// p_ is behind the backslash. `last` follows the last character read, where errors point.
bool Lexer::scan_escape(const char*& last, Token& error) {
  if (p_ == end_) {
    error = fail(end_, "unexpected end-of-file");
    return false;
  }
  last = p_;
  char c = *p_;
  p_ += char_size(p_);
  if (c == '"' || c == '\'' || c == 't' || c == 'n' || c == 'r' || c == '\\') return true;
  if (c == 'u') return scan_unicode_escape(last, error);
  if (hex_value(c) < 0) {
    error = fail(last, "invalid string escape " + quoted_char(last));
    return false;
  }
  if (p_ == end_) {
    error = fail(end_, "unexpected end-of-file");
    return false;
  }
  last = p_;
  if (hex_value(*p_) < 0) {
    error = fail(last, "invalid hex digit " + quoted_char(last));
    return false;
  }
  ++p_;
  return true;
}

/// p_ is behind `\u`: `{`, hexadecimal digits with single underscores between them, `}`.
bool Lexer::scan_unicode_escape(const char*& last, Token& error) {
  auto fail_here = [&](std::string message) {
    error = p_ == end_ ? fail(end_, "unexpected end-of-file") : fail(last, std::move(message));
    return false;
  };
  auto expected = [&](char wanted) {
    return p_ == end_ ? std::string()
                      : std::string("expected '") + wanted + "' but found " + quoted_char(p_);
  };
  if (p_ == end_ || *p_ != '{') return last = p_, fail_here(expected('{'));
  ++p_;
  if (p_ == end_ || hex_value(*p_) < 0) {
    last = p_;
    return fail_here(p_ == end_ ? "" : "invalid hex digit " + quoted_char(p_));
  }
  u64 n = 0;
  while (p_ != end_ && (*p_ == '_' || hex_value(*p_) >= 0)) {
    last = p_;
    if (*p_ != '_') n = n << 4 | static_cast<u64>(hex_value(*p_));
    if (n > 0xffffffff) return fail_here("number is too big to parse");
    ++p_;
  }
  if (p_[-1] == '_') {
    error = fail(last, "bare underscore in numeric literal");
    return false;
  }
  if (n > 0x10ffff || (n >= 0xd800 && n < 0xe000)) {
    error = fail(last, "invalid unicode scalar value 0x" + hex_digits(static_cast<u32>(n)));
    return false;
  }
  if (p_ == end_ || *p_ != '}') return last = p_, fail_here(expected('}'));
  ++p_;
  return true;
}

bool Lexer::skip_list() {
  u32 depth = 1;
  while (p_ != end_) {
    char c = *p_++;
    if (class_of(c) < kQuote) continue;
    if (c == '(') {
      if (p_ != end_ && *p_ == ';') {
        --p_;
        p_ = skip_block_comment();
        if (p_ == nullptr) return p_ = end_, false;
      } else {
        ++depth;
      }
    } else if (c == ')') {
      if (--depth == 0) return true;
    } else if (c == ';' && p_ != end_ && *p_ == ';') {
      while (p_ != end_ && *p_ != '\n' && *p_ != '\r') ++p_;
    } else if (c == '"') {
      while (p_ != end_ && *p_ != '"') p_ += *p_ == '\\' && p_ + 1 != end_ ? 2 : 1;
      if (p_ != end_) ++p_;
    }
  }
  return false;
}

void append_unescaped(std::string_view body, std::string& out) {
  for (size_t i = 0; i < body.size();) {
    size_t plain = body.find('\\', i);
    if (plain == std::string_view::npos) plain = body.size();
    out.append(body.substr(i, plain - i));
    if (plain == body.size()) return;
    char c = body[plain + 1];
    i = plain + 2;
    switch (c) {
      case 't': out.push_back('\t'); break;
      case 'n': out.push_back('\n'); break;
      case 'r': out.push_back('\r'); break;
      case '"':
      case '\'':
      case '\\': out.push_back(c); break;
      case 'u': {
        u32 n = 0;
        for (++i; body[i] != '}'; ++i) {
          if (body[i] != '_') n = n << 4 | static_cast<u32>(hex_value(body[i]));
        }
        ++i;
        append_utf8(n, out);
        break;
      }
      default:
        out.push_back(static_cast<char>(hex_value(c) << 4 | hex_value(body[i])));
        ++i;
        break;
    }
  }
}

}  // namespace wazuka::wat

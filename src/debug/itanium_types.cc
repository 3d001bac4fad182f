// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types, template arguments and substitutions; see itanium_parser.h.
#include "debug/itanium_parser.h"

namespace wazuka::debug::itanium {
namespace {

struct Builtin {
  char code;
  std::string_view name;
};
constexpr Builtin kBuiltins[] = {{'a', "signed char"}, {'b', "bool"},
                                 {'c', "char"},        {'d', "double"},
                                 {'e', "long double"}, {'f', "float"},
                                 {'g', "__float128"},  {'h', "unsigned char"},
                                 {'i', "int"},         {'j', "unsigned int"},
                                 {'l', "long"},        {'m', "unsigned long"},
                                 {'n', "__int128"},    {'o', "unsigned __int128"},
                                 {'s', "short"},       {'t', "unsigned short"},
                                 {'v', "void"},        {'w', "wchar_t"},
                                 {'x', "long long"},   {'y', "unsigned long long"},
                                 {'z', "..."}};

/// After a `D`.
constexpr Builtin kMoreBuiltins[] = {
    {'a', "auto"},      {'c', "decltype(auto)"}, {'d', "decimal64"}, {'e', "decimal128"},
    {'f', "decimal32"}, {'h', "half"},           {'i', "char32_t"},  {'n', "std::nullptr_t"},
    {'s', "char16_t"},  {'u', "char8_t"}};

constexpr Builtin kStandard[] = {{'a', "std::allocator"},
                                 {'b', "std::basic_string"},
                                 {'s', "std::string"},
                                 {'i', "std::basic_istream<char, std::char_traits<char> >"},
                                 {'o', "std::basic_ostream<char, std::char_traits<char> >"},
                                 {'d', "std::basic_iostream<char, std::char_traits<char> >"}};

std::string_view find(std::span<const Builtin> table, char code) {
  for (const Builtin& b : table) {
    if (b.code == code) return b.name;
  }
  return {};
}

}  // namespace

NodeId Parser::type() {
  const Level level(*this);
  if (!ok_) return kNone;
  const std::string_view rest = s_.substr(pos_);
  switch (peek()) {
    case 'r':
    case 'V':
    case 'K': {
      const size_t start = pos_;
      const u8 qualifiers = cv_qualifiers();
      if (peek() == 'F' || (peek() == 'D' && (peek(1) == 'o' || peek(1) == 'O'))) {
        pos_ = start;  // they belong to the function
        return substitutable(function_type());
      }
      const NodeId node = make(NodeKind::kQualified, type());
      ast_[node].qualifiers = qualifiers;
      return substitutable(node);
    }
    case 'P': ++pos_; return substitutable(make(NodeKind::kPointer, type()));
    case 'R': ++pos_; return substitutable(make(NodeKind::kLvalueRef, type()));
    case 'O': ++pos_; return substitutable(make(NodeKind::kRvalueRef, type()));
    case 'C': ++pos_; return substitutable(wrapped("", type(), " complex"));
    case 'G': ++pos_; return substitutable(wrapped("", type(), " imaginary"));
    case 'U':
      if (rest.starts_with("Ut") || rest.starts_with("Ul")) return class_type();
      return substitutable(vendor_qualified_type());
    case 'F': return substitutable(function_type());
    case 'A': return substitutable(array_type());
    case 'M': return substitutable(member_pointer_type());
    case 'D': return type_after_d();
    case 'T': {
      if (rest.starts_with("Ts") || rest.starts_with("Tu") || rest.starts_with("Te"))
        return class_type();
      const NodeId node = substitutable(template_parameter());
      if (peek() != 'I' || !arguments_may_follow_) return node;
      return substitutable(template_arguments(node, /*of_function=*/false));
    }
    case 'S': {
      if (rest.starts_with("St")) return class_type();
      const NodeId node = substitution();
      if (peek() != 'I') return node;
      return substitutable(template_arguments(node, /*of_function=*/false));
    }
    case 'u': {
      ++pos_;
      NodeId node = source_name();
      if (peek() == 'I') node = template_arguments(node, /*of_function=*/false);
      return substitutable(node);
    }
    default: break;
  }
  const std::string_view builtin = find(kBuiltins, peek());
  if (builtin.empty()) return class_type();
  ++pos_;
  return text(builtin);
}

NodeId Parser::class_type() {
  // An elaborated type: struct, union, enum.
  if (!eat("Ts") && !eat("Tu")) eat("Te");
  return substitutable(name(nullptr));
}

NodeId Parser::type_after_d() {
  switch (peek(1)) {
    case 't':
    case 'T': {
      const NodeId node = substitutable(decltype_type());
      if (peek() != 'I') return node;
      return substitutable(template_arguments(node, /*of_function=*/false));
    }
    case 'p': pos_ += 2; return substitutable(make(NodeKind::kExpansion, type()));
    case 'v': pos_ += 2; return substitutable(vector_type());
    case 'o':
    case 'O':
    case 'w':
    case 'x': return substitutable(function_type());
    case 'F':
    case 'B':
    case 'U': return substitutable(float_or_bit_int());
    case 'k':
    case 'K': {  // constrained by a concept
      const bool decltype_auto = peek(1) == 'K';
      pos_ += 2;
      name(nullptr);
      return ok_ ? text(decltype_auto ? "decltype(auto)" : "auto") : kNone;
    }
    default: break;
  }
  const std::string_view builtin = find(kMoreBuiltins, peek(1));
  if (builtin.empty()) return class_type();
  pos_ += 2;
  return text(builtin);
}

NodeId Parser::float_or_bit_int() {
  ++pos_;
  const char kind = s_[pos_++];
  if (kind == 'F') {
    const std::string_view bits = digits(/*allow_negative=*/false);
    if (eat('b')) return ok_ ? text("std::bfloat16_t") : kNone;
    const bool extended = eat('x');
    if (!extended && !eat('_')) return fail();
    return sequence({text("_Float"), text(bits), text(extended ? "x" : "")});
  }
  const NodeId bits = at_digit() ? text(digits(/*allow_negative=*/false)) : expression();
  return expect('_', wrapped(kind == 'U' ? "unsigned _BitInt(" : "signed _BitInt(", bits, ")"));
}

u8 Parser::cv_qualifiers() {
  u8 q = 0;
  if (eat('r')) q |= kRestrict;
  if (eat('V')) q |= kVolatile;
  if (eat('K')) q |= kConst;
  return q;
}

/// With the exception specification and qualifiers that come before it.
NodeId Parser::function_type() {
  u8 qualifiers = cv_qualifiers();
  const NodeId exceptions = peek() == 'D' ? exception_specification() : kNone;
  eat("Dx");  // transaction-safe
  if (!ok_ || !eat('F')) return fail();
  eat('Y');  // extern "C"
  const NodeId result = type();
  Nodes parameters;
  if (!eat('v')) {
    while (ok_ && peek() != 'E' && !(peek(1) == 'E' && (peek() == 'R' || peek() == 'O'))) {
      parameters.push_back(type());
    }
  }
  if (eat('R')) qualifiers |= kLvalue;
  if (eat('O')) qualifiers |= kRvalue;
  if (!eat('E')) return fail();
  const NodeId node = list(NodeKind::kFunction, parameters, result);
  ast_[node].b = exceptions;
  ast_[node].qualifiers = qualifiers;
  return node;
}

NodeId Parser::exception_specification() {
  if (eat("Do")) return text(" noexcept");
  if (eat("DO")) return expect('E', wrapped(" noexcept(", expression(), ")"));
  if (!eat("Dw")) return kNone;
  Nodes parts{text(" throw(")};
  while (ok_ && !eat('E')) {
    if (parts.size() > 1) parts.push_back(text(", "));
    parts.push_back(type());
  }
  parts.push_back(text(")"));
  return list(NodeKind::kSequence, parts);
}

NodeId Parser::array_type() {
  eat('A');
  NodeId size = kNone;
  if (at_digit()) {
    size = text(digits(/*allow_negative=*/false));
  } else if (peek() != '_') {
    size = expression();
  }
  if (!eat('_')) return fail();
  const NodeId element = type();
  return make(NodeKind::kArray, element, size);
}

NodeId Parser::member_pointer_type() {
  eat('M');
  const NodeId of_class = type();
  const NodeId member = type();
  return member == kNone ? fail() : make(NodeKind::kMemberPointer, of_class, member);
}

NodeId Parser::vector_type() {
  const NodeId size = at_digit() ? text(digits(/*allow_negative=*/false)) : expression();
  if (!eat('_')) return fail();
  const NodeId element = type();
  return sequence({element, text(" __vector("), size, text(")")});
}

NodeId Parser::vendor_qualified_type() {
  eat('U');
  NodeId qualifier = source_name();
  if (peek() == 'I') qualifier = template_arguments(qualifier, /*of_function=*/false);
  const NodeId of = type();
  return sequence({of, text(" "), qualifier});
}

NodeId Parser::decltype_type() {
  pos_ += 2;  // Dt: of a name or member, DT: of any expression
  return expect('E', wrapped("decltype (", expression(), ")"));
}

NodeId Parser::substitution() {
  eat('S');
  if (peek() >= 'a' && peek() <= 'z') return standard_substitution();
  const u64 index = sequence_number(36);
  if (!ok_ || index >= substitutions_.size()) return fail();
  return substitutions_[static_cast<size_t>(index)];
}

NodeId Parser::standard_substitution() {
  const std::string_view name = find(kStandard, peek());
  if (name.empty()) return fail();
  ++pos_;
  const NodeId node = text(name);
  if (peek() != 'B') return node;
  return substitutable(abi_tags(node));
}

NodeId Parser::template_parameter() {
  eat('T');
  u64 level = 0;
  if (eat('L')) level = sequence_number(10) + 1;
  const u64 index = sequence_number(10);
  if (!ok_) return kNone;
  Node n;
  n.kind = NodeKind::kParameter;
  n.first = static_cast<u32>(index);
  if (level < arguments_.size() && index < arguments_[level].size()) {
    n.a = arguments_[static_cast<size_t>(level)][static_cast<size_t>(index)];
  } else if (level == lambda_level_ && level <= arguments_.size()) {
    n.text = ast_.own("auto:" + std::to_string(index + 1));  // of the generic lambda being named
  } else if (!parameters_come_later_ || level != 0) {
    return fail();
  }
  return ast_.add(n);
}

/// The arguments of a function's own name are what its `T_` stand for.
NodeId Parser::template_arguments(NodeId of, bool of_function) {
  const Level level(*this);
  if (of == kNone || !eat('I')) return fail();
  if (of_function) arguments_.assign(1, {});
  Nodes items;
  while (ok_ && !eat('E')) {
    if (eat('Q')) {  // a requires-clause: not shown, as in encoding()
      expression();
      continue;
    }
    const NodeId item = template_argument();
    items.push_back(item);
    if (of_function && !arguments_.empty()) arguments_[0].push_back(item);
  }
  return list(NodeKind::kTemplate, items, of);
}

NodeId Parser::template_argument() {
  const Level level(*this);
  if (eat('X')) return expect('E', expression());
  if (eat('J')) {
    Nodes items;
    while (ok_ && !eat('E')) items.push_back(template_argument());
    return list(NodeKind::kPack, items);
  }
  if (peek() == 'L') return literal();
  if (at_template_parameter_declaration()) {
    template_parameter_declaration();
    return template_argument();
  }
  return type();
}

bool Parser::at_template_parameter_declaration() const {
  return peek() == 'T' && std::string_view("yptnk").find(peek(1)) != std::string_view::npos;
}

/// Explicit parameters of a lambda (`[]<class T>`); not shown.
void Parser::template_parameter_declaration() {
  const Level level(*this);
  ++pos_;
  const char kind = ok_ ? s_[pos_++] : '\0';
  if (kind == 'p') return template_parameter_declaration();
  if (kind == 'k') name(nullptr);
  if (kind == 'n') type();
  if (kind != 't') return;
  while (ok_ && !eat('E')) {
    if (!at_template_parameter_declaration()) {
      fail();
      return;
    }
    template_parameter_declaration();
  }
}

}  // namespace wazuka::debug::itanium

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Expressions in names: in template arguments, array sizes, decltype, noexcept; see
// itanium_parser.h.
//
// Nobody needs to know what an expression means, so that it becomes a sequence of texts. Operands
// are put in parentheses instead of minding precedence.
#include "debug/itanium_parser.h"

namespace wazuka::debug::itanium {

NodeId Parser::expression() {
  const Level level(*this);
  if (!ok_) return kNone;
  const bool global = eat("gs");
  switch (peek()) {
    case 'L': return literal();
    case 'T': return template_parameter();
    case 'f':
      if (peek(1) == 'p' || (peek(1) == 'L' && at_digit(2))) return function_parameter();
      return fold();
    case 'u': return vendor_expression();
    default: break;
  }
  if (eat("nw") || eat("na")) {
    pos_ -= 2;
    return new_expression(global);
  }
  if (at_digit() || s_.substr(pos_).starts_with("sr") || s_.substr(pos_).starts_with("on") ||
      s_.substr(pos_).starts_with("dn")) {
    return unresolved_name(global);
  }
  const NodeId node = prefixed_expression();
  if (node != kNone || !ok_) return global && node != kNone ? wrapped("::", node, "") : node;
  return operator_expression();
}

/// A built-in function of a compiler, called with types and values.
NodeId Parser::vendor_expression() {
  eat('u');
  const NodeId callee = source_name();
  Nodes arguments;
  while (ok_ && !eat('E')) arguments.push_back(template_argument());
  return sequence({callee, text("("), list(NodeKind::kPack, arguments), text(")")});
}

/// `requires (parameters) { … }`: what is required is not shown.
NodeId Parser::requires_expression(bool has_parameters) {
  while (has_parameters && ok_ && !eat('_')) type();
  while (ok_ && !eat('E')) {
    if (eat('X')) {
      expression();
      eat('N');  // noexcept
      if (eat('R')) name(nullptr);
    } else if (eat('T')) {
      type();
    } else if (eat('Q')) {
      expression();
    } else {
      fail();
    }
  }
  return ok_ ? text("requires {...}") : kNone;
}

/// An operand of another expression, in parentheses where it is not obviously one thing.
NodeId Parser::operand() {
  const bool simple = peek() == 'f' && peek(1) == 'p';
  const NodeId node = expression();
  return simple ? node : wrapped("(", node, ")");
}

/// Expressions that start with letters of their own, not those of an operator's name; kNone,
/// without an error, if it is none of them.
NodeId Parser::prefixed_expression() {
  if (eat("cc")) return cast("const_cast");
  if (eat("dc")) return cast("dynamic_cast");
  if (eat("rc")) return cast("reinterpret_cast");
  if (eat("sc")) return cast("static_cast");
  if (eat("cl")) return call(/*parenthesized=*/false);
  if (eat("cp")) return call(/*parenthesized=*/true);
  if (eat("cv")) return conversion();
  if (eat("il")) return initializer_list(kNone);
  if (eat("tl")) return initializer_list(type());
  if (eat("st")) return wrapped("sizeof (", type(), ")");
  if (eat("sz")) return wrapped("sizeof (", expression(), ")");
  if (eat("at")) return wrapped("alignof (", type(), ")");
  if (eat("az")) return wrapped("alignof (", expression(), ")");
  if (eat("nx")) return wrapped("noexcept(", expression(), ")");
  if (eat("ti")) return wrapped("typeid (", type(), ")");
  if (eat("te")) return wrapped("typeid (", expression(), ")");
  if (eat("sZ")) return wrapped("sizeof...(", expression(), ")");
  if (eat("sP"))
    return wrapped("sizeof...(", list(NodeKind::kPack, Nodes{expressions_until('E')}), ")");
  if (eat("sp")) return make(NodeKind::kExpansion, expression());
  if (eat("tw")) return sequence({text("throw "), expression()});
  if (eat("tr")) return text("throw");
  if (eat("rq")) return requires_expression(/*has_parameters=*/false);
  if (eat("rQ")) return requires_expression(/*has_parameters=*/true);
  if (eat("dl")) return sequence({text("delete "), operand()});
  if (eat("da")) return sequence({text("delete[] "), operand()});
  return kNone;
}

NodeId Parser::operator_expression() {
  const OperatorInfo* info = find_operator();
  if (info == nullptr) return fail();
  pos_ += 2;
  const std::string_view code = info->code;
  if (code == "qu") {
    const NodeId condition = operand(), then = operand(), otherwise = operand();
    return sequence({condition, text("?"), then, text(" : "), otherwise});
  }
  if (code == "ix") {
    const NodeId array = operand(), index = expression();
    return sequence({array, text("["), index, text("]")});
  }
  if (code == "dt" || code == "pt") {
    const NodeId object = operand(), member = expression();
    return sequence({object, text(info->text), member});
  }
  switch (info->kind) {
    case OperatorInfo::Kind::kPrefix: {
      // The address of a function is the usual case, and `&f` is how one writes it.
      const bool name = code == "ad" && s_.substr(pos_).starts_with("L_Z");
      return sequence({text(info->text), name ? expression() : operand()});
    }
    case OperatorInfo::Kind::kPostfix:
      if (eat('_')) return sequence({text(info->text), operand()});  // as a prefix
      return sequence({operand(), text(info->text)});
    case OperatorInfo::Kind::kBinary: {
      const NodeId left = operand(), right = operand();
      const NodeId whole = sequence({left, text(info->text), right});
      return code == "gt" ? wrapped("(", whole, ")") : whole;  // not the end of the template
    }
    case OperatorInfo::Kind::kCall:
    case OperatorInfo::Kind::kOther: break;
  }
  return fail();
}

NodeId Parser::cast(std::string_view keyword) {
  const NodeId to = type(), value = expression();
  return sequence({text(keyword), text("<"), to, text(">("), value, text(")")});
}

NodeId Parser::call(bool parenthesized) {
  const NodeId callee = parenthesized ? wrapped("(", expression(), ")") : operand();
  return sequence({callee, text("("), expressions_until('E'), text(")")});
}

NodeId Parser::conversion() {
  // Whatever looks like arguments after the type are those of the cast.
  const bool may_follow = std::exchange(arguments_may_follow_, false);
  const NodeId to = type();
  arguments_may_follow_ = may_follow;
  if (eat('_'))
    return sequence({wrapped("(", to, ")"), text("("), expressions_until('E'), text(")")});
  const NodeId value = operand();
  return sequence({wrapped("(", to, ")"), value});
}

/// `new (placement) type(arguments)`
NodeId Parser::new_expression(bool global) {
  const bool array = s_[pos_ + 1] == 'a';
  pos_ += 2;
  const bool has_placement = peek() != '_';
  const NodeId placement = expressions_until('_');
  const NodeId of = type();
  NodeId arguments = text("");
  if (eat("pi")) {
    arguments = wrapped("(", expressions_until('E'), ")");
  } else if (peek() == 'i' && peek(1) == 'l') {
    arguments = expression();
  } else if (!eat('E')) {
    return fail();
  }
  return sequence({text(global ? "::new" : "new"), text(array ? "[] " : " "),
                   has_placement ? wrapped("(", placement, ") ") : text(""), of, arguments});
}

/// fl, fr: unary to the left and right; fL, fR: binary.
NodeId Parser::fold() {
  eat('f');
  const char kind = peek();
  if (kind != 'l' && kind != 'r' && kind != 'L' && kind != 'R') return fail();
  ++pos_;
  const OperatorInfo* info = find_operator();
  if (info == nullptr) return fail();
  pos_ += 2;
  const NodeId symbol = text(info->text), dots = text("...");
  const NodeId first = operand();
  if (kind == 'l') return sequence({text("("), dots, symbol, first, text(")")});
  if (kind == 'r') return sequence({text("("), first, symbol, dots, text(")")});
  const NodeId second = operand();
  return sequence({text("("), first, symbol, dots, symbol, second, text(")")});
}

/// The parameters of the function whose type this is in.
NodeId Parser::function_parameter() {
  eat('f');
  if (eat("pT")) return text("this");
  if (eat('L')) {
    number();  // how many functions further out
    if (!eat('p')) return fail();
  } else {
    eat('p');
  }
  cv_qualifiers();
  const u64 n = sequence_number(10);
  return ast_.owned_name("{parm#" + std::to_string(n + 1) + "}");
}

NodeId Parser::initializer_list(NodeId of) {
  if (!ok_) return kNone;
  return sequence({of == kNone ? text("") : of, text("{"), expressions_until('E'), text("}")});
}

/// As one node with commas.
NodeId Parser::expressions_until(char end) {
  Nodes items;
  while (ok_ && !eat(end)) items.push_back(expression());
  return list(NodeKind::kPack, items);
}

/// A name that depends on template parameters, so that nobody knew what it would be.
NodeId Parser::unresolved_name(bool global) {
  const NodeId start = text(global ? "::" : "");
  if (!eat("sr")) return sequence({start, base_unresolved_name()});
  NodeId scope = kNone;
  if (eat('N')) {
    scope = unresolved_type();
    while (ok_ && !eat('E')) scope = make(NodeKind::kNested, scope, simple_id());
  } else if (at_digit()) {
    do {
      const NodeId next = simple_id();
      scope = scope == kNone ? next : make(NodeKind::kNested, scope, next);
    } while (ok_ && !eat('E'));
  } else {
    scope = unresolved_type();
  }
  const NodeId member = base_unresolved_name();
  return sequence({start, scope, text("::"), member});
}

NodeId Parser::unresolved_type() {
  NodeId node = kNone;
  if (peek() == 'T') {
    node = substitutable(template_parameter());
  } else if (peek() == 'D') {
    node = substitutable(decltype_type());
  } else {
    return type();
  }
  if (peek() == 'I') node = substitutable(template_arguments(node, /*of_function=*/false));
  return node;
}

NodeId Parser::base_unresolved_name() {
  if (at_digit()) return simple_id();
  if (eat("dn")) {
    const NodeId of = at_digit() ? simple_id() : unresolved_type();
    return sequence({text("~"), of});
  }
  eat("on");
  const NodeId node = operator_name(nullptr);
  return peek() == 'I' ? template_arguments(node, /*of_function=*/false) : node;
}

NodeId Parser::simple_id() {
  const NodeId node = source_name();
  return peek() == 'I' ? template_arguments(node, /*of_function=*/false) : node;
}

/// A constant: its type and value, or the name of an entity.
NodeId Parser::literal() {
  const Level level(*this);
  eat('L');
  if (eat("_Z") || eat('Z')) return expect('E', encoding());
  const char code = peek();
  if (code == 'D' && peek(1) == 'n') {
    pos_ += 2;
    digits(false);
    return expect('E', text("nullptr"));
  }
  const NodeId of = type();
  if (eat('E')) return wrapped("(", of, ")");  // a string: only its type is known
  return expect('E', literal_value(of, code));
}

NodeId Parser::literal_value(NodeId of, char code) {
  if (code == 'b' && (peek() == '0' || peek() == '1') && peek(1) == 'E')
    return text(s_[pos_++] == '1' ? "true" : "false");
  const bool is_float = code == 'f' || code == 'd' || code == 'e' || code == 'g';
  const size_t start = pos_;
  if (is_float) {
    while (at_digit() || (peek() >= 'a' && peek() <= 'f')) ++pos_;
    return sequence({wrapped("(", of, ")["), text(s_.substr(start, pos_ - start)), text("]")});
  }
  const bool negative = eat('n');
  const NodeId value = text(digits(/*allow_negative=*/false));
  if (pos_ == start) return fail();
  if (code == 'i') return sequence({text(negative ? "-" : ""), value});
  return sequence({wrapped("(", of, ")"), text(negative ? "-" : ""), value});
}

}  // namespace wazuka::debug::itanium

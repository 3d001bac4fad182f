// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names of functions and their parts; see itanium_parser.h.
#include <algorithm>

#include "debug/itanium_parser.h"

namespace wazuka::debug::itanium {
namespace {

using Kind = OperatorInfo::Kind;

constexpr OperatorInfo kOperators[] = {
    {"aN", "&=", Kind::kBinary},      {"aS", "=", Kind::kBinary},
    {"aa", "&&", Kind::kBinary},      {"ad", "&", Kind::kPrefix},
    {"an", "&", Kind::kBinary},       {"aw", "co_await ", Kind::kPrefix},
    {"cl", "()", Kind::kCall},        {"cm", ",", Kind::kBinary},
    {"co", "~", Kind::kPrefix},       {"dV", "/=", Kind::kBinary},
    {"da", "delete[]", Kind::kOther}, {"de", "*", Kind::kPrefix},
    {"dl", "delete", Kind::kOther},   {"ds", ".*", Kind::kBinary},
    {"dt", ".", Kind::kBinary},       {"dv", "/", Kind::kBinary},
    {"eO", "^=", Kind::kBinary},      {"eo", "^", Kind::kBinary},
    {"eq", "==", Kind::kBinary},      {"ge", ">=", Kind::kBinary},
    {"gt", ">", Kind::kBinary},       {"ix", "[]", Kind::kOther},
    {"lS", "<<=", Kind::kBinary},     {"le", "<=", Kind::kBinary},
    {"ls", "<<", Kind::kBinary},      {"lt", "<", Kind::kBinary},
    {"mI", "-=", Kind::kBinary},      {"mL", "*=", Kind::kBinary},
    {"mi", "-", Kind::kBinary},       {"ml", "*", Kind::kBinary},
    {"mm", "--", Kind::kPostfix},     {"na", "new[]", Kind::kOther},
    {"ne", "!=", Kind::kBinary},      {"ng", "-", Kind::kPrefix},
    {"nt", "!", Kind::kPrefix},       {"nw", "new", Kind::kOther},
    {"oR", "|=", Kind::kBinary},      {"oo", "||", Kind::kBinary},
    {"or", "|", Kind::kBinary},       {"pL", "+=", Kind::kBinary},
    {"pl", "+", Kind::kBinary},       {"pm", "->*", Kind::kBinary},
    {"pp", "++", Kind::kPostfix},     {"ps", "+", Kind::kPrefix},
    {"pt", "->", Kind::kBinary},      {"qu", "?", Kind::kOther},
    {"rM", "%=", Kind::kBinary},      {"rS", ">>=", Kind::kBinary},
    {"rm", "%", Kind::kBinary},       {"rs", ">>", Kind::kBinary},
    {"ss", "<=>", Kind::kBinary}};

struct Special {
  std::string_view code, before, after;
  bool of_type;  // else of an encoding
};
constexpr Special kSpecials[] = {{"TV", "{vtable(", ")}", true},
                                 {"TT", "{vtt(", ")}", true},
                                 {"TI", "typeinfo for ", "", true},
                                 {"TS", "typeinfo name for ", "", true},
                                 {"TH", "TLS init function for ", "", false},
                                 {"TW", "TLS wrapper function for ", "", false},
                                 {"GV", "guard variable for ", "", false},
                                 {"GTt", "transaction clone for ", "", false},
                                 {"GTn", "non-transaction clone for ", "", false}};

}  // namespace

u64 Parser::number() {
  if (!at_digit()) fail();
  u64 n = 0;
  while (at_digit()) {
    n = n * 10 + static_cast<u64>(s_[pos_++] - '0');
    if (n > 0xffff'ffff) fail();
  }
  return n;
}

/// A number as written, with `n` for minus.
std::string_view Parser::digits(bool allow_negative) {
  const size_t start = pos_;
  if (allow_negative) eat('n');
  while (at_digit()) ++pos_;
  return s_.substr(start, pos_ - start);
}

/// `_` is 0, `0_` is 1, …
u64 Parser::sequence_number(u32 base) {
  if (eat('_')) return 0;
  u64 n = 0;
  while (ok_ && !eat('_')) {
    const bool upper = base == 36 && peek() >= 'A' && peek() <= 'Z';
    if ((!at_digit() && !upper) || n > 0xffff) {
      fail();
      return 0;
    }
    n = n * base + static_cast<u64>(upper ? s_[pos_] - 'A' + 10 : s_[pos_] - '0');
    ++pos_;
  }
  return n + 1;
}

NodeId Parser::sequence(std::initializer_list<NodeId> parts) {
  if (!ok_ || std::ranges::find(parts, kNone) != parts.end()) return fail();
  return list(NodeKind::kSequence, {parts.begin(), parts.size()});
}

/// The whole name, and what compilers append to tell copies apart.
NodeId Parser::mangled_name() {
  NodeId node = encoding();
  while (ok_ && peek() == '.') {
    // One clone: a word and the numbers after it.
    size_t end = s_.find('.', pos_ + 1);
    while (end != std::string_view::npos && end + 1 < s_.size() && s_[end + 1] >= '0' &&
           s_[end + 1] <= '9') {
      end = s_.find('.', end + 1);
    }
    end = std::min(end, s_.size());
    node = sequence({node, text(" [clone "), text(s_.substr(pos_, end - pos_)), text("]")});
    pos_ = end;
  }
  return ok_ && pos_ == s_.size() ? node : kNone;
}

NodeId Parser::encoding() {
  const Level level(*this);
  if (!ok_) return kNone;
  if (peek() == 'T' || (peek() == 'G' && peek(1) != '\0')) return special_name();
  // A function's template parameters are its own.
  std::vector<Nodes> outer = std::exchange(arguments_, {});
  NameState state;
  NodeId node = name(&state);
  if (eat("Ua9enable_ifI")) {  // a condition of Clang: not shown
    while (ok_ && !eat('E')) template_argument();
  }
  if (ok_ && !at_end_of_encoding()) {
    NodeId result = kNone;
    if (state.arguments != kNone && !state.no_return_type) result = type();
    Nodes parameters;
    if (!eat('v')) {
      do parameters.push_back(type());
      while (ok_ && !at_end_of_encoding() && peek() != 'Q');
    }
    if (eat('Q'))
      expression();  // a requires-clause: not shown, as it is long and seldom tells functions apart
    node = list(NodeKind::kEncoding, parameters, node);
    ast_[node].b = result;
    ast_[node].c = state.arguments;
    ast_[node].qualifiers = state.qualifiers;
  }
  arguments_ = std::move(outer);
  return ok_ ? node : kNone;
}

NodeId Parser::special_name() {
  for (const Special& s : kSpecials) {
    if (eat(s.code)) return wrapped(s.before, s.of_type ? type() : encoding(), s.after);
  }
  if (eat("Tc")) return thunk("{virtual override thunk(", 2);
  if (peek() == 'T' && (peek(1) == 'h' || peek(1) == 'v')) {
    ++pos_;
    return thunk("{virtual override thunk(", 1);
  }
  if (eat("TC")) {
    const NodeId derived = type();
    number();
    if (!eat('_')) return fail();
    return sequence({text("construction vtable for "), type(), text("-in-"), derived});
  }
  if (eat("TA")) return wrapped("template parameter object for ", template_argument(), "");
  if (eat("GR")) {
    const NodeId object = name(nullptr);
    const u64 n = sequence_number(36);
    return sequence(
        {ast_.owned_name("reference temporary #" + std::to_string(n) + " for "), object});
  }
  return fail();
}

NodeId Parser::thunk(std::string_view prefix, int offsets) {
  Nodes parts{text(prefix)};
  for (int i = 0; i < offsets; ++i) parts.push_back(text(call_offset()));
  parts.push_back(encoding());
  parts.push_back(text(")}"));
  if (!ok_) return kNone;
  return list(NodeKind::kSequence, parts);
}

std::string_view Parser::call_offset() {
  const bool is_virtual = eat('v');
  if (!is_virtual && !eat('h')) fail();
  const auto offset = [&] {
    const std::string_view n = digits(/*allow_negative=*/true);
    if (!eat('_')) fail();
    return n.starts_with('n') ? "-" + std::string(n.substr(1)) : std::string(n);
  };
  std::string out = is_virtual ? "{virtual offset(" : "{offset(";
  out += offset();
  if (is_virtual) out += ", " + offset();
  return ast_.own(out + ")}, ");
}

NodeId Parser::name(NameState* state) {
  const Level level(*this);
  if (peek() == 'N') return nested_name(state);
  if (peek() == 'Z') return local_name(state);
  NodeId node = kNone;
  if (peek() == 'S' && peek(1) != 't') {
    node = substitution();  // of a template
    if (peek() != 'I') return fail();
  } else {
    const NodeId scope = eat("St") ? text("std") : kNone;
    node = unqualified_name(state, scope);
    if (peek() == 'I') substitutable(node);
  }
  if (!ok_ || peek() != 'I') return node;
  node = template_arguments(node, state != nullptr);
  if (state != nullptr) state->arguments = node;
  return node;
}

NodeId Parser::nested_name(NameState* state) {
  eat('N');
  if (peek() == 'H') {
    ++pos_;  // the object is a parameter of its own
  } else {
    u8 qualifiers = cv_qualifiers();
    if (eat('R')) qualifiers |= kLvalue;
    if (eat('O')) qualifiers |= kRvalue;
    if (state != nullptr) state->qualifiers = qualifiers;
  }
  NodeId node = kNone;
  bool is_substitution = false;
  while (ok_ && !eat('E')) {
    ++steps_;
    if (state != nullptr) state->arguments = kNone;
    node = nested_component(state, node, is_substitution);
    if (!is_substitution) substitutable(node);
    eat('M');  // a member whose initializer the rest is in
  }
  // The whole becomes a substitution where it is used as a type.
  if (node == kNone || substitutions_.empty()) return fail();
  if (!is_substitution) substitutions_.pop_back();
  return ok_ ? node : kNone;
}

NodeId Parser::nested_component(NameState* state, NodeId scope, bool& is_substitution) {
  is_substitution = false;
  if (peek() == 'I') {
    if (scope == kNone || ast_[scope].kind == NodeKind::kTemplate) return fail();
    const NodeId node = template_arguments(scope, state != nullptr);
    if (state != nullptr) state->arguments = node;
    return node;
  }
  const bool starts =
      peek() == 'T' || peek() == 'S' || (peek() == 'D' && (peek(1) == 't' || peek(1) == 'T'));
  if (!starts) return unqualified_name(state, scope);
  if (scope != kNone) return fail();
  if (peek() == 'T') return template_parameter();
  if (peek() == 'D') return decltype_type();
  is_substitution = true;
  return eat("St") ? text("std") : substitution();
}

/// An entity inside a function.
NodeId Parser::local_name(NameState* state) {
  eat('Z');
  const NodeId function = expect('E', encoding());
  NodeId entity = kNone;
  if (eat('s')) {
    entity = text("string literal");
    discriminator();
  } else if (eat('d')) {
    // Default arguments are counted from the last one.
    const u64 n = sequence_number(10);
    entity = ast_.owned_name("{default arg#" + std::to_string(n + 1) + "}");
    entity = make(NodeKind::kNested, entity, name(state));
  } else {
    entity = name(state);
    discriminator();
  }
  return function != kNone && entity != kNone ? make(NodeKind::kNested, function, entity) : fail();
}

/// Tells entities of one name in one function apart; not shown.
void Parser::discriminator() {
  if (peek() != '_') return;
  if (at_digit(1)) {
    pos_ += 2;
  } else if (peek(1) == '_') {
    pos_ += 2;
    number();
    if (!eat('_')) fail();
  }
}

NodeId Parser::unqualified_name(NameState* state, NodeId scope) {
  const Level level(*this);
  eat('F');  // a friend defined in its class
  eat('L');  // internal linkage
  NodeId node = kNone;
  if (at_digit()) {
    node = source_name();
  } else if (peek() == 'U') {
    node = unnamed_type();
  } else if (peek() == 'D' && peek(1) == 'C') {
    node = structured_binding();
  } else if (peek() == 'C' || peek() == 'D') {
    if (state != nullptr) state->no_return_type = true;
    node = constructor_or_destructor(scope);
  } else {
    node = operator_name(state);
  }
  node = abi_tags(node);
  return scope == kNone || node == kNone ? node : make(NodeKind::kNested, scope, node);
}

NodeId Parser::abi_tags(NodeId node) {
  while (node != kNone && eat('B')) {
    const NodeId tag = source_name();
    node = make(NodeKind::kAbiTagged, node);
    ast_[node].text = ast_[tag].text;
  }
  return ok_ ? node : kNone;
}

NodeId Parser::source_name() {
  const u64 length = number();
  if (!ok_ || length == 0 || length > s_.size() - pos_) return fail();
  const std::string_view name = s_.substr(pos_, static_cast<size_t>(length));
  pos_ += name.size();
  return text(name.starts_with("_GLOBAL__N") ? "(anonymous namespace)" : name);
}

NodeId Parser::constructor_or_destructor(NodeId scope) {
  if (scope == kNone) return fail();
  const bool is_constructor = eat('C');
  if (!is_constructor) eat('D');
  const bool inherited = is_constructor && eat('I');
  if (peek() < '0' || peek() > '9') return fail();
  ++pos_;
  if (inherited) type();  // the class that it comes from
  return make(is_constructor ? NodeKind::kConstructor : NodeKind::kDestructor, scope);
}

const OperatorInfo* Parser::find_operator() const {
  const std::string_view code = s_.substr(std::min(pos_, s_.size()), 2);
  const auto it = std::ranges::lower_bound(kOperators, code, {}, &OperatorInfo::code);
  return it != std::end(kOperators) && it->code == code ? &*it : nullptr;
}

NodeId Parser::operator_name(NameState* state) {
  if (eat("cv")) {
    const bool later =
        std::exchange(parameters_come_later_, parameters_come_later_ || state != nullptr);
    const bool may_follow =
        std::exchange(arguments_may_follow_, arguments_may_follow_ && state == nullptr);
    const NodeId target = type();
    parameters_come_later_ = later;
    arguments_may_follow_ = may_follow;
    if (state != nullptr) state->no_return_type = true;
    return wrapped("operator ", target, "");
  }
  if (eat("li")) return wrapped("operator\"\" ", source_name(), "");
  if (peek() == 'v' && at_digit(1)) {
    pos_ += 2;
    return wrapped("operator ", source_name(), "");
  }
  const OperatorInfo* info = find_operator();
  if (info == nullptr) return fail();
  pos_ += 2;
  const bool word = info->text[0] >= 'a' && info->text[0] <= 'z';
  std::string_view symbol = info->text;
  if (symbol.ends_with(' ')) symbol.remove_suffix(1);
  return sequence({text(word ? "operator " : "operator"), text(symbol)});
}

/// Types without a name, and lambdas, which are known by their parameters.
NodeId Parser::unnamed_type() {
  if (eat("Ut")) {
    const u64 n = sequence_number(10);
    return ast_.owned_name("{unnamed type#" + std::to_string(n + 1) + "}");
  }
  if (!eat("Ul")) return fail();
  const u64 outer_level = std::exchange(lambda_level_, arguments_.size());
  Nodes parameters;
  while (ok_ && at_template_parameter_declaration()) template_parameter_declaration();
  if (!eat('v')) {
    while (ok_ && peek() != 'E' && peek() != 'Q') parameters.push_back(type());
  }
  if (eat('Q')) expression();
  lambda_level_ = outer_level;
  if (!eat('E')) return fail();
  const u64 n = sequence_number(10);
  const NodeId node = list(NodeKind::kLambda, parameters);
  if (node != kNone) ast_[node].text = ast_.own("#" + std::to_string(n + 1));
  return node;
}

NodeId Parser::structured_binding() {
  eat("DC");
  Nodes parts{text("[")};
  while (ok_ && !eat('E')) {
    if (parts.size() > 1) parts.push_back(text(", "));
    parts.push_back(source_name());
  }
  parts.push_back(text("]"));
  return list(NodeKind::kSequence, parts);
}

NodeId parse(std::string_view name, Ast& ast) {
  if (name.starts_with("__Z")) name.remove_prefix(1);
  if (!name.starts_with("_Z")) return kNone;
  return Parser(name.substr(2), ast).mangled_name();
}

}  // namespace wazuka::debug::itanium

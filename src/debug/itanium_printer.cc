// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints the graph of a name (itanium_ast.h) as C++ is written.
//
// A declarator wraps around its name: of `int (*)(char)` the part to the left of the name is `int
// (*`, and that to its right `)(char)`. So every node prints in two halves, which for most is
// everything and nothing.
//
// Since parts are shared, the text can be exponentially longer than the graph is large: steps and
// output are bounded.
#include <utility>

#include "debug/demangle.h"
#include "debug/itanium_ast.h"

namespace wazuka::debug::itanium {
namespace {

class Printer {
 public:
  explicit Printer(const Ast& ast) : ast_(ast) {}
  std::optional<std::string> run(NodeId root) {
    print(root);
    if (!ok_) return std::nullopt;
    return std::move(out_);
  }

 private:
  class Level {
   public:
    explicit Level(Printer& p) : p_(p) {
      if (++p.depth_ > kMaxDemangleDepth || ++p.steps_ > kMaxDemangleSteps) p.ok_ = false;
    }
    ~Level() { --p_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Printer& p_;
  };

  void text(std::string_view s) {
    if (out_.size() + s.size() > kMaxDemangledName) ok_ = false;
    if (ok_) out_ += s;
  }
  void print(NodeId id) {
    left(id);
    right(id);
  }
  void left(NodeId id);
  void right(NodeId id);
  void comma_list(std::span<const NodeId> items);
  void qualifiers(u8 q);
  void template_of(const Node& n);
  void result_left(NodeId id);
  void encoding(const Node& n, bool left_half);
  void function_right(const Node& n);
  void open_declarator(NodeId compound);
  void pointer_left(const Node& n);
  void reference(NodeId id, bool left_half);
  void expansion(const Node& n);
  void base_name(NodeId id);
  NodeId resolve(NodeId id);
  NodeId argument(const Node& parameter);
  void parameter(const Node& n, bool left_half);
  bool is_function(NodeId id) { return ast_[resolve(id)].kind == NodeKind::kFunction; }
  /// Needs parentheses around a `*` or `&`: an array or function.
  bool is_compound(NodeId id) {
    const NodeKind kind = ast_[resolve(id)].kind;
    return kind == NodeKind::kArray || kind == NodeKind::kFunction;
  }

  const Ast& ast_;
  std::string out_;
  // While a pack is expanded: which element is printed, and how many there are (none known:
  // kNoPack).
  static constexpr u32 kNoPack = ~u32{0};
  u32 element_ = kNoPack, elements_ = kNoPack;
  NodeId scope_ = kNone;  // the template that parameters are those of
  u32 lambdas_ = 0;       // whose parameters are being printed
  u32 depth_ = 0, steps_ = 0;
  bool ok_ = true;
};

/// What a template parameter stands for where it is printed; kNone: nothing, or only its own text.
NodeId Printer::argument(const Node& parameter) {
  NodeId id = parameter.a;
  if (lambdas_ != 0) {
    if (!parameter.text.empty()) return kNone;
  } else if (scope_ != kNone && parameter.first < ast_[scope_].count) {
    id = ast_.list(ast_[scope_])[parameter.first];
  }
  const Node& n = ast_[id];
  if (n.kind != NodeKind::kPack || element_ == kNoPack) return id;
  // The first pack of an expansion tells how many elements there are.
  if (elements_ == kNoPack) elements_ = n.count;
  return element_ < n.count ? ast_.list(n)[element_] : kNone;
}

void Printer::parameter(const Node& n, bool left_half) {
  const NodeId id = argument(n);
  if (id == kNone) {
    if (left_half) text(n.text);
    return;
  }
  // The arguments themselves are not in the scope of the parameters.
  const NodeId scope = std::exchange(scope_, kNone);
  if (left_half) {
    left(id);
  } else {
    right(id);
  }
  scope_ = scope;
}

/// The type itself, where a node stands for another one or qualifies it.
NodeId Printer::resolve(NodeId id) {
  while (ok_ && ++steps_ <= kMaxDemangleSteps) {
    const Node& n = ast_[id];
    NodeId next = kNone;
    if (n.kind == NodeKind::kQualified) next = n.a;
    if (n.kind == NodeKind::kParameter) next = argument(n);
    if (next == kNone) return id;
    id = next;
  }
  ok_ = false;
  return id;
}

void Printer::left(NodeId id) {
  const Level level(*this);
  if (!ok_ || id == kNone) return;
  const Node& n = ast_[id];
  switch (n.kind) {
    case NodeKind::kName: return text(n.text);
    case NodeKind::kSequence:
      for (const NodeId part : ast_.list(n)) print(part);
      return;
    case NodeKind::kNested:
      print(n.a);
      text("::");
      return print(n.b);
    case NodeKind::kTemplate: return template_of(n);
    case NodeKind::kAbiTagged:
      print(n.a);
      text("[abi:");
      text(n.text);
      return text("]");
    case NodeKind::kConstructor: return base_name(n.a);
    case NodeKind::kDestructor: text("~"); return base_name(n.a);
    case NodeKind::kLambda:
      text("{lambda(");
      ++lambdas_;
      comma_list(ast_.list(n));
      --lambdas_;
      text(")");
      text(n.text);
      return text("}");
    case NodeKind::kEncoding: return encoding(n, /*left_half=*/true);
    case NodeKind::kQualified:
      left(n.a);
      if (!is_function(n.a)) qualifiers(n.qualifiers);  // of an array: of its elements
      return;
    case NodeKind::kPointer:
    case NodeKind::kMemberPointer: return pointer_left(n);
    case NodeKind::kLvalueRef:
    case NodeKind::kRvalueRef: return reference(id, /*left_half=*/true);
    case NodeKind::kArray: return left(n.a);
    case NodeKind::kFunction: return result_left(n.a);
    case NodeKind::kPack: return comma_list(ast_.list(n));
    case NodeKind::kExpansion: return expansion(n);
    case NodeKind::kParameter: return parameter(n, /*left_half=*/true);
  }
}

void Printer::right(NodeId id) {
  const Level level(*this);
  if (!ok_ || id == kNone) return;
  const Node& n = ast_[id];
  switch (n.kind) {
    case NodeKind::kEncoding: return encoding(n, /*left_half=*/false);
    case NodeKind::kQualified:
      right(n.a);
      if (is_function(n.a)) qualifiers(n.qualifiers);
      return;
    case NodeKind::kPointer:
      if (is_compound(n.a)) text(")");
      return right(n.a);
    case NodeKind::kMemberPointer:
      if (is_compound(n.b)) text(")");
      return right(n.b);
    case NodeKind::kLvalueRef:
    case NodeKind::kRvalueRef: return reference(id, /*left_half=*/false);
    case NodeKind::kArray:
      text(out_.ends_with(']') ? "[" : " [");
      print(n.b);
      text("]");
      return right(n.a);
    case NodeKind::kFunction: return function_right(n);
    case NodeKind::kParameter: return parameter(n, /*left_half=*/false);
    case NodeKind::kName:
    case NodeKind::kSequence:
    case NodeKind::kNested:
    case NodeKind::kTemplate:
    case NodeKind::kAbiTagged:
    case NodeKind::kConstructor:
    case NodeKind::kDestructor:
    case NodeKind::kLambda:
    case NodeKind::kPack:
    case NodeKind::kExpansion: return;
  }
}

/// Packs may be empty, and then have no comma either.
void Printer::comma_list(std::span<const NodeId> items) {
  bool first = true;
  for (const NodeId item : items) {
    const size_t before = out_.size();
    if (!first) text(", ");
    const size_t start = out_.size();
    print(item);
    if (!ok_) return;
    if (out_.size() == start) {
      out_.resize(before);
    } else {
      first = false;
    }
  }
}

void Printer::qualifiers(u8 q) {
  if ((q & kConst) != 0 && !out_.ends_with(" const"))
    text(" const");  // elements may be const already
  if ((q & kVolatile) != 0) text(" volatile");
  if ((q & kRestrict) != 0) text(" restrict");
  if ((q & kLvalue) != 0) text(" &");
  if ((q & kRvalue) != 0) text(" &&");
}

void Printer::template_of(const Node& n) {
  print(n.a);
  if (out_.ends_with('<')) text(" ");  // operator<
  text("<");
  comma_list(ast_.list(n));
  text(out_.ends_with('>') ? " >" : ">");
}

/// `int (*f(char))(int)`: no space where the name goes inside of the type.
void Printer::result_left(NodeId id) {
  left(id);
  const Node& n = ast_[resolve(id)];
  const bool pointer = n.kind == NodeKind::kPointer || n.kind == NodeKind::kLvalueRef ||
                       n.kind == NodeKind::kRvalueRef;
  const bool inside =
      (pointer && is_compound(n.a)) || (n.kind == NodeKind::kMemberPointer && is_compound(n.b));
  if (!inside) text(" ");
}

void Printer::encoding(const Node& n, bool left_half) {
  const NodeId scope = std::exchange(scope_, n.c);
  if (left_half) {
    if (n.b != kNone) result_left(n.b);
    print(n.a);
  } else {
    function_right(n);
  }
  scope_ = scope;
}

/// The parameters, and what comes after them.
void Printer::function_right(const Node& n) {
  text("(");
  comma_list(ast_.list(n));
  text(")");
  if (n.kind == NodeKind::kEncoding) {
    right(n.b);
    return qualifiers(n.qualifiers);
  }
  right(n.a);
  qualifiers(n.qualifiers);
  if (n.b != kNone) print(n.b);
}

/// After the left part of an array or function; that of a function has its space already.
void Printer::open_declarator(NodeId compound) {
  if (!is_function(compound) && !out_.ends_with(' ')) text(" ");
  text("(");
}

void Printer::pointer_left(const Node& n) {
  const bool member = n.kind == NodeKind::kMemberPointer;
  const NodeId to = member ? n.b : n.a;
  left(to);
  if (is_compound(to)) {
    open_declarator(to);
  } else if (member) {
    text(" ");
  }
  if (member) {
    print(n.a);
    text("::");
  }
  text("*");
}

/// References to references, which only template arguments can make, are one reference; `&` wins.
void Printer::reference(NodeId id, bool left_half) {
  bool rvalue = true;
  while (ok_) {
    const NodeId r = ast_[id].kind == NodeKind::kQualified ? id : resolve(id);
    const NodeKind kind = ast_[r].kind;
    if (kind != NodeKind::kLvalueRef && kind != NodeKind::kRvalueRef) break;
    rvalue = rvalue && kind == NodeKind::kRvalueRef;
    id = ast_[r].a;
  }
  if (left_half) {
    left(id);
    if (is_compound(id)) open_declarator(id);
    text(rvalue ? "&&" : "&");
  } else {
    if (is_compound(id)) text(")");
    right(id);
  }
}

void Printer::expansion(const Node& n) {
  const u32 outer_element = element_, outer_elements = elements_;
  element_ = 0;
  elements_ = kNoPack;
  const size_t start = out_.size();
  print(n.a);
  if (elements_ == kNoPack) {
    text("...");  // no pack in it: its elements are not known
  } else if (elements_ == 0) {
    if (ok_) out_.resize(start);
  }
  const u32 count = elements_ == kNoPack ? 0 : elements_;
  for (element_ = 1; element_ < count && ok_; ++element_) {
    text(", ");
    print(n.a);
  }
  element_ = outer_element;
  elements_ = outer_elements;
}

/// What a constructor is called: the last component of its class, without arguments.
void Printer::base_name(NodeId id) {
  while (ok_ && ++steps_ <= kMaxDemangleSteps) {
    const Node& n = ast_[id];
    if (n.kind == NodeKind::kNested) {
      id = n.b;
    } else if (n.kind == NodeKind::kTemplate || n.kind == NodeKind::kAbiTagged ||
               n.kind == NodeKind::kParameter) {
      id = n.a;
    } else if (n.kind == NodeKind::kName) {
      // Standard substitutions are one text with scope and arguments.
      std::string_view name = n.text.substr(0, n.text.find('<'));
      const size_t scope = name.rfind("::");
      return text(scope == std::string_view::npos ? name : name.substr(scope + 2));
    } else {
      return print(id);
    }
  }
  ok_ = false;
}

}  // namespace

std::optional<std::string> print(const Ast& ast, NodeId root) {
  return Printer(ast).run(root);
}

}  // namespace wazuka::debug::itanium

namespace wazuka::debug {

std::optional<std::string> demangle_itanium(std::string_view name) {
  itanium::Ast ast;
  const itanium::NodeId root = itanium::parse(name, ast);
  if (root == itanium::kNone) return std::nullopt;
  return itanium::print(ast, root);
}

}  // namespace wazuka::debug

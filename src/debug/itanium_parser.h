// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The grammar of mangled C++ names (Itanium C++ ABI, 5.1), by recursive descent with bounded depth.
//
// Each function reads what it is named after and gives its node; kNone after an error, which
// sticks: from then on everything is at its end. Two tables make the grammar depend on its context:
//
//   substitutions       what `S_`, `S0_`, … stand for: prefixes, types and templates, in the order
//                       in which they ended
//   template arguments  what `T_`, `T0_`, … stand for: those of the function whose type they are
//                       in. That can be another function than the text suggests: compilers write
//                       one substitution for the `T_` of a local function and that of the function
//                       which is named; and the target of a conversion (`operator T`) comes before
//                       the arguments. So parameters stay nodes until they are printed, with the
//                       argument that they have in the text, if there is one.
#pragma once

#include <initializer_list>
#include <string_view>
#include <utility>
#include <vector>

#include "debug/demangle.h"
#include "debug/itanium_ast.h"

namespace wazuka::debug::itanium {

/// What of a function's name matters for the types after it.
struct NameState {
  bool no_return_type = false;  // constructors, destructors, conversions
  NodeId arguments = kNone;  // the last component, if a template: such names tell the return type
  u8 qualifiers = 0;         // of the member function
};

struct OperatorInfo {
  enum class Kind : u8 { kPrefix, kPostfix, kBinary, kCall, kOther };
  std::string_view code;  // two letters
  std::string_view text;
  Kind kind;
};

class Parser {
 public:
  Parser(std::string_view s, Ast& ast) : s_(s), ast_(ast) {}
  NodeId mangled_name();

 private:
  class Level {
   public:
    explicit Level(Parser& p) : p_(p) {
      if (++p.depth_ > kMaxDemangleDepth || ++p.steps_ > kMaxDemangleSteps) p.fail();
    }
    ~Level() { --p_.depth_; }
    Level(const Level&) = delete;
    Level& operator=(const Level&) = delete;

   private:
    Parser& p_;
  };
  using Nodes = std::vector<NodeId>;

  // Reading.
  NodeId fail() {
    ok_ = false;
    pos_ = s_.size();
    return kNone;
  }
  char peek(size_t ahead = 0) const { return pos_ + ahead < s_.size() ? s_[pos_ + ahead] : '\0'; }
  bool at_digit(size_t ahead = 0) const { return peek(ahead) >= '0' && peek(ahead) <= '9'; }
  bool eat(char c) {
    if (pos_ >= s_.size() || s_[pos_] != c) return false;
    ++pos_;
    return true;
  }
  bool eat(std::string_view text) {
    if (!s_.substr(pos_).starts_with(text)) return false;
    pos_ += text.size();
    return true;
  }
  NodeId expect(char c, NodeId node) { return eat(c) ? node : fail(); }
  u64 number();
  std::string_view digits(bool allow_negative);
  u64 sequence_number(u32 base);
  u64 count_before_underscore();

  // Making nodes. Those that need another one fail without it.
  NodeId make(NodeKind kind, NodeId a, NodeId b = kNone) {
    return a == kNone ? fail() : ast_.add({kind, 0, a, b, kNone, 0, 0, {}});
  }
  NodeId sequence(std::initializer_list<NodeId> parts);
  NodeId text(std::string_view literal) { return ast_.name(literal); }
  NodeId wrapped(std::string_view before, NodeId node, std::string_view after) {
    return sequence({text(before), node, text(after)});
  }
  NodeId list(NodeKind kind, std::span<const NodeId> items, NodeId a = kNone) {
    return ok_ ? ast_.add(Node{kind, 0, a, kNone, kNone, 0, 0, {}}, items) : kNone;
  }
  NodeId substitutable(NodeId node) {
    if (node != kNone) substitutions_.push_back(node);
    return node;
  }

  // Names (itanium_names.cc).
  NodeId encoding();
  bool at_end_of_encoding() const { return pos_ >= s_.size() || peek() == 'E' || peek() == '.'; }
  NodeId special_name();
  NodeId thunk(std::string_view prefix, int offsets);
  std::string_view call_offset();
  NodeId name(NameState* state);
  NodeId nested_name(NameState* state);
  NodeId nested_component(NameState* state, NodeId scope, bool& is_substitution);
  NodeId local_name(NameState* state);
  void discriminator();
  NodeId unqualified_name(NameState* state, NodeId scope);
  NodeId abi_tags(NodeId node);
  NodeId source_name();
  NodeId constructor_or_destructor(NodeId scope);
  NodeId operator_name(NameState* state);
  NodeId unnamed_type();
  NodeId structured_binding();
  const OperatorInfo* find_operator() const;

  // Types (itanium_types.cc).
  NodeId type();
  NodeId type_after_d();
  NodeId float_or_bit_int();
  NodeId builtin_type();
  NodeId class_type();
  u8 cv_qualifiers();
  NodeId function_type();
  NodeId exception_specification();
  NodeId array_type();
  NodeId member_pointer_type();
  NodeId vector_type();
  NodeId vendor_qualified_type();
  NodeId decltype_type();
  NodeId substitution();
  NodeId standard_substitution();
  NodeId template_parameter();
  NodeId template_arguments(NodeId of, bool of_function);
  NodeId template_argument();
  bool at_template_parameter_declaration() const;
  void template_parameter_declaration();

  // Expressions (itanium_expressions.cc).
  NodeId expression();
  NodeId operand();
  NodeId vendor_expression();
  NodeId requires_expression(bool has_parameters);
  NodeId operator_expression();
  NodeId prefixed_expression();
  NodeId cast(std::string_view keyword);
  NodeId call(bool parenthesized);
  NodeId conversion();
  NodeId new_expression(bool global);
  NodeId fold();
  NodeId function_parameter();
  NodeId initializer_list(NodeId of);
  NodeId expressions_until(char end);
  NodeId unresolved_name(bool global);
  NodeId unresolved_type();
  NodeId base_unresolved_name();
  NodeId simple_id();
  NodeId literal();
  NodeId literal_value(NodeId type, char type_code);

  std::string_view s_;
  size_t pos_ = 0;
  Ast& ast_;
  Nodes substitutions_;
  std::vector<Nodes> arguments_;  // by level of templates
  bool parameters_come_later_ = false;
  bool arguments_may_follow_ = true;  // not in the type of a conversion: they are the operator's
  u64 lambda_level_ = ~u64{0};        // of the parameters of the lambda being read: its `auto`s
  u32 depth_ = 0, steps_ = 0;
  bool ok_ = true;
};

}  // namespace wazuka::debug::itanium

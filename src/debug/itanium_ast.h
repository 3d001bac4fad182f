// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a mangled C++ name says, as a graph.
//
// A name cannot be printed while it is read, as Rust's can: declarators are inside out (`int
// (*)(char)`), and template parameters may come before the arguments that they stand for. Nodes are
// in one array and refer to each other by index; substitutions make it a directed graph without
// cycles in which parts are shared, which is why printing has to count its steps. What has no
// structure that printing needs (expressions) is a plain sequence of texts and nodes.
#pragma once

#include <deque>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/ints.h"

namespace wazuka::debug::itanium {

using NodeId = u32;
inline constexpr NodeId kNone = 0;

enum class NodeKind : u8 {
  kName,           // text
  kSequence,       // list, one after the other
  kNested,         // a::b
  kTemplate,       // a<list>
  kAbiTagged,      // a[abi:text]
  kConstructor,    // named like the class a
  kDestructor,     // named like the class a
  kLambda,         // {lambda(list)text}: text is "#1"
  kEncoding,       // a function: name a, return type b or none, template c or none, parameters list
  kQualified,      // a const volatile
  kPointer,        // a*
  kLvalueRef,      // a&
  kRvalueRef,      // a&&
  kMemberPointer,  // a: class, b: member's type
  kArray,          // a[b]; b may be none
  kFunction,       // return type a, parameters list, qualifiers, exception specification b or none
  kPack,           // template arguments that one parameter stands for: list
  kExpansion,      // a once for each element of the packs in it
  kParameter,      // a template parameter: number `first`; its argument a, or of a lambda: text
};

enum Qualifier : u8 { kConst = 1, kVolatile = 2, kRestrict = 4, kLvalue = 8, kRvalue = 16 };

struct Node {
  NodeKind kind = NodeKind::kName;
  u8 qualifiers = 0;
  NodeId a = kNone, b = kNone, c = kNone;
  u32 first = 0, count = 0;  // list
  std::string_view text;
};

class Ast {
 public:
  Ast() : nodes_(1) {}

  const Node& operator[](NodeId id) const { return nodes_[id]; }
  Node& operator[](NodeId id) { return nodes_[id]; }
  size_t size() const { return nodes_.size(); }
  std::span<const NodeId> list(const Node& n) const {
    return std::span(lists_).subspan(n.first, n.count);
  }

  NodeId add(const Node& n) {
    nodes_.push_back(n);
    return static_cast<NodeId>(nodes_.size() - 1);
  }
  NodeId add(Node n, std::span<const NodeId> list) {
    n.first = static_cast<u32>(lists_.size());
    n.count = static_cast<u32>(list.size());
    lists_.insert(lists_.end(), list.begin(), list.end());
    return add(n);
  }
  /// `text` must outlive the graph: a literal, or part of the mangled name.
  NodeId name(std::string_view text) {
    Node n;
    n.text = text;
    return add(n);
  }
  NodeId owned_name(std::string text) { return name(own(std::move(text))); }
  std::string_view own(std::string text) { return texts_.emplace_back(std::move(text)); }

 private:
  std::vector<Node> nodes_;  // nodes_[kNone] is no node
  std::vector<NodeId> lists_;
  std::deque<std::string> texts_;
};

/// Reads `_Z…`; kNone if it is malformed or beyond the bounds of demangle.h.
NodeId parse(std::string_view name, Ast& ast);

/// No value: beyond the bounds.
std::optional<std::string> print(const Ast& ast, NodeId root);

}  // namespace wazuka::debug::itanium

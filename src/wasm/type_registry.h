// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Canonical types: equal recursion groups of any module of an engine get the same ids (spec 3.1.4,
// iso-recursive equivalence), so that type checks at run time compare integers. Ids are reference
// counted by group and are not reused while a module, function or store object of that type lives.
//
// How: a group is serialised into words in which references inside the group are relative and all
// others are canonical ids; equal words mean equal groups, so a hash table finds them. A group
// holds references to the groups that its words mention, so these outlive it.
//
// Threads: interning and reference counting take a lock; is_subtype and get do not. Entries live in
// buckets that never move, and whoever asks about an id holds a reference to it.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/ints.h"
#include "wasm/types.h"

namespace wazuka {

class TypeRegistry {
 public:
  TypeRegistry();
  ~TypeRegistry();
  TypeRegistry(const TypeRegistry&) = delete;
  TypeRegistry& operator=(const TypeRegistry&) = delete;

  /// Interns the group types[group.first, +count) and takes one reference to it. `ids[i]` is the
  /// canonical id of every type index i < group.first that the group mentions; on return
  /// ids[first…first+count) are filled in (ids is resized). A supertype must come before its
  /// subtypes, at a depth of at most limits::kMaxSubtypingDepth. False if there are too many types.
  [[nodiscard]] bool intern(std::span<const SubType> types, RecGroup group, std::vector<u32>& ids);

  /// Takes or gives back one reference to the whole group that contains `id`.
  void retain(u32 id);
  void release(u32 id);

  /// Interns a plain final function type (host functions), whose type indices are canonical ids;
  /// the caller owns one reference. SubType::kNone if there are too many types.
  u32 intern_func(const FuncType& type);
  /// The same for any type that refers to none of its own group.
  u32 intern_type(const SubType& type);

  /// Whether canonical type `sub` is `super` or a declared subtype of it: one comparison in the
  /// supertype display.
  bool is_subtype(u32 sub, u32 super) const;

  /// The description of a canonical type; type indices in it are canonical ids. Valid while a
  /// reference is held.
  const SubType& get(u32 id) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The type section while it is being built: what the text declares, then the function types that
// type uses imply.
//
// A type use without `(type …)` stands for the first declared type of the form (func …) with that
// signature (spec 6.6.4), and appends one if there is none. Only final types without supertype in a
// group of their own qualify. Signatures live in one pool; a hash table finds them.
#pragma once

#include <span>
#include <vector>

#include "base/ints.h"
#include "wasm/encoder.h"
#include "wasm/types.h"

namespace wazuka::wat {

/// A function signature in the pool of a TypeTable.
struct Signature {
  u32 begin = 0, params = 0, results = 0;
};

class TypeTable {
 public:
  u32 size() const { return static_cast<u32>(entries_.size()); }

  /// Announces `(rec …)` with this many types; the types follow.
  void begin_group(u32 count);
  /// Appends a declared type. `reusable`: type uses may stand for it.
  void declare(const SubType& type, bool in_group, bool reusable);
  /// The type index of a signature; appends a type if there is none.
  u32 intern(std::span<const ValType> params, std::span<const ValType> results);
  u32 intern(const Signature& s) { return intern(params(s), results(s)); }

  /// Keeps a signature without declaring it, to be interned later.
  Signature keep(std::span<const ValType> params, std::span<const ValType> results);
  std::span<const ValType> params(const Signature& s) const { return {&pool_[s.begin], s.params}; }
  std::span<const ValType> results(const Signature& s) const {
    return {&pool_[s.begin] + s.params, s.results};
  }

  /// The signature of a type; null if it is not a function type (or not there).
  const Signature* signature(u32 type_index) const {
    if (type_index >= entries_.size() || !entries_[type_index].is_func) return nullptr;
    return &entries_[type_index].signature;
  }

  u32 section_count() const { return section_count_; }
  const BinaryWriter& section() const { return section_; }

 private:
  struct Entry {
    bool is_func = false;
    Signature signature;
  };
  u32* slot_of(std::span<const ValType> params, std::span<const ValType> results);
  void grow();

  std::vector<ValType> pool_ = std::vector<ValType>(1);  // never empty: spans may point at its end
  std::vector<Entry> entries_;                           // by type index
  std::vector<u32> slots_;  // type index + 1; 0: free. The size is a power of two.
  u32 interned_ = 0;
  BinaryWriter section_;
  u32 section_count_ = 0;  // entries of the section: a group counts once
};

}  // namespace wazuka::wat

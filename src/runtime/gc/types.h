// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The types that a store's heap knows: their layouts by canonical id, made when first used and kept
// (with a reference to the type) until the store dies. The collector trusts no type id that is not
// in here.
#pragma once

#include <memory>
#include <vector>

#include "abi/gc_layout.h"
#include "wasm/type_registry.h"

namespace wazuka {

struct GcType {
  u32 id = 0;
  GcLayout layout;
};

class GcTypes {
 public:
  explicit GcTypes(TypeRegistry& registry) : registry_(registry) {}
  ~GcTypes();
  GcTypes(const GcTypes&) = delete;
  GcTypes& operator=(const GcTypes&) = delete;

  TypeRegistry& registry() const { return registry_; }

  /// A struct or array type, or the function type of a tag, by its canonical id.
  const GcType& get(u32 id) {
    const GcType* known = find(id);
    return known != nullptr ? *known : add(id);
  }

  /// Null if `id` has never been asked for (or is no id at all).
  const GcType* find(u32 id) const { return id < by_id_.size() ? by_id_[id].get() : nullptr; }

 private:
  const GcType& add(u32 id);

  TypeRegistry& registry_;
  std::vector<std::unique_ptr<GcType>> by_id_;
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/gc/types.h"

namespace wazuka {

GcTypes::~GcTypes() {
  for (const auto& type : by_id_) {
    if (type != nullptr) registry_.release(type->id);
  }
}

const GcType& GcTypes::add(u32 id) {
  registry_.retain(id);
  if (id >= by_id_.size()) by_id_.resize(size_t{id} + 1);
  by_id_[id] = std::make_unique<GcType>(GcType{id, gc_layout(registry_.get(id), registry_)});
  return *by_id_[id];
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/module.h"

#include <algorithm>

#include "wasm/type_registry.h"

namespace wazuka {

Module::~Module() {
  for (const RecGroup& group : rec_groups) {
    if (group.count > 0 && group.first < type_ids.size()) registry->release(type_ids[group.first]);
  }
}

const Export* Module::find_export(std::string_view name) const {
  auto name_of = [this](u32 index) { return exports[index].name; };
  auto found = std::ranges::lower_bound(exports_by_name, name, {}, name_of);
  if (found == exports_by_name.end() || exports[*found].name != name) return nullptr;
  return &exports[*found];
}

}  // namespace wazuka

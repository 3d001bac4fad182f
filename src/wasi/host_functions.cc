// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/host_functions.h"

namespace wazuka::wasi {

const HostFunction* find_host_function(std::string_view module, std::string_view name) {
  std::span<const HostFunction> functions;
  if (module == "wasi_snapshot_preview1") functions = preview1_functions();
  if (module == "wasi_unstable") functions = preview0_functions();
  for (const HostFunction& function : functions) {
    if (function.name == name) return &function;
  }
  return nullptr;
}

}  // namespace wazuka::wasi

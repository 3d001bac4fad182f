// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/p1/functions.h"

#include "wasi/host_functions.h"

namespace wazuka::wasi {

#define WASI_FUNCTION(name, signature, parameters) \
  static_assert(Binding<&p1::name>::has_signature(signature), #name);
#include "wasi/p1/functions.def"
#undef WASI_FUNCTION

std::span<const HostFunction> preview1_functions() {
  static constexpr HostFunction kFunctions[] = {
#define WASI_FUNCTION(name, signature, parameters) \
  {"wasi_snapshot_preview1", #name, signature, parameters, &Binding<&p1::name>::call},
#include "wasi/p1/functions.def"
#undef WASI_FUNCTION
  };
  return kFunctions;
}

}  // namespace wazuka::wasi

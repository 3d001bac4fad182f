// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/target.h"

#include <string>

namespace wazuka::cli {

Result<TargetKind> target_kind(std::string_view triple) {
  std::string_view architecture = triple.substr(0, triple.find('-'));
  for (std::string_view name : {"pulley32", "pulley64", "pulley32be", "pulley64be"}) {
    if (architecture == name) return TargetKind::kInterpreter;
  }
  if (architecture == "x86_64") {
    bool linux = triple == architecture || triple.find("-linux") != std::string_view::npos;
    return linux ? TargetKind::kHost : TargetKind::kOther;
  }
  for (std::string_view name : {"aarch64", "arm", "armv7", "i686", "riscv64gc", "riscv32gc",
                                "s390x", "wasm32", "wasm64", "powerpc64", "powerpc64le"}) {
    if (architecture == name) return TargetKind::kOther;
  }
  return fail("Unrecognized architecture: " + std::string(triple));
}

Result<void> check_target(std::string_view triple) {
  auto kind = target_kind(triple);
  if (!kind) return std::unexpected(std::move(kind).error());
  if (*kind != TargetKind::kOther) return {};
  return fail_with_cause("compilation settings are not compatible with the native host",
                         "target '" + std::string(triple) +
                             "' specified in the configuration does not match the host");
}

}  // namespace wazuka::cli

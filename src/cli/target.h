// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Target triples, as `--target` takes them.
#pragma once

#include <string_view>

#include "base/error.h"

namespace wazuka::cli {

inline constexpr std::string_view kHostTriple = "x86_64-unknown-linux-gnu";

enum class TargetKind : u8 {
  kHost,
  kInterpreter,  // pulley…: Wasmtime's interpreter; here any interpreter
  kOther,
};

/// An error if the architecture is none that is known.
Result<TargetKind> target_kind(std::string_view triple);

/// An error unless code for the target runs here.
Result<void> check_target(std::string_view triple);

}  // namespace wazuka::cli

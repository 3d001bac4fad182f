// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Whether a graph is what docs/optimizing.md says; run behind every pass in debug builds and tests.
#pragma once

#include <optional>
#include <string>

#include "opt/ir/graph.h"

namespace wazuka::opt {

enum class Stage : u8 {
  kBuilt,       // pure instructions float
  kElaborated,  // they are in blocks, and all is as the back end wants it
};

/// What is wrong, or nothing.
std::optional<std::string> verify(const Graph& g, Stage stage);

}  // namespace wazuka::opt

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Features as error messages call them.
#pragma once

#include <string_view>

#include "wasm/feature.h"

namespace wazuka {

/// "… support is not enabled".
std::string_view feature_title(Feature feature);

}  // namespace wazuka

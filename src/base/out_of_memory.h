// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where memory is missing and no error can be returned, the process ends as it does when `new`
// finds none: by the handler that whoever made the process has set (std::set_new_handler), which
// may say so. The engine itself prints nothing.
#pragma once

#include <cstdlib>
#include <new>

namespace wazuka {

[[noreturn, gnu::cold, gnu::noinline]] inline void out_of_memory() {
  if (const std::new_handler handler = std::get_new_handler()) handler();
  std::abort();
}

}  // namespace wazuka

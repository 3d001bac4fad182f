// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Runs one callable on several threads at once, the caller's among them, and waits for all. Workers
// share the work through whatever atomic counter the callable uses. Where no further thread can be
// had, fewer run: the callable must finish the work whatever their number.
#pragma once

#include <memory>
#include <type_traits>

#include "base/ints.h"

namespace wazuka {

/// Cores that this process may use; at least 1.
u32 usable_cores();

namespace detail {
void run_parallel(u32 threads, void (*body)(void*), void* context);
}

/// `body()` runs on up to `threads` threads.
template <class Body>
void run_parallel(u32 threads, Body&& body) {
  using Plain = std::remove_reference_t<Body>;
  detail::run_parallel(
      threads, [](void* context) { (*static_cast<Plain*>(context))(); },
      const_cast<void*>(static_cast<const void*>(std::addressof(body))));
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a thread keeps from one call to the next.
#pragma once

#include <memory>

namespace wazuka {

/// The thread's own T, made when it is first asked for, gone with the thread. It lies on the heap:
/// a library that is loaded while the program runs finds little room among the variables of
/// threads.
template <class T>
T& per_thread() {
  thread_local std::unique_ptr<T> kept;
  if (kept == nullptr) kept = std::make_unique<T>();
  return *kept;
}

}  // namespace wazuka

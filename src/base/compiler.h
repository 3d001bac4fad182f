// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Hints for the compiler, used only where a measurement justifies them.
#pragma once

#define WAZUKA_LIKELY(x) __builtin_expect(!!(x), 1)
#define WAZUKA_UNLIKELY(x) __builtin_expect(!!(x), 0)
#define WAZUKA_ALWAYS_INLINE [[gnu::always_inline]] inline
#define WAZUKA_COLD [[gnu::cold, gnu::noinline]]

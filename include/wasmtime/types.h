// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types beyond wasm.h.
#ifndef WASMTIME_TYPES_H
#define WASMTIME_TYPES_H

#include <wasmtime/types/arrayref.h>
#include <wasmtime/types/exnref.h>
#include <wasmtime/types/structref.h>
#include <wasmtime/types/val.h>

#endif

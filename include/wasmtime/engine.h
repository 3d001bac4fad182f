// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines beyond wasm.h: references to one engine are counted, its epoch may be incremented from
// any thread.
#ifndef WASMTIME_ENGINE_H
#define WASMTIME_ENGINE_H

#include <wasm.h>

#ifdef __cplusplus
extern "C" {
#endif

WASM_API_EXTERN wasm_engine_t* wasmtime_engine_clone(const wasm_engine_t* engine);
WASM_API_EXTERN void wasmtime_engine_increment_epoch(const wasm_engine_t* engine);
WASM_API_EXTERN bool wasmtime_engine_is_pulley(const wasm_engine_t* engine);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif

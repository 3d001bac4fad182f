// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References to values of the host. The finalizer runs once nothing refers to the value any more.
#ifndef WASMTIME_EXTERNREF_H
#define WASMTIME_EXTERNREF_H

#include <wasmtime/conf.h>
#include <wasmtime/val.h>

#ifdef WASMTIME_FEATURE_GC

#ifdef __cplusplus
extern "C" {
#endif

static inline void wasmtime_externref_set_null(wasmtime_externref_t* ref) {
  ref->store_id = 0;
}

static inline bool wasmtime_externref_is_null(const wasmtime_externref_t* ref) {
  return ref->store_id == 0;
}

WASM_API_EXTERN bool wasmtime_externref_new(wasmtime_context_t* context, void* data,
                                            void (*finalizer)(void*), wasmtime_externref_t* out);
WASM_API_EXTERN void* wasmtime_externref_data(wasmtime_context_t* context,
                                              const wasmtime_externref_t* data);
WASM_API_EXTERN void wasmtime_externref_clone(const wasmtime_externref_t* ref,
                                              wasmtime_externref_t* out);
WASM_API_EXTERN void wasmtime_externref_unroot(wasmtime_externref_t* ref);
WASM_API_EXTERN void wasmtime_externref_from_raw(wasmtime_context_t* context, uint32_t raw,
                                                 wasmtime_externref_t* out);
WASM_API_EXTERN uint32_t wasmtime_externref_to_raw(wasmtime_context_t* context,
                                                   const wasmtime_externref_t* ref);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_GC

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Arrays of the garbage-collected heap.
#ifndef WASMTIME_ARRAYREF_H
#define WASMTIME_ARRAYREF_H

#include <wasmtime/conf.h>
#include <wasmtime/types/arrayref.h>
#include <wasmtime/val.h>

#ifdef WASMTIME_FEATURE_GC

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_array_ref_pre wasmtime_array_ref_pre_t;
WASM_API_EXTERN wasmtime_array_ref_pre_t* wasmtime_array_ref_pre_new(
    wasmtime_context_t* context, const wasmtime_array_type_t* ty);
WASM_API_EXTERN void wasmtime_array_ref_pre_delete(wasmtime_array_ref_pre_t* pre);

static inline void wasmtime_arrayref_set_null(wasmtime_arrayref_t* ref) {
  ref->store_id = 0;
}

static inline bool wasmtime_arrayref_is_null(const wasmtime_arrayref_t* ref) {
  return ref->store_id == 0;
}

WASM_API_EXTERN wasmtime_error_t* wasmtime_arrayref_new(wasmtime_context_t* context,
                                                        const wasmtime_array_ref_pre_t* pre,
                                                        const wasmtime_val_t* elem, uint32_t len,
                                                        wasmtime_arrayref_t* out);
WASM_API_EXTERN void wasmtime_arrayref_clone(const wasmtime_arrayref_t* arrayref,
                                             wasmtime_arrayref_t* out);
WASM_API_EXTERN void wasmtime_arrayref_unroot(wasmtime_arrayref_t* ref);
WASM_API_EXTERN void wasmtime_arrayref_to_anyref(const wasmtime_arrayref_t* arrayref,
                                                 wasmtime_anyref_t* out);
WASM_API_EXTERN void wasmtime_arrayref_to_eqref(const wasmtime_arrayref_t* arrayref,
                                                wasmtime_eqref_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_arrayref_len(wasmtime_context_t* context,
                                                        const wasmtime_arrayref_t* arrayref,
                                                        uint32_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_arrayref_get(wasmtime_context_t* context,
                                                        const wasmtime_arrayref_t* arrayref,
                                                        uint32_t index, wasmtime_val_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_arrayref_set(wasmtime_context_t* context,
                                                        const wasmtime_arrayref_t* arrayref,
                                                        uint32_t index, const wasmtime_val_t* val);
WASM_API_EXTERN wasmtime_array_type_t* wasmtime_arrayref_type(wasmtime_context_t* context,
                                                              const wasmtime_arrayref_t* arrayref);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_GC

#endif

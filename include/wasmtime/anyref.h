// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// References of the `any` hierarchy.
#ifndef WASMTIME_ANYREF_H
#define WASMTIME_ANYREF_H

#include <wasmtime/types/val.h>
#include <wasmtime/val.h>

#ifdef WASMTIME_FEATURE_GC

#ifdef __cplusplus
extern "C" {
#endif

static inline void wasmtime_anyref_set_null(wasmtime_anyref_t* ref) {
  ref->store_id = 0;
}

static inline bool wasmtime_anyref_is_null(const wasmtime_anyref_t* ref) {
  return ref->store_id == 0;
}

WASM_API_EXTERN void wasmtime_anyref_clone(const wasmtime_anyref_t* anyref, wasmtime_anyref_t* out);
WASM_API_EXTERN void wasmtime_anyref_unroot(wasmtime_anyref_t* ref);
WASM_API_EXTERN void wasmtime_anyref_from_raw(wasmtime_context_t* context, uint32_t raw,
                                              wasmtime_anyref_t* out);
WASM_API_EXTERN uint32_t wasmtime_anyref_to_raw(wasmtime_context_t* context,
                                                const wasmtime_anyref_t* ref);
WASM_API_EXTERN void wasmtime_anyref_from_i31(wasmtime_context_t* context, uint32_t i31val,
                                              wasmtime_anyref_t* out);
WASM_API_EXTERN bool wasmtime_anyref_is_i31(wasmtime_context_t* context,
                                            const wasmtime_anyref_t* anyref);
WASM_API_EXTERN bool wasmtime_anyref_i31_get_u(wasmtime_context_t* context,
                                               const wasmtime_anyref_t* anyref, uint32_t* dst);
WASM_API_EXTERN bool wasmtime_anyref_i31_get_s(wasmtime_context_t* context,
                                               const wasmtime_anyref_t* anyref, int32_t* dst);
WASM_API_EXTERN bool wasmtime_anyref_is_eqref(wasmtime_context_t* context,
                                              const wasmtime_anyref_t* anyref);
WASM_API_EXTERN bool wasmtime_anyref_as_eqref(wasmtime_context_t* context,
                                              const wasmtime_anyref_t* anyref,
                                              wasmtime_eqref_t* out);
WASM_API_EXTERN bool wasmtime_anyref_is_struct(wasmtime_context_t* context,
                                               const wasmtime_anyref_t* anyref);
WASM_API_EXTERN bool wasmtime_anyref_as_struct(wasmtime_context_t* context,
                                               const wasmtime_anyref_t* anyref,
                                               wasmtime_structref_t* out);
WASM_API_EXTERN bool wasmtime_anyref_is_array(wasmtime_context_t* context,
                                              const wasmtime_anyref_t* anyref);
WASM_API_EXTERN bool wasmtime_anyref_as_array(wasmtime_context_t* context,
                                              const wasmtime_anyref_t* anyref,
                                              wasmtime_arrayref_t* out);
WASM_API_EXTERN bool wasmtime_anyref_type(wasmtime_context_t* context,
                                          const wasmtime_anyref_t* anyref,
                                          wasmtime_heaptype_t* out);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_GC

#endif

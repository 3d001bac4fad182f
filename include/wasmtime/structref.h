// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Structs of the garbage-collected heap.
#ifndef WASMTIME_STRUCTREF_H
#define WASMTIME_STRUCTREF_H

#include <wasmtime/conf.h>
#include <wasmtime/types/structref.h>
#include <wasmtime/val.h>

#ifdef WASMTIME_FEATURE_GC

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_struct_ref_pre wasmtime_struct_ref_pre_t;
WASM_API_EXTERN wasmtime_struct_ref_pre_t* wasmtime_struct_ref_pre_new(
    wasmtime_context_t* context, const wasmtime_struct_type_t* ty);
WASM_API_EXTERN void wasmtime_struct_ref_pre_delete(wasmtime_struct_ref_pre_t* pre);

static inline void wasmtime_structref_set_null(wasmtime_structref_t* ref) {
  ref->store_id = 0;
}

static inline bool wasmtime_structref_is_null(const wasmtime_structref_t* ref) {
  return ref->store_id == 0;
}

WASM_API_EXTERN wasmtime_error_t* wasmtime_structref_new(wasmtime_context_t* context,
                                                         const wasmtime_struct_ref_pre_t* pre,
                                                         const wasmtime_val_t* fields,
                                                         size_t nfields, wasmtime_structref_t* out);
WASM_API_EXTERN void wasmtime_structref_clone(const wasmtime_structref_t* structref,
                                              wasmtime_structref_t* out);
WASM_API_EXTERN void wasmtime_structref_unroot(wasmtime_structref_t* ref);
WASM_API_EXTERN void wasmtime_structref_to_anyref(const wasmtime_structref_t* structref,
                                                  wasmtime_anyref_t* out);
WASM_API_EXTERN void wasmtime_structref_to_eqref(const wasmtime_structref_t* structref,
                                                 wasmtime_eqref_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_structref_field(wasmtime_context_t* context,
                                                           const wasmtime_structref_t* structref,
                                                           size_t index, wasmtime_val_t* out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_structref_set_field(
    wasmtime_context_t* context, const wasmtime_structref_t* structref, size_t index,
    const wasmtime_val_t* val);
WASM_API_EXTERN wasmtime_struct_type_t* wasmtime_structref_type(
    wasmtime_context_t* context, const wasmtime_structref_t* structref);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_GC

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types of components' instances. Not supported by this library yet.
#ifndef WASMTIME_COMPONENT_TYPES_INSTANCE_H
#define WASMTIME_COMPONENT_TYPES_INSTANCE_H

#include <wasm.h>
#include <wasmtime/conf.h>

#ifdef WASMTIME_FEATURE_COMPONENT_MODEL

#ifdef __cplusplus
extern "C" {
#endif

struct wasmtime_component_extern_t;
typedef struct wasmtime_component_instance_type wasmtime_component_instance_type_t;
WASM_API_EXTERN
wasmtime_component_instance_type_t* wasmtime_component_instance_type_clone(
    const wasmtime_component_instance_type_t* ty);
WASM_API_EXTERN
void wasmtime_component_instance_type_delete(wasmtime_component_instance_type_t* ty);
WASM_API_EXTERN
size_t wasmtime_component_instance_type_export_count(const wasmtime_component_instance_type_t* ty,
                                                     const wasm_engine_t* engine);
WASM_API_EXTERN
bool wasmtime_component_instance_type_export_get(const wasmtime_component_instance_type_t* ty,
                                                 const wasm_engine_t* engine, const char* name,
                                                 size_t name_len,
                                                 struct wasmtime_component_extern_t** ret);
WASM_API_EXTERN
bool wasmtime_component_instance_type_export_nth(const wasmtime_component_instance_type_t* ty,
                                                 const wasm_engine_t* engine, size_t nth,
                                                 const char** name_ret, size_t* name_len_ret,
                                                 struct wasmtime_component_extern_t** ret);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_COMPONENT_MODEL

#endif

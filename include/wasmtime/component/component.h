// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Components: their binaries and exports. Not supported by this library yet.
#ifndef WASMTIME_COMPONENT_COMPONENT_H
#define WASMTIME_COMPONENT_COMPONENT_H

#include <wasm.h>
#include <wasmtime/component/types/component.h>
#include <wasmtime/conf.h>
#include <wasmtime/error.h>

#ifdef WASMTIME_FEATURE_COMPONENT_MODEL

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_component_t wasmtime_component_t;
WASM_API_EXTERN wasmtime_error_t* wasmtime_component_new(const wasm_engine_t* engine,
                                                         const uint8_t* buf, size_t len,
                                                         wasmtime_component_t** component_out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_component_serialize(
    const wasmtime_component_t* component, wasm_byte_vec_t* ret);
WASM_API_EXTERN wasmtime_error_t* wasmtime_component_deserialize(
    const wasm_engine_t* engine, const uint8_t* buf, size_t len,
    wasmtime_component_t** component_out);
WASM_API_EXTERN wasmtime_error_t* wasmtime_component_deserialize_file(
    const wasm_engine_t* engine, const char* path, wasmtime_component_t** component_out);
WASM_API_EXTERN wasmtime_component_t* wasmtime_component_clone(
    const wasmtime_component_t* component);
WASM_API_EXTERN wasmtime_component_type_t* wasmtime_component_type(
    const wasmtime_component_t* component);
WASM_API_EXTERN void wasmtime_component_delete(wasmtime_component_t* component);
typedef struct wasmtime_component_export_index_t wasmtime_component_export_index_t;
WASM_API_EXTERN wasmtime_component_export_index_t* wasmtime_component_get_export_index(
    const wasmtime_component_t* component,
    const wasmtime_component_export_index_t* instance_export_index, const char* name,
    size_t name_len);
WASM_API_EXTERN wasmtime_component_export_index_t* wasmtime_component_export_index_clone(
    const wasmtime_component_export_index_t* index);
WASM_API_EXTERN void wasmtime_component_export_index_delete(
    wasmtime_component_export_index_t* export_index);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_COMPONENT_MODEL

#endif

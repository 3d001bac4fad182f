// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Types of modules inside of components. Not supported by this library yet.
#ifndef WASMTIME_COMPONENT_TYPES_MODULE_H
#define WASMTIME_COMPONENT_TYPES_MODULE_H

#include <wasm.h>
#include <wasmtime/conf.h>

#ifdef WASMTIME_FEATURE_COMPONENT_MODEL

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_module_type wasmtime_module_type_t;
WASM_API_EXTERN
wasmtime_module_type_t* wasmtime_module_type_clone(const wasmtime_module_type_t* ty);
WASM_API_EXTERN
void wasmtime_module_type_delete(wasmtime_module_type_t* ty);
WASM_API_EXTERN
size_t wasmtime_module_type_import_count(const wasmtime_module_type_t* ty,
                                         const wasm_engine_t* engine);
WASM_API_EXTERN
wasm_importtype_t* wasmtime_module_type_import_nth(const wasmtime_module_type_t* ty,
                                                   const wasm_engine_t* engine, size_t nth);
WASM_API_EXTERN
size_t wasmtime_module_type_export_count(const wasmtime_module_type_t* ty,
                                         const wasm_engine_t* engine);
WASM_API_EXTERN
wasm_exporttype_t* wasmtime_module_type_export_nth(const wasmtime_module_type_t* ty,
                                                   const wasm_engine_t* engine, size_t nth);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_COMPONENT_MODEL

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Names for what modules import. Functions defined with a callback serve every store of the engine.
#ifndef WASMTIME_LINKER_H
#define WASMTIME_LINKER_H

#include <wasm.h>
#include <wasmtime/conf.h>
#include <wasmtime/error.h>
#include <wasmtime/extern.h>
#include <wasmtime/func.h>
#include <wasmtime/instance.h>
#include <wasmtime/store.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasmtime_linker wasmtime_linker_t;
WASM_API_EXTERN wasmtime_linker_t* wasmtime_linker_new(wasm_engine_t* engine);
WASM_API_EXTERN wasmtime_linker_t* wasmtime_linker_clone(const wasmtime_linker_t* linker);
WASM_API_EXTERN void wasmtime_linker_delete(wasmtime_linker_t* linker);
WASM_API_EXTERN void wasmtime_linker_allow_shadowing(wasmtime_linker_t* linker,
                                                     bool allow_shadowing);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_unknown_imports_as_traps(
    wasmtime_linker_t* linker, const wasmtime_module_t* module);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_unknown_imports_as_default_values(
    wasmtime_linker_t* linker, wasmtime_context_t* store, const wasmtime_module_t* module);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define(wasmtime_linker_t* linker,
                                                         wasmtime_context_t* store,
                                                         const char* module, size_t module_len,
                                                         const char* name, size_t name_len,
                                                         const wasmtime_extern_t* item);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_func(wasmtime_linker_t* linker,
                                                              const char* module, size_t module_len,
                                                              const char* name, size_t name_len,
                                                              const wasm_functype_t* ty,
                                                              wasmtime_func_callback_t cb,
                                                              void* data, void (*finalizer)(void*));
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_func_unchecked(
    wasmtime_linker_t* linker, const char* module, size_t module_len, const char* name,
    size_t name_len, const wasm_functype_t* ty, wasmtime_func_unchecked_callback_t cb, void* data,
    void (*finalizer)(void*));
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_wasi(wasmtime_linker_t* linker);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_define_instance(
    wasmtime_linker_t* linker, wasmtime_context_t* store, const char* name, size_t name_len,
    const wasmtime_instance_t* instance);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_instantiate(const wasmtime_linker_t* linker,
                                                              wasmtime_context_t* store,
                                                              const wasmtime_module_t* module,
                                                              wasmtime_instance_t* instance,
                                                              wasm_trap_t** trap);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_module(wasmtime_linker_t* linker,
                                                         wasmtime_context_t* store,
                                                         const char* name, size_t name_len,
                                                         const wasmtime_module_t* module);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_get_default(const wasmtime_linker_t* linker,
                                                              wasmtime_context_t* store,
                                                              const char* name, size_t name_len,
                                                              wasmtime_func_t* func);
WASM_API_EXTERN bool wasmtime_linker_get(const wasmtime_linker_t* linker, wasmtime_context_t* store,
                                         const char* module, size_t module_len, const char* name,
                                         size_t name_len, wasmtime_extern_t* item);
WASM_API_EXTERN wasmtime_error_t* wasmtime_linker_instantiate_pre(
    const wasmtime_linker_t* linker, const wasmtime_module_t* module,
    wasmtime_instance_pre_t** instance_pre);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a guest may see of its host: a wasi_config_t is filled in and given to a store with
// wasmtime_context_set_wasi, which takes ownership of it. Setters that return bool answer false for
// input they cannot use.
#ifndef WASI_H
#define WASI_H

#include <stdint.h>
#include <wasmtime/conf.h>

#include "wasm.h"

#ifdef WASMTIME_FEATURE_WASI

#ifdef __cplusplus
extern "C" {
#endif

typedef struct wasi_config_t wasi_config_t;
WASM_API_EXTERN void wasi_config_delete(wasi_config_t*);
WASM_API_EXTERN wasi_config_t* wasi_config_new(void);
WASM_API_EXTERN void wasi_config_inherit_network(wasi_config_t* config);
WASM_API_EXTERN void wasi_config_allow_ip_name_lookup(wasi_config_t* config, bool enable);
WASM_API_EXTERN bool wasi_config_set_argv(wasi_config_t* config, size_t argc, const char* argv[]);
WASM_API_EXTERN void wasi_config_inherit_argv(wasi_config_t* config);
WASM_API_EXTERN bool wasi_config_set_env(wasi_config_t* config, size_t envc, const char* names[],
                                         const char* values[]);
WASM_API_EXTERN void wasi_config_inherit_env(wasi_config_t* config);
WASM_API_EXTERN bool wasi_config_set_stdin_file(wasi_config_t* config, const char* path);
WASM_API_EXTERN void wasi_config_set_stdin_bytes(wasi_config_t* config, wasm_byte_vec_t* binary);
WASM_API_EXTERN void wasi_config_inherit_stdin(wasi_config_t* config);
WASM_API_EXTERN bool wasi_config_set_stdout_file(wasi_config_t* config, const char* path);
WASM_API_EXTERN void wasi_config_inherit_stdout(wasi_config_t* config);
WASM_API_EXTERN void wasi_config_set_stdout_custom(
    wasi_config_t* config, ptrdiff_t (*callback)(void*, const unsigned char*, size_t), void* data,
    void (*finalizer)(void*));
WASM_API_EXTERN bool wasi_config_set_stderr_file(wasi_config_t* config, const char* path);
WASM_API_EXTERN void wasi_config_inherit_stderr(wasi_config_t* config);
WASM_API_EXTERN void wasi_config_set_stderr_custom(
    wasi_config_t* config, ptrdiff_t (*callback)(void*, const unsigned char*, size_t), void* data,
    void (*finalizer)(void*));
typedef size_t wasi_file_perms;
WASM_API_EXTERN bool wasi_config_preopen_dir(wasi_config_t* config, const char* host_path,
                                             const char* guest_path, bool fs_mutable);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif  // WASMTIME_FEATURE_WASI

#endif

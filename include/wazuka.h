// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What this library has beyond the C API of Wasmtime. The C++ API (wazuka.hh) uses it; programs in
// other languages may. Functions are only ever added.
#ifndef WAZUKA_H
#define WAZUKA_H

#include <wasmtime.h>

#ifdef __cplusplus
extern "C" {
#endif

// The version of the library, as "0.1.0".
WASM_API_EXTERN const char* wazuka_version(void);

// The store_id of the handles that belong to this store. No other store ever has it.
WASM_API_EXTERN uint64_t wazuka_context_id(const wasmtime_context_t* context);

// What a host function returns to pass on an error of a call that it made: its message, its frames,
// its exit status. Consumes the error.
WASM_API_EXTERN wasm_trap_t* wazuka_error_into_trap(wasmtime_error_t* error);

// Why it failed in one line: the innermost message, without the backtrace. The text is the
// caller's.
WASM_API_EXTERN void wazuka_error_reason(const wasmtime_error_t* error, wasm_name_t* text);
WASM_API_EXTERN void wazuka_trap_reason(const wasm_trap_t* trap, wasm_name_t* text);

// How functions are executed.
typedef uint8_t wazuka_compiler_t;
enum wazuka_compiler_enum {
  WAZUKA_COMPILER_AUTO,         // what the library finds best
  WAZUKA_COMPILER_INTERPRETER,  // no machine code is made
  WAZUKA_COMPILER_BASELINE,     // in one pass, fast
  WAZUKA_COMPILER_OPTIMIZING,   // at once the best code
  WAZUKA_COMPILER_TIERED,       // baseline first, then what runs much again, beside the program
};
// An error if there is no such compiler.
WASM_API_EXTERN wasmtime_error_t* wazuka_config_compiler_set(wasm_config_t* config,
                                                             wazuka_compiler_t compiler);
// Whether functions are compiled when first called (the default), or all of them with the module.
WASM_API_EXTERN void wazuka_config_lazy_compilation_set(wasm_config_t* config, bool lazy);
// Switches a proposal by its name after `-W` on the command line, as "legacy-exceptions". An error
// if there is none of this name.
WASM_API_EXTERN wasmtime_error_t* wazuka_config_feature_set(wasm_config_t* config, const char* name,
                                                            size_t name_len, bool on);

#ifdef __cplusplus
}  // extern "C"
#endif

#endif

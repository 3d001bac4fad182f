// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Calls that can be suspended: declared, not supported yet.
#include "capi/handle.h"

using namespace wazuka::capi;

wasmtime_error_t* wasmtime_context_fuel_async_yield_interval(wasmtime_context_t*, uint64_t) {
  return unsupported(__func__);
}
wasmtime_error_t* wasmtime_context_epoch_deadline_async_yield_and_update(wasmtime_context_t*,
                                                                         uint64_t) {
  return unsupported(__func__);
}

/// Done at once: with an error.
struct wasmtime_call_future {};

bool wasmtime_call_future_poll(wasmtime_call_future_t*) {
  return true;
}
void wasmtime_call_future_delete(wasmtime_call_future_t* future) {
  delete future;
}

wasmtime_call_future_t* wasmtime_func_call_async(wasmtime_context_t*, const wasmtime_func_t*,
                                                 const wasmtime_val_t*, size_t, wasmtime_val_t*,
                                                 size_t, wasm_trap_t**,
                                                 wasmtime_error_t** error_ret) {
  *error_ret = unsupported(__func__);
  return new wasmtime_call_future;
}
wasmtime_error_t* wasmtime_linker_define_async_func(wasmtime_linker_t*, const char*, size_t,
                                                    const char*, size_t, const wasm_functype_t*,
                                                    wasmtime_func_async_callback_t, void* data,
                                                    void (*finalizer)(void*)) {
  const Foreign ended(data, finalizer);
  return unsupported(__func__);
}
wasmtime_call_future_t* wasmtime_linker_instantiate_async(const wasmtime_linker_t*,
                                                          wasmtime_context_t*,
                                                          const wasmtime_module_t*,
                                                          wasmtime_instance_t*, wasm_trap_t**,
                                                          wasmtime_error_t** error_ret) {
  *error_ret = unsupported(__func__);
  return new wasmtime_call_future;
}
wasmtime_call_future_t* wasmtime_instance_pre_instantiate_async(const wasmtime_instance_pre_t*,
                                                                wasmtime_context_t*,
                                                                wasmtime_instance_t*, wasm_trap_t**,
                                                                wasmtime_error_t** error_ret) {
  *error_ret = unsupported(__func__);
  return new wasmtime_call_future;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The profiler of guests: declared, not supported yet. It may be made and asked for samples, so
// that programs find out where an error can be reported: at the end.
#include "capi/handle.h"

using namespace wazuka::capi;

struct wasmtime_guestprofiler {};

wasmtime_guestprofiler_t* wasmtime_guestprofiler_new(const wasm_engine_t*, const wasm_name_t*,
                                                     uint64_t,
                                                     const wasmtime_guestprofiler_modules_t*,
                                                     size_t) {
  return new wasmtime_guestprofiler;
}
void wasmtime_guestprofiler_delete(wasmtime_guestprofiler_t* profiler) {
  delete profiler;
}
void wasmtime_guestprofiler_sample(wasmtime_guestprofiler_t*, const wasmtime_store_t*, uint64_t) {}
wasmtime_error_t* wasmtime_guestprofiler_finish(wasmtime_guestprofiler_t* profiler,
                                                wasm_byte_vec_t*) {
  delete profiler;
  return unsupported(__func__);
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The profiler of guests: the embedder says when to take a sample, usually in the callback at an
// epoch deadline.
#include "capi/handle.h"
#include "runtime/profile/guest_profile.h"
#include "runtime/stack_walk.h"

using namespace wazuka;
using namespace wazuka::capi;

struct wasmtime_guestprofiler {
  GuestProfile profile;
};

wasmtime_guestprofiler_t* wasmtime_guestprofiler_new(
    const wasm_engine_t*, const wasm_name_t* module_name, uint64_t interval_nanos,
    const wasmtime_guestprofiler_modules_t* modules, size_t modules_len) {
  auto text = [](const wasm_name_t* name) { return std::string(name->data, name->size); };
  std::vector<GuestProfile::NamedModule> named;
  for (size_t i = 0; i < modules_len; ++i) {
    named.push_back({text(modules[i].name), modules[i].mod->code});
  }
  return new wasmtime_guestprofiler{{text(module_name), interval_nanos, std::move(named)}};
}

void wasmtime_guestprofiler_delete(wasmtime_guestprofiler_t* profiler) {
  delete profiler;
}

void wasmtime_guestprofiler_sample(wasmtime_guestprofiler_t* profiler,
                                   const wasmtime_store_t* store, uint64_t delta_nanos) {
  constexpr size_t kMaxFrames = 10'000;
  profiler->profile.add(walk_stack(store->context.store.context, kMaxFrames), delta_nanos);
}

wasmtime_error_t* wasmtime_guestprofiler_finish(wasmtime_guestprofiler_t* profiler,
                                                wasm_byte_vec_t* out) {
  fill(out, profiler->profile.json());
  delete profiler;
  return nullptr;
}

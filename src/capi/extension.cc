// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the library has beyond the C API of Wasmtime.
#include <wazuka.h>

#include "capi/objects.h"
#include "wasm/feature.h"

using namespace wazuka;
using namespace wazuka::capi;

const char* wazuka_version() {
  return WAZUKA_VERSION;
}

uint64_t wazuka_context_id(const wasmtime_context_t* context) {
  return context->id;
}

wasm_trap_t* wazuka_error_into_trap(wasmtime_error_t* error) {
  return new_trap(take_failure(error));
}

namespace {

std::string_view reason_of(const Failure& failure) {
  const Error& error = failure.error.error;
  return error.causes.empty() ? error.message : error.causes.back();
}

}  // namespace

void wazuka_error_reason(const wasmtime_error_t* error, wasm_name_t* text) {
  fill(text, reason_of(error->failure));
}
void wazuka_trap_reason(const wasm_trap_t* trap, wasm_name_t* text) {
  fill(text, reason_of(trap->failure));
}

wasmtime_error_t* wazuka_config_compiler_set(wasm_config_t* config, wazuka_compiler_t compiler) {
  EngineConfig& engine = config->engine;
  engine.tier_up = compiler == WAZUKA_COMPILER_TIERED;
  switch (compiler) {
    case WAZUKA_COMPILER_AUTO:
    case WAZUKA_COMPILER_TIERED: engine.strategy = Strategy::kAuto; return nullptr;
    case WAZUKA_COMPILER_INTERPRETER: engine.strategy = Strategy::kInterpreter; return nullptr;
    case WAZUKA_COMPILER_BASELINE: engine.strategy = Strategy::kBaseline; return nullptr;
    case WAZUKA_COMPILER_OPTIMIZING: engine.strategy = Strategy::kOptimizing; return nullptr;
    default: return new_error("unknown compiler " + std::to_string(compiler));
  }
}

void wazuka_config_lazy_compilation_set(wasm_config_t* config, bool lazy) {
  config->engine.lazy_compilation = lazy;
}

wasmtime_error_t* wazuka_config_feature_set(wasm_config_t* config, const char* name,
                                            size_t name_len, bool on) {
  const std::string_view wanted(name, name_len);
  for (const FeatureInfo& f : kFeatures) {
    if (f.flag != wanted) continue;
    config->engine.features.set(f.feature, on);
    return nullptr;
  }
  return new_error("there is no feature `" + std::string(wanted) + "`");
}

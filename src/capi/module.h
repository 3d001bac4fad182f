// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What the modules of wasm.h and of wasmtime.h share.
#pragma once

#include <span>

#include "capi/handle.h"

namespace wazuka::capi {

Result<std::shared_ptr<ModuleCode>> compile_module(const std::shared_ptr<Engine>& engine,
                                                   std::span<const u8> binary);
Result<void> validate_module(const Engine& engine, std::span<const u8> binary);
void module_imports(const Module& module, wasm_importtype_vec_t* out);
void module_exports(const Module& module, wasm_exporttype_vec_t* out);
Result<void> serialize_module(const ModuleCode& code, wasm_byte_vec_t* out);
Result<std::shared_ptr<ModuleCode>> deserialize_module(const std::shared_ptr<Engine>& engine,
                                                       std::span<const u8> container);

}  // namespace wazuka::capi

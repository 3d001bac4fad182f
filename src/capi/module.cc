// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines' modules. A serialised module is its binary in a container that says so and checks it:
// what is read back is compiled again.
#include "capi/module.h"

#include <cstdio>

#include "os/file_bytes.h"
#include "wasm/module_error.h"
#include "wasm/module_reader.h"
#include "wat/diagnostic.h"
#include "wat/wat_parser.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace wazuka::capi {

Result<std::shared_ptr<ModuleCode>> compile_module(const std::shared_ptr<Engine>& engine,
                                                   std::span<const u8> binary) {
  auto bytes = std::make_shared<OwnedModuleBytes>(std::vector<u8>(binary.begin(), binary.end()));
  auto code = ModuleCode::from_binary(engine, bytes);
  if (!code) return std::unexpected(module_error(std::move(code).error(), bytes->bytes()));
  return code;
}

Result<void> validate_module(const Engine& engine, std::span<const u8> binary) {
  auto bytes = std::make_shared<OwnedModuleBytes>(std::vector<u8>(binary.begin(), binary.end()));
  ReadOptions options;
  options.features = engine.config().features;
  auto module = read_module(bytes, engine.types(), options);
  if (!module) return std::unexpected(module_error(std::move(module).error(), bytes->bytes()));
  return {};
}

void module_imports(const Module& module, wasm_importtype_vec_t* out) {
  wasm_importtype_vec_new_uninitialized(out, module.imports.size());
  for (size_t i = 0; i < out->size; ++i) {
    const Import& import = module.imports[i];
    auto* type = new wasm_importtype_t{{}, {}, entity_type(module, import.kind, import.index)};
    fill(&type->module, import.module);
    fill(&type->name, import.name);
    out->data[i] = type;
  }
}

void module_exports(const Module& module, wasm_exporttype_vec_t* out) {
  wasm_exporttype_vec_new_uninitialized(out, module.exports.size());
  for (size_t i = 0; i < out->size; ++i) {
    const Export& e = module.exports[i];
    auto* type = new wasm_exporttype_t{{}, entity_type(module, e.kind, e.index)};
    fill(&type->name, e.name);
    out->data[i] = type;
  }
}

namespace {

constexpr std::string_view kContainer{"wazuka-module-1\0", 16};
constexpr size_t kHeader = kContainer.size() + 8;

/// FNV-1a: against accidents, not against forgers; the binary is validated again.
u64 checksum(std::span<const u8> bytes) {
  u64 hash = 0xcbf29ce484222325;
  for (u8 b : bytes) hash = (hash ^ b) * 0x100000001b3;
  return hash;
}

Result<std::span<const u8>> contents_of(std::span<const u8> container) {
  if (container.size() < kHeader ||
      std::memcmp(container.data(), kContainer.data(), kContainer.size()) != 0) {
    return fail("not a module that this version of the library has serialized");
  }
  u64 sum = 0;
  std::memcpy(&sum, container.data() + kContainer.size(), sizeof sum);
  const std::span<const u8> binary = container.subspan(kHeader);
  if (sum != checksum(binary)) return fail("the serialized module is damaged");
  return binary;
}

}  // namespace

void serialize_module(const Module& module, wasm_byte_vec_t* out) {
  wasm_byte_vec_new_uninitialized(out, kHeader + module.bytes.size());
  std::memcpy(out->data, kContainer.data(), kContainer.size());
  const u64 sum = checksum(module.bytes);
  std::memcpy(out->data + kContainer.size(), &sum, sizeof sum);
  std::memcpy(out->data + kHeader, module.bytes.data(), module.bytes.size());
}

Result<std::shared_ptr<ModuleCode>> deserialize_module(const std::shared_ptr<Engine>& engine,
                                                       std::span<const u8> container) {
  auto binary = contents_of(container);
  if (!binary) return std::unexpected(std::move(binary).error());
  return compile_module(engine, *binary);
}

}  // namespace wazuka::capi

namespace {

wasmtime_error_t* give(Result<std::shared_ptr<ModuleCode>> code, wasmtime_module_t** ret) {
  if (!code) return new_error(std::move(code).error());
  *ret = new wasmtime_module{*std::move(code)};
  return nullptr;
}

}  // namespace

wasmtime_error_t* wasmtime_module_new(wasm_engine_t* engine, const uint8_t* wasm, size_t wasm_len,
                                      wasmtime_module_t** ret) {
  return give(compile_module(engine->engine, {wasm, wasm_len}), ret);
}
void wasmtime_module_delete(wasmtime_module_t* module) {
  delete module;
}
wasmtime_module_t* wasmtime_module_clone(const wasmtime_module_t* module) {
  return new wasmtime_module(*module);
}
void wasmtime_module_imports(const wasmtime_module_t* module, wasm_importtype_vec_t* out) {
  module_imports(module->code->module(), out);
}
void wasmtime_module_exports(const wasmtime_module_t* module, wasm_exporttype_vec_t* out) {
  module_exports(module->code->module(), out);
}
wasmtime_error_t* wasmtime_module_validate(wasm_engine_t* engine, const uint8_t* wasm,
                                           size_t wasm_len) {
  auto valid = validate_module(*engine->engine, {wasm, wasm_len});
  return valid ? nullptr : new_error(std::move(valid).error());
}
wasmtime_error_t* wasmtime_module_serialize(const wasmtime_module_t* module, wasm_byte_vec_t* ret) {
  serialize_module(module->code->module(), ret);
  return nullptr;
}
wasmtime_error_t* wasmtime_module_deserialize(wasm_engine_t* engine, const uint8_t* bytes,
                                              size_t bytes_len, wasmtime_module_t** ret) {
  return give(deserialize_module(engine->engine, {bytes, bytes_len}), ret);
}
wasmtime_error_t* wasmtime_module_deserialize_file(wasm_engine_t* engine, const char* path,
                                                   wasmtime_module_t** ret) {
  auto file = os::FileBytes::read(path);
  if (!file) {
    return new_error(Error{"failed to open file: " + std::string(path),
                           Error::kNoOffset,
                           {os::error_text(file.error().number)}});
  }
  return give(deserialize_module(engine->engine, file->bytes()), ret);
}
void wasmtime_module_image_range(const wasmtime_module_t* module, void** start, void** end) {
  // Functions are compiled one by one: what is one block is the binary.
  const std::span<const u8> bytes = module->code->module().bytes;
  *start = const_cast<u8*>(bytes.data());
  *end = const_cast<u8*>(bytes.data() + bytes.size());
}

wasmtime_error_t* wasmtime_wat2wasm(const char* text, size_t length, wasm_byte_vec_t* ret) {
  const auto source = utf8(text, length);
  if (!source) return bad_utf8();
  auto binary = wat::text_to_binary(*source);
  if (!binary) {
    return new_error(wat::render_error(binary.error(), *source, "<anon>"));
  }
  fill(ret, binary->data(), binary->size());
  return nullptr;
}

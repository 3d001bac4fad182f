// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Engines' modules. A serialised module is an image (docs/images.md).
#include "capi/module.h"

#include "image/image.h"
#include "os/file_bytes.h"
#include "runtime/precompile.h"
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

Result<void> serialize_module(const ModuleCode& code, wasm_byte_vec_t* out) {
  // What was loaded from an image is that image.
  if (const image::Image* image = code.image()) {
    fill(out, image->bytes().data(), image->bytes().size());
    return {};
  }
  auto image = precompile(code.engine(), code.module());
  if (!image) return std::unexpected(std::move(image).error());
  fill(out, image->data(), image->size());
  return {};
}

namespace {

Result<std::shared_ptr<ModuleCode>> load_image(const std::shared_ptr<Engine>& engine,
                                               os::MappedFile file, bool check_all) {
  auto image = image::Image::open(std::move(file));
  if (!image) return std::unexpected(std::move(image).error());
  if (check_all && !(*image)->body_is_whole()) return fail("the image was altered");
  return ModuleCode::from_image(engine, *std::move(image));
}

}  // namespace

Result<std::shared_ptr<ModuleCode>> deserialize_module(const std::shared_ptr<Engine>& engine,
                                                       std::span<const u8> container) {
  auto file = os::MappedFile::copy_of(container);
  if (!file) return fail("failed to copy the image: " + os::error_text(file.error()));
  return load_image(engine, *std::move(file), true);  // has just been read anyway
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
  auto done = serialize_module(*module->code, ret);
  return done ? nullptr : new_error(std::move(done).error());
}
wasmtime_error_t* wasmtime_module_deserialize(wasm_engine_t* engine, const uint8_t* bytes,
                                              size_t bytes_len, wasmtime_module_t** ret) {
  return give(deserialize_module(engine->engine, {bytes, bytes_len}), ret);
}
wasmtime_error_t* wasmtime_module_deserialize_file(wasm_engine_t* engine, const char* path,
                                                   wasmtime_module_t** ret) {
  auto file = os::MappedFile::open(path);
  if (!file) {
    return new_error(Error{"failed to open file: " + std::string(path),
                           Error::kNoOffset,
                           {os::error_text(file.error())}});
  }
  return give(load_image(engine->engine, *std::move(file), false), ret);
}
void wasmtime_module_image_range(const wasmtime_module_t* module, void** start, void** end) {
  // Functions are compiled one by one: what is one block is the image, or the binary.
  const image::Image* const image = module->code->image();
  const std::span<const u8> bytes =
      image != nullptr ? image->bytes() : module->code->module().bytes;
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

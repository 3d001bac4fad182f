// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/module_code.h"

#include "base/parallel.h"
#include "debug/demangle.h"
#include "runtime/memory_pool.h"

namespace wazuka {

namespace {

/// Modules without machine code are called by that of others.
interp::NativeSide native_side(const Engine& engine, const NativeCode* native) {
  if (native != nullptr) return native->side();
  if (engine.thunks() == nullptr) return {};
  return {nullptr, engine.thunks()->lazy()};
}

}  // namespace

ModuleCode::ModuleCode(std::shared_ptr<Engine> engine, std::shared_ptr<const Module> module)
    : engine_(std::move(engine)),
      module_(std::move(module)),
      native_(NativeCode::create(*engine_, *module_)),
      code_(module_, this, engine_->interp_options(), native_side(*engine_, native_.get())) {
  if (native_ != nullptr) native_->set_code(code_);
}

ModuleCode::~ModuleCode() {
  if (native_ != nullptr) native_->stop();
  for (u32 i = 0; image_ != nullptr && i < module_->memories.size(); ++i) {
    engine_->memory_pool()->forget(image_->contents_of(i));
  }
}

Result<std::shared_ptr<ModuleCode>> ModuleCode::create(std::shared_ptr<Engine> engine,
                                                       std::shared_ptr<const Module> module) {
  WAZUKA_TRY(interp::supports(*module));
  std::shared_ptr<ModuleCode> code(new ModuleCode(std::move(engine), std::move(module)));
  WAZUKA_TRY(code->engine().pools().check(code->module(), code->layout().size()));
  const EngineConfig& config = code->engine().config();
  if (code->native_ != nullptr && !config.lazy_compilation) {
    WAZUKA_TRY(code->native_->compile_all(config.parallel_compilation ? usable_cores() : 1));
  }
  return code;
}

Result<std::shared_ptr<ModuleCode>> ModuleCode::from_binary(
    std::shared_ptr<Engine> engine, std::shared_ptr<const ModuleBytes> bytes) {
  ReadOptions options;
  options.features = engine->config().features;
  auto module = read_module(std::move(bytes), engine->types(), options);
  if (!module) return std::unexpected(std::move(module).error());
  return create(std::move(engine), *std::move(module));
}

const MemoryImage* ModuleCode::memory_image() {
  if (!engine_->config().memory_images) return nullptr;
  std::lock_guard<std::mutex> lock(image_lock_);
  if (images_asked_for_ < 2 && ++images_asked_for_ == 2) image_ = MemoryImage::create(*module_);
  return image_.get();
}

const NameSection& ModuleCode::names() {
  std::lock_guard<std::mutex> lock(debug_lock_);
  if (!names_) names_ = read_names(*module_);
  return *names_;
}

std::string ModuleCode::module_name() {
  std::string_view name = names().module;
  return std::string(name.empty() ? "<unknown>" : name);
}

std::string ModuleCode::func_name(u32 func_index) {
  std::string_view name = names().func_name(func_index);
  if (name.empty()) return "<wasm function " + std::to_string(func_index) + ">";
  return debug::demangle(name);
}

std::vector<debug::SourceFrame> ModuleCode::source_frames(u32 offset) {
  std::lock_guard<std::mutex> lock(debug_lock_);
  if (!dwarf_) dwarf_ = debug::DwarfIndex::open(*module_);
  if (!*dwarf_ || offset < module_->code.offset) return {};
  return (*dwarf_)->lookup(offset - module_->code.offset);
}

}  // namespace wazuka

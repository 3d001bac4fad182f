// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/module_code.h"

#include "base/parallel.h"
#include "debug/demangle.h"
#include "runtime/memory_pool.h"
#include "runtime/precompile.h"

namespace wazuka {

namespace {

/// Modules without machine code are called by that of others.
interp::NativeSide native_side(const Engine& engine, const NativeCode* native) {
  if (native != nullptr) return native->side();
  if (engine.thunks() == nullptr) return {};
  return {nullptr, engine.thunks()->lazy()};
}

}  // namespace

ModuleCode::ModuleCode(std::shared_ptr<Engine> engine, std::shared_ptr<const Module> module,
                       std::shared_ptr<const image::Image> image)
    : engine_(std::move(engine)),
      module_(std::move(module)),
      image_file_(std::move(image)),
      native_(NativeCode::create(*engine_, *module_, image_file_.get())),
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
  return begin(std::shared_ptr<ModuleCode>(new ModuleCode(std::move(engine), std::move(module))));
}

Result<std::shared_ptr<ModuleCode>> ModuleCode::begin(std::shared_ptr<ModuleCode> code) {
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

Result<std::shared_ptr<ModuleCode>> ModuleCode::from_image(
    std::shared_ptr<Engine> engine, std::shared_ptr<const image::Image> image) {
  image::Settings host = image_settings(*engine);
  if (engine->thunks() == nullptr) {  // nothing of the code will run
    host.cpu = host.guard_bytes = ~u64{0};
    host.signals = 1;
  }
  WAZUKA_TRY(image->check_settings(host));
  auto module =
      read_validated_module(std::make_shared<image::ImageModuleBytes>(image), engine->types(),
                            Features::from_bits(image->settings().features), image->func_infos(),
                            image->func_info_pool());
  if (!module) return std::unexpected(std::move(module).error());
  if (image->code().first_func != (*module)->imported_funcs) {
    return fail("the image contradicts itself");
  }
  return begin(std::shared_ptr<ModuleCode>(
      new ModuleCode(std::move(engine), *std::move(module), std::move(image))));
}

const MemoryImage* ModuleCode::memory_image() {
  if (!engine_->config().memory_images) return nullptr;
  std::lock_guard<std::mutex> lock(image_lock_);
  if (images_asked_for_ == 0 && image_file_ != nullptr) {
    image_ = MemoryImage::open(*image_file_, *module_);
    if (image_ != nullptr) images_asked_for_ = 2;
  }
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

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A validated module together with its executable code: what instances are made from. Immutable for
// users (code is produced lazily behind it), shared between stores and threads.
#pragma once

#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/error.h"
#include "debug/dwarf.h"
#include "image/image.h"
#include "interp/interp.h"
#include "runtime/engine.h"
#include "runtime/memory_image.h"
#include "runtime/native_code.h"
#include "wasm/module.h"
#include "wasm/module_reader.h"

namespace wazuka {

class ModuleCode {
 public:
  /// An error if no tier can run the module, or if the code of a function is refused.
  static Result<std::shared_ptr<ModuleCode>> create(std::shared_ptr<Engine> engine,
                                                    std::shared_ptr<const Module> module);
  /// Reads, validates and prepares a binary.
  static Result<std::shared_ptr<ModuleCode>> from_binary(std::shared_ptr<Engine> engine,
                                                         std::shared_ptr<const ModuleBytes> bytes);
  /// From an image (docs/images.md): nothing is validated or compiled that it has. An error if the
  /// image relies on settings that the engine does not have.
  static Result<std::shared_ptr<ModuleCode>> from_image(std::shared_ptr<Engine> engine,
                                                        std::shared_ptr<const image::Image> image);
  ~ModuleCode();
  ModuleCode(const ModuleCode&) = delete;
  ModuleCode& operator=(const ModuleCode&) = delete;

  Engine& engine() const { return *engine_; }
  const Module& module() const { return *module_; }
  const VMLayout& layout() const { return code_.layout(); }
  FuncCode* func(u32 func_index) { return code_.func(func_index); }  // defined functions only

  /// Null if all functions are interpreted.
  NativeCode* native() const { return native_.get(); }
  /// What the module was loaded from; null if that was a binary.
  const image::Image* image() const { return image_file_.get(); }

  /// What initialises the memories of an instance that is being made, unless that is the first
  /// one; null if the segments are to be copied. Any thread.
  const MemoryImage* memory_image();

  const NameSection& names();
  // For people: names of the name section, C++ and Rust names demangled, "<unknown>" and
  // "<wasm function N>" where there are none.
  std::string module_name();
  std::string func_name(u32 func_index);

  /// The functions and source positions at an instruction (byte offset in the binary), innermost
  /// first; empty without debug information.
  std::vector<debug::SourceFrame> source_frames(u32 offset);

 private:
  ModuleCode(std::shared_ptr<Engine> engine, std::shared_ptr<const Module> module,
             std::shared_ptr<const image::Image> image = nullptr);
  /// What engines decide about every module.
  static Result<std::shared_ptr<ModuleCode>> begin(std::shared_ptr<ModuleCode> code);

  std::shared_ptr<Engine> engine_;
  std::shared_ptr<const Module> module_;
  std::shared_ptr<const image::Image> image_file_;
  std::unique_ptr<NativeCode> native_;  // has the FuncCodes in it
  interp::Code code_;
  std::mutex image_lock_;
  u32 images_asked_for_ = 0;
  std::unique_ptr<MemoryImage> image_;
  std::mutex debug_lock_;
  // Read when first asked for.
  std::optional<NameSection> names_;
  std::optional<Result<debug::DwarfIndex>> dwarf_;
};

/// Bytes in a vector: modules made from text, or given by an embedder.
class OwnedModuleBytes : public ModuleBytes {
 public:
  explicit OwnedModuleBytes(std::vector<u8> data) : data_(std::move(data)) {}
  std::span<const u8> bytes() const override { return data_; }

 private:
  std::vector<u8> data_;
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Modules: validated code that stores and threads share. From bytes, from the text format, or from
// a file that has either.
#pragma once

#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <cstring>
#include <span>
#include <string>
#include <string_view>
#include <vector>
#include <wazuka/detail/types.hh>
#include <wazuka/engine.hh>

namespace wazuka {
inline namespace v1 {

/// A module. Move-only; `clone` gives another handle of the same one. Thread-safe.
class Module {
 public:
  /// From a binary, which is copied.
  [[nodiscard]] static Result<Module> from_bytes(const Engine& engine,
                                                 std::span<const std::byte> bytes);
  /// From a binary, which is copied.
  [[nodiscard]] static Result<Module> from_bytes(const Engine& engine,
                                                 std::span<const uint8_t> bytes) {
    return from_bytes(engine, std::as_bytes(bytes));
  }
  /// From the text format.
  [[nodiscard]] static Result<Module> from_text(const Engine& engine, std::string_view text);
  /// From a file: a binary if it begins as one, else the text format. At most 1 GiB.
  [[nodiscard]] static Result<Module> from_file(const Engine& engine, const std::string& path);
  /// From what `serialize` has given.
  [[nodiscard]] static Result<Module> deserialize(const Engine& engine,
                                                  std::span<const std::byte> bytes);

  /// Whether a binary is valid with the features of this engine; if not, why.
  [[nodiscard]] static Result<void> validate(const Engine& engine,
                                             std::span<const std::byte> bytes);

  /// Another handle of this module.
  Module clone() const {
    return Module(module_ == nullptr ? nullptr : wasmtime_module_clone(module_.get()));
  }
  /// What an instance will need, in order.
  std::vector<ImportType> imports() const;
  /// What an instance will offer, in order.
  std::vector<ExportType> exports() const;
  /// Bytes that `deserialize` of the same version of the library takes.
  [[nodiscard]] Result<std::vector<std::byte>> serialize() const;

  /// False after a move.
  explicit operator bool() const { return module_ != nullptr; }
  /// For the C API; null after a move.
  wasmtime_module_t* get() const { return module_.get(); }
  /// From the C API; with ownership.
  static Module adopt(wasmtime_module_t* module) { return Module(module); }

 private:
  explicit Module(wasmtime_module_t* module) : module_(module) {}

  detail::Owned<wasmtime_module_t, wasmtime_module_delete> module_;
};

/// A binary from the text format.
[[nodiscard]] inline Result<std::vector<std::byte>> wat_to_wasm(std::string_view text);

// -------------------------------------------------------------------------------------------------

namespace detail {

inline const uint8_t* as_uint8(std::span<const std::byte> bytes) {
  return reinterpret_cast<const uint8_t*>(bytes.data());
}

inline std::vector<std::byte> take_bytes(wasm_byte_vec_t& bytes) {
  std::vector<std::byte> out(bytes.size);
  if (bytes.size != 0) std::memcpy(out.data(), bytes.data, bytes.size);
  wasm_byte_vec_delete(&bytes);
  return out;
}

inline Result<std::string> read_file(const std::string& path) {
  constexpr size_t kMost = size_t{1} << 30, kStep = size_t{1} << 16;
  auto failure = [&path](const char* why) { return fail("cannot read " + path + ": " + why); };
  if (path.find('\0') != path.npos) return fail("cannot read a file whose name has a NUL in it");
  Owned<FILE, [](FILE* f) { std::fclose(f); }> file(std::fopen(path.c_str(), "rbe"));
  if (file == nullptr) return failure(std::strerror(errno));
  std::string text;
  for (size_t n = 1; n != 0;) {
    const size_t before = text.size();
    if (before > kMost) return failure("it has more than 1 GiB");
    text.resize(before + kStep);
    n = std::fread(text.data() + before, 1, kStep, file.get());
    text.resize(before + n);
  }
  if (std::ferror(file.get()) != 0) return failure(std::strerror(errno));
  return text;
}

}  // namespace detail

inline Result<std::vector<std::byte>> wat_to_wasm(std::string_view text) {
  wasm_byte_vec_t binary;
  if (auto* error = wasmtime_wat2wasm(text.data(), text.size(), &binary)) {
    return detail::failed(error);
  }
  return detail::take_bytes(binary);
}

inline Result<Module> Module::from_bytes(const Engine& engine, std::span<const std::byte> bytes) {
  if (!engine) return detail::moved_from("the engine");
  wasmtime_module_t* module = nullptr;
  auto* const error =
      wasmtime_module_new(engine.get(), detail::as_uint8(bytes), bytes.size(), &module);
  if (error != nullptr) return detail::failed(error);
  return Module(module);
}

inline Result<Module> Module::from_text(const Engine& engine, std::string_view text) {
  auto binary = wat_to_wasm(text);
  if (!binary) return std::unexpected(std::move(binary).error());
  return from_bytes(engine, std::span<const std::byte>(*binary));
}

inline Result<Module> Module::from_file(const Engine& engine, const std::string& path) {
  auto text = detail::read_file(path);
  if (!text) return std::unexpected(std::move(text).error());
  if (!text->starts_with(std::string_view("\0asm", 4))) return from_text(engine, *text);
  return from_bytes(engine, std::as_bytes(std::span<const char>(*text)));
}

inline Result<Module> Module::deserialize(const Engine& engine, std::span<const std::byte> bytes) {
  if (!engine) return detail::moved_from("the engine");
  wasmtime_module_t* module = nullptr;
  auto* const error =
      wasmtime_module_deserialize(engine.get(), detail::as_uint8(bytes), bytes.size(), &module);
  if (error != nullptr) return detail::failed(error);
  return Module(module);
}

inline Result<void> Module::validate(const Engine& engine, std::span<const std::byte> bytes) {
  if (!engine) return detail::moved_from("the engine");
  return detail::done(
      wasmtime_module_validate(engine.get(), detail::as_uint8(bytes), bytes.size()));
}

inline std::vector<ImportType> Module::imports() const {
  std::vector<ImportType> out;
  if (module_ == nullptr) return out;
  wasm_importtype_vec_t types;
  wasmtime_module_imports(module_.get(), &types);
  out.reserve(types.size);
  for (size_t i = 0; i < types.size; ++i) {
    const wasm_importtype_t* const t = types.data[i];
    out.push_back({std::string(detail::view(wasm_importtype_module(t))),
                   std::string(detail::view(wasm_importtype_name(t))),
                   detail::to_type(wasm_importtype_type(t))});
  }
  wasm_importtype_vec_delete(&types);
  return out;
}

inline std::vector<ExportType> Module::exports() const {
  std::vector<ExportType> out;
  if (module_ == nullptr) return out;
  wasm_exporttype_vec_t types;
  wasmtime_module_exports(module_.get(), &types);
  out.reserve(types.size);
  for (size_t i = 0; i < types.size; ++i) {
    const wasm_exporttype_t* const t = types.data[i];
    out.push_back({std::string(detail::view(wasm_exporttype_name(t))),
                   detail::to_type(wasm_exporttype_type(t))});
  }
  wasm_exporttype_vec_delete(&types);
  return out;
}

inline Result<std::vector<std::byte>> Module::serialize() const {
  if (module_ == nullptr) return detail::moved_from("the module");
  wasm_byte_vec_t bytes;
  if (auto* error = wasmtime_module_serialize(module_.get(), &bytes)) return detail::failed(error);
  return detail::take_bytes(bytes);
}

}  // namespace v1
}  // namespace wazuka

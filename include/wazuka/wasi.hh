// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a guest may see of its host through WASI: nothing, unless it is said here.
#pragma once

#include <cerrno>
#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>
#include <wazuka/error.hh>

namespace wazuka {
inline namespace v1 {

/// A directory of the host that the guest finds under a name of its own.
struct Preopen {
  std::string host_path = {};
  std::string guest_path = {};
  bool writable = false;
};

/// The guest's environment, to be written where it is given to a store:
/// `store.set_wasi({.args = {"app"}, .output = WasiConfig::Inherit(), .dirs = {{"/srv", "/"}}})`.
struct WasiConfig {
  struct None {};     // reads nothing, writes to nowhere
  struct Inherit {};  // that of this process
  struct File {       // read, or written anew
    std::string path;
  };
  struct Bytes {  // what the guest reads
    std::string bytes;
  };
  /// Gets what the guest writes, as it comes.
  using Sink = std::function<void(std::string_view)>;

  std::vector<std::string> args = {};  // with the name of the program
  bool inherit_args = false;           // those of this process, before `args`
  std::vector<std::pair<std::string, std::string>> env = {};
  bool inherit_env = false;  // that of this process, before `env`
  std::variant<None, Inherit, File, Bytes> input = {};
  std::variant<None, Inherit, File, Sink> output = {};
  std::variant<None, Inherit, File, Sink> errors = {};
  std::vector<Preopen> dirs = {};
};

// -------------------------------------------------------------------------------------------------

namespace detail {

using OwnedWasi = Owned<wasi_config_t, wasi_config_delete>;

inline bool has_nul(std::string_view text) {
  return text.find('\0') != text.npos;
}

inline Result<void> set_args(wasi_config_t* wasi, const WasiConfig& config) {
  if (config.inherit_args) wasi_config_inherit_argv(wasi);
  std::vector<const char*> args;
  for (const std::string& arg : config.args) {
    if (has_nul(arg)) return fail("an argument for the guest has a NUL in it");
    args.push_back(arg.c_str());
  }
  if (!args.empty() && !wasi_config_set_argv(wasi, args.size(), args.data())) {
    return fail("an argument for the guest is not UTF-8");
  }
  return {};
}

inline Result<void> set_env(wasi_config_t* wasi, const WasiConfig& config) {
  if (config.inherit_env) wasi_config_inherit_env(wasi);
  std::vector<const char*> names, values;
  for (const auto& [name, value] : config.env) {
    if (has_nul(name) || has_nul(value)) return fail("a variable for the guest has a NUL in it");
    names.push_back(name.c_str());
    values.push_back(value.c_str());
  }
  if (!names.empty() && !wasi_config_set_env(wasi, names.size(), names.data(), values.data())) {
    return fail("a variable for the guest is not UTF-8");
  }
  return {};
}

inline Result<void> opened(bool done, const std::string& path) {
  if (done) return {};
  return fail("cannot open " + path + " for the guest");
}

inline Result<void> set_input(wasi_config_t* wasi, const WasiConfig& config) {
  if (std::holds_alternative<WasiConfig::Inherit>(config.input)) wasi_config_inherit_stdin(wasi);
  if (const auto* file = std::get_if<WasiConfig::File>(&config.input)) {
    return opened(!has_nul(file->path) && wasi_config_set_stdin_file(wasi, file->path.c_str()),
                  file->path);
  }
  if (const auto* bytes = std::get_if<WasiConfig::Bytes>(&config.input)) {
    wasm_byte_vec_t vec;
    wasm_byte_vec_new(&vec, bytes->bytes.size(), bytes->bytes.data());
    wasi_config_set_stdin_bytes(wasi, &vec);
  }
  return {};
}

/// What the library calls with the guest's output.
inline ptrdiff_t write_to_sink(void* sink, const unsigned char* bytes, size_t size) {
#ifdef __cpp_exceptions
  try {
#endif
    (*static_cast<WasiConfig::Sink*>(sink))({reinterpret_cast<const char*>(bytes), size});
    return static_cast<ptrdiff_t>(size);
#ifdef __cpp_exceptions
  } catch (...) {
    return -EIO;
  }
#endif
}

using SetFile = bool (*)(wasi_config_t*, const char*);
using SetCustom = void (*)(wasi_config_t*, ptrdiff_t (*)(void*, const unsigned char*, size_t),
                           void*, void (*)(void*));

inline Result<void> set_output(wasi_config_t* wasi, const decltype(WasiConfig::output)& output,
                               void (*inherit)(wasi_config_t*), SetFile file, SetCustom custom) {
  if (std::holds_alternative<WasiConfig::Inherit>(output)) inherit(wasi);
  if (const auto* to = std::get_if<WasiConfig::File>(&output)) {
    return opened(!has_nul(to->path) && file(wasi, to->path.c_str()), to->path);
  }
  if (const auto* sink = std::get_if<WasiConfig::Sink>(&output)) {
    if (!*sink) return fail("the function for the guest's output is empty");
    custom(wasi, write_to_sink, new WasiConfig::Sink(*sink),
           [](void* s) { delete static_cast<WasiConfig::Sink*>(s); });
  }
  return {};
}

inline Result<OwnedWasi> make_wasi(const WasiConfig& config) {
  OwnedWasi wasi(wasi_config_new());
  auto made = set_args(wasi.get(), config);
  if (made) made = set_env(wasi.get(), config);
  if (made) made = set_input(wasi.get(), config);
  if (made) {
    made = set_output(wasi.get(), config.output, wasi_config_inherit_stdout,
                      wasi_config_set_stdout_file, wasi_config_set_stdout_custom);
  }
  if (made) {
    made = set_output(wasi.get(), config.errors, wasi_config_inherit_stderr,
                      wasi_config_set_stderr_file, wasi_config_set_stderr_custom);
  }
  for (const Preopen& dir : config.dirs) {
    if (!made) break;
    made = opened(!has_nul(dir.host_path) && !has_nul(dir.guest_path) &&
                      wasi_config_preopen_dir(wasi.get(), dir.host_path.c_str(),
                                              dir.guest_path.c_str(), dir.writable),
                  dir.host_path);
  }
  if (!made) return std::unexpected(std::move(made).error());
  return wasi;
}

}  // namespace detail
}  // namespace v1
}  // namespace wazuka

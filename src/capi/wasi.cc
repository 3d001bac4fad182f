// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a store's guest may see of its host.
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#include "capi/handle.h"
#include "os/file_bytes.h"

using namespace wazuka;
using namespace wazuka::capi;

struct wasi_config_t {
  wasi::ContextOptions options;
  // What the options refer to; by stream.
  os::OwnedFd files[3];
  Foreign sinks[3];
};

wasi_config_t* wasi_config_new() {
  return new wasi_config_t;
}
void wasi_config_delete(wasi_config_t* config) {
  delete config;
}

void wasi_config_inherit_network(wasi_config_t*) {
  // Preview 1 has no way to make a connection.
}
void wasi_config_allow_ip_name_lookup(wasi_config_t*, bool) {}

namespace {

std::optional<std::string> text_of(const char* text) {
  const auto valid = utf8(text, std::strlen(text));
  if (!valid) return std::nullopt;
  return std::string(*valid);
}

}  // namespace

bool wasi_config_set_argv(wasi_config_t* config, size_t argc, const char* argv[]) {
  for (size_t i = 0; i < argc; ++i) {
    auto text = text_of(argv[i]);
    if (!text) return false;
    config->options.arguments.push_back(*std::move(text));
  }
  return true;
}

void wasi_config_inherit_argv(wasi_config_t* config) {
  auto file = os::FileBytes::read("/proc/self/cmdline");
  if (!file) return;
  const auto* at = reinterpret_cast<const char*>(file->bytes().data());
  const auto* const end = at + file->bytes().size();
  while (at < end) {
    const size_t length = ::strnlen(at, static_cast<size_t>(end - at));
    config->options.arguments.emplace_back(at, length);
    at += length + 1;
  }
}

bool wasi_config_set_env(wasi_config_t* config, size_t envc, const char* names[],
                         const char* values[]) {
  for (size_t i = 0; i < envc; ++i) {
    auto name = text_of(names[i]), value = text_of(values[i]);
    if (!name || !value) return false;
    config->options.environment.emplace_back(*std::move(name), *std::move(value));
  }
  return true;
}

void wasi_config_inherit_env(wasi_config_t* config) {
  for (char** at = environ; at != nullptr && *at != nullptr; ++at) {
    const std::string_view entry(*at);
    const size_t equals = entry.find('=');
    if (equals == entry.npos) continue;
    config->options.environment.emplace_back(entry.substr(0, equals), entry.substr(equals + 1));
  }
}

namespace {

int& stream_fd(wasi_config_t* config, int stream) {
  wasi::ContextOptions& o = config->options;
  return stream == 0 ? o.stdin_fd : stream == 1 ? o.stdout_fd : o.stderr_fd;
}

wasi::OutputSink& stream_sink(wasi_config_t* config, int stream) {
  return stream == 1 ? config->options.stdout_sink : config->options.stderr_sink;
}

void use_fd(wasi_config_t* config, int stream, os::OwnedFd fd) {
  stream_fd(config, stream) = fd.get();
  config->files[stream] = std::move(fd);
}

bool use_file(wasi_config_t* config, int stream, const char* path) {
  const int flags = stream == 0 ? O_RDONLY : O_WRONLY | O_CREAT | O_TRUNC;
  auto fd = os::open_at(AT_FDCWD, path, flags, 0666);
  if (!fd) return false;
  use_fd(config, stream, *std::move(fd));
  return true;
}

void use_sink(wasi_config_t* config, int stream,
              ptrdiff_t (*callback)(void*, const unsigned char*, size_t), void* data,
              void (*finalizer)(void*)) {
  stream_fd(config, stream) = wasi::ContextOptions::kNoStream;
  stream_sink(config, stream) = {callback, data};
  config->sinks[stream] = Foreign(data, finalizer);
}

}  // namespace

bool wasi_config_set_stdin_file(wasi_config_t* config, const char* path) {
  return use_file(config, 0, path);
}

void wasi_config_set_stdin_bytes(wasi_config_t* config, wasm_byte_vec_t* bytes) {
  os::OwnedFd fd(::memfd_create("wasi-stdin", MFD_CLOEXEC));
  if (fd && bytes->size != 0) {
    const char* at = bytes->data;
    const char* const end = at + bytes->size;
    while (at < end) {
      const ssize_t n = ::write(fd.get(), at, static_cast<size_t>(end - at));
      if (n <= 0) break;
      at += n;
    }
    ::lseek(fd.get(), 0, SEEK_SET);
  }
  use_fd(config, 0, std::move(fd));
  wasm_byte_vec_delete(bytes);
}

void wasi_config_inherit_stdin(wasi_config_t* config) {
  stream_fd(config, 0) = STDIN_FILENO;
}
bool wasi_config_set_stdout_file(wasi_config_t* config, const char* path) {
  return use_file(config, 1, path);
}
void wasi_config_inherit_stdout(wasi_config_t* config) {
  stream_fd(config, 1) = STDOUT_FILENO;
}
void wasi_config_set_stdout_custom(wasi_config_t* config,
                                   ptrdiff_t (*callback)(void*, const unsigned char*, size_t),
                                   void* data, void (*finalizer)(void*)) {
  use_sink(config, 1, callback, data, finalizer);
}
bool wasi_config_set_stderr_file(wasi_config_t* config, const char* path) {
  return use_file(config, 2, path);
}
void wasi_config_inherit_stderr(wasi_config_t* config) {
  stream_fd(config, 2) = STDERR_FILENO;
}
void wasi_config_set_stderr_custom(wasi_config_t* config,
                                   ptrdiff_t (*callback)(void*, const unsigned char*, size_t),
                                   void* data, void (*finalizer)(void*)) {
  use_sink(config, 2, callback, data, finalizer);
}

bool wasi_config_preopen_dir(wasi_config_t* config, const char* host_path, const char* guest_path,
                             bool fs_mutable) {
  auto host = text_of(host_path), guest = text_of(guest_path);
  if (!host || !guest) return false;
  if (!os::open_at(AT_FDCWD, host->c_str(), O_PATH | O_DIRECTORY)) return false;
  config->options.preopens.push_back(
      {*std::move(host), *std::move(guest),
       fs_mutable ? wasi::Access::kReadWrite : wasi::Access::kReadOnly});
  return true;
}

wasmtime_error_t* wasmtime_context_set_wasi(wasmtime_context_t* context, wasi_config_t* config) {
  std::unique_ptr<wasi_config_t> owned(config);
  auto made = wasi::Context::create(std::move(config->options));
  if (!made) return new_error(std::move(made).error());
  context->wasi = *std::move(made);
  context->wasi_slot = context->wasi.get();
  for (Foreign& sink : config->sinks) context->wasi_streams.push_back(std::move(sink));
  for (os::OwnedFd& fd : config->files) context->wasi_files.push_back(std::move(fd));
  return nullptr;
}

void wasmtime_context_set_wasi_http(wasmtime_context_t*) {
  // Only components can use it, and what links them says that there are none yet.
}

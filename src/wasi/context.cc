// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/context.h"

#include <fcntl.h>
#include <unistd.h>

#include "os/file_bytes.h"
#include "wasi/core/sockets.h"

namespace wazuka::wasi {
namespace {

Stdio make_stream(int fd, Stdio::Direction direction, OutputSink sink = {}) {
  return {direction, fd, fd >= 0 && ::isatty(fd) == 1, sink};
}

std::unexpected<Error> host_error(int number) {
  return fail(os::error_text(number), number);
}

}  // namespace

Result<std::unique_ptr<Context>> Context::create(ContextOptions options) {
  auto context = std::make_unique<Context>();
  context->arguments = std::move(options.arguments);
  for (auto& [name, value] : options.environment) {
    context->environment.push_back(name + "=" + value);
  }
  context->clocks = options.clocks;
  context->random = options.random;
  context->files = std::move(options.files);
  context->resolver = Resolver(options.resolver);
  context->tracer = options.tracer;

  std::vector<Descriptor> initial;
  initial.emplace_back(make_stream(options.stdin_fd, Stdio::Direction::kInput));
  initial.emplace_back(
      make_stream(options.stdout_fd, Stdio::Direction::kOutput, options.stdout_sink));
  initial.emplace_back(
      make_stream(options.stderr_fd, Stdio::Direction::kOutput, options.stderr_sink));
  for (os::OwnedFd& fd : options.listeners) {
    // Guests expect it of Wasmtime: Go's scheduler never polls before it accepts.
    Socket socket{std::move(fd), /*listening=*/true, /*nonblocking=*/true};
    if (auto set = set_nonblocking(socket, true); !set) return fail("a listener is no socket");
    initial.emplace_back(std::move(socket));
  }
  for (Preopen& preopen : options.preopens) {
    auto fd = os::open_at(AT_FDCWD, preopen.host_path.c_str(), O_PATH | O_DIRECTORY);
    if (!fd) return host_error(fd.error());
    Directory dir;
    dir.fd = std::move(*fd);
    dir.access = preopen.access;
    dir.preopen_name = std::move(preopen.guest_name);
    initial.emplace_back(std::move(dir));
  }
  for (Descriptor& descriptor : initial) {
    if (!context->descriptors.insert(std::move(descriptor))) return fail("too many preopens");
  }
  return context;
}

}  // namespace wazuka::wasi

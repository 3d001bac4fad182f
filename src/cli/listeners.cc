// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/listeners.h"

#include <cstdlib>

#include "os/sockets.h"

namespace wazuka::cli {
namespace {

Result<void> inherit_sockets(wasi::ContextOptions& wasi) {
  auto sockets = os::take_listen_fds();
  if (!sockets) {
    return std::unexpected(
        std::move(sockets).error().context("failed to take over the sockets of `-S listenfd`"));
  }
  for (os::OwnedFd& socket : *sockets) wasi.listeners.push_back(std::move(socket));
  // A guest that speaks the protocol itself finds its sockets with these.
  for (const char* name : {"LISTEN_FDS", "LISTEN_FDNAMES"}) {
    if (const char* value = std::getenv(name)) wasi.environment.emplace_back(name, value);
  }
  return {};
}

}  // namespace

Result<void> add_listeners(const Options& options, wasi::ContextOptions& wasi) {
  if (options.is_on(OptionId::kWasiListenfd)) WAZUKA_TRY(inherit_sockets(wasi));
  for (std::string_view address : options.texts(OptionId::kWasiTcplisten)) {
    auto socket = os::listen_tcp(std::string(address));
    if (!socket) {
      return std::unexpected(std::move(socket).error().context("failed to bind to address '" +
                                                               std::string(address) + "'"));
    }
    wasi.listeners.push_back(*std::move(socket));
  }
  return {};
}

}  // namespace wazuka::cli

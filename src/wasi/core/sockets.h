// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Stream sockets that the embedder hands to a guest: listeners, and the connections accepted on
// them. Preview 1 cannot open sockets itself.
#pragma once

#include <span>

#include "wasi/core/descriptors.h"
#include "wasi/core/errno.h"

namespace wazuka::wasi {

WasiResult<Socket> accept_socket(const Socket& listener, bool nonblocking);

struct Received {
  u64 count = 0;
  bool truncated = false;
};
WasiResult<Received> receive(const Socket& socket, std::span<const iovec> buffers, bool peek,
                             bool wait_all);
/// Never raises SIGPIPE.
WasiResult<u64> send(const Socket& socket, std::span<const iovec> buffers);
WasiResult<void> shut_down(const Socket& socket, bool reading, bool writing);
WasiResult<void> set_nonblocking(Socket& socket, bool nonblocking);

}  // namespace wazuka::wasi

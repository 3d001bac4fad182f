// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Listening sockets: opened by address, or inherited from a service manager.
#pragma once

#include <string>
#include <vector>

#include "base/error.h"
#include "os/files.h"

namespace wazuka::os {

/// A TCP socket that listens on `address`, e.g. "127.0.0.1:8080", "[::1]:80" or "localhost:0".
Result<OwnedFd> listen_tcp(const std::string& address);

/// The listening stream sockets that a service manager handed to this process: LISTEN_FDS of them
/// from descriptor 3 on, if LISTEN_PID names this process (sd_listen_fds(3)). An error if one of
/// them is something else. They are no longer inherited by programs that this one starts.
Result<std::vector<OwnedFd>> take_listen_fds();

}  // namespace wazuka::os

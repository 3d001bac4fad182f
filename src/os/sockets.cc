// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "os/sockets.h"

#include <charconv>
#include <cstdlib>
#include <fcntl.h>
#include <memory>
#include <netdb.h>
#include <optional>
#include <string_view>
#include <sys/socket.h>
#include <unistd.h>

#include "os/file_bytes.h"

namespace wazuka::os {
namespace {

constexpr int kFirstListenFd = 3;  // SD_LISTEN_FDS_START
constexpr int kMaxListenFds = 1 << 16;

struct HostAndPort {
  std::string host;
  std::string port;
};

/// "host:port" or "[v6]:port".
std::optional<HostAndPort> split_address(std::string_view address) {
  size_t colon = address.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  std::string_view host = address.substr(0, colon);
  std::string_view port = address.substr(colon + 1);
  u16 number = 0;
  auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), number);
  if (port.empty() || error != std::errc() || end != port.data() + port.size()) return std::nullopt;
  if (host.starts_with('[') && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  } else if (host.find(':') != std::string_view::npos) {
    return std::nullopt;  // which colon begins the port would be a guess
  }
  if (host.empty()) return std::nullopt;
  return HostAndPort{std::string(host), std::string(port)};
}

HostResult<OwnedFd> listen_on(const addrinfo& info) {
  OwnedFd fd(::socket(info.ai_family, info.ai_socktype | SOCK_CLOEXEC, info.ai_protocol));
  if (!fd) return std::unexpected(errno);
  // So that a server can be started again at once.
  int on = 1;
  if (::setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) < 0 ||
      ::bind(fd.get(), info.ai_addr, info.ai_addrlen) < 0 || ::listen(fd.get(), SOMAXCONN) < 0) {
    return std::unexpected(errno);
  }
  return fd;
}

/// A number in the environment, or nothing.
std::optional<long> environment_number(const char* name) {
  const char* text = std::getenv(name);
  if (text == nullptr) return std::nullopt;
  std::string_view view = text;
  long value = 0;
  auto [end, error] = std::from_chars(view.data(), view.data() + view.size(), value);
  if (error != std::errc() || end != view.data() + view.size()) return std::nullopt;
  return value;
}

int socket_option(int fd, int option) {
  int value = 0;
  socklen_t size = sizeof value;
  return ::getsockopt(fd, SOL_SOCKET, option, &value, &size) < 0 ? -1 : value;
}

}  // namespace

Result<OwnedFd> listen_tcp(const std::string& address) {
  auto parts = split_address(address);
  if (!parts) return fail("invalid socket address");
  addrinfo hints = {};
  hints.ai_family = AF_UNSPEC;
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo* list = nullptr;
  int failed = ::getaddrinfo(parts->host.c_str(), parts->port.c_str(), &hints, &list);
  if (failed != 0) {
    return fail(std::string("failed to lookup address information: ") + ::gai_strerror(failed));
  }
  std::unique_ptr<addrinfo, decltype(&::freeaddrinfo)> owner(list, &::freeaddrinfo);
  int error = EADDRNOTAVAIL;
  for (const addrinfo* info = list; info != nullptr; info = info->ai_next) {
    auto fd = listen_on(*info);
    if (fd) return std::move(*fd);
    error = fd.error();
  }
  return fail(error_text(error));
}

Result<std::vector<OwnedFd>> take_listen_fds() {
  std::vector<OwnedFd> sockets;
  auto pid = environment_number("LISTEN_PID");
  auto count = environment_number("LISTEN_FDS");
  if (!pid || !count || *pid != ::getpid()) return sockets;
  if (*count < 0 || *count > kMaxListenFds) return fail("LISTEN_FDS is out of range");
  for (int fd = kFirstListenFd; fd < kFirstListenFd + static_cast<int>(*count); ++fd) {
    if (::fcntl(fd, F_SETFD, FD_CLOEXEC) < 0 || socket_option(fd, SO_ACCEPTCONN) != 1 ||
        socket_option(fd, SO_TYPE) != SOCK_STREAM) {
      return fail("descriptor " + std::to_string(fd) + " is no listening stream socket");
    }
    sockets.emplace_back(fd);
  }
  return sockets;
}

}  // namespace wazuka::os

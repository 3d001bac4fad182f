// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/sockets.h"

#include <fcntl.h>
#include <sys/socket.h>

namespace wazuka::wasi {
namespace {

msghdr message(std::span<const iovec> buffers) {
  msghdr m = {};
  m.msg_iov = const_cast<iovec*>(buffers.data());  // the system call does not write the vector
  m.msg_iovlen = buffers.size();
  return m;
}

}  // namespace

WasiResult<Socket> accept_socket(const Socket& listener, bool nonblocking) {
  int flags = SOCK_CLOEXEC | (nonblocking ? SOCK_NONBLOCK : 0);
  for (;;) {
    int fd = ::accept4(listener.fd.get(), nullptr, nullptr, flags);
    if (fd >= 0) {
      Socket socket;
      socket.fd = os::OwnedFd(fd);
      socket.nonblocking = nonblocking;
      return socket;
    }
    if (errno != EINTR) return host_failure(errno);
  }
}

WasiResult<Received> receive(const Socket& socket, std::span<const iovec> buffers, bool peek,
                             bool wait_all) {
  msghdr m = message(buffers);
  int flags = (peek ? MSG_PEEK : 0) | (wait_all ? MSG_WAITALL : 0);
  for (;;) {
    ssize_t count = ::recvmsg(socket.fd.get(), &m, flags);
    if (count >= 0) return Received{static_cast<u64>(count), (m.msg_flags & MSG_TRUNC) != 0};
    if (errno != EINTR) return host_failure(errno);
  }
}

WasiResult<u64> send(const Socket& socket, std::span<const iovec> buffers) {
  msghdr m = message(buffers);
  for (;;) {
    ssize_t count = ::sendmsg(socket.fd.get(), &m, MSG_NOSIGNAL);
    if (count >= 0) return static_cast<u64>(count);
    if (errno != EINTR) return host_failure(errno);
  }
}

WasiResult<void> shut_down(const Socket& socket, bool reading, bool writing) {
  if (!reading && !writing) return std::unexpected(Errno::kInval);
  int how = reading ? (writing ? SHUT_RDWR : SHUT_RD) : SHUT_WR;
  if (::shutdown(socket.fd.get(), how) < 0) return host_failure(errno);
  return {};
}

WasiResult<void> set_nonblocking(Socket& socket, bool nonblocking) {
  int flags = ::fcntl(socket.fd.get(), F_GETFL);
  if (flags < 0) return host_failure(errno);
  int wanted = nonblocking ? flags | O_NONBLOCK : flags & ~O_NONBLOCK;
  if (::fcntl(socket.fd.get(), F_SETFL, wanted) < 0) return host_failure(errno);
  socket.nonblocking = nonblocking;
  return {};
}

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Sockets that the embedder preopened. Any other descriptor is kNotsock, as in Wasmtime.
#include "wasi/core/sockets.h"
#include "wasi/p1/functions.h"
#include "wasi/p1/records.h"

namespace wazuka::wasi::p1 {
namespace {

WasiResult<Socket*> socket_at(Context& context, Fd fd) {
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return std::unexpected(Errno::kBadf);
  Socket* socket = std::get_if<Socket>(descriptor);
  if (socket == nullptr) return std::unexpected(Errno::kNotsock);
  return socket;
}

}  // namespace

Outcome sock_accept(Context& context, GuestMemory memory, Fd fd, FdFlags flags,
                    GuestPtr opened_fd) {
  WASI_ASSIGN(Socket * listener, socket_at(context, fd));
  WASI_ASSIGN(Socket accepted, while_waiting(context, fd, [&] {
                return accept_socket(*listener, flags.has(FdFlag::kNonblock));
              }));
  WASI_ASSIGN(u32 number, context.descriptors.insert(std::move(accepted)));
  return write_result<u32>(memory, opened_fd, "fd", number);
}

Outcome sock_recv(Context& context, GuestMemory memory, Fd fd, GuestPtr ri_data, u32 ri_data_len,
                  RiFlags ri_flags, GuestPtr ro_datalen, GuestPtr ro_flags) {
  WASI_ASSIGN(Socket * socket, socket_at(context, fd));
  GuestIovecs list;
  WASI_TRY(memory.read_iovecs(ri_data, ri_data_len, list));
  HostIovecs buffers;
  WASI_TRY(memory.map_iovecs(list, buffers));
  WASI_ASSIGN(Received got, while_waiting(context, fd, [&] {
                return receive(*socket, buffers.view(), ri_flags.has(RiFlag::kPeek),
                               ri_flags.has(RiFlag::kWaitall));
              }));
  Outcome last = write_result<u16>(memory, ro_flags, "roflags", got.truncated ? 1 : 0);
  if (!last.is_success()) return last;
  return write_result<u32>(memory, ro_datalen, "size", static_cast<u32>(got.count));
}

Outcome sock_send(Context& context, GuestMemory memory, Fd fd, GuestPtr si_data, u32 si_data_len,
                  u16 si_flags, GuestPtr so_datalen) {
  WASI_ASSIGN(Socket * socket, socket_at(context, fd));
  if (si_flags != 0) return Errno::kInval;  // none are defined
  GuestIovecs list;
  WASI_TRY(memory.read_iovecs(si_data, si_data_len, list));
  HostIovecs buffers;
  WASI_TRY(memory.map_iovecs(list, buffers));
  WASI_ASSIGN(u64 count, while_waiting(context, fd, [&] { return send(*socket, buffers.view()); }));
  return write_result<u32>(memory, so_datalen, "size", static_cast<u32>(count));
}

Outcome sock_shutdown(Context& context, GuestMemory /*memory*/, Fd fd, SdFlags how) {
  WASI_ASSIGN(Socket * socket, socket_at(context, fd));
  WASI_TRY(shut_down(*socket, how.has(SdFlag::kRd), how.has(SdFlag::kWr)));
  return Errno::kSuccess;
}

}  // namespace wazuka::wasi::p1

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// wasi_unstable: preview 1 with older numbers. The differences are: the order of fd_seek's whence
// cases, a 32-bit link count in filestat, an extra field in clock subscriptions, one right fewer,
// and sockets that never worked (a call traps, as in Wasmtime).
#include "wasi/p1/functions.h"

#include "wasi/host_functions.h"
#include "wasi/p1/records.h"

namespace wazuka::wasi {
namespace p0 {
namespace {

Outcome fd_fdstat_get(Context& context, GuestMemory memory, Fd fd, GuestPtr stat) {
  return fd_fdstat(context, memory, fd, stat, Preview0Rights::kAllBits);
}

Outcome fd_fdstat_set_rights(Context& context, GuestMemory memory, Fd fd, Preview0Rights base,
                             Preview0Rights inheriting) {
  return p1::fd_fdstat_set_rights(context, memory, fd, Rights{base.bits}, Rights{inheriting.bits});
}

Outcome fd_filestat_get(Context& context, GuestMemory memory, Fd fd, GuestPtr stat) {
  return fd_filestat(context, memory, fd, stat, kPreview0Filestat);
}

Outcome path_filestat_get(Context& context, GuestMemory memory, Fd fd, LookupFlags flags,
                          GuestPtr path, u32 path_len, GuestPtr stat) {
  return path_filestat(context, memory, fd, flags.has(LookupFlag::kSymlinkFollow), path, path_len,
                       stat, kPreview0Filestat);
}

Outcome fd_seek(Context& context, GuestMemory memory, Fd fd, i64 offset, P0WhenceCase whence,
                GuestPtr newoffset) {
  static constexpr Whence kWhence[] = {Whence::kCurrent, Whence::kEnd, Whence::kSet};
  return seek(context, memory, fd, offset, kWhence[static_cast<size_t>(whence.value)], newoffset);
}

Outcome path_open(Context& context, GuestMemory memory, Fd fd, LookupFlags dirflags, GuestPtr path,
                  u32 path_len, OFlags oflags, Preview0Rights base, Preview0Rights inheriting,
                  FdFlags fdflags, GuestPtr opened_fd) {
  return p1::path_open(context, memory, fd, dirflags, path, path_len, oflags, Rights{base.bits},
                       Rights{inheriting.bits}, fdflags, opened_fd);
}

Outcome poll_oneoff(Context& context, GuestMemory memory, GuestPtr in, GuestPtr out,
                    u32 nsubscriptions, GuestPtr nevents) {
  return poll(context, memory, in, out, nsubscriptions, nevents, kPreview0Subscription);
}

Outcome sock_recv(Context& /*context*/, GuestMemory /*memory*/, Fd /*fd*/, GuestPtr /*ri_data*/,
                  u32 /*ri_data_len*/, RiFlags /*ri_flags*/, GuestPtr /*ro_datalen*/,
                  GuestPtr /*ro_flags*/) {
  return Outcome::trap(GuestFault::kUnsupported);
}

Outcome sock_send(Context& /*context*/, GuestMemory /*memory*/, Fd /*fd*/, GuestPtr /*si_data*/,
                  u32 /*si_data_len*/, u16 /*si_flags*/, GuestPtr /*so_datalen*/) {
  return Outcome::trap(GuestFault::kUnsupported);
}

Outcome sock_shutdown(Context& /*context*/, GuestMemory /*memory*/, Fd /*fd*/, SdFlags /*how*/) {
  return Outcome::trap(GuestFault::kUnsupported);
}

}  // namespace
}  // namespace p0

#define WASI_FUNCTION(name, implementation, signature, parameters) \
  static_assert(Binding<&implementation>::has_signature(signature), #name);
#include "wasi/p0/functions.def"
#undef WASI_FUNCTION

std::span<const HostFunction> preview0_functions() {
  static constexpr HostFunction kFunctions[] = {
#define WASI_FUNCTION(name, implementation, signature, parameters) \
  {"wasi_unstable", #name, signature, parameters, &Binding<&implementation>::call},
#include "wasi/p0/functions.def"
#undef WASI_FUNCTION
  };
  return kFunctions;
}

}  // namespace wazuka::wasi

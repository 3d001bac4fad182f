// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/guest_memory.h"

#include <algorithm>

#include "wasi/core/utf8.h"

namespace wazuka::wasi {

Checked<void> GuestMemory::write(GuestPtr p, std::span<const u8> from) const {
  if (from.empty()) return {};
  auto to = bytes(p, static_cast<u32>(from.size()));
  if (!to) return std::unexpected(to.error());
  std::memcpy(to->data(), from.data(), from.size());
  return {};
}

Checked<std::string> GuestMemory::read_path(GuestPtr p, u32 length) const {
  auto view = bytes(p, length);
  if (!view) return std::unexpected(view.error());
  if (length > kMaxPathLength) return std::unexpected(Errno::kNametoolong);
  std::string path(reinterpret_cast<const char*>(view->data()), length);
  if (!is_utf8(path)) return std::unexpected(Errno::kIlseq);
  if (path.find('\0') != std::string::npos) return std::unexpected(Errno::kInval);
  return path;
}

Checked<void> GuestMemory::read_iovecs(GuestPtr p, u32 count, GuestIovecs& list) const {
  constexpr u32 kEntrySize = 8;
  list.count = 0;
  for (u32 i = 0; i < count && list.count < GuestIovecs::kCapacity; ++i) {
    auto address = load<u32>(p, u64{i} * kEntrySize);
    if (!address) return std::unexpected(address.error());
    auto length = load<u32>(p, u64{i} * kEntrySize + sizeof(u32));
    if (!length) return std::unexpected(length.error());
    if (*length == 0) continue;
    list.buffers[list.count++] = {static_cast<GuestPtr>(*address), *length};
  }
  return {};
}

Checked<void> GuestMemory::map_iovecs(const GuestIovecs& list, HostIovecs& mapped) const {
  mapped.count = 0;
  u64 left = kMaxTransfer;
  for (size_t i = 0; i < list.count; ++i) {
    auto view = bytes(list.buffers[i].start, list.buffers[i].length);
    if (!view) return std::unexpected(view.error());
    size_t length = std::min<u64>(view->size(), left);
    left -= length;
    if (length > 0) mapped.buffers[mapped.count++] = {view->data(), length};
  }
  return {};
}

}  // namespace wazuka::wasi

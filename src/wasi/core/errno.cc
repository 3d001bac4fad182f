// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/errno.h"

#include <cerrno>

#include "base/fixed_text.h"

namespace wazuka::wasi {

std::string_view errno_name(Errno value) {
  static constexpr FixedText<15> kNames[] = {
#define WASI_ERRNO(name, text, host) {text},
#include "wasi/core/errno.def"
#undef WASI_ERRNO
  };
  auto index = static_cast<size_t>(value);
  return index < std::size(kNames) ? kNames[index].view() : "unknown";
}

Errno from_host_errno(int host) {
  struct Row {
    int host;
    Errno errno_value;
  };
  static constexpr Row kRows[] = {
#define WASI_ERRNO(name, text, host) {host, Errno::name},
#include "wasi/core/errno.def"
#undef WASI_ERRNO
  };
  for (const Row& row : kRows) {
    if (row.host == host && host != 0) return row.errno_value;
  }
  return Errno::kIo;
}

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The errors that a guest can see. They are preview 1's errno values, which all WASI faces share
// (p2 and p3 error codes are a subset under other numbers). A host error that WASI has no name for
// is kIo, as Wasmtime reports it.
#pragma once

#include <expected>
#include <string_view>

#include "base/ints.h"

namespace wazuka::wasi {

enum class Errno : u16 {
#define WASI_ERRNO(name, text, host) name,
#include "wasi/core/errno.def"
#undef WASI_ERRNO
};

/// A value, or the error that the guest shall see.
template <class T>
using WasiResult = std::expected<T, Errno>;

/// The name of preview 1's witx, e.g. "noent".
std::string_view errno_name(Errno value);

/// Translates a host errno.
Errno from_host_errno(int host);

/// Shorthand for `return std::unexpected(from_host_errno(e));`.
inline std::unexpected<Errno> host_failure(int host) {
  return std::unexpected(from_host_errno(host));
}

}  // namespace wazuka::wasi

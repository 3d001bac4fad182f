// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Opening paths without leaving a directory: the sandbox of all file functions.
//
// A guest path is resolved below a directory descriptor so that no absolute path, no `..` and no
// symbolic link (absolute, relative, chained, dangling, with a trailing slash, or swapped during
// the walk) reaches anything outside it. Two implementations obey the same rules:
//   * the kernel's openat2(RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS), which resolves the whole path,
//     final component and trailing slash included, in one atomic call;
//   * a walk with one openat per component for kernels (or seccomp filters) without openat2.
// Invariant of the walk: the kernel is given only single components that are not "..", never a
// slash, and always O_NOFOLLOW; links are read and spliced in by us.
//
// Operations that act on a directory entry itself (unlink, rename, mkdir, …) use open_parent: the
// parent is opened as above, and the single remaining name goes to an *at() call that does not
// follow it.
//
// An attempt to escape is kPerm, as Wasmtime reports it.
#pragma once

#include <atomic>
#include <string>

#include "os/files.h"
#include "wasi/core/errno.h"

namespace wazuka::wasi {

class Resolver {
 public:
  enum class Method : u8 {
    kAutomatic,  // openat2, and the walk where it does not work
    kKernel,     // openat2 only (for tests)
    kWalk,       // the walk only (for tests)
  };

  explicit Resolver(Method method = Method::kAutomatic) : method_(method) {}
  Resolver& operator=(const Resolver& other) {
    method_ = other.method_.load();
    return *this;
  }

  /// Opens `path` beneath `dir` with open(2) flags; `mode` counts with O_CREAT only.
  WasiResult<os::OwnedFd> open(int dir, const std::string& path, int flags, u32 mode = 0);

  /// The directory that holds a path's last component, and that component: a name without slashes
  /// that is not "..", or "." where the path itself names a directory ("a/", "a/.", "..").
  struct Parent {
    os::OwnedFd owned;  // empty where the parent is the start directory itself
    int fd = -1;
    std::string name;
  };
  WasiResult<Parent> open_parent(int dir, const std::string& path);

 private:
  std::atomic<Method> method_;  // calls of several threads may open files at once
};

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What can be done with paths below an open directory. Every function resolves its paths with the
// sandbox's resolver; the permission of a preopen (read-only or read-write) is checked before the
// host is asked, on both directories where there are two.
#pragma once

#include <string>

#include "wasi/core/descriptors.h"
#include "wasi/core/errno.h"
#include "wasi/core/files.h"
#include "wasi/core/resolver.h"

namespace wazuka::wasi {

/// What path_open asks for.
struct OpenRequest {
  bool follow = false;  // the last component, if it is a link
  bool create = false;
  bool directory = false;
  bool exclusive = false;
  bool truncate = false;
  bool read = false;
  bool write = false;
  bool append = false;
  bool nonblocking = false;
  bool synchronous = false;  // any of SYNC, DSYNC, RSYNC: not supported
};

/// A File or a Directory.
WasiResult<Descriptor> open_path(Resolver& resolver, const Directory& dir, const std::string& path,
                                 const OpenRequest& request);

WasiResult<FileStat> stat_path(Resolver& resolver, const Directory& dir, const std::string& path,
                               bool follow);
WasiResult<void> set_path_times(Resolver& resolver, const Directory& dir, const std::string& path,
                                bool follow, const NewTimes& times);

WasiResult<void> create_directory(Resolver& resolver, const Directory& dir,
                                  const std::string& path);
WasiResult<void> remove_directory(Resolver& resolver, const Directory& dir,
                                  const std::string& path);
WasiResult<void> unlink_file(Resolver& resolver, const Directory& dir, const std::string& path);

/// kPerm if the link's text is an absolute path.
WasiResult<std::string> read_link(Resolver& resolver, const Directory& dir,
                                  const std::string& path);
/// Makes the link `path` with the text `target`, which must not be absolute (kPerm).
WasiResult<void> make_symlink(Resolver& resolver, const std::string& target, const Directory& dir,
                              const std::string& path);

/// Hard link. Never follows a link at the end of `old_path`.
WasiResult<void> make_link(Resolver& resolver, const Directory& old_dir,
                           const std::string& old_path, const Directory& new_dir,
                           const std::string& new_path);
WasiResult<void> rename_path(Resolver& resolver, const Directory& old_dir,
                             const std::string& old_path, const Directory& new_dir,
                             const std::string& new_path);

}  // namespace wazuka::wasi

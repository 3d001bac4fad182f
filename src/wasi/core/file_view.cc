// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/core/file_view.h"

#include <algorithm>

namespace wazuka::wasi {

FileView FileView::repeatable(u64 time) {
  FileView view;
  view.repeatable_ = true;
  view.time_ = time;
  return view;
}

u64 FileView::serial_of(u64 identity) {
  return serials_.try_emplace(identity, serials_.size() + 1).first->second;
}

void FileView::apply(FileStat& stat) {
  if (!repeatable_) return;
  stat.identity = serial_of(stat.identity);
  stat.accessed = stat.modified = stat.created = time_;
}

void FileView::apply(DirectorySnapshot& snapshot) {
  if (!repeatable_) return;
  // "." and ".." come first on every host.
  size_t first = std::min<size_t>(snapshot.entries.size(), 2);
  std::ranges::sort(snapshot.entries.begin() + static_cast<ptrdiff_t>(first),
                    snapshot.entries.end(), {}, &DirectorySnapshot::Entry::name);
  for (DirectorySnapshot::Entry& entry : snapshot.entries) entry.inode = serial_of(entry.inode);
}

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What a guest's descriptor number stands for, and the table of these numbers.
//
// Invariants of the table: every descriptor has one owner, the table; closing or replacing an entry
// closes its host descriptor; numbers come from 0 upwards without gaps, and a freed number is given
// out again, the highest first (the order Wasmtime guests see).
#pragma once

#include <memory>
#include <optional>
#include <set>
#include <string>
#include <variant>
#include <vector>

#include "os/files.h"
#include "wasi/core/errno.h"

namespace wazuka::wasi {

/// Preview 1's filetype numbers.
enum class FileType : u8 {
  kUnknown,
  kBlockDevice,
  kCharacterDevice,
  kDirectory,
  kRegularFile,
  kSocketDgram,
  kSocketStream,
  kSymbolicLink,
};

/// What a guest may do below a preopened directory.
enum class Access : u8 { kReadOnly, kReadWrite };

/// What an embedder does with the guest's output: returns how many bytes it took, or a negative
/// errno of the host.
struct OutputSink {
  i64 (*write)(void* env, const u8* bytes, size_t size) = nullptr;
  void* env = nullptr;
};

/// A standard stream of the host, not owned. fd -1: reads give end of file, writes go to the sink
/// or vanish.
struct Stdio {
  enum class Direction : u8 { kInput, kOutput };
  Direction direction = Direction::kInput;
  int fd = -1;
  bool terminal = false;
  OutputSink sink;
};

/// An open file. The position is kept here, not in the host descriptor, so that every read and
/// write is one positioned system call.
struct File {
  os::OwnedFd fd;
  u64 position = 0;
  bool readable = false;
  bool writable = false;
  bool append = false;
  bool nonblocking = false;  // reported back only: files always block
  bool regular = true;       // not a device or a pipe, which may make readers and writers wait
  Access access = Access::kReadWrite;
};

/// The names in a directory at one moment. Cookies of fd_readdir index it, so that entries created
/// or removed between two calls neither repeat nor skip the others.
struct DirectorySnapshot {
  struct Entry {
    u64 inode;  // metadata hash
    FileType type;
    std::string name;
  };
  std::vector<Entry> entries;  // including "." and ".."
  u64 serial = 0;              // when it was taken, among all of the table's
};

struct Directory {
  os::OwnedFd fd;
  Access access = Access::kReadWrite;
  std::optional<std::string> preopen_name;  // the guest's name of a preopened directory
  std::unique_ptr<DirectorySnapshot> snapshot;
};

struct Socket {
  os::OwnedFd fd;
  bool listening = false;
  bool nonblocking = false;
};

using Descriptor = std::variant<Stdio, File, Directory, Socket>;

class DescriptorTable {
 public:
  /// More than any host lets a process open; bounds the table itself.
  static constexpr size_t kMaxDescriptors = size_t{1} << 20;
  /// Directory entries that all kept snapshots but the newest may hold.
  static constexpr size_t kMaxSnapshotEntries = size_t{1} << 18;

  /// The number given to `descriptor`, or kMfile.
  WasiResult<u32> insert(Descriptor descriptor);

  /// Null if `number` is not open.
  Descriptor* find(u32 number);
  /// The same, kept open until the last holder lets go: for calls that wait while other threads of
  /// the guest may close the number.
  std::shared_ptr<Descriptor> share(u32 number) const {
    return number < slots_.size() ? slots_[number] : nullptr;
  }
  template <class Kind>
  Kind* find_as(u32 number) {
    Descriptor* d = find(number);
    return d == nullptr ? nullptr : std::get_if<Kind>(d);
  }

  WasiResult<void> close(u32 number);

  /// Stores a fresh snapshot in `dir`, an entry of this table. So that many half-read listings of a
  /// large directory do not add up, the oldest others are dropped; their readers start afresh.
  void keep_snapshot(Directory& dir, std::unique_ptr<DirectorySnapshot> snapshot);

  /// Closes `to` and moves `from` there; both must be open. Equal numbers: nothing happens.
  WasiResult<void> renumber(u32 from, u32 to);

 private:
  std::vector<std::shared_ptr<Descriptor>> slots_;
  std::set<u32> free_;
  u64 last_serial_ = 0;
};

}  // namespace wazuka::wasi

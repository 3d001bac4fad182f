// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The records that preview 1 and snapshot 0 exchange through guest memory, and the code that both
// faces share because only a layout or a mask differs between them.
#pragma once

#include "wasi/context.h"
#include "wasi/core/directories.h"
#include "wasi/core/files.h"
#include "wasi/guest_memory.h"
#include "wasi/p1/types.h"

namespace wazuka::wasi {

/// Runs `transfer` while other threads of the guest may make calls, and keeps `fd` open meanwhile.
template <class Transfer>
auto while_waiting(Context& context, Fd fd, Transfer transfer) {
  std::shared_ptr<Descriptor> keep = context.descriptors.share(static_cast<u32>(fd));
  Unlocked others(context);
  return transfer();
}

/// Writes a result field by field; a fault names the result's witx type, as Wasmtime's message
/// does.
class ResultWriter {
 public:
  ResultWriter(GuestMemory memory, GuestPtr at, const char* witx_type)
      : memory_(memory), at_(at), type_(witx_type) {}

  template <std::unsigned_integral T>
  ResultWriter& put(u64 offset, T value) {
    if (!outcome_.is_success()) return *this;
    auto address = GuestMemory::add(at_, offset);
    auto stored = address ? memory_.store<T>(*address, value)
                          : Checked<void>(std::unexpected(address.error()));
    if (!stored) {
      outcome_ = stored.error();
      outcome_.type_name = type_;
    }
    return *this;
  }
  Outcome finish() const { return outcome_; }

 private:
  GuestMemory memory_;
  GuestPtr at_;
  const char* type_;
  Outcome outcome_;
};

/// `return write_result<u32>(memory, nread, "size", n);`
template <std::unsigned_integral T>
Outcome write_result(GuestMemory memory, GuestPtr at, const char* witx_type, T value) {
  return ResultWriter(memory, at, witx_type).put<T>(0, value).finish();
}

/// Offsets of filestat's fields after `filetype` (offset 16); nlink is 4 or 8 bytes wide.
struct FilestatLayout {
  bool wide_links;
};
inline constexpr FilestatLayout kPreview1Filestat = {true};
inline constexpr FilestatLayout kPreview0Filestat = {false};

/// Offsets within a subscription; the tag is at 8 and a descriptor at 16 in both snapshots.
struct SubscriptionLayout {
  u32 size;
  u32 clock_id;
  u32 timeout;
  u32 flags;
};
inline constexpr SubscriptionLayout kPreview1Subscription = {48, 16, 24, 40};
inline constexpr SubscriptionLayout kPreview0Subscription = {56, 24, 32, 48};

Outcome fd_filestat(Context&, GuestMemory, Fd fd, GuestPtr stat, FilestatLayout layout);
Outcome path_filestat(Context&, GuestMemory, Fd fd, bool follow, GuestPtr path, u32 path_len,
                      GuestPtr stat, FilestatLayout layout);
Outcome fd_fdstat(Context&, GuestMemory, Fd fd, GuestPtr stat, u64 rights_mask);
Outcome seek(Context&, GuestMemory, Fd fd, i64 offset, Whence whence, GuestPtr newoffset);
Outcome poll(Context&, GuestMemory, GuestPtr in, GuestPtr out, u32 nsubscriptions, GuestPtr nevents,
             const SubscriptionLayout& layout);

/// kInval if a time is to be both a given one and now.
WasiResult<NewTimes> new_times(u64 atim, u64 mtim, FstFlags flags);

/// The directory `fd`, or kBadf for anything else.
WasiResult<Directory*> directory_at(Context& context, Fd fd);
/// The file `fd`, or kBadf for anything else.
WasiResult<File*> file_at(Context& context, Fd fd);

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// poll_oneoff for both snapshots.
//
// All subscriptions are read and judged first (a bad one fails the whole call, as in Wasmtime),
// then the host waits once, then one event per ready subscription is written, in subscription
// order.
#include "wasi/core/poll.h"

#include <poll.h>
#include <vector>

#include "wasi/p1/functions.h"
#include "wasi/p1/records.h"

namespace wazuka::wasi {
namespace {

// No guest polls that many things; it bounds what one call allocates on the host (a few MiB).
constexpr u32 kMaxSubscriptions = 1 << 16;
constexpr u32 kEventSize = 32;
constexpr u16 kAbsoluteTime = 1;  // subclockflags
constexpr u16 kHangup = 1;        // eventrwflags

enum class EventType : u8 { kClock, kFdRead, kFdWrite };

struct Subscription {
  u64 userdata = 0;
  EventType type = EventType::kClock;
  Fd fd{};
  u64 bytes = 1;  // "at least one byte": the host is not asked how many
};

u64 saturating_add(u64 a, u64 b) {
  return a > ~u64{0} - b ? ~u64{0} : a + b;
}

struct ClockSubscription {
  ClockId id;
  u64 timeout;
  bool absolute;
};

Checked<ClockSubscription> read_clock(GuestMemory memory, GuestPtr at,
                                      const SubscriptionLayout& layout) {
  auto id = memory.load<u32>(at, layout.clock_id);
  if (!id) return std::unexpected(id.error());
  if (*id > static_cast<u32>(ClockId::kThreadCputime)) return std::unexpected(Errno::kInval);
  auto timeout = memory.load<u64>(at, layout.timeout);
  if (!timeout) return std::unexpected(timeout.error());
  auto flags = memory.load<u16>(at, layout.flags);
  if (!flags) return std::unexpected(flags.error());
  if ((*flags & ~kAbsoluteTime) != 0) return std::unexpected(Errno::kInval);
  return ClockSubscription{static_cast<ClockId>(*id), *timeout, *flags == kAbsoluteTime};
}

WasiResult<PollItem> timer_item(Context& context, const ClockSubscription& clock, bool lone) {
  PollItem item;
  item.kind = PollItem::Kind::kTimer;
  if (clock.id == ClockId::kMonotonic && clock.absolute) {
    item.deadline = clock.timeout;
    return item;
  }
  // A lone relative timer is a plain sleep in Wasmtime, whatever clock it names.
  bool plain_sleep = lone && !clock.absolute;
  if (clock.id != ClockId::kMonotonic && clock.id != ClockId::kRealtime && !plain_sleep) {
    return std::unexpected(Errno::kInval);
  }
  u64 wait = clock.timeout;
  if (clock.absolute) {
    u64 now = context.clocks.realtime_now();
    wait = clock.timeout > now ? clock.timeout - now : 0;
  }
  item.deadline = saturating_add(context.clocks.monotonic_now(), wait);
  return item;
}

/// Regular files never block; pipes and terminals below a preopen may.
PollItem file_item(const File& file, short events) {
  PollItem item;
  auto info = os::stat_fd(file.fd.get());
  FileType type = info ? file_type_of_mode(info->mode) : FileType::kRegularFile;
  if (type == FileType::kRegularFile) return item;
  item.kind = PollItem::Kind::kHost;
  item.fd = file.fd.get();
  item.events = events;
  return item;
}

WasiResult<PollItem> descriptor_item(Context& context, Fd fd, EventType type) {
  Descriptor* descriptor = context.descriptors.find(static_cast<u32>(fd));
  if (descriptor == nullptr) return std::unexpected(Errno::kBadf);
  bool reading = type == EventType::kFdRead;
  short events = reading ? POLLIN : POLLOUT;
  if (File* file = std::get_if<File>(descriptor)) return file_item(*file, events);
  PollItem item;
  if (Stdio* stream = std::get_if<Stdio>(descriptor)) {
    if (reading != (stream->direction == Stdio::Direction::kInput)) {
      return std::unexpected(Errno::kBadf);
    }
    // Output streams count as ready: a write to them waits as long as it must.
    if (!reading || stream->fd < 0) return item;
    item.kind = PollItem::Kind::kHost;
    item.fd = stream->fd;
    item.events = events;
    return item;
  }
  Socket* socket = std::get_if<Socket>(descriptor);
  if (socket == nullptr) return std::unexpected(Errno::kBadf);
  item.kind = PollItem::Kind::kHost;
  item.fd = socket->fd.get();
  item.events = events;
  return item;
}

Checked<PollItem> read_subscription(Context& context, GuestMemory memory, GuestPtr at,
                                    const SubscriptionLayout& layout, bool lone,
                                    Subscription& out) {
  auto userdata = memory.load<u64>(at);
  if (!userdata) return std::unexpected(userdata.error());
  out.userdata = *userdata;
  auto tag = memory.load<u8>(at, 8);
  if (!tag) return std::unexpected(tag.error());
  if (*tag > static_cast<u8>(EventType::kFdWrite)) return std::unexpected(Errno::kInval);
  out.type = static_cast<EventType>(*tag);
  if (out.type == EventType::kClock) {
    auto clock = read_clock(memory, at, layout);
    if (!clock) return std::unexpected(clock.error());
    auto item = timer_item(context, *clock, lone);
    out.bytes = lone && !clock->absolute ? 1 : 0;
    if (!item) return std::unexpected(item.error());
    return *item;
  }
  auto fd = memory.load<u32>(at, 16);
  if (!fd) return std::unexpected(fd.error());
  out.fd = static_cast<Fd>(*fd);
  auto item = descriptor_item(context, out.fd, out.type);
  if (!item) return std::unexpected(item.error());
  return *item;
}

bool at_end_of_file(Context& context, Fd fd) {
  File* file = context.descriptors.find_as<File>(static_cast<u32>(fd));
  if (file == nullptr) return false;
  auto stat = stat_descriptor(file->fd.get());
  return stat && stat->size <= file->position;
}

Checked<void> write_event(Context& context, GuestMemory memory, GuestPtr at,
                          const Subscription& subscription, const PollItem& item) {
  bool reading = subscription.type == EventType::kFdRead;
  bool regular = item.kind == PollItem::Kind::kAlways;
  bool hangup = item.hangup || (reading && regular && at_end_of_file(context, subscription.fd));
  Outcome written = ResultWriter(memory, at, nullptr)
                        .put<u64>(0, subscription.userdata)
                        .put<u16>(8, static_cast<u16>(Errno::kSuccess))
                        .put<u8>(10, static_cast<u8>(subscription.type))
                        .put<u64>(16, subscription.bytes)
                        .put<u16>(24, hangup ? kHangup : u16{0})
                        .finish();
  if (!written.is_success()) return std::unexpected(written);
  return {};
}

/// Waits while other threads of the guest may make calls, and keeps what is polled open meanwhile.
WasiResult<void> wait_unlocked(Context& context, std::span<PollItem> items,
                               std::span<const Subscription> subscriptions) {
  // Simulated clocks belong to whoever makes a call; waiting for them takes no time.
  if (!context.threaded || context.clocks.is_simulated()) {
    return wait_for_any(context.clocks, items);
  }
  std::vector<std::shared_ptr<Descriptor>> keep;
  for (const Subscription& s : subscriptions) {
    if (s.type != EventType::kClock) {
      keep.push_back(context.descriptors.share(static_cast<u32>(s.fd)));
    }
  }
  Unlocked others(context);
  return wait_for_any(context.clocks, items);
}

}  // namespace

Outcome poll(Context& context, GuestMemory memory, GuestPtr in, GuestPtr out, u32 nsubscriptions,
             GuestPtr nevents, const SubscriptionLayout& layout) {
  if (nsubscriptions == 0) return Errno::kInval;  // nothing could ever wake the guest
  if (nsubscriptions > kMaxSubscriptions) return Errno::kNomem;
  std::vector<Subscription> subscriptions(nsubscriptions);
  std::vector<PollItem> items;
  items.reserve(nsubscriptions);
  for (u32 i = 0; i < nsubscriptions; ++i) {
    WASI_ASSIGN(GuestPtr at, GuestMemory::add(in, u64{i} * layout.size));
    WASI_ASSIGN(PollItem item, read_subscription(context, memory, at, layout, nsubscriptions == 1,
                                                 subscriptions[i]));
    items.push_back(item);
  }
  WASI_TRY(wait_unlocked(context, items, subscriptions));
  u32 count = 0;
  for (u32 i = 0; i < nsubscriptions; ++i) {
    if (!items[i].ready) continue;
    WASI_ASSIGN(GuestPtr at, GuestMemory::add(out, u64{count} * kEventSize));
    WASI_TRY(write_event(context, memory, at, subscriptions[i], items[i]));
    ++count;
  }
  return write_result<u32>(memory, nevents, "size", count);
}

namespace p1 {

Outcome poll_oneoff(Context& context, GuestMemory memory, GuestPtr in, GuestPtr out,
                    u32 nsubscriptions, GuestPtr nevents) {
  return poll(context, memory, in, out, nsubscriptions, nevents, kPreview1Subscription);
}

}  // namespace p1
}  // namespace wazuka::wasi

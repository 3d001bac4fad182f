// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasi/guest_memory.h"

#include <chrono>
#include <thread>

#include "guest.h"
#include "wasi/core/utf8.h"

namespace wazuka::wasi::test {
namespace {

constexpr GuestPtr at(u32 address) {
  return static_cast<GuestPtr>(address);
}

struct Memory {
  std::vector<u8> bytes = std::vector<u8>(64);
  GuestMemory view{bytes.data(), bytes.size()};
};

TEST(GuestMemory, LoadsAndStoresLittleEndian) {
  Memory m;
  ASSERT_TRUE(m.view.store<u32>(at(4), 0x01020304));
  EXPECT_EQ(m.bytes[4], 4);
  EXPECT_EQ(m.bytes[7], 1);
  EXPECT_EQ(*m.view.load<u16>(at(4)), 0x0304);
  EXPECT_EQ(*m.view.load<u64>(at(0)), 0x0102030400000000u);
}

TEST(GuestMemory, RefusesWhatIsOutside) {
  Memory m;
  EXPECT_TRUE(m.view.load<u64>(at(56)));
  auto r = m.view.load<u64>(at(64));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().fault, GuestFault::kOutOfBounds);
  EXPECT_EQ(r.error().start, 64u);
  EXPECT_EQ(r.error().length, 8u);
  EXPECT_FALSE(m.view.load<u32>(at(~u32{0} - 3)));
  EXPECT_FALSE(m.view.bytes(at(1), ~u32{0}));
  EXPECT_FALSE(m.view.bytes(at(65), 0));
  EXPECT_TRUE(m.view.bytes(at(64), 0));
  EXPECT_FALSE(GuestMemory{}.load<u8>(at(0)));
}

TEST(GuestMemory, RefusesMisalignment) {
  Memory m;
  auto r = m.view.load<u32>(at(6));
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().fault, GuestFault::kNotAligned);
  EXPECT_EQ(r.error().alignment, 4u);
  EXPECT_FALSE(m.view.store<u64>(at(4), 1));
  EXPECT_TRUE(m.view.load<u8>(at(7)));
}

TEST(GuestMemory, RefusesAddressOverflow) {
  EXPECT_EQ(*GuestMemory::add(at(1), ~u32{0} - 1), at(~u32{0}));
  auto r = GuestMemory::add(at(1), ~u32{0});
  ASSERT_FALSE(r);
  EXPECT_EQ(r.error().fault, GuestFault::kPointerOverflow);
  EXPECT_FALSE(GuestMemory::add(at(0), u64{1} << 40));
  EXPECT_FALSE(GuestMemory::add(at(5), ~u64{0} - 3));
}

TEST(GuestMemory, WritingNothingNeedsNoAddress) {
  Memory m;
  EXPECT_TRUE(m.view.write(at(~u32{0}), {}));
  u8 byte = 1;
  EXPECT_FALSE(m.view.write(at(64), {&byte, 1}));
}

TEST(GuestMemory, ChecksPaths) {
  std::vector<u8> big(0x3000, 'a');
  GuestMemory m{big.data(), big.size()};
  EXPECT_EQ(*m.read_path(at(0), 3), "aaa");
  EXPECT_EQ(m.read_path(at(0), kMaxPathLength)->size(), kMaxPathLength);
  EXPECT_EQ(m.read_path(at(0), kMaxPathLength + 1).error().error, Errno::kNametoolong);
  EXPECT_EQ(m.read_path(at(0), ~u32{0}).error().fault, GuestFault::kOutOfBounds);
  big[1] = 0;
  EXPECT_EQ(m.read_path(at(0), 3).error().error, Errno::kInval);
  big[1] = 0xff;
  EXPECT_EQ(m.read_path(at(0), 3).error().error, Errno::kIlseq);
}

TEST(GuestMemory, BoundsScatterLists) {
  std::vector<u8> bytes(0x2000);
  GuestMemory m{bytes.data(), bytes.size()};
  auto pair = [&](u32 i, u32 start, u32 length) {
    std::memcpy(&bytes[i * 8], &start, 4);
    std::memcpy(&bytes[i * 8 + 4], &length, 4);
  };
  for (u32 i = 0; i < 200; ++i) pair(i, 0x1000, i % 2);  // every other one is empty
  GuestIovecs list;
  ASSERT_TRUE(m.read_iovecs(at(0), 200, list));
  EXPECT_EQ(list.count, GuestIovecs::kCapacity);
  HostIovecs mapped;
  ASSERT_TRUE(m.map_iovecs(list, mapped));
  EXPECT_EQ(mapped.view()[0].iov_base, &bytes[0x1000]);

  // A list that claims to be longer than memory stops at the capacity or the end of memory.
  ASSERT_TRUE(m.read_iovecs(at(0), ~u32{0}, list));
  std::fill(bytes.begin(), bytes.end(), 0);
  EXPECT_EQ(m.read_iovecs(at(0), ~u32{0}, list).error().fault, GuestFault::kOutOfBounds);
  pair(0, 0x1fff, 2);
  ASSERT_TRUE(m.read_iovecs(at(0), 1, list));
  EXPECT_EQ(m.map_iovecs(list, mapped).error().fault, GuestFault::kOutOfBounds);
}

TEST(GuestMemory, BoundsTransfers) {
  // Overlapping buffers add up to more than memory holds; the host gets at most kMaxTransfer.
  std::vector<u8> bytes(64);
  GuestMemory m{bytes.data(), u64{1} << 31};  // a length only: nothing is touched
  GuestIovecs list;
  for (int i = 0; i < 3; ++i) list.buffers[list.count++] = {at(0), u32{1} << 30};
  HostIovecs mapped;
  ASSERT_TRUE(m.map_iovecs(list, mapped));
  EXPECT_EQ(mapped.count, 2u);
  EXPECT_EQ(mapped.view()[1].iov_len, u64{1} << 30);
}

TEST(GuestMemory, ReadsEachValueOnceThoughAnotherThreadChangesIt) {
  // A shared memory in which another thread makes good lists and paths bad and good again. It
  // sleeps between two changes: waking up, it interrupts the reader wherever that is, also where
  // the two have to share a processor.
  constexpr u32 kPath = 4096;
  std::vector<u8> bytes(2 * kPath, 'a');
  GuestMemory m{bytes.data(), bytes.size()};
  auto* words = reinterpret_cast<std::atomic<u32>*>(bytes.data());
  words[0] = 128;
  words[1] = 16;
  std::atomic<bool> stop = false;
  std::atomic<u32> changes = 0;
  std::thread other([&] {
    for (u32 i = 0; !stop; ++i) {
      words[0] = i % 2 == 0 ? 128 : ~u32{0};                      // a buffer's address
      words[1] = i % 3 == 0 ? 16 : 2 * kPath;                     // and length
      words[kPath / 4] = i % 2 == 0 ? 0x61616161u : 0xff616161u;  // a path
      changes = i;
      std::this_thread::sleep_for(std::chrono::microseconds(1));
    }
  });
  const auto meanwhile = [&](auto&& read) {
    const u32 until = changes + 600;
    for (int i = 0; i < 20000 || changes < until; ++i) read();
  };
  meanwhile([&] {
    GuestIovecs list;
    HostIovecs mapped;
    if (m.read_iovecs(at(0), 1, list) && m.map_iovecs(list, mapped)) {
      EXPECT_EQ(mapped.count, 1u);
      EXPECT_EQ(mapped.buffers[0].iov_base, bytes.data() + 128);
      EXPECT_EQ(mapped.buffers[0].iov_len, 16u);
    }
  });
  meanwhile([&] {
    if (auto path = m.read_path(at(kPath), kMaxPathLength)) EXPECT_TRUE(is_utf8(*path));
  });
  stop = true;
  other.join();
}

TEST(Utf8, FollowsUnicode) {
  EXPECT_TRUE(is_utf8(""));
  EXPECT_TRUE(is_utf8("a\xc2\x80\xdf\xbf\xe0\xa0\x80\xef\xbf\xbf\xf0\x90\x80\x80\xf4\x8f\xbf\xbf"));
  for (const char* bad :
       {"\x80", "\xc0\x80", "\xc1\xbf", "\xc3", "\xe0\x9f\x80", "\xed\xa0\x80", "\xe2\x82",
        "\xf0\x8f\x80\x80", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xff", "\xe2\x28\xa1"}) {
    EXPECT_FALSE(is_utf8(bad)) << bad;
  }
}

TEST(Outcome, SpeaksOfTrapsAsWasmtimeDoes) {
  Outcome o = Outcome::trap(GuestFault::kOutOfBounds, 4294967292u, 4);
  auto messages = trap_messages(o, "wasi_snapshot_preview1", "fd_read");
  ASSERT_EQ(messages.size(), 1u);
  EXPECT_EQ(messages[0], "Pointer out of bounds: Region { start: 4294967292, len: 4 }");
  o.type_name = "size";
  messages = trap_messages(o, "wasi_snapshot_preview1", "fd_read");
  ASSERT_EQ(messages.size(), 2u);
  EXPECT_EQ(
      messages[0],
      "In func wasi_snapshot_preview1::fd_read at write size: Pointer out of bounds: Region { "
      "start: 4294967292, len: 4 }");
  o = Outcome::trap(GuestFault::kInvalidCase);
  o.type_name = "Whence";
  EXPECT_EQ(trap_messages(o, "m", "f")[0],
            "In func m::f at convert Whence: Invalid enum value Whence");
}

}  // namespace
}  // namespace wazuka::wasi::test

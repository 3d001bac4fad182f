// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The guest's memory as a host function sees it, and the one place where guest pointers and lengths
// are checked. A GuestMemory is made anew for each call (memory.grow may move or extend it) and
// never stored.
//
// Rules: an address is turned into a host pointer only here; every length is checked against the
// memory's size before use, so no guest number decides the size of a host allocation; the memory
// may be shared with other guest threads, so each value is read once, into host storage, before it
// is judged (no check of a value that is then read again).
#pragma once

#include <bit>
#include <concepts>
#include <cstring>
#include <span>
#include <string>
#include <sys/uio.h>

#include "base/ints.h"
#include "wasi/outcome.h"

namespace wazuka::wasi {

/// An address in guest memory. All faces that use it are 32-bit.
enum class GuestPtr : u32 {};

/// The longest path the host accepts, without the final NUL (PATH_MAX - 1).
constexpr u32 kMaxPathLength = 4095;

/// The first kCapacity non-empty buffers of a guest's scatter/gather list, not yet checked. A
/// longer list is legal and simply leads to a short read or write.
struct GuestIovecs {
  static constexpr size_t kCapacity = 64;
  struct Buffer {
    GuestPtr start;
    u32 length;
  };
  Buffer buffers[kCapacity];
  size_t count = 0;
};

/// The most that one call moves; guests see a short read or write, as from the host itself.
constexpr u64 kMaxTransfer = u64{1} << 31;

/// The host's view of the same buffers.
struct HostIovecs {
  iovec buffers[GuestIovecs::kCapacity];
  size_t count = 0;

  std::span<const iovec> view() const { return {buffers, count}; }
};

struct GuestMemory {
  u8* base = nullptr;
  u64 size = 0;  // bytes

  /// Host view of `length` bytes at `p`.
  Checked<std::span<u8>> bytes(GuestPtr p, u32 length) const {
    u64 start = static_cast<u32>(p);
    if (start > size || length > size - start) {
      return std::unexpected(
          Outcome::trap(GuestFault::kOutOfBounds, static_cast<u32>(start), length));
    }
    return std::span<u8>(base + start, length);
  }

  /// Little-endian load and store of one naturally aligned integer.
  template <std::unsigned_integral T>
  Checked<T> load(GuestPtr p) const {
    auto cell = aligned_cell<T>(p);
    if (!cell) return std::unexpected(cell.error());
    T value;
    std::memcpy(&value, *cell, sizeof value);
    return to_little_endian(value);
  }
  /// The field at `offset` of a record at `p`.
  template <std::unsigned_integral T>
  Checked<T> load(GuestPtr p, u64 offset) const {
    auto field = add(p, offset);
    if (!field) return std::unexpected(field.error());
    return load<T>(*field);
  }
  template <std::unsigned_integral T>
  Checked<void> store(GuestPtr p, T value) const {
    auto cell = aligned_cell<T>(p);
    if (!cell) return std::unexpected(cell.error());
    value = to_little_endian(value);
    std::memcpy(*cell, &value, sizeof value);
    return {};
  }

  /// p + offset, which must stay within 32 bits.
  static Checked<GuestPtr> add(GuestPtr p, u64 offset) {
    u64 sum = static_cast<u32>(p) + offset;
    if (offset > ~u32{0} || sum > ~u32{0}) {
      return std::unexpected(Outcome::trap(GuestFault::kPointerOverflow));
    }
    return static_cast<GuestPtr>(sum);
  }

  /// Copies host bytes out; copying nothing never fails.
  Checked<void> write(GuestPtr p, std::span<const u8> from) const;

  /// Copies a path in: valid UTF-8 (else kIlseq), at most kMaxPathLength bytes (else kNametoolong),
  /// no NUL (else kInval).
  Checked<std::string> read_path(GuestPtr p, u32 length) const;

  /// Fills `list` from the `count` (pointer, length) pairs at `p`, skipping empty buffers.
  Checked<void> read_iovecs(GuestPtr p, u32 count, GuestIovecs& list) const;
  /// Checks every buffer of `list`. What exceeds kMaxTransfer bytes in all is left out.
  Checked<void> map_iovecs(const GuestIovecs& list, HostIovecs& mapped) const;

 private:
  template <class T>
  static T to_little_endian(T value) {
    if constexpr (std::endian::native == std::endian::big && sizeof(T) > 1) {
      T swapped = 0;
      for (size_t i = 0; i < sizeof(T); ++i) {
        swapped = static_cast<T>(swapped << 8 | (value >> (8 * i) & 0xff));
      }
      return swapped;
    }
    return value;
  }
  template <class T>
  Checked<u8*> aligned_cell(GuestPtr p) const {
    auto span = bytes(p, sizeof(T));
    if (!span) return std::unexpected(span.error());
    if (static_cast<u32>(p) % sizeof(T) != 0) {
      return std::unexpected(
          Outcome::trap(GuestFault::kNotAligned, static_cast<u32>(p), sizeof(T), sizeof(T)));
    }
    return span->data();
  }
};

}  // namespace wazuka::wasi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Preview 1's argument types (witx typenames) and how a raw wasm argument becomes one. As in
// Wasmtime, a value that does not fit the type's representation is kOverflow, and an unknown flag
// or enum case is kInval; both are found before the function runs, in the order of the parameters.
#pragma once

#include <type_traits>

#include "base/ints.h"
#include "wasi/guest_memory.h"
#include "wasi/outcome.h"

namespace wazuka::wasi {

/// A descriptor number.
enum class Fd : u32 {};

/// Bits of an unsigned representation, with names from the enum `Flag` (each enumerator is a mask)
/// and no bits outside `kAll`.
template <class Flag, std::underlying_type_t<Flag> kAll>
struct Flags {
  using Repr = std::underlying_type_t<Flag>;
  static constexpr Repr kAllBits = kAll;
  Repr bits = 0;
  bool has(Flag flag) const { return (bits & static_cast<Repr>(flag)) != 0; }
};

enum class FdFlag : u16 { kAppend = 1, kDsync = 2, kNonblock = 4, kRsync = 8, kSync = 16 };
constexpr const char* witx_name(FdFlag) {
  return "Fdflags";
}
using FdFlags = Flags<FdFlag, 0x1f>;
enum class OFlag : u16 { kCreat = 1, kDirectory = 2, kExcl = 4, kTrunc = 8 };
constexpr const char* witx_name(OFlag) {
  return "Oflags";
}
using OFlags = Flags<OFlag, 0xf>;
enum class LookupFlag : u32 { kSymlinkFollow = 1 };
constexpr const char* witx_name(LookupFlag) {
  return "Lookupflags";
}
using LookupFlags = Flags<LookupFlag, 1>;
enum class FstFlag : u16 { kAtim = 1, kAtimNow = 2, kMtim = 4, kMtimNow = 8 };
constexpr const char* witx_name(FstFlag) {
  return "Fstflags";
}
using FstFlags = Flags<FstFlag, 0xf>;
enum class RiFlag : u16 { kPeek = 1, kWaitall = 2 };
constexpr const char* witx_name(RiFlag) {
  return "Riflags";
}
using RiFlags = Flags<RiFlag, 3>;
enum class SdFlag : u8 { kRd = 1, kWr = 2 };
constexpr const char* witx_name(SdFlag) {
  return "Sdflags";
}
using SdFlags = Flags<SdFlag, 3>;

enum class Right : u64 {
  kFdDatasync = 1 << 0,
  kFdRead = 1 << 1,
  kFdSeek = 1 << 2,
  kFdFdstatSetFlags = 1 << 3,
  kFdSync = 1 << 4,
  kFdTell = 1 << 5,
  kFdWrite = 1 << 6,
  kFdAdvise = 1 << 7,
  kFdAllocate = 1 << 8,
  kPathCreateDirectory = 1 << 9,
  kPathCreateFile = 1 << 10,
  kPathLinkSource = 1 << 11,
  kPathLinkTarget = 1 << 12,
  kPathOpen = 1 << 13,
  kFdReaddir = 1 << 14,
  kPathReadlink = 1 << 15,
  kPathRenameSource = 1 << 16,
  kPathRenameTarget = 1 << 17,
  kPathFilestatGet = 1 << 18,
  kPathFilestatSetSize = 1 << 19,
  kPathFilestatSetTimes = 1 << 20,
  kFdFilestatGet = 1 << 21,
  kFdFilestatSetSize = 1 << 22,
  kFdFilestatSetTimes = 1 << 23,
  kPathSymlink = 1 << 24,
  kPathRemoveDirectory = 1 << 25,
  kPathUnlinkFile = 1 << 26,
  kPollFdReadwrite = 1 << 27,
  kSockShutdown = 1 << 28,
  kSockAccept = 1 << 29,  // not in snapshot 0
};
constexpr const char* witx_name(Right) {
  return "Rights";
}
using Rights = Flags<Right, (u64{1} << 30) - 1>;
using Preview0Rights = Flags<Right, (u64{1} << 29) - 1>;

/// An enum argument: the number of a case, below `kCount`.
template <class Enum, u64 kCount>
struct Case {
  Enum value;
};

enum class ClockId : u32 { kRealtime, kMonotonic, kProcessCputime, kThreadCputime };
constexpr const char* witx_name(ClockId) {
  return "Clockid";
}
using ClockCase = Case<ClockId, 4>;
enum class P1Advice : u8 { kNormal, kSequential, kRandom, kWillneed, kDontneed, kNoreuse };
constexpr const char* witx_name(P1Advice) {
  return "Advice";
}
using AdviceCase = Case<P1Advice, 6>;
enum class P1Whence : u8 { kSet, kCur, kEnd };
constexpr const char* witx_name(P1Whence) {
  return "Whence";
}
using WhenceCase = Case<P1Whence, 3>;
enum class P0Whence : u8 { kCur, kEnd, kSet };
constexpr const char* witx_name(P0Whence) {
  return "Whence";
}
using P0WhenceCase = Case<P0Whence, 3>;
enum class Signal : u8 {};
constexpr const char* witx_name(Signal) {
  return "Signal";
}
using SignalCase = Case<Signal, 31>;

/// Argument<T>: the wasm type letter of T, and the conversion of a raw argument: a T, or a trap.
template <class T>
struct Argument;

template <class T>
  requires(std::is_same_v<T, u32> || std::is_same_v<T, Fd> || std::is_same_v<T, GuestPtr>)
struct Argument<T> {
  static constexpr char kLetter = 'i';
  static Checked<T> from(u64 raw) { return static_cast<T>(static_cast<u32>(raw)); }
};
template <class T>
  requires(std::is_same_v<T, u64> || std::is_same_v<T, i64>)
struct Argument<T> {
  static constexpr char kLetter = 'I';
  static Checked<T> from(u64 raw) { return static_cast<T>(raw); }
};

inline std::unexpected<Outcome> conversion_trap(GuestFault fault, const char* type_name) {
  Outcome trap = Outcome::trap(fault);
  trap.type_name = type_name;
  return std::unexpected(trap);
}

/// Narrows a signed wasm integer to an unsigned representation.
template <class Repr>
Checked<Repr> narrow(u64 raw, const char* type_name) {
  i64 value = sizeof(Repr) == 8 ? static_cast<i64>(raw) : static_cast<i32>(static_cast<u32>(raw));
  if (value < 0) return conversion_trap(GuestFault::kNegative, type_name);
  if (static_cast<u64>(value) > static_cast<Repr>(~Repr{0})) {
    return conversion_trap(GuestFault::kTooLarge, type_name);
  }
  return static_cast<Repr>(value);
}

template <>
struct Argument<u16> {
  static constexpr char kLetter = 'i';
  static Checked<u16> from(u64 raw) { return narrow<u16>(raw, "u16"); }
};

template <class Flag, std::underlying_type_t<Flag> kAll>
struct Argument<Flags<Flag, kAll>> {
  using Repr = std::underlying_type_t<Flag>;
  static constexpr char kLetter = sizeof(Repr) == 8 ? 'I' : 'i';
  static Checked<Flags<Flag, kAll>> from(u64 raw) {
    const char* name = witx_name(Flag{});
    auto bits = narrow<Repr>(raw, name);
    if (!bits) return std::unexpected(bits.error());
    if ((*bits & static_cast<Repr>(~kAll)) != 0) {
      return conversion_trap(GuestFault::kInvalidFlag, name);
    }
    return Flags<Flag, kAll>{*bits};
  }
};

template <class Enum, u64 kCount>
struct Argument<Case<Enum, kCount>> {
  static constexpr char kLetter = 'i';
  static Checked<Case<Enum, kCount>> from(u64 raw) {
    const char* name = witx_name(Enum{});
    auto number = narrow<std::underlying_type_t<Enum>>(raw, name);
    if (!number) return std::unexpected(number.error());
    if (*number >= kCount) return conversion_trap(GuestFault::kInvalidCase, name);
    return Case<Enum, kCount>{static_cast<Enum>(*number)};
  }
};

}  // namespace wazuka::wasi

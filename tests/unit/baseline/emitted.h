// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code from Masm, executed: registers are loaded from a MachineState, the code under test runs, and
// all registers are stored again, so that whatever it should have left alone can be checked too.
#pragma once

#include <algorithm>
#include <functional>
#include <gtest/gtest.h>
#include <optional>
#include <random>
#include <string>
#include <vector>

#include "baseline/x64/masm.h"
#include "unit/asm/executable.h"

namespace wazuka::baseline {

inline constexpr u32 kTestXmms = 14;  // all but the scratch registers
inline constexpr std::array kTestGprs = {x64::rax, x64::rcx, x64::rdx, x64::rsi, x64::r8, x64::r9};

struct MachineState {
  alignas(16) Bytes16 xmm[kTestXmms] = {};
  u64 gpr[16] = {};    // by register number; only those of kTestGprs are loaded and stored
  u8 memory[64] = {};  // for accesses
  u64 exit = 0;        // which way the code was left

  friend bool operator==(const MachineState&, const MachineState&) = default;
};

/// Levels of the processor that code differs for, as far as this machine can run them.
inline std::vector<assembly::CpuFeatures> runnable_levels() {
  using assembly::CpuFeatures;
  const CpuFeatures host = CpuFeatures::host();
  const CpuFeatures sse = CpuFeatures::level(2);
  const CpuFeatures avx = sse.with(CpuFeature::kAvx);
  const CpuFeatures avx2 = CpuFeatures::level(3).with(CpuFeature::kAvxVnni);
  std::vector<CpuFeatures> levels;
  for (CpuFeatures f : {sse, avx, CpuFeatures::level(3), avx2, host}) {
    const bool known = std::ranges::find(levels, f) != levels.end();
    if (host.covers(f) && !known) levels.push_back(f);
  }
  return levels;
}

class EmittedCode {
 public:
  using Body = std::function<void(Masm&)>;

  EmittedCode(assembly::CpuFeatures features, FloatMode mode, const Body& body)
      : code_(assemble(features, mode, body)) {}

  bool ok() const { return code_.ok(); }
  void run(MachineState& s) const { code_.as<void(MachineState*)>()(&s); }

 private:
  static std::vector<u8> assemble(assembly::CpuFeatures features, FloatMode mode,
                                  const Body& body) {
    using namespace x64;
    Assembler a(features);
    Masm m(a, mode);
    for (u32 i = 0; i < kTestXmms; ++i) m.load_128(Xmm{static_cast<u8>(i)}, xmm_at(i));
    for (Gpr r : kTestGprs) a.mov(k64, r, gpr_at(r));
    body(m);
    for (u32 i = 0; i < kTestXmms; ++i) m.store_128(xmm_at(i), Xmm{static_cast<u8>(i)});
    for (Gpr r : kTestGprs) a.mov(k64, gpr_at(r), r);
    a.ret();
    EXPECT_EQ(a.finish(), assembly::CodeBuffer::Failure::kNone);
    return {a.bytes().begin(), a.bytes().end()};
  }
  static Mem xmm_at(u32 i) { return Mem(x64::rdi, static_cast<i32>(16 * i)); }
  static Mem gpr_at(Gpr r) {
    return Mem(x64::rdi, static_cast<i32>(offsetof(MachineState, gpr) + 8u * code(r)));
  }

  Executable code_;
};

/// Lanes that matter, for each type.
class Values {
 public:
  explicit Values(u64 seed) : random_(seed) {}

  u64 bits() { return random_(); }
  u32 below(u32 n) { return static_cast<u32>(random_() % n); }

  u32 f32_bits() {
    static constexpr u32 kEdges[] = {
        0,           0x8000'0000, 0x3f80'0000, 0xbf80'0000, 0x7f80'0000, 0xff80'0000, 0x7fc0'0000,
        0xffc0'0000, 0x7fc1'2345, 0x7f80'0001, 0xffa0'0000, 0x0000'0001, 0x807f'ffff, 0x7f7f'ffff,
        0x3f00'0000, 0x3fc0'0000, 0xc020'0000, 0x4b00'0000, 0x4b80'0001, 0x4eff'ffff, 0x4f00'0000,
        0x4f00'0001, 0xcf00'0000, 0xcf00'0001, 0x4f7f'ffff, 0x4f80'0000, 0x5eff'ffff, 0x5f00'0000,
        0xdf00'0000, 0xdf00'0001, 0x5f7f'ffff, 0x5f80'0000, 0xbf7f'ffff, 0xbf00'0000, 0x3eff'ffff};
    const u32 n = below(std::size(kEdges) + 8);
    if (n < std::size(kEdges)) return kEdges[n];
    if (n % 2 == 0) return static_cast<u32>(bits());
    return std::bit_cast<u32>(static_cast<f32>(static_cast<i64>(bits() >> below(64))));
  }
  u64 f64_bits() {
    static constexpr f64 kEdges[] = {0.0,
                                     -0.0,
                                     1.0,
                                     -1.0,
                                     0.5,
                                     1.5,
                                     2.5,
                                     -0.5,
                                     0x1p-1074,
                                     -0x1p-1022,
                                     0x1.fffffffffffffp1023,
                                     0x1p31,
                                     0x1p31 - 1,
                                     0x1p31 - 0.5,
                                     -0x1p31,
                                     -0x1p31 - 1,
                                     -0x1p31 - 0.5,
                                     0x1p32,
                                     0x1p32 - 1,
                                     0x1p32 - 0.5,
                                     0x1p63,
                                     0x1.fffffffffffffp62,
                                     -0x1p63,
                                     -0x1.0000000000001p63,
                                     0x1p64,
                                     0x1.fffffffffffffp63,
                                     -0.9999999,
                                     0x1p52,
                                     0x1p-149,
                                     0x1p-150,
                                     0x1.fffffefp127,
                                     0x1p128};
    static constexpr u64 kSpecial[] = {0x7ff0'0000'0000'0000, 0xfff0'0000'0000'0000,
                                       0x7ff8'0000'0000'0000, 0xfff8'0000'0000'0000,
                                       0x7ff0'0000'0000'0001, 0xfff4'0000'1234'5678};
    const u32 n = below(std::size(kEdges) + std::size(kSpecial) + 8);
    if (n < std::size(kEdges)) return std::bit_cast<u64>(kEdges[n]);
    if (n - std::size(kEdges) < std::size(kSpecial)) return kSpecial[n - std::size(kEdges)];
    if (n % 2 == 0) return bits();
    return std::bit_cast<u64>(static_cast<f64>(static_cast<i64>(bits() >> below(64))));
  }
  /// An integer of so many bytes.
  u64 integer(u32 bytes) {
    const u32 width = 8 * bytes;
    const u64 all = width == 64 ? ~u64{0} : (u64{1} << width) - 1;
    switch (below(4)) {
      case 0: return bits() & all;
      case 1: return (bits() % 5 - 2) & all;
      case 2: return ((u64{1} << (width - 1)) + bits() % 5 - 2) & all;
      default: return (u64{1} << below(width)) & all;
    }
  }
  Bytes16 vector() {
    Bytes16 r{};
    const u32 kind = below(6);
    const u32 width = kind < 4 ? 1u << kind : kind == 4 ? 4 : 8;
    for (u32 at = 0; at < 16; at += width) {
      const u64 lane = kind < 4 ? integer(width) : kind == 4 ? f32_bits() : f64_bits();
      for (u32 i = 0; i < width; ++i) r[at + i] = static_cast<u8>(lane >> (8 * i));
    }
    return r;
  }
  MachineState state() {
    MachineState s;
    for (Bytes16& x : s.xmm) x = vector();
    for (Gpr r : kTestGprs) s.gpr[code(r)] = bits();
    for (u8& b : s.memory) b = static_cast<u8>(bits());
    return s;
  }

 private:
  std::mt19937_64 random_;
};

// ---- NaN (spec 4.3.3): which one an operation gives is partly open ------------------------------

template <class T>
inline constexpr T kQuietNan =
    sizeof(T) == 4 ? static_cast<T>(0x7fc0'0000) : static_cast<T>(0x7ff8'0000'0000'0000);
template <class T>
bool is_nan(T bits) {
  constexpr T kInfinity = static_cast<T>(kQuietNan<T> << 1) & kQuietNan<T>;
  return (bits & static_cast<T>(~T{0} >> 1)) > kInfinity;
}
template <class T>
bool is_canonical_nan(T bits) {
  return (bits & static_cast<T>(~T{0} >> 1)) == kQuietNan<T>;
}
template <class T>
bool is_arithmetic_nan(T bits) {
  return (bits & kQuietNan<T>) == kQuietNan<T>;
}
/// Whether an operation may give `actual` where the reference gave `expected`.
template <class T>
bool same_float(T actual, T expected) {
  if (actual == expected) return true;
  return is_nan(actual) && is_nan(expected) && is_arithmetic_nan(actual);
}

inline std::string hex(const Bytes16& b) {
  std::string r;
  for (u32 i = 16; i-- > 0;) {
    constexpr char kDigits[] = "0123456789abcdef";
    r += kDigits[b[i] >> 4];
    r += kDigits[b[i] & 15];
    if (i % 4 == 0 && i != 0) r += '_';
  }
  return r;
}

}  // namespace wazuka::baseline

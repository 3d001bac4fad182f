// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// i8x16.shuffle. Compilers of WebAssembly write every movement of lanes as a shuffle of bytes; what
// they meant is found again: one instruction for interleaving, rotating, blending and permuting
// wider lanes, before the general sequence of two pshufb.
#include <algorithm>
#include <optional>

#include "baseline/x64/simd.h"

namespace wazuka::baseline {

using namespace x64;

namespace {

using Lanes = Bytes16;  // 0–15 of the first source, 16–31 of the second

/// The lanes as lanes of `width` bytes, if each moves as a whole: the numbers of those.
struct Wide {
  u32 count = 0;
  std::array<u8, 8> lane{};
};
std::optional<Wide> as_wide(const Lanes& lanes, u32 width) {
  Wide w{.count = 16 / width, .lane = {}};
  for (u32 i = 0; i < w.count; ++i) {
    const u32 first = lanes[i * width];
    if (first % width != 0) return std::nullopt;
    for (u32 j = 1; j < width; ++j) {
      if (lanes[i * width + j] != first + j) return std::nullopt;
    }
    w.lane[i] = static_cast<u8>(first / width);
  }
  return w;
}

/// Two bits for each of four lanes.
u8 selector(u32 a, u32 b, u32 c, u32 d) {
  return static_cast<u8>((a & 3) | (b & 3) << 2 | (c & 3) << 4 | (d & 3) << 6);
}

/// How far the bytes of both sources, one after the other, are rotated; `all` bytes are there.
std::optional<u8> rotation(const Lanes& lanes, u32 all) {
  for (u32 i = 1; i < 16; ++i) {
    if (lanes[i] != (lanes[0] + i) % all) return std::nullopt;
  }
  return lanes[0];
}

// ---- One source ---------------------------------------------------------------------------------

bool emit_words(Masm& m, Xmm dst, Xmm src, const Wide& w) {
  const auto& l = w.lane;
  const bool low_stays = l[0] == 0 && l[1] == 1 && l[2] == 2 && l[3] == 3;
  const bool high_stays = l[4] == 4 && l[5] == 5 && l[6] == 6 && l[7] == 7;
  if (high_stays && std::max({l[0], l[1], l[2], l[3]}) < 4) {
    m.pshuflw(dst, src, selector(l[0], l[1], l[2], l[3]));
    return true;
  }
  if (low_stays && std::min({l[4], l[5], l[6], l[7]}) >= 4) {
    m.pshufhw(dst, src, selector(l[4], l[5], l[6], l[7]));
    return true;
  }
  return false;
}

bool emit_broadcast(Masm& m, Xmm dst, Xmm src, const Lanes& lanes) {
  if (!m.has(CpuFeature::kAvx2)) return false;
  bool bytes = true, words = true;
  for (u32 i = 0; i < 16; ++i) {
    bytes = bytes && lanes[i] == 0;
    words = words && lanes[i] == i % 2;
  }
  if (bytes) m.a.vpbroadcastb(dst, src);
  if (words) m.a.vpbroadcastw(dst, src);
  return bytes || words;
}

bool emit_interleaved(Masm& m, Xmm dst, Xmm a, Xmm b, const Lanes& lanes);

void emit_permutation(Masm& m, Xmm dst, Xmm src, const Lanes& lanes) {
  if (auto w = as_wide(lanes, 4)) {
    const u8 imm = selector(w->lane[0], w->lane[1], w->lane[2], w->lane[3]);
    return imm == selector(0, 1, 2, 3) ? m.move(dst, src) : m.pshufd(dst, src, imm);
  }
  if (auto w = as_wide(lanes, 2); w && emit_words(m, dst, src, *w)) return;
  if (emit_broadcast(m, dst, src, lanes)) return;
  if (auto by = rotation(lanes, 16)) return m.palignr(dst, src, src, *by);
  if (emit_interleaved(m, dst, src, src, lanes)) return;
  m.with_const<Inst::pshufb, Inst::vpshufb>(dst, src, lanes);
}

// ---- Two sources --------------------------------------------------------------------------------

bool emit_interleaved(Masm& m, Xmm dst, Xmm a, Xmm b, const Lanes& lanes) {
  const u32 number = a == b ? 15 : 31;  // the bits that matter
  using Instruction = void (Masm::*)(Xmm, Xmm, Xmm);
  constexpr Instruction kLow[] = {&Masm::punpcklbw, &Masm::punpcklwd, &Masm::punpckldq,
                                  &Masm::punpcklqdq};
  constexpr Instruction kHigh[] = {&Masm::punpckhbw, &Masm::punpckhwd, &Masm::punpckhdq,
                                   &Masm::punpckhqdq};
  for (u32 log = 0; log < 4; ++log) {
    const u32 width = 1u << log;
    const u32 half = lanes[0] & 8, order = lanes[0] & 16;
    bool matches = (lanes[0] & 7) == 0;
    for (u32 i = 0; i < 16 && matches; ++i) {
      const u32 from = half + i / (2 * width) * width + i % width + (i & width ? 16 : 0);
      matches = lanes[i] == ((from ^ order) & number);
    }
    if (!matches) continue;
    const Instruction inst = half == 0 ? kLow[log] : kHigh[log];
    order == 0 ? (m.*inst)(dst, a, b) : (m.*inst)(dst, b, a);
    return true;
  }
  return false;
}

bool emit_blend(Masm& m, Xmm dst, Xmm a, Xmm b, const Lanes& lanes) {
  Bytes16 mask{};  // 0xff: from b
  u8 words = 0;
  bool by_words = true;
  for (u32 i = 0; i < 16; ++i) {
    if (lanes[i] % 16 != i) return false;
    const bool second = lanes[i] >= 16;
    mask[i] = second ? 0xff : 0;
    if (i % 2 == 1) by_words = by_words && mask[i] == mask[i - 1];
    if (second) words |= static_cast<u8>(1u << i / 2);
  }
  if (by_words) {
    m.pblendw(dst, a, b, words);
    return true;
  }
  if (!m.avx()) return false;
  m.load_const(kScratchXmm, mask);
  m.a.vpblendvb(dst, a, b, kScratchXmm);
  return true;
}

/// Four lanes of 32 bits: one of the other source in place, or two of one and two of the other.
bool emit_dwords(Masm& m, Xmm dst, Xmm a, Xmm b, const Wide& w) {
  const auto& l = w.lane;
  for (const bool swapped : {false, true}) {
    const Xmm kept = swapped ? b : a, other = swapped ? a : b;
    const u32 base = swapped ? 4 : 0;
    u32 moved = 0, at = 0;
    for (u32 i = 0; i < 4; ++i) {
      if (l[i] == base + i) continue;
      ++moved;
      at = i;
    }
    if (moved != 1 || (l[at] ^ base) < 4) continue;
    m.insertps(dst, kept, other, static_cast<u8>((l[at] & 3u) << 6 | at << 4));
    return true;
  }
  const bool first = l[0] < 4, third = l[2] < 4;
  if (first != (l[1] < 4) || third != (l[3] < 4) || first == third) return false;
  m.shufps(dst, first ? a : b, third ? a : b, selector(l[0], l[1], l[2], l[3]));
  return true;
}

void emit_any(Masm& m, Xmm dst, Xmm a, Xmm b, const Lanes& lanes) {
  if (m.has_avx512(CpuFeature::kAvx512Vbmi)) {
    m.load_const(kScratchXmm, lanes);
    m.a.vpermi2b(kScratchXmm, a, b);
    return m.move(dst, kScratchXmm);
  }
  Lanes first{}, second{};
  for (u32 i = 0; i < 16; ++i) {
    first[i] = lanes[i] < 16 ? lanes[i] : 0x80;  // 0x80: zero
    second[i] = lanes[i] < 16 ? 0x80 : static_cast<u8>(lanes[i] - 16);
  }
  m.with_const<Inst::pshufb, Inst::vpshufb>(kScratchXmm, a, first);
  m.with_const<Inst::pshufb, Inst::vpshufb>(dst, b, second);
  m.por(dst, dst, kScratchXmm);
}

}  // namespace

void emit_simd_shuffle(Masm& m, Xmm dst, Xmm a, Xmm b, std::span<const u8, 16> shuffle) {
  Lanes lanes;
  std::ranges::copy(shuffle, lanes.begin());
  if (a == b) {
    for (u8& lane : lanes) lane &= 15;
  }
  if (std::ranges::all_of(lanes, [](u8 l) { return l < 16; })) {
    return emit_permutation(m, dst, a, lanes);
  }
  if (std::ranges::all_of(lanes, [](u8 l) { return l >= 16; })) {
    for (u8& lane : lanes) lane -= 16;
    return emit_permutation(m, dst, b, lanes);
  }
  if (emit_interleaved(m, dst, a, b, lanes) || emit_blend(m, dst, a, b, lanes)) return;
  if (auto w = as_wide(lanes, 4); w && emit_dwords(m, dst, a, b, *w)) return;
  if (auto by = rotation(lanes, 32)) {
    const bool from_first = *by < 16;
    return m.palignr(dst, from_first ? b : a, from_first ? a : b, *by & 15);
  }
  emit_any(m, dst, a, b, lanes);
}

}  // namespace wazuka::baseline

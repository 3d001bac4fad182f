// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Eight lanes, each of which takes every eighth word: xor, multiplication by an odd number and
// rotation can all be undone, so that a lane never forgets that a word was another one; nor does
// the sequence that mixes the lanes.
#include "base/hash.h"

#include <bit>
#include <cstring>

namespace wazuka {
namespace {

constexpr u64 kFactor = 0x9fb21c651e98df25;
constexpr size_t kLanes = 8, kBlock = kLanes * sizeof(u64);

constexpr u64 mix(u64 state, u64 word) {
  return std::rotl((state ^ word) * kFactor, 29);
}

u64 load(const u8* at) {
  u64 word;
  std::memcpy(&word, at, sizeof word);
  return word;
}

}  // namespace

u64 hash_bytes(std::span<const u8> bytes, u64 seed) {
  u64 lanes[kLanes];
  for (size_t i = 0; i < kLanes; ++i) lanes[i] = seed + i;
  const u8* at = bytes.data();
  size_t left = bytes.size();
  for (; left >= kBlock; at += kBlock, left -= kBlock) {
    for (size_t i = 0; i < kLanes; ++i) lanes[i] = mix(lanes[i], load(at + i * sizeof(u64)));
  }
  u8 rest[kBlock] = {};
  if (left != 0) std::memcpy(rest, at, left);
  u64 hash = seed ^ bytes.size();
  for (size_t i = 0; i < kLanes; ++i) {
    hash = mix(hash, mix(lanes[i], load(rest + i * sizeof(u64))));
  }
  hash ^= hash >> 32;
  hash *= kFactor;
  return hash ^ hash >> 29;
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/type_table.h"

#include <algorithm>

namespace wazuka::wat {
namespace {

/// Differs from run to run, like the hash of names.
u64 hash_seed() {
  static const char kSeed = 0;
  return reinterpret_cast<uintptr_t>(&kSeed);
}

u64 hash_types(u64 h, std::span<const ValType> types) {
  for (ValType t : types) {
    h = (h ^ t.bits()) * 0x9e3779b97f4a7c15;
    h ^= h >> 29;
  }
  return (h ^ types.size()) * 0x9e3779b97f4a7c15;
}

u32 hash_signature(std::span<const ValType> params, std::span<const ValType> results) {
  return static_cast<u32>(hash_types(hash_types(hash_seed(), params), results) >> 32);
}

}  // namespace

void TypeTable::begin_group(u32 count) {
  section_.byte(0x4e);
  section_.u32v(count);
  ++section_count_;
}

Signature TypeTable::keep(std::span<const ValType> params, std::span<const ValType> results) {
  Signature s{static_cast<u32>(pool_.size() - 1), static_cast<u32>(params.size()),
              static_cast<u32>(results.size())};
  pool_.pop_back();
  pool_.insert(pool_.end(), params.begin(), params.end());
  pool_.insert(pool_.end(), results.begin(), results.end());
  pool_.emplace_back();
  return s;
}

void TypeTable::declare(const SubType& type, bool in_group, bool reusable) {
  section_.sub_type(type);
  if (!in_group) ++section_count_;
  Entry entry;
  entry.is_func = type.kind == CompositeKind::kFunc;
  if (entry.is_func) entry.signature = keep(type.func.params, type.func.results);
  entries_.push_back(entry);
  if (!entry.is_func || !reusable) return;
  u32* slot = slot_of(type.func.params, type.func.results);
  if (*slot != 0) return;
  *slot = size();
  ++interned_;
}

u32 TypeTable::intern(std::span<const ValType> params, std::span<const ValType> results) {
  u32* slot = slot_of(params, results);
  if (*slot != 0) return *slot - 1;
  section_.func_type(params, results);
  ++section_count_;
  // The spans may point into the pool that `keep` extends.
  std::vector<ValType> p(params.begin(), params.end()), r(results.begin(), results.end());
  entries_.push_back({true, keep(p, r)});
  *slot = size();
  ++interned_;
  return size() - 1;
}

u32* TypeTable::slot_of(std::span<const ValType> params_, std::span<const ValType> results_) {
  if (interned_ * 2 >= slots_.size()) grow();
  u32 mask = static_cast<u32>(slots_.size() - 1);
  u32 slot = hash_signature(params_, results_) & mask;
  while (slots_[slot] != 0) {
    const Signature& s = entries_[slots_[slot] - 1].signature;
    if (std::ranges::equal(params(s), params_) && std::ranges::equal(results(s), results_)) break;
    slot = (slot + 1) & mask;
  }
  return &slots_[slot];
}

void TypeTable::grow() {
  std::vector<u32> old = std::move(slots_);
  slots_.assign(old.empty() ? 64 : old.size() * 2, 0);
  u32 mask = static_cast<u32>(slots_.size() - 1);
  for (u32 entry : old) {
    if (entry == 0) continue;
    const Signature& s = entries_[entry - 1].signature;
    u32 slot = hash_signature(params(s), results(s)) & mask;
    while (slots_[slot] != 0) slot = (slot + 1) & mask;
    slots_[slot] = entry;
  }
}

}  // namespace wazuka::wat

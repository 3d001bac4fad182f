// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/memory.h"

#include <algorithm>
#include <cstdlib>
#include <string>

#include "wasm/limits.h"

namespace wazuka {
namespace {

constexpr u64 kAddressSpace32 = u64{1} << 32;

/// Pages → bytes, saturated.
u64 bytes_of(u64 pages, u32 page_size_log2) {
  return pages > (~u64{0} >> page_size_log2) ? ~u64{0} : pages << page_size_log2;
}

/// The most bytes a memory of this type can ever have.
u64 type_limit(const MemoryType& type) {
  u64 limit = type.address == AddressType::kI32 ? kAddressSpace32 : ~u64{0};
  return type.limits.max ? std::min(limit, bytes_of(*type.limits.max, type.page_size_log2)) : limit;
}

constexpr u64 kGuardBefore = u64{1} << 31;

using Space = MemorySpace;

Space reserve_exactly(u64 before, u64 size, u64 guard) {
  if (guard > ~u64{0} - before || size > ~u64{0} - before - guard) return {};
  return {os::Reservation::reserve(std::max<u64>(before + size + guard, 1)), before, size, 0};
}

/// Reserves room for `wanted` bytes and a guard, or for as much as there is, at least `needed`.
Space reserve_space(u64 needed, u64 wanted, u64 guard) {
  for (u64 size = std::max(needed, wanted);;) {
    if (Space space = reserve_exactly(0, size, guard); space.reservation) return space;
    if (size == needed) return {};
    size = std::max(needed, size / 2);
  }
}

/// Of a memory whose bounds may be its guards.
Space reserve_guarded(const EngineConfig& config) {
  const u64 size = std::max(config.memory_reservation, kAddressSpace32);
  return reserve_exactly(config.guard_before_memory ? kGuardBefore : 0, size, config.memory_guard);
}

bool has_guards(const MemoryType& type, const Engine& engine) {
  return CompileEnv::can_be_guarded(type) && engine.guards_memories();
}

Space reserve(const MemoryType& type, const Engine& engine, u64 needed) {
  const EngineConfig& config = engine.config();
  if (has_guards(type, engine)) return reserve_guarded(config);
  const bool is32 = type.address == AddressType::kI32;
  const u64 wanted = is32 ? std::max(config.memory_reservation, kAddressSpace32)
                          : std::min(type_limit(type), config.memory64_reservation);
  Space space = reserve_space(needed, wanted, config.memory_guard);
  if (!space.reservation && type_limit(type) < wanted) {
    space = reserve_space(needed, type_limit(type), 0);
  }
  if (!space.reservation) space = reserve_space(needed, wanted, 0);
  return space;
}

}  // namespace

Result<std::shared_ptr<Memory>> Memory::create(const MemoryType& type, const Engine& engine,
                                               u64 max_bytes, ContentsId contents) {
  u64 needed = bytes_of(type.limits.min, type.page_size_log2);
  if (needed == ~u64{0} || needed > max_bytes) {
    return fail("memory minimum size of " + std::to_string(type.limits.min) +
                " pages exceeds memory limits");
  }
  if (engine.config().memory_creator && !type.shared) {
    return create_foreign(type, engine.config(), needed);
  }
  const bool pooled = has_guards(type, engine) && !type.shared;
  Space space = pooled ? engine.memory_pool()->take(needed, contents) : Space{};
  if (!space.reservation) {
    space = reserve(type, engine, needed);
    if (!space.reservation || !space.reservation.commit(space.before, needed)) {
      return fail("failed to allocate " + std::to_string(needed) + " bytes of linear memory");
    }
  }
  auto memory = std::make_shared<Memory>(Key{}, type);
  if (pooled) memory->pool_ = engine.memory_pool();
  memory->accessible_limit_ = std::min(space.accessible, type_limit(type));
  memory->vm.base = space.reservation.base() + space.before;
  memory->vm.size.store(needed, std::memory_order_release);
  memory->space_ = std::move(space);
  return memory;
}

Result<std::shared_ptr<Memory>> Memory::create_foreign(const MemoryType& type,
                                                       const EngineConfig& config, u64 needed) {
  std::optional<u64> max;
  if (type.limits.max) max = bytes_of(*type.limits.max, type.page_size_log2);
  auto made =
      config.memory_creator(type, needed, max, config.memory_reservation, config.memory_guard);
  if (!made) return std::unexpected(std::move(made).error());
  const EmbedderMemory::Bytes bytes = (*made)->bytes();
  if (bytes.size < needed || bytes.base == nullptr) {
    return fail("the memory creator has made " + std::to_string(bytes.size) + " bytes instead of " +
                std::to_string(needed));
  }
  auto memory = std::make_shared<Memory>(Key{}, type);
  memory->accessible_limit_ = type_limit(type);
  memory->vm.base = bytes.base;
  memory->vm.size.store(needed, std::memory_order_release);
  memory->foreign_ = *std::move(made);
  return memory;
}

bool Memory::grow_foreign(u64 size) {
  if (!foreign_->grow(size)) return false;
  const EmbedderMemory::Bytes bytes = foreign_->bytes();
  // Code has the old address, and there is nothing there any more.
  if (bytes.base != vm.base) std::abort();
  return bytes.size >= size;
}

bool Memory::map_file(const os::MemoryFile& file, u64 at, u64 file_offset, u64 bytes) {
  if (foreign_ != nullptr) return false;
  if (!space_.reservation.map_file(space_.before + at, bytes, file, file_offset)) return false;
  mapped_ = true;
  return true;
}

void Memory::unmap_file(u64 at, u64 bytes) {
  if (foreign_ == nullptr) space_.reservation.map_zero(space_.before + at, bytes);
  space_.contents = kZeroContents;
}

void Memory::drop_contents() {
  if (space_.contents == kZeroContents) return;
  const u64 bytes = vm.size.load(std::memory_order_relaxed);
  if (bytes != 0) space_.reservation.map_zero(space_.before, bytes);
  space_.contents = kZeroContents;
}

Memory::~Memory() {
  if (pool_ == nullptr) return;
  space_.committed = vm.size.load(std::memory_order_relaxed);
  // Discarded pages of a file would read as the file, which belongs to nothing.
  if (mapped_ && space_.contents == kZeroContents && space_.committed != 0) {
    space_.reservation.map_zero(space_.before, space_.committed);
  }
  pool_->give(std::move(space_), exposed_);
}

u64 Memory::grow(u64 delta, u64 max_bytes) {
  std::unique_lock<std::mutex> lock(growing_, std::defer_lock);
  if (type_.shared) lock.lock();
  u64 old_bytes = vm.size.load(std::memory_order_relaxed);
  u64 old_pages = old_bytes >> type_.page_size_log2;
  if (delta == 0) return old_pages;
  u64 more = bytes_of(delta, type_.page_size_log2);
  u64 limit = std::min(accessible_limit_, max_bytes);
  if (old_bytes > limit || more > limit - old_bytes) return kGrowFailed;
  if (foreign_ != nullptr) {
    if (!grow_foreign(old_bytes + more)) return kGrowFailed;
  } else if (!space_.reservation.commit(space_.before + old_bytes, more)) {
    pool_.reset();  // the host may have done a part of it
    return kGrowFailed;
  }
  vm.size.store(old_bytes + more, std::memory_order_release);
  return old_pages;
}

}  // namespace wazuka

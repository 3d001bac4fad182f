// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Linear memories (spec 4.2.9). A memory reserves address space for all it may ever grow to and
// commits pages as it grows, so its base never moves: code may keep the base in a register across
// calls, and other threads may use a shared memory while it grows.
//
// A 32-bit memory reserves 4 GiB and a guard whatever its declared maximum is; machine code relies
// on faults there where Engine::guards_memories() says so. Another guard lies before it, where an
// index that was taken for a signed one would lead. Where nothing relies on it and the host refuses
// (ulimit -v, containers) less is reserved: the declared maximum, then half as much again and
// again, but never less than the minimum; growth beyond the reservation fails. The space of a
// memory with guards is kept for the engine's next one (memory_pool.h).
#pragma once

#include <memory>
#include <mutex>

#include "abi/vm.h"
#include "base/error.h"
#include "runtime/engine.h"
#include "runtime/memory_pool.h"
#include "wasm/types.h"

namespace wazuka {

class Memory : public std::enable_shared_from_this<Memory> {
 private:
  struct Key {};  // for create() alone

 public:
  static constexpr u64 kGrowFailed = ~u64{0};
  Memory(Key, const MemoryType& type) : type_(type) {}

  /// `max_bytes` is the embedder's limit; 0 bytes of it are needed for a minimum of 0. It is zero,
  /// or, if there is a place that has them already, has these contents().
  static Result<std::shared_ptr<Memory>> create(const MemoryType& type, const Engine& engine,
                                                u64 max_bytes, ContentsId contents = kZeroContents);

  Memory(const Memory&) = delete;
  Memory& operator=(const Memory&) = delete;
  ~Memory();

  const MemoryType& type() const { return type_; }
  u64 size_in_pages() const {
    return vm.size.load(std::memory_order_acquire) >> type_.page_size_log2;
  }

  /// Whether an address of the host is in this memory or in its guards.
  bool reserves(u64 address) const {
    const os::Reservation& all = space_.reservation;
    return address - reinterpret_cast<u64>(all.base()) < all.size();
  }

  /// Initialises whole pages of a new memory from a file, copy-on-write; false if the host refuses.
  bool map_file(const os::MemoryFile& file, u64 at, u64 file_offset, u64 bytes);
  /// Undoes that.
  void unmap_file(u64 at, u64 bytes);

  /// What the memory is full of as long as nobody writes to it.
  ContentsId contents() const { return space_.contents; }
  void set_contents(ContentsId contents) { space_.contents = contents; }
  /// It is zero from now on.
  void drop_contents();
  /// Whether anybody may have written to it. Whoever makes a memory can say that nobody has.
  void set_exposed(bool exposed) { exposed_ = exposed; }

  /// Grows by `delta` pages and returns the old size in pages, or kGrowFailed.
  u64 grow(u64 delta, u64 max_bytes);

  VMMemory vm;  // what code sees

 private:
  static Result<std::shared_ptr<Memory>> create_foreign(const MemoryType& type,
                                                        const EngineConfig& config, u64 needed);
  bool grow_foreign(u64 size);

  MemoryType type_;
  MemorySpace space_;
  std::unique_ptr<EmbedderMemory> foreign_;  // has the bytes; null: the space has
  std::shared_ptr<MemoryPool> pool_;  // where the space goes in the end; null: back to the host
  u64 accessible_limit_ = 0;          // bytes of the memory that may be committed
  bool mapped_ = false;               // parts of it from files, not as contents() say
  bool exposed_ = true;
  std::mutex growing_;  // shared memories grow from any thread
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Memories, as bytes of the host. What a guest says about its memory is to be checked: `bytes`,
// `read` and `write` do, and answer with the trap that the guest's own access would have been.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <type_traits>
#include <wazuka/detail/types.hh>
#include <wazuka/store.hh>

namespace wazuka {
inline namespace v1 {

static_assert(std::endian::native == std::endian::little, "memories are little-endian");

namespace detail {

/// A part of a memory, if it is inside.
inline Result<std::span<std::byte>> part_of(std::span<std::byte> memory, uint64_t offset,
                                            uint64_t size) {
  if (offset > memory.size() || size > memory.size() - offset) [[unlikely]] {
    return std::unexpected(Error(Trap(TrapCode::kMemoryOutOfBounds)));
  }
  return memory.subspan(static_cast<size_t>(offset), static_cast<size_t>(size));
}

inline Result<Owned<wasm_memorytype_t, wasm_memorytype_delete>> from_type(const MemoryType& type) {
  wasm_memorytype_t* out = nullptr;
  if (auto* error =
          wasmtime_memorytype_new(type.min, type.max.has_value(), type.max.value_or(0), type.is_64,
                                  type.is_shared, type.page_size_log2, &out)) {
    return failed(error);
  }
  return Owned<wasm_memorytype_t, wasm_memorytype_delete>(out);
}

}  // namespace detail

/// A memory of a store. A small handle.
class Memory {
 public:
  /// A memory of the host's own, to be imported.
  [[nodiscard]] static Result<Memory> create(StoreRef store, const MemoryType& type);

  /// All of it. The span is good until the guest runs again or the memory grows.
  [[nodiscard]] Result<std::span<std::byte>> data(StoreRef store) const {
    if (!detail::owns(store, memory_.store_id)) {
      return detail::wrong_store(store, memory_.store_id);
    }
    auto* const base = reinterpret_cast<std::byte*>(wasmtime_memory_data(store.get(), &memory_));
    return std::span<std::byte>(base, wasmtime_memory_data_size(store.get(), &memory_));
  }
  /// Some bytes of it; `kMemoryOutOfBounds` if they are not all inside.
  [[nodiscard]] Result<std::span<std::byte>> bytes(StoreRef store, uint64_t offset,
                                                   uint64_t size) const {
    auto all = data(store);
    if (!all) return all;
    return detail::part_of(*all, offset, size);
  }
  /// The same as text.
  [[nodiscard]] Result<std::string_view> text(StoreRef store, uint64_t offset,
                                              uint64_t size) const {
    auto part = bytes(store, offset, size);
    if (!part) return std::unexpected(std::move(part).error());
    return std::string_view(reinterpret_cast<const char*>(part->data()), part->size());
  }
  /// A value at an address, which need not be aligned: a number, or a struct without pointers.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] Result<T> read(StoreRef store, uint64_t offset) const {
    auto part = bytes(store, offset, sizeof(T));
    if (!part) return std::unexpected(std::move(part).error());
    T value;
    std::memcpy(&value, part->data(), sizeof value);
    return value;
  }
  /// Stores a value at an address, which need not be aligned.
  template <class T>
    requires std::is_trivially_copyable_v<T>
  [[nodiscard]] Result<void> write(StoreRef store, uint64_t offset, const T& value) const {
    auto part = bytes(store, offset, sizeof(T));
    if (!part) return std::unexpected(std::move(part).error());
    std::memcpy(part->data(), &value, sizeof value);
    return {};
  }
  /// Copies bytes into it.
  [[nodiscard]] Result<void> write_bytes(StoreRef store, uint64_t offset,
                                         std::span<const std::byte> bytes_in) const {
    auto part = bytes(store, offset, bytes_in.size());
    if (!part) return std::unexpected(std::move(part).error());
    if (!bytes_in.empty()) std::memcpy(part->data(), bytes_in.data(), bytes_in.size());
    return {};
  }

  /// Its size in pages.
  [[nodiscard]] Result<uint64_t> size(StoreRef store) const {
    if (!detail::owns(store, memory_.store_id)) {
      return detail::wrong_store(store, memory_.store_id);
    }
    return wasmtime_memory_size(store.get(), &memory_);
  }
  /// Adds pages, zeroed; what its size was before. An error if its type, the store's limits or the
  /// system do not allow it.
  [[nodiscard]] Result<uint64_t> grow(StoreRef store, uint64_t pages) const;
  /// Its type, with the least size as it was declared.
  [[nodiscard]] Result<MemoryType> type(StoreRef store) const;

  /// From and to the C API.
  static Memory from(const wasmtime_memory_t& memory) { return Memory(memory); }
  const wasmtime_memory_t& raw() const { return memory_; }

 private:
  explicit Memory(const wasmtime_memory_t& memory) : memory_(memory) {}

  wasmtime_memory_t memory_;
};

/// A memory that threads share, each with a store of its own. It belongs to no store: a handle
/// keeps it alive. Move-only; `clone` gives another handle of the same one.
class SharedMemory {
 public:
  /// A new one, of a type with `is_shared` and a maximum. Needs the feature "shared-memory".
  [[nodiscard]] static Result<SharedMemory> create(const Engine& engine, const MemoryType& type);

  /// Another handle of this memory.
  SharedMemory clone() const {
    return SharedMemory(memory_ == nullptr ? nullptr : wasmtime_sharedmemory_clone(memory_.get()));
  }
  /// All of it; other threads may write at the same time. It never moves. Empty after a move.
  std::span<std::byte> data() const {
    if (memory_ == nullptr) return {};
    auto* const base = reinterpret_cast<std::byte*>(wasmtime_sharedmemory_data(memory_.get()));
    return {base, wasmtime_sharedmemory_data_size(memory_.get())};
  }
  /// Its size in pages.
  uint64_t size() const {
    return memory_ == nullptr ? 0 : wasmtime_sharedmemory_size(memory_.get());
  }
  /// Adds pages, zeroed; what its size was before.
  [[nodiscard]] Result<uint64_t> grow(uint64_t pages) const;
  /// Its type.
  [[nodiscard]] Result<MemoryType> type() const;

  /// False after a move.
  explicit operator bool() const { return memory_ != nullptr; }
  /// For the C API; null after a move.
  wasmtime_sharedmemory_t* get() const { return memory_.get(); }
  /// From the C API; with ownership.
  static SharedMemory adopt(wasmtime_sharedmemory_t* memory) { return SharedMemory(memory); }

 private:
  explicit SharedMemory(wasmtime_sharedmemory_t* memory) : memory_(memory) {}

  detail::Owned<wasmtime_sharedmemory_t, wasmtime_sharedmemory_delete> memory_;
};

// -------------------------------------------------------------------------------------------------

inline Result<Memory> Memory::create(StoreRef store, const MemoryType& type) {
  if (!store) return detail::moved_from("the store");
  auto c_type = detail::from_type(type);
  if (!c_type) return std::unexpected(std::move(c_type).error());
  wasmtime_memory_t memory;
  if (auto* error = wasmtime_memory_new(store.get(), c_type->get(), &memory)) {
    return detail::failed(error);
  }
  return Memory(memory);
}

inline Result<uint64_t> Memory::grow(StoreRef store, uint64_t pages) const {
  if (!detail::owns(store, memory_.store_id)) return detail::wrong_store(store, memory_.store_id);
  uint64_t before = 0;
  if (auto* error = wasmtime_memory_grow(store.get(), &memory_, pages, &before)) {
    return detail::failed(error);
  }
  return before;
}

inline Result<MemoryType> Memory::type(StoreRef store) const {
  if (!detail::owns(store, memory_.store_id)) return detail::wrong_store(store, memory_.store_id);
  return detail::take_type<wasm_memorytype_delete>(wasmtime_memory_type(store.get(), &memory_));
}

inline Result<SharedMemory> SharedMemory::create(const Engine& engine, const MemoryType& type) {
  if (!engine) return detail::moved_from("the engine");
  auto c_type = detail::from_type(type);
  if (!c_type) return std::unexpected(std::move(c_type).error());
  wasmtime_sharedmemory_t* memory = nullptr;
  if (auto* error = wasmtime_sharedmemory_new(engine.get(), c_type->get(), &memory)) {
    return detail::failed(error);
  }
  return SharedMemory(memory);
}

inline Result<uint64_t> SharedMemory::grow(uint64_t pages) const {
  if (memory_ == nullptr) return detail::moved_from("the shared memory");
  uint64_t before = 0;
  if (auto* error = wasmtime_sharedmemory_grow(memory_.get(), pages, &before)) {
    return detail::failed(error);
  }
  return before;
}

inline Result<MemoryType> SharedMemory::type() const {
  if (memory_ == nullptr) return detail::moved_from("the shared memory");
  return detail::take_type<wasm_memorytype_delete>(wasmtime_sharedmemory_type(memory_.get()));
}

}  // namespace v1
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A bump allocator: objects live until the arena dies (or is reset), nothing is freed one by one,
// destructors do not run. Only for trivially destructible data: type descriptions, decoder stacks,
// compiler data.
#pragma once

#include <cstdlib>
#include <cstring>
#include <memory>
#include <span>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/ints.h"

namespace wazuka {

class Arena {
 public:
  explicit Arena(size_t block_bytes = 4096) : block_bytes_(block_bytes) {}
  Arena(Arena&&) noexcept = default;
  Arena& operator=(Arena&&) noexcept = default;

  void* allocate(size_t bytes, size_t align) {
    size_t start = (used_ + align - 1) & ~(align - 1);
    if (blocks_.empty() || start + bytes > size_) {
      grow(bytes + align);
      start = (used_ + align - 1) & ~(align - 1);
    }
    used_ = start + bytes;
    return blocks_.back().get() + start;
  }

  /// Uninitialised room for n objects.
  template <class T>
  std::span<T> allocate_span(size_t n) {
    static_assert(std::is_trivially_destructible_v<T>);
    if (n == 0) return {};
    return {static_cast<T*>(allocate(n * sizeof(T), alignof(T))), n};
  }

  template <class T>
  std::span<const T> copy(std::span<const T> from) {
    static_assert(std::is_trivially_copyable_v<T>);
    if (from.empty()) return {};
    std::span<T> to = allocate_span<T>(from.size());
    std::memcpy(static_cast<void*>(to.data()), from.data(), from.size_bytes());
    return to;
  }

  template <class T>
  std::span<const T> copy(const std::vector<T>& from) {
    return copy(std::span<const T>(from));
  }

 private:
  void grow(size_t at_least) {
    size_ = at_least > block_bytes_ ? at_least : block_bytes_;
    blocks_.push_back(std::make_unique_for_overwrite<u8[]>(size_));
    used_ = 0;
    if (block_bytes_ < (size_t{1} << 20)) block_bytes_ *= 2;
  }

  std::vector<std::unique_ptr<u8[]>> blocks_;
  size_t block_bytes_;
  size_t used_ = 0;
  size_t size_ = 0;
};

}  // namespace wazuka

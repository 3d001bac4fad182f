// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Code in memory from which it can be executed: written first, executable afterwards, never both.
#pragma once

#include <cstring>
#include <span>
#include <sys/mman.h>

#include "base/ints.h"

namespace wazuka {

class Executable {
 public:
  explicit Executable(std::span<const u8> code) : size_(kBefore + code.size() + kPadding) {
    void* p = mmap(nullptr, size_, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED) return;
    std::memcpy(static_cast<u8*>(p) + kBefore, code.data(), code.size());
    if (mprotect(p, size_, PROT_READ | PROT_EXEC) == 0) {
      memory_ = p;
    } else {
      munmap(p, size_);
    }
  }
  ~Executable() {
    if (memory_ != nullptr) munmap(memory_, size_);
  }
  Executable(const Executable&) = delete;
  Executable& operator=(const Executable&) = delete;

  bool ok() const { return memory_ != nullptr; }

  template <class Function>
  Function* as() const {
    return reinterpret_cast<Function*>(static_cast<u8*>(memory_) + kBefore);
  }

 private:
  // The sanitizer of calls through pointers reads what is before a function; a multiple of any
  // alignment that code asks for.
  static constexpr size_t kBefore = 64, kPadding = 64;
  void* memory_ = nullptr;
  size_t size_;
};

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// A list that a compiler adds to with nearly every instruction: what std::vector does where it is
// full would be inlined everywhere, and cost registers there. Its memory is kept from one function
// to the next.
#pragma once

#include <span>
#include <vector>

#include "base/ints.h"

namespace wazuka::baseline {

template <class T>
class Notes {
 public:
  void add(const T& note) {
    if (end_ == limit_) [[unlikely]]
      grow();
    *end_++ = note;
  }
  void clear() { end_ = storage_.data(); }
  std::span<const T> all() const { return {storage_.data(), end_}; }

 private:
  [[gnu::noinline, gnu::cold]] void grow() {
    const size_t used = static_cast<size_t>(end_ - storage_.data());
    storage_.resize(2 * used + 64);
    end_ = storage_.data() + used;
    limit_ = storage_.data() + storage_.size();
  }

  std::vector<T> storage_;
  T* end_ = nullptr;
  T* limit_ = nullptr;
};

}  // namespace wazuka::baseline

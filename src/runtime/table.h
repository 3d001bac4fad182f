// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables (spec 4.2.8): arrays of references. The elements move when a table grows; code reloads
// their address after every call.
#pragma once

#include <memory>

#include "abi/vm.h"
#include "base/error.h"
#include "wasm/types.h"

namespace wazuka {

class Table {
 public:
  static constexpr u64 kGrowFailed = ~u64{0};

  /// `type` is canonical; `max_elements` the embedder's limit. All elements are null.
  static Result<std::unique_ptr<Table>> create(const TableType& type, u64 max_elements);
  Table(const Table&) = delete;
  Table& operator=(const Table&) = delete;
  ~Table();

  const TableType& type() const { return type_; }

  void fill(u64 start, u64 count, Cell value);  // within bounds
  /// Grows by `delta` elements and returns the old size, or kGrowFailed.
  u64 grow(u64 delta, Cell init, u64 max_elements);

  VMTable vm;  // what code sees

 private:
  explicit Table(const TableType& type) : type_(type) {}

  TableType type_;
  u64 capacity_ = 0;
};

}  // namespace wazuka

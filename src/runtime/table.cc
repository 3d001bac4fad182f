// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/table.h"

#include <algorithm>
#include <cstdlib>
#include <string>

namespace wazuka {
namespace {

constexpr u64 kMaxElements = ~u64{0} / sizeof(Cell) / 2;

/// calloc takes large blocks from the host, zero already: elements cost nothing until used. It
/// leaves out the allocator's caches, though.
Cell* allocate_null(u64 count) {
  constexpr u64 kSmall = 128;
  if (count > kSmall) return static_cast<Cell*>(std::calloc(count, sizeof(Cell)));
  auto* elements = static_cast<Cell*>(std::malloc(count * sizeof(Cell)));
  asm("" : "+r"(elements));  // compilers would make calloc of it
  if (elements != nullptr) std::fill_n(elements, count, 0);
  return elements;
}

}  // namespace

Result<std::unique_ptr<Table>> Table::create(const TableType& type, u64 max_elements) {
  u64 count = type.limits.min;
  if (count > max_elements) {
    return fail("table minimum size of " + std::to_string(count) +
                " elements exceeds table limits");
  }
  std::unique_ptr<Table> table(new Table(type));
  if (count == 0) return table;
  if (count <= kMaxElements) table->vm.elements = allocate_null(count);
  if (table->vm.elements == nullptr) {
    return fail("out of memory (failed to allocate a table of " + std::to_string(count) +
                " elements)");
  }
  table->vm.size = table->capacity_ = count;
  return table;
}

Table::~Table() {
  std::free(vm.elements);
}

void Table::fill(u64 start, u64 count, Cell value) {
  std::fill_n(vm.elements + start, count, value);
}

u64 Table::grow(u64 delta, Cell init, u64 max_elements) {
  u64 old = vm.size;
  if (delta == 0) return old;
  u64 limit = std::min(type_.limits.max.value_or(kMaxElements), max_elements);
  if (type_.address == AddressType::kI32) limit = std::min(limit, u64{0xffffffff});
  limit = std::min(limit, kMaxElements);
  if (old > limit || delta > limit - old) return kGrowFailed;
  u64 size = old + delta;
  if (size > capacity_) {
    u64 capacity = std::max(size, std::min(limit, capacity_ * 2));
    void* moved = std::realloc(vm.elements, capacity * sizeof(Cell));
    if (moved == nullptr) return kGrowFailed;
    vm.elements = static_cast<Cell*>(moved);
    capacity_ = capacity;
  }
  fill(old, delta, init);
  vm.size = size;
  return old;
}

}  // namespace wazuka

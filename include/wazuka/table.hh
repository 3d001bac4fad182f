// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Tables of references.
#pragma once

#include <cstdint>
#include <utility>
#include <wazuka/func.hh>

namespace wazuka {
inline namespace v1 {

/// A table of a store. A small handle.
class Table {
 public:
  /// One of the host's own, to be imported, with `value` in all its elements.
  [[nodiscard]] static Result<Table> create(StoreRef store, const TableType& type,
                                            const Val& value);

  /// An element; an error outside of the table.
  [[nodiscard]] Result<Val> get(StoreRef store, uint64_t index) const;
  /// Sets an element; an error outside of the table, or if the value has another type.
  [[nodiscard]] Result<void> set(StoreRef store, uint64_t index, const Val& value) const;
  /// How many elements it has.
  [[nodiscard]] Result<uint64_t> size(StoreRef store) const;
  /// Adds elements with this value; what its size was before. An error if its type or the store's
  /// limits do not allow it.
  [[nodiscard]] Result<uint64_t> grow(StoreRef store, uint64_t count, const Val& value) const;
  /// Its type, with the least size as it was declared.
  [[nodiscard]] Result<TableType> type(StoreRef store) const;

  /// From and to the C API.
  static Table from(const wasmtime_table_t& table) { return Table(table); }
  const wasmtime_table_t& raw() const { return table_; }

 private:
  explicit Table(const wasmtime_table_t& table) : table_(table) {}

  wasmtime_table_t table_;
};

// -------------------------------------------------------------------------------------------------

inline Result<Table> Table::create(StoreRef store, const TableType& type, const Val& value) {
  if (!store) return detail::moved_from("the store");
  auto element = detail::from_type(type.element);
  if (element == nullptr || !type.element.is_ref()) return detail::no_host_type(type.element);
  const wasm_limits_t limits = {type.min, type.max.value_or(wasm_limits_max_default)};
  const detail::Owned<wasm_tabletype_t, wasm_tabletype_delete> c_type(
      wasm_tabletype_new(element.release(), &limits));
  wasmtime_table_t table;
  if (auto* error = wasmtime_table_new(store.get(), c_type.get(), &value.raw(), &table)) {
    return detail::failed(error);
  }
  return Table(table);
}

inline Result<Val> Table::get(StoreRef store, uint64_t index) const {
  if (!detail::owns(store, table_.store_id)) return detail::wrong_store(store, table_.store_id);
  wasmtime_val_t value;
  if (!wasmtime_table_get(store.get(), &table_, index, &value)) {
    return std::unexpected(Error(Trap(TrapCode::kTableOutOfBounds)));
  }
  return Val::adopt(value);
}

inline Result<void> Table::set(StoreRef store, uint64_t index, const Val& value) const {
  if (!detail::owns(store, table_.store_id)) return detail::wrong_store(store, table_.store_id);
  if (index >= wasmtime_table_size(store.get(), &table_)) {
    return std::unexpected(Error(Trap(TrapCode::kTableOutOfBounds)));
  }
  return detail::done(wasmtime_table_set(store.get(), &table_, index, &value.raw()));
}

inline Result<uint64_t> Table::size(StoreRef store) const {
  if (!detail::owns(store, table_.store_id)) return detail::wrong_store(store, table_.store_id);
  return wasmtime_table_size(store.get(), &table_);
}

inline Result<uint64_t> Table::grow(StoreRef store, uint64_t count, const Val& value) const {
  if (!detail::owns(store, table_.store_id)) return detail::wrong_store(store, table_.store_id);
  uint64_t before = 0;
  if (auto* error = wasmtime_table_grow(store.get(), &table_, count, &value.raw(), &before)) {
    return detail::failed(error);
  }
  return before;
}

inline Result<TableType> Table::type(StoreRef store) const {
  if (!detail::owns(store, table_.store_id)) return detail::wrong_store(store, table_.store_id);
  return detail::take_type<wasm_tabletype_delete>(wasmtime_table_type(store.get(), &table_));
}

}  // namespace v1
}  // namespace wazuka

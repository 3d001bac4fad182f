// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What instances import and export: a variant of everything that can be.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <wazuka/func.hh>
#include <wazuka/global.hh>
#include <wazuka/memory.hh>
#include <wazuka/table.hh>

namespace wazuka {
inline namespace v1 {

/// What marks exceptions of one kind. A small handle.
class Tag {
 public:
  /// One of the host's own, to be imported, for exceptions that carry these values.
  [[nodiscard]] static Result<Tag> create(StoreRef store, const TagType& type);

  /// What its exceptions carry.
  [[nodiscard]] Result<TagType> type(StoreRef store) const;
  /// Whether both are the same tag.
  [[nodiscard]] Result<bool> same(StoreRef store, const Tag& other) const;

  /// From and to the C API.
  static Tag from(const wasmtime_tag_t& tag) { return Tag(tag); }
  const wasmtime_tag_t& raw() const { return tag_; }

 private:
  explicit Tag(const wasmtime_tag_t& tag) : tag_(tag) {}

  wasmtime_tag_t tag_;
};

/// Something that can be imported or exported. `std::get_if<Func>(&item)` asks what it is.
class Extern : public std::variant<Func, Global, Table, Memory, SharedMemory, Tag> {
 public:
  using variant::variant;

  /// Its type.
  [[nodiscard]] Result<ExternType> type(StoreRef store) const;

  /// From the C API; with ownership.
  static Extern adopt(const wasmtime_extern_t& item);
  /// For the C API; good as long as this.
  wasmtime_extern_t raw() const;
};

// -------------------------------------------------------------------------------------------------

inline Result<Tag> Tag::create(StoreRef store, const TagType& type) {
  if (!store) return detail::moved_from("the store");
  auto signature = detail::from_signature(type.params, {});
  if (!signature) return std::unexpected(std::move(signature).error());
  const detail::Owned<wasm_tagtype_t, wasm_tagtype_delete> c_type(
      wasm_tagtype_new(signature->release()));
  wasmtime_tag_t tag;
  if (auto* error = wasmtime_tag_new(store.get(), c_type.get(), &tag)) {
    return detail::failed(error);
  }
  return Tag(tag);
}

inline Result<TagType> Tag::type(StoreRef store) const {
  if (!detail::owns(store, tag_.store_id)) return detail::wrong_store(store, tag_.store_id);
  return detail::take_type<wasm_tagtype_delete>(wasmtime_tag_type(store.get(), &tag_));
}

inline Result<bool> Tag::same(StoreRef store, const Tag& other) const {
  if (!detail::owns(store, tag_.store_id)) return detail::wrong_store(store, tag_.store_id);
  if (!detail::owns(store, other.tag_.store_id)) {
    return detail::wrong_store(store, other.tag_.store_id);
  }
  return wasmtime_tag_eq(store.get(), &tag_, &other.tag_);
}

inline Extern Extern::adopt(const wasmtime_extern_t& item) {
  switch (item.kind) {
    case WASMTIME_EXTERN_FUNC: return Func::from(item.of.func);
    case WASMTIME_EXTERN_GLOBAL: return Global::from(item.of.global);
    case WASMTIME_EXTERN_TABLE: return Table::from(item.of.table);
    case WASMTIME_EXTERN_MEMORY: return Memory::from(item.of.memory);
    case WASMTIME_EXTERN_SHAREDMEMORY: return SharedMemory::adopt(item.of.sharedmemory);
    default: return Tag::from(item.of.tag);
  }
}

inline wasmtime_extern_t Extern::raw() const {
  wasmtime_extern_t out = {};
  if (const auto* func = std::get_if<Func>(this)) {
    out.kind = WASMTIME_EXTERN_FUNC;
    out.of.func = func->raw();
  } else if (const auto* global = std::get_if<Global>(this)) {
    out.kind = WASMTIME_EXTERN_GLOBAL;
    out.of.global = global->raw();
  } else if (const auto* table = std::get_if<Table>(this)) {
    out.kind = WASMTIME_EXTERN_TABLE;
    out.of.table = table->raw();
  } else if (const auto* memory = std::get_if<Memory>(this)) {
    out.kind = WASMTIME_EXTERN_MEMORY;
    out.of.memory = memory->raw();
  } else if (const auto* shared = std::get_if<SharedMemory>(this)) {
    out.kind = WASMTIME_EXTERN_SHAREDMEMORY;
    out.of.sharedmemory = shared->get();
  } else if (const auto* tag = std::get_if<Tag>(this)) {
    out.kind = WASMTIME_EXTERN_TAG;
    out.of.tag = tag->raw();
  }
  return out;
}

namespace detail {

[[gnu::cold]] inline std::unexpected<Error> no_export(std::string_view name) {
  return fail("there is no export `" + std::string(name) + "`");
}

template <class T>
constexpr std::string_view kWhat = "";
template <>
inline constexpr std::string_view kWhat<Func> = "function";
template <>
inline constexpr std::string_view kWhat<Global> = "global";
template <>
inline constexpr std::string_view kWhat<Table> = "table";
template <>
inline constexpr std::string_view kWhat<Memory> = "memory";
template <>
inline constexpr std::string_view kWhat<SharedMemory> = "shared memory";
template <>
inline constexpr std::string_view kWhat<Tag> = "tag";

/// The item, if it is what the caller wants.
template <class T>
Result<T> as(Result<Extern> item, std::string_view name) {
  if (!item) return std::unexpected(std::move(item).error());
  if (auto* found = std::get_if<T>(&*item)) return std::move(*found);
  const std::string_view what =
      std::visit([]<class U>(const U&) { return kWhat<U>; }, static_cast<const Extern&>(*item));
  return fail("`" + std::string(name) + "` is a " + std::string(what) + ", not a " +
              std::string(kWhat<T>));
}

/// Whether the store may use the item: shared memories belong to none. Null functions and handles
/// of other stores may not be used.
inline Result<void> check_item(StoreRef store, const Extern& item) {
  if (const auto* shared = std::get_if<SharedMemory>(&item)) {
    if (!*shared) return moved_from("the shared memory");
    return {};
  }
  const uint64_t id = std::visit(
      []<class U>(const U& u) -> uint64_t {
        if constexpr (std::is_same_v<U, SharedMemory>) {
          return 0;
        } else {
          return u.raw().store_id;
        }
      },
      item);
  if (!owns(store, id)) return wrong_store(store, id);
  return {};
}

}  // namespace detail

inline Result<ExternType> Extern::type(StoreRef store) const {
  if (auto mine = detail::check_item(store, *this); !mine) {
    return std::unexpected(std::move(mine).error());
  }
  const wasmtime_extern_t item = raw();
  return detail::take_type<wasm_externtype_delete>(wasmtime_extern_type(store.get(), &item));
}

}  // namespace v1
}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is behind the types of wasm.h: descriptions that own all they mention. Concrete reference
// types in them are canonical ids, kept alive by a reference in their engine's registry.
#pragma once

#include <memory>
#include <optional>
#include <utility>
#include <wasmtime.h>

#include "wasm/type_registry.h"
#include "wasm/types.h"

namespace wazuka::capi {

/// A reference to one canonical type.
class TypeRef {
 public:
  TypeRef() = default;
  /// Takes a reference of its own.
  TypeRef(std::shared_ptr<TypeRegistry> registry, u32 id)
      : registry_(std::move(registry)), id_(id) {
    if (registry_ != nullptr) registry_->retain(id_);
  }
  /// Takes over one that the caller owns.
  static TypeRef adopt(std::shared_ptr<TypeRegistry> registry, u32 id) {
    TypeRef t;
    t.registry_ = std::move(registry);
    t.id_ = id;
    return t;
  }
  TypeRef(const TypeRef& other) : TypeRef(other.registry_, other.id_) {}
  TypeRef(TypeRef&& other) noexcept { swap(other); }
  TypeRef& operator=(TypeRef other) noexcept {
    swap(other);
    return *this;
  }
  ~TypeRef() {
    if (registry_ != nullptr) registry_->release(id_);
  }

  explicit operator bool() const { return registry_ != nullptr; }
  u32 id() const { return id_; }
  const std::shared_ptr<TypeRegistry>& registry() const { return registry_; }
  const SubType& get() const { return registry_->get(id_); }

 private:
  void swap(TypeRef& other) noexcept {
    registry_.swap(other.registry_);
    std::swap(id_, other.id_);
  }
  std::shared_ptr<TypeRegistry> registry_;
  u32 id_ = 0;
};

/// A canonical value type that keeps what it mentions.
struct HeldType {
  ValType type;
  TypeRef concrete;

  HeldType() = default;
  explicit HeldType(ValType abstract) : type(abstract) {}
  HeldType(ValType t, const std::shared_ptr<TypeRegistry>& registry) : type(t) {
    if (t.is_ref() && t.heap().is_index()) concrete = TypeRef(registry, t.heap().type_index());
  }
};

}  // namespace wazuka::capi

struct wasm_valtype_t {
  wazuka::capi::HeldType held;
};

/// The base of all types of entities: `as_externtype` is no conversion.
struct wasm_externtype_t {
  explicit wasm_externtype_t(wasm_externkind_t k) : kind(k) {}
  virtual ~wasm_externtype_t() = default;
  virtual wasm_externtype_t* copy() const = 0;
  wasm_externtype_t& operator=(const wasm_externtype_t&) = delete;

  const wasm_externkind_t kind;

 protected:
  wasm_externtype_t(const wasm_externtype_t&) = default;
};

struct wasm_functype_t final : wasm_externtype_t {
  static constexpr wasm_externkind_t kKind = WASM_EXTERN_FUNC;
  /// Takes over both.
  wasm_functype_t(wasm_valtype_vec_t p, wasm_valtype_vec_t r);
  wasm_functype_t(const wasm_functype_t& other);
  /// A canonical function type.
  explicit wasm_functype_t(wazuka::capi::TypeRef type);
  ~wasm_functype_t() override;
  wasm_functype_t* copy() const override { return new wasm_functype_t(*this); }

  /// Its canonical id in a registry. Nothing if the types in it belong to another engine.
  std::optional<wazuka::capi::TypeRef> intern(
      const std::shared_ptr<wazuka::TypeRegistry>& registry) const;

  wasm_valtype_vec_t params, results;
  wazuka::capi::TypeRef registered;  // where it came from, if it did
};

struct wasm_globaltype_t final : wasm_externtype_t {
  static constexpr wasm_externkind_t kKind = WASM_EXTERN_GLOBAL;
  wasm_globaltype_t(wazuka::capi::HeldType type, bool mut)
      : wasm_externtype_t(kKind), content{std::move(type)}, is_mutable(mut) {}
  wasm_globaltype_t* copy() const override { return new wasm_globaltype_t(*this); }

  wazuka::GlobalType type() const { return {content.held.type, is_mutable, false}; }

  wasm_valtype_t content;
  bool is_mutable;
};

struct wasm_tabletype_t final : wasm_externtype_t {
  static constexpr wasm_externkind_t kKind = WASM_EXTERN_TABLE;
  wasm_tabletype_t(wazuka::TableType canonical, wazuka::capi::HeldType element_type);
  wasm_tabletype_t* copy() const override { return new wasm_tabletype_t(*this); }

  wazuka::TableType type;
  wasm_valtype_t element;
  wasm_limits_t limits;
};

struct wasm_memorytype_t final : wasm_externtype_t {
  static constexpr wasm_externkind_t kKind = WASM_EXTERN_MEMORY;
  explicit wasm_memorytype_t(const wazuka::MemoryType& t);
  wasm_memorytype_t* copy() const override { return new wasm_memorytype_t(*this); }

  wazuka::MemoryType type;
  wasm_limits_t limits;
};

struct wasm_tagtype_t final : wasm_externtype_t {
  static constexpr wasm_externkind_t kKind = WASM_EXTERN_TAG;
  explicit wasm_tagtype_t(const wasm_functype_t& type) : wasm_externtype_t(kKind), func(type) {}
  wasm_tagtype_t* copy() const override { return new wasm_tagtype_t(*this); }

  wasm_functype_t func;
};

struct wasm_importtype_t {
  wasm_name_t module, name;
  wasm_externtype_t* type;
};

struct wasm_exporttype_t {
  wasm_name_t name;
  wasm_externtype_t* type;
};

struct wasmtime_struct_type {
  wazuka::capi::TypeRef type;
};

struct wasmtime_array_type {
  wazuka::capi::TypeRef type;
};

/// By the function type of the tag.
struct wasmtime_exn_type {
  wasm_functype_t func;
};

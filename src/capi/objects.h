// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The objects of wasm.h. Each handle keeps its store alive; `as_ref` and `as_extern` are no
// conversions, and a copy is another handle of the same thing.
#pragma once

#include <memory>

#include "capi/handle.h"

namespace wazuka::capi {

enum class RefKind : u8 {
  kTrap,
  kForeign,
  kModule,
  kInstance,
  kFunc,
  kGlobal,
  kTable,
  kMemory,
  kTag
};

}  // namespace wazuka::capi

struct wasm_ref_t {
  wasm_ref_t(wazuka::capi::RefKind k, std::shared_ptr<wasmtime_store> s)
      : kind(k), store(std::move(s)) {}
  virtual ~wasm_ref_t() = default;
  virtual wasm_ref_t* copy() const = 0;
  /// Whether both refer to the same thing; `other` is of the same kind.
  virtual bool same(const wasm_ref_t& other) const = 0;
  wasm_ref_t& operator=(const wasm_ref_t&) = delete;

  wasmtime_context* context() const { return &store->context; }

  const wazuka::capi::RefKind kind;
  std::shared_ptr<wasmtime_store> store;
  wazuka::capi::Foreign host_info;

 protected:
  /// The host's information stays with the original.
  wasm_ref_t(const wasm_ref_t& other) : kind(other.kind), store(other.store) {}
};

struct wasm_trap_t final : wasm_ref_t {
  static constexpr auto kKind = wazuka::capi::RefKind::kTrap;
  explicit wasm_trap_t(wazuka::capi::Failure f)
      : wasm_ref_t(kKind, nullptr), failure(std::move(f)) {}
  wasm_ref_t* copy() const override { return new wasm_trap_t(*this); }
  bool same(const wasm_ref_t& other) const override { return this == &other; }

  wazuka::capi::Failure failure;
};

struct wasm_foreign_t final : wasm_ref_t {
  static constexpr auto kKind = wazuka::capi::RefKind::kForeign;
  explicit wasm_foreign_t(std::shared_ptr<wasmtime_store> s)
      : wasm_ref_t(kKind, std::move(s)), identity(std::make_shared<char>()) {}
  wasm_ref_t* copy() const override { return new wasm_foreign_t(*this); }
  bool same(const wasm_ref_t& other) const override {
    return identity == static_cast<const wasm_foreign_t&>(other).identity;
  }

  std::shared_ptr<char> identity;
};

struct wasm_module_t final : wasm_ref_t {
  static constexpr auto kKind = wazuka::capi::RefKind::kModule;
  wasm_module_t(std::shared_ptr<wasmtime_store> s, std::shared_ptr<wazuka::ModuleCode> c)
      : wasm_ref_t(kKind, std::move(s)), code(std::move(c)) {}
  wasm_ref_t* copy() const override { return new wasm_module_t(*this); }
  bool same(const wasm_ref_t& other) const override {
    return code == static_cast<const wasm_module_t&>(other).code;
  }

  std::shared_ptr<wazuka::ModuleCode> code;
};

struct wasm_instance_t final : wasm_ref_t {
  static constexpr auto kKind = wazuka::capi::RefKind::kInstance;
  wasm_instance_t(std::shared_ptr<wasmtime_store> s, wazuka::Instance* i)
      : wasm_ref_t(kKind, std::move(s)), instance(i) {}
  wasm_ref_t* copy() const override { return new wasm_instance_t(*this); }
  bool same(const wasm_ref_t& other) const override {
    return instance == static_cast<const wasm_instance_t&>(other).instance;
  }

  wazuka::Instance* instance;
};

/// What can be imported and exported.
struct wasm_extern_t : wasm_ref_t {
  wasm_extern_t(wazuka::capi::RefKind k, std::shared_ptr<wasmtime_store> s, wazuka::Extern i)
      : wasm_ref_t(k, std::move(s)), item(i) {}
  bool same(const wasm_ref_t& other) const override;

  wazuka::Extern item;

 protected:
  wasm_extern_t(const wasm_extern_t&) = default;
};

#define WAZUKA_EXTERN_OBJECT(name, Kind, Item)                               \
  struct wasm_##name##_t final : wasm_extern_t {                             \
    static constexpr auto kKind = wazuka::capi::RefKind::Kind;               \
    wasm_##name##_t(std::shared_ptr<wasmtime_store> s, Item i)               \
        : wasm_extern_t(kKind, std::move(s), i) {}                           \
    wasm_ref_t* copy() const override { return new wasm_##name##_t(*this); } \
    Item get() const { return *std::get_if<Item>(&item); }                   \
  };
WAZUKA_EXTERN_OBJECT(func, kFunc, wazuka::VMFuncRef*)
WAZUKA_EXTERN_OBJECT(global, kGlobal, wazuka::Global)
WAZUKA_EXTERN_OBJECT(table, kTable, wazuka::Table*)
WAZUKA_EXTERN_OBJECT(memory, kMemory, wazuka::Memory*)
/// wasm.h has no handles of tags, but vectors of exports hold them.
WAZUKA_EXTERN_OBJECT(tag, kTag, wazuka::VMTag*)
#undef WAZUKA_EXTERN_OBJECT

/// A module as it moves between threads.
struct wasm_shared_module_t {
  std::shared_ptr<wazuka::ModuleCode> code;
};

namespace wazuka::capi {

wasm_extern_t* new_extern(const std::shared_ptr<wasmtime_store>& store, const Extern& item);
/// That wasm.h has a form for values of these types: a guest chooses them.
Result<void> check_forms(const TypeRegistry& registry, std::span<const ValType> types);
/// A value as wasm.h has it; the reference in it is the caller's. Its type has been checked, else
/// the process ends.
wasm_val_t to_wasm_val(const std::shared_ptr<wasmtime_store>& store, ValType type,
                       const Cell* cells);
Result<void> from_wasm_val(wasmtime_context* c, const wasm_val_t& value, ValType type, Cell* cells);

}  // namespace wazuka::capi

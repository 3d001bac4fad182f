// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// What is behind the handles of the C API.
//
// Small handles (wasmtime_func_t …) are {store id, address}: the id says which store may use them,
// and whoever gets one checks it before the address is looked at. An id is never used again, so a
// handle that outlived its store is recognised; what it referred to lived as long as the store.
// References to objects (wasmtime_anyref_t …) are {store id, root}: the root is shared by the
// handle and the store and counted, so that it may be given back when the store is gone already.
#pragma once

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>
#include <wasmtime.h>

#include "abi/direct_host.h"
#include "capi/call_shape.h"
#include "capi/types.h"
#include "runtime/instance.h"
#include "runtime/store.h"
#include "wasi/context.h"
#include "wasi/link.h"

namespace wazuka::capi {

/// Something of the embedder's with the function that ends it.
class Foreign {
 public:
  Foreign() = default;
  Foreign(void* data, void (*finalizer)(void*)) : data_(data), finalizer_(finalizer) {}
  Foreign(const Foreign&) = delete;
  Foreign& operator=(const Foreign&) = delete;
  Foreign(Foreign&& other) noexcept
      : data_(other.data_), finalizer_(std::exchange(other.finalizer_, nullptr)) {}
  Foreign& operator=(Foreign&& other) noexcept {
    std::swap(data_, other.data_);
    std::swap(finalizer_, other.finalizer_);
    return *this;
  }
  ~Foreign() {
    if (finalizer_ != nullptr) finalizer_(data_);
  }
  void* data() const { return data_; }
  void set_data(void* data) { data_ = data; }

 private:
  void* data_ = nullptr;
  void (*finalizer_)(void*) = nullptr;
};

/// Ends the process because the API was used in a way it forbids and has no way to report.
[[noreturn, gnu::cold]] void abort_misuse(const char* what);
/// The same because a function cannot do its work yet.
[[noreturn, gnu::cold]] void abort_unsupported(const char* function);
wasmtime_error_t* unsupported(const char* function);

/// A reference that the embedder owns. The store and the handles count as owners.
struct Root {
  std::atomic<u32> owners = 2;
  Cell ref = 0;
  Root* next = nullptr;  // in the store's list

  void drop() {
    if (owners.fetch_sub(1, std::memory_order_acq_rel) == 1) delete this;
  }
};

/// A host function as the embedder defined it; serves any store of the engine.
struct HostFuncDef {
  TypeRef type;
  wasmtime_func_callback_t checked = nullptr;
  wasmtime_func_unchecked_callback_t unchecked = nullptr;
  wasm_func_callback_t plain = nullptr;
  wasm_func_callback_with_env_t with_env = nullptr;
  wasmtime_func_async_callback_t async = nullptr;
  std::optional<Error> failure;  // what every call fails with
  Foreign foreign;
};

/// The same in one store.
struct HostFunc {
  DirectHostFunc direct;  // first: HostCode::env is the address of both
  std::shared_ptr<const HostFuncDef> def;
  wasmtime_context* context = nullptr;
  const FuncType* type = nullptr;
  const CallShape* shape = nullptr;
};

/// One frame of a backtrace, with its names.
struct Frame {
  u32 func_index = 0;
  size_t func_offset = ~size_t{0}, module_offset = ~size_t{0};
  std::optional<std::string> func_name, module_name;
  // Null or empty where they are not known, or belong to no store of wasm.h. The instance lives as
  // long as the store.
  Instance* instance = nullptr;
  std::weak_ptr<wasmtime_store> store;
};

/// Why something failed, with the frames of the code that did.
struct Failure {
  ExecError error;
  std::vector<Frame> frames;

  /// A trap or an exception that nobody caught, as opposed to errors of the host.
  bool is_trap() const { return error.trap || error.uncaught_exception; }
};

}  // namespace wazuka::capi

struct wasm_config_t {
  wazuka::EngineConfig engine;
};

struct wasm_engine_t {
  std::shared_ptr<wazuka::Engine> engine;
};

struct wasmtime_module {
  std::shared_ptr<wazuka::ModuleCode> code;
};

struct wasmtime_error {
  wazuka::capi::Failure failure;
};

struct wasmtime_sharedmemory {
  std::shared_ptr<wazuka::Memory> memory;
  // Whose code may use it: another engine's may rely on guards that this memory does not have.
  std::shared_ptr<wazuka::Engine> engine;
};

/// What a host function is told of its call; lives as long as the call.
struct wasmtime_caller {
  wasmtime_context* context;
  wazuka::VMContext* vm;  // null: called by the host
};

namespace wazuka::capi {

/// What a store does at the deadline of its epoch.
struct EpochBehaviour {
  enum class Kind : u8 { kTrap, kCallback, kYield } kind = Kind::kTrap;
  wasmtime_error_t* (*callback)(const wasmtime_context_t*, void*, uint64_t*,
                                wasmtime_update_deadline_kind_t*) = nullptr;
  Foreign foreign;
  u64 delta = 0;  // of kYield: ticks from then on
};

}  // namespace wazuka::capi

/// A store with what the embedder added to it.
struct wasmtime_context final : wazuka::RootSource {
  wasmtime_context(std::shared_ptr<wazuka::Engine> e, wazuka::capi::Foreign d);
  ~wasmtime_context();

  /// A root of a reference that is not of the func family and not null. Null if the heap cannot be
  /// made.
  wazuka::capi::Root* new_root(wazuka::Cell ref);
  /// The store's function for a definition; made once.
  wazuka::VMFuncRef* func_of(const std::shared_ptr<const wazuka::capi::HostFuncDef>& def);
  const wazuka::capi::CallShape& shape_of(wazuka::u32 type_id) {
    if (type_id < shapes_.size() && shapes_[type_id] != nullptr) [[likely]]
      return *shapes_[type_id];
    return new_shape(type_id);
  }
  /// The store's function for one of WASI's.
  wazuka::VMFuncRef* wasi_func(std::string_view module, std::string_view name);
  /// The error of something that ran in this store, with its frames.
  wazuka::capi::Failure failure_of(wazuka::ExecError error);
  /// Passes on what a callback returned.
  wazuka::TrapOr raise(wazuka::capi::Failure failure);
  /// Suspends the asynchronous call that runs; kNoTrap once it goes on.
  wazuka::TrapOr yield();
  void set_epoch_deadline(wazuka::u64 ticks);
  /// From now on code at its limits is asked what to do.
  void watch_limits();

  const wazuka::u64 id;
  wasmtime_store* owner = nullptr;  // whose context it is
  std::shared_ptr<wazuka::Engine> engine;
  wazuka::capi::Foreign data;
  // Before the store, which uses them to its end.
  std::vector<std::unique_ptr<wazuka::capi::HostFunc>> host_funcs;
  std::unordered_map<const void*, wazuka::VMFuncRef*> func_of_def;
  std::vector<wazuka::capi::TypeRef> held_types;  // of globals and tags that the host made
  std::vector<wazuka::Memory*> shared_memories;   // that the host gave to the store
  std::vector<wazuka::capi::Foreign> wasi_streams;
  std::vector<wazuka::os::OwnedFd> wasi_files;
  std::unique_ptr<wazuka::wasi::Context> wasi;
  wazuka::wasi::Context* wasi_slot = nullptr;  // wasi.get()
  wazuka::wasi::WasiProvider wasi_provider;
  std::vector<wazuka::capi::Frame> pending_frames;  // of an error that host functions pass on
  wazuka::capi::EpochBehaviour at_epoch;
  bool yields_for_fuel = false;
  wazuka::Store store;

 private:
  void visit_roots(wazuka::RootVisitor& visitor) override;
  wazuka::TrapOr at_deadline();
  wazuka::TrapOr out_of_fuel();
  void prune_roots();
  const wazuka::capi::CallShape& new_shape(wazuka::u32 type_id);

  // By canonical type id; the store's functions keep their types.
  std::vector<std::unique_ptr<const wazuka::capi::CallShape>> shapes_;

  wazuka::capi::Root* roots_ = nullptr;
  size_t root_count_ = 0, prune_at_ = 1024;
  bool shows_roots_ = false;
};

struct wasmtime_store : std::enable_shared_from_this<wasmtime_store> {
  wasmtime_store(std::shared_ptr<wazuka::Engine> engine, wazuka::capi::Foreign data)
      : context(std::move(engine), std::move(data)) {
    context.owner = this;
  }
  wasmtime_context context;
};

struct wasm_store_t {
  std::shared_ptr<wasmtime_store> store;
};

namespace wazuka::capi {

// Handles ----------------------------------------------------------------------------------------

/// Checks that a handle belongs to the store.
inline void check_store(const wasmtime_context* context, u64 store_id) {
  if (store_id != context->id) [[unlikely]]
    abort_misuse("object used with the wrong store");
}

template <class T>
T* address_of(u32 low, u32 high) {
  return reinterpret_cast<T*>(u64{low} | u64{high} << 32);
}

inline VMFuncRef* get(const wasmtime_context* c, const wasmtime_func_t& f) {
  check_store(c, f.store_id);
  return static_cast<VMFuncRef*>(f.__private);
}
inline Memory* get(const wasmtime_context* c, const wasmtime_memory_t& m) {
  check_store(c, m.store_id);
  return address_of<Memory>(m.__private1, m.__private2);
}
inline Table* get(const wasmtime_context* c, const wasmtime_table_t& t) {
  check_store(c, t.store_id);
  return address_of<Table>(t.__private1, t.__private2);
}
inline VMTag* get(const wasmtime_context* c, const wasmtime_tag_t& t) {
  check_store(c, t.store_id);
  return address_of<VMTag>(t.__private1, t.__private2);
}
/// The type is in the handle: the address has room for the mutability in its lowest bit.
inline Global get(const wasmtime_context* c, const wasmtime_global_t& g) {
  check_store(c, g.store_id);
  return {address_of<VMGlobal>(g.__private1 & ~u32{1}, g.__private2),
          {ValType::from_bits(g.__private3), (g.__private1 & 1) != 0, false}};
}
inline Instance* get(const wasmtime_context* c, const wasmtime_instance_t& i) {
  check_store(c, i.store_id);
  return reinterpret_cast<Instance*>(i.__private);
}

inline wasmtime_func_t handle_of(const wasmtime_context* c, VMFuncRef* f) {
  return {c->id, f};
}
wasmtime_memory_t handle_of(const wasmtime_context* c, Memory* m);
wasmtime_table_t handle_of(const wasmtime_context* c, Table* t);
wasmtime_tag_t handle_of(const wasmtime_context* c, VMTag* t);
wasmtime_global_t handle_of(const wasmtime_context* c, const Global& g);
inline wasmtime_instance_t handle_of(const wasmtime_context* c, Instance* i) {
  return {c->id, reinterpret_cast<size_t>(i)};
}

/// What the handle refers to; a shared memory becomes one of the store's.
Extern to_extern(wasmtime_context* c, const wasmtime_extern_t& item);
wasmtime_extern_t from_extern(const wasmtime_context* c, const Extern& item);
/// Whether an item belongs to the store, or to none and to the store's engine.
bool belongs_to(const wasmtime_context* c, const wasmtime_extern_t& item);
wasm_externtype_t* type_of_extern(const wasmtime_context* c, const Extern& item);

// Values -----------------------------------------------------------------------------------------

/// The hierarchies of references.
enum class Family : u8 { kFunc, kExtern, kAny, kExn, kCont };
Family family_of(const TypeRegistry& registry, ValType type);

/// The cells of a value that must have the type.
Result<void> to_cells(wasmtime_context* c, const wasmtime_val_t& value, ValType type, Cell* cells);
/// A value of the type; references in it become roots.
void from_cells(wasmtime_context* c, ValType type, const Cell* cells, wasmtime_val_t* value);
/// A rooted reference, or null.
template <class Ref>
void make_ref(wasmtime_context* c, Cell ref, Ref* out) {
  *out = {};
  if (ref == 0) return;
  Root* const root = c->new_root(ref);
  if (root == nullptr) return;
  out->store_id = c->id;
  out->__private3 = root;
}
/// The reference behind a handle; 0 for null.
template <class Ref>
Cell ref_cell(const wasmtime_context* c, const Ref* ref) {
  if (ref == nullptr || ref->store_id == 0) return 0;
  check_store(c, ref->store_id);
  return static_cast<const Root*>(ref->__private3)->ref;
}

// Errors -----------------------------------------------------------------------------------------

wasmtime_error_t* new_error(Failure failure);
wasmtime_error_t* new_error(Error error);
wasmtime_error_t* new_error(std::string message);
/// Traps go to `trap`, other errors are returned.
wasmtime_error_t* report(Failure failure, wasm_trap_t** trap);
wasm_trap_t* new_trap(Failure failure);
/// Takes what is in the trap and deletes it.
Failure take_failure(wasm_trap_t* trap);
Failure take_failure(wasmtime_error_t* error);

/// The text, if it is UTF-8.
std::optional<std::string_view> utf8(const char* text, size_t length);
wasmtime_error_t* bad_utf8();

void fill(wasm_byte_vec_t* out, const void* bytes, size_t size);
inline void fill(wasm_byte_vec_t* out, std::string_view text) {
  fill(out, text.data(), text.size());
}

// Types ------------------------------------------------------------------------------------------

wasm_functype_t* func_type(const std::shared_ptr<TypeRegistry>& registry, u32 id);
/// The type of an entity of a module.
wasm_externtype_t* entity_type(const Module& module, ExternKind kind, u32 index);

}  // namespace wazuka::capi

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "capi/linker.h"

#include "runtime/linker.h"
#include "wasi/host_functions.h"

using namespace wazuka;
using namespace wazuka::capi;

namespace wazuka::capi {

Result<Extern> item_in(wasmtime_context* context, const LinkItem& item, std::string_view module,
                       std::string_view name) {
  if (const auto* def = std::get_if<std::shared_ptr<const HostFuncDef>>(&item)) {
    if ((*def)->type.registry() != context->engine->types()) {
      return fail("linker used with a store of another engine");
    }
    return context->func_of(*def);
  }
  if (const auto* owned = std::get_if<StoreItem>(&item)) {
    if (owned->store_id != context->id) return fail("object used with the wrong store");
    return owned->item;
  }
  if (const auto* memory = std::get_if<std::shared_ptr<Memory>>(&item)) {
    wasmtime_sharedmemory shared{*memory, context->engine};
    wasmtime_extern_t e;
    e.kind = WASMTIME_EXTERN_SHAREDMEMORY;
    e.of.sharedmemory = &shared;
    return to_extern(context, e);
  }
  return context->wasi_func(module, name);
}

namespace {

Error cross_engine() {
  return {"cross-`Engine` instantiation is not currently supported", Error::kNoOffset, {}};
}

}  // namespace

wasmtime_error_t* handle_instantiate(wasmtime_context* context, ExecResult<Instance*> result,
                                     wasmtime_instance_t* instance, wasm_trap_t** trap) {
  if (trap != nullptr) *trap = nullptr;
  if (!result) return report(context->failure_of(std::move(result).error()), trap);
  *instance = handle_of(context, *result);
  return nullptr;
}

namespace {

LinkItem item_of(wasmtime_context* context, const Extern& item) {
  if (Memory* const* memory = std::get_if<Memory*>(&item); memory && (*memory)->type().shared) {
    return (*memory)->shared_from_this();
  }
  return StoreItem{context->id, item};
}

}  // namespace
}  // namespace wazuka::capi

VMFuncRef* wasmtime_context::wasi_func(std::string_view module, std::string_view name) {
  const wasi::HostFunction* const function = wasi::find_host_function(module, name);
  VMFuncRef*& known = func_of_def[function];
  if (known == nullptr) known = std::get<VMFuncRef*>(*wasi_provider.find(store, module, name));
  return known;
}

Result<void> wasmtime_linker::check_engine(const ModuleCode& code) const {
  if (&code.engine() != engine.get()) return std::unexpected(cross_engine());
  return {};
}

const LinkItem* wasmtime_linker::find(std::string_view module, std::string_view name) const {
  auto at = items.find(Less::View(module, name));
  return at == items.end() ? nullptr : &at->second;
}

Result<void> wasmtime_linker::define(std::string_view module, std::string_view name,
                                     LinkItem item) {
  auto [at, fresh] = items.try_emplace(Key(module, name), item);
  if (fresh) return {};
  if (!allow_shadowing) {
    return fail("import of `" + std::string(module) + "::" + std::string(name) + "` defined twice");
  }
  at->second = std::move(item);
  return {};
}

Result<std::vector<Extern>> wasmtime_linker::resolve(wasmtime_context* context,
                                                     const ModuleCode& code) const {
  WAZUKA_TRY(check_engine(code));
  if (engine != context->engine) return std::unexpected(cross_engine());
  const Module& module = code.module();
  std::vector<Extern> imports;
  imports.reserve(module.imports.size());
  for (const Import& import : module.imports) {
    const LinkItem* const item = find(import.module, import.name);
    if (item == nullptr) return std::unexpected(unknown_import(import));
    auto found = item_in(context, *item, import.module, import.name);
    if (!found) return std::unexpected(std::move(found).error());
    imports.push_back(*found);
  }
  return imports;
}

namespace {

wasmtime_error_t* finish(Result<void> done) {
  return done ? nullptr : new_error(std::move(done).error());
}

/// Runs the runtime's linker over our items.
class Items : public Provider {
 public:
  Items(const wasmtime_linker& linker, wasmtime_context* context)
      : linker_(linker), context_(context) {}
  std::optional<Extern> find(Store&, std::string_view module, std::string_view name) override {
    const LinkItem* const item = linker_.find(module, name);
    if (item == nullptr) return std::nullopt;
    auto found = item_in(context_, *item, module, name);
    if (found) return *found;
    error = std::move(found).error();
    return std::nullopt;
  }

  std::optional<Error> error;  // why something that is there could not be used

 private:
  const wasmtime_linker& linker_;
  wasmtime_context* context_;
};

}  // namespace

wasmtime_linker_t* wasmtime_linker_new(wasm_engine_t* engine) {
  return new wasmtime_linker{engine->engine, false, {}};
}
wasmtime_linker_t* wasmtime_linker_clone(const wasmtime_linker_t* linker) {
  return new wasmtime_linker(*linker);
}
void wasmtime_linker_delete(wasmtime_linker_t* linker) {
  delete linker;
}
void wasmtime_linker_allow_shadowing(wasmtime_linker_t* linker, bool allow) {
  linker->allow_shadowing = allow;
}

// Definitions ------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_linker_define(wasmtime_linker_t* linker, wasmtime_context_t* context,
                                         const char* module, size_t module_len, const char* name,
                                         size_t name_len, const wasmtime_extern_t* item) {
  const auto m = utf8(module, module_len), n = utf8(name, name_len);
  if (!m || !n) return bad_utf8();
  if (!belongs_to(context, *item)) return new_error("object used with the wrong store");
  if (linker->engine != context->engine) return new_error(cross_engine());
  if (item->kind == WASMTIME_EXTERN_SHAREDMEMORY) {
    return finish(linker->define(*m, *n, item->of.sharedmemory->memory));
  }
  return finish(linker->define(*m, *n, StoreItem{context->id, to_extern(context, *item)}));
}

namespace {

wasmtime_error_t* define_func(wasmtime_linker_t* linker, std::optional<std::string_view> module,
                              std::optional<std::string_view> name, const wasm_functype_t* type,
                              HostFuncDef def) {
  if (!module || !name) return bad_utf8();
  auto id = type->intern(linker->engine->types());
  if (!id) return new_error("type used with wrong engine");
  def.type = *std::move(id);
  return finish(linker->define(*module, *name, std::make_shared<HostFuncDef>(std::move(def))));
}

}  // namespace

wasmtime_error_t* wasmtime_linker_define_func(wasmtime_linker_t* linker, const char* module,
                                              size_t module_len, const char* name, size_t name_len,
                                              const wasm_functype_t* ty,
                                              wasmtime_func_callback_t cb, void* data,
                                              void (*finalizer)(void*)) {
  HostFuncDef def;
  def.checked = cb;
  def.foreign = Foreign(data, finalizer);
  return define_func(linker, utf8(module, module_len), utf8(name, name_len), ty, std::move(def));
}

wasmtime_error_t* wasmtime_linker_define_func_unchecked(wasmtime_linker_t* linker,
                                                        const char* module, size_t module_len,
                                                        const char* name, size_t name_len,
                                                        const wasm_functype_t* ty,
                                                        wasmtime_func_unchecked_callback_t cb,
                                                        void* data, void (*finalizer)(void*)) {
  HostFuncDef def;
  def.unchecked = cb;
  def.foreign = Foreign(data, finalizer);
  return define_func(linker, utf8(module, module_len), utf8(name, name_len), ty, std::move(def));
}

wasmtime_error_t* wasmtime_linker_define_async_func(wasmtime_linker_t* linker, const char* module,
                                                    size_t module_len, const char* name,
                                                    size_t name_len, const wasm_functype_t* ty,
                                                    wasmtime_func_async_callback_t cb, void* data,
                                                    void (*finalizer)(void*)) {
  HostFuncDef def;
  def.async = cb;
  def.foreign = Foreign(data, finalizer);
  return define_func(linker, utf8(module, module_len), utf8(name, name_len), ty, std::move(def));
}

wasmtime_error_t* wasmtime_linker_define_wasi(wasmtime_linker_t* linker) {
  for (const wasi::HostFunction& function : wasi::preview1_functions()) {
    if (auto done = linker->define(function.module, function.name, WasiItem()); !done) {
      return new_error(std::move(done).error());
    }
  }
  return nullptr;
}

namespace {

Result<void> define_exports(wasmtime_linker_t* linker, wasmtime_context_t* context,
                            std::string_view name, Instance& instance) {
  for (const Export& e : instance.module().exports) {
    WAZUKA_TRY(linker->define(name, e.name, item_of(context, instance.entity(e.kind, e.index))));
  }
  return {};
}

}  // namespace

wasmtime_error_t* wasmtime_linker_define_instance(wasmtime_linker_t* linker,
                                                  wasmtime_context_t* context, const char* name,
                                                  size_t name_len,
                                                  const wasmtime_instance_t* instance) {
  const auto n = utf8(name, name_len);
  if (!n) return bad_utf8();
  if (linker->engine != context->engine) return new_error(cross_engine());
  return finish(define_exports(linker, context, *n, *get(context, *instance)));
}

wasmtime_error_t* wasmtime_linker_module(wasmtime_linker_t* linker, wasmtime_context_t* context,
                                         const char* name, size_t name_len,
                                         const wasmtime_module_t* module) {
  const auto n = utf8(name, name_len);
  if (!n) return bad_utf8();
  if (linker->engine != context->engine) return new_error(cross_engine());
  Items items(*linker, context);
  Linker run(context->store);
  // Its own copies of our items may come before the module's exports of the same name.
  run.allow_shadowing(true);
  run.add_provider(items);
  if (auto done = run.define_module(*n, module->code); !done) {
    if (items.error) return new_error(*std::move(items.error));
    return new_error(context->failure_of(std::move(done).error()));
  }
  for (const Export& e : module->code->module().exports) {
    auto item = run.find(*n, e.name);
    if (!item) continue;  // what commands export besides functions
    if (auto done = linker->define(*n, e.name, item_of(context, *item)); !done) {
      return new_error(std::move(done).error());
    }
  }
  return nullptr;
}

wasmtime_error_t* wasmtime_linker_define_unknown_imports_as_traps(wasmtime_linker_t* linker,
                                                                  const wasmtime_module_t* module) {
  if (auto same = linker->check_engine(*module->code); !same) {
    return new_error(std::move(same).error());
  }
  const Module& m = module->code->module();
  for (const Import& import : m.imports) {
    if (import.kind != ExternKind::kFunc || linker->find(import.module, import.name)) continue;
    auto def = std::make_shared<HostFuncDef>();
    def->type = TypeRef(m.registry, m.type_ids[m.funcs[import.index].type_index]);
    def->failure = unknown_import(import);
    if (auto done = linker->define(import.module, import.name, std::move(def)); !done) {
      return new_error(std::move(done).error());
    }
  }
  return nullptr;
}

wasmtime_error_t* wasmtime_linker_define_unknown_imports_as_default_values(
    wasmtime_linker_t* linker, wasmtime_context_t* context, const wasmtime_module_t* module) {
  if (auto same = linker->check_engine(*module->code); !same) {
    return new_error(std::move(same).error());
  }
  if (linker->engine != context->engine) return new_error(cross_engine());
  const Module& m = module->code->module();
  Items items(*linker, context);
  Linker run(context->store);
  run.add_provider(items);
  if (auto done = run.define_unknown_imports_as_defaults(m); !done) {
    return new_error(std::move(done).error());
  }
  for (const Import& import : m.imports) {
    if (linker->find(import.module, import.name) != nullptr) continue;
    auto item = run.find(import.module, import.name);
    if (!item) continue;
    if (auto done = linker->define(import.module, import.name, item_of(context, *item)); !done) {
      return new_error(std::move(done).error());
    }
  }
  return nullptr;
}

// Uses -------------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_linker_instantiate(const wasmtime_linker_t* linker,
                                              wasmtime_context_t* context,
                                              const wasmtime_module_t* module,
                                              wasmtime_instance_t* instance, wasm_trap_t** trap) {
  auto imports = linker->resolve(context, *module->code);
  if (!imports) return new_error(std::move(imports).error());
  return handle_instantiate(context, Instance::create(context->store, module->code, *imports),
                            instance, trap);
}

bool wasmtime_linker_get(const wasmtime_linker_t* linker, wasmtime_context_t* context,
                         const char* module, size_t module_len, const char* name, size_t name_len,
                         wasmtime_extern_t* out) {
  const std::string_view m(module, module_len), n(name, name_len);
  const LinkItem* const item = linker->find(m, n);
  if (item == nullptr || linker->engine != context->engine) return false;
  auto found = item_in(context, *item, m, n);
  if (!found) return false;
  *out = from_extern(context, *found);
  return true;
}

namespace {

/// What a module without a default runs.
VMFuncRef* no_op(wasmtime_context_t* context) {
  static constexpr HostCallback kNothing = [](void*, VMContext*, Cell*) { return kNoTrap; };
  return context->store.new_host_func(FuncType{}, kNothing, nullptr);
}

}  // namespace

wasmtime_error_t* wasmtime_linker_get_default(const wasmtime_linker_t* linker,
                                              wasmtime_context_t* context, const char* name,
                                              size_t name_len, wasmtime_func_t* func) {
  const auto module = utf8(name, name_len);
  if (!module) return bad_utf8();
  if (linker->engine != context->engine) return new_error(cross_engine());
  for (const std::string_view item_name : {"", "_start"}) {
    const LinkItem* const item = linker->find(*module, item_name);
    if (item == nullptr) continue;
    auto found = item_in(context, *item, *module, item_name);
    if (!found) return new_error(std::move(found).error());
    VMFuncRef* const f = as_func(&*found);
    if (f == nullptr) {
      const std::string what = item_name.empty() ? "default export" : "`_start`";
      return new_error(what + " in '" + std::string(*module) + "' is not a function");
    }
    *func = handle_of(context, f);
    return nullptr;
  }
  *func = handle_of(context, no_op(context));
  return nullptr;
}

// Instances prepared for many stores -------------------------------------------------------------

wasmtime_error_t* wasmtime_linker_instantiate_pre(const wasmtime_linker_t* linker,
                                                  const wasmtime_module_t* module,
                                                  wasmtime_instance_pre_t** out) {
  if (auto same = linker->check_engine(*module->code); !same) {
    return new_error(std::move(same).error());
  }
  auto pre = std::make_unique<wasmtime_instance_pre>();
  pre->code = module->code;
  for (const Import& import : module->code->module().imports) {
    const LinkItem* const item = linker->find(import.module, import.name);
    if (item == nullptr) return new_error(unknown_import(import));
    pre->imports.push_back({*item, import.module, import.name});
  }
  *out = pre.release();
  return nullptr;
}
void wasmtime_instance_pre_delete(wasmtime_instance_pre_t* pre) {
  delete pre;
}

wasmtime_error_t* wasmtime_instance_pre_instantiate(const wasmtime_instance_pre_t* pre,
                                                    wasmtime_context_t* context,
                                                    wasmtime_instance_t* instance,
                                                    wasm_trap_t** trap) {
  std::vector<Extern> imports;
  imports.reserve(pre->imports.size());
  for (const auto& [item, module, name] : pre->imports) {
    auto found = item_in(context, item, module, name);
    if (!found) return new_error(std::move(found).error());
    imports.push_back(*found);
  }
  return handle_instantiate(context, Instance::create(context->store, pre->code, imports), instance,
                            trap);
}
wasmtime_module_t* wasmtime_instance_pre_module(const wasmtime_instance_pre_t* pre) {
  return new wasmtime_module{pre->code};
}

// Instances --------------------------------------------------------------------------------------

wasmtime_error_t* wasmtime_instance_new(wasmtime_context_t* context,
                                        const wasmtime_module_t* module,
                                        const wasmtime_extern_t* imports, size_t nimports,
                                        wasmtime_instance_t* instance, wasm_trap_t** trap) {
  std::vector<Extern> items;
  items.reserve(nimports);
  for (size_t i = 0; i < nimports; ++i) {
    if (!belongs_to(context, imports[i])) {
      return new_error("cross-`Store` instantiation is not currently supported");
    }
    items.push_back(to_extern(context, imports[i]));
  }
  return handle_instantiate(context, Instance::create(context->store, module->code, items),
                            instance, trap);
}

bool wasmtime_instance_export_get(wasmtime_context_t* context, const wasmtime_instance_t* handle,
                                  const char* name, size_t name_len, wasmtime_extern_t* item) {
  auto found = get(context, *handle)->find_export({name, name_len});
  if (!found) return false;
  *item = from_extern(context, *found);
  return true;
}

bool wasmtime_instance_export_nth(wasmtime_context_t* context, const wasmtime_instance_t* handle,
                                  size_t index, char** name, size_t* name_len,
                                  wasmtime_extern_t* item) {
  Instance* const instance = get(context, *handle);
  const auto& exports = instance->module().exports;
  if (index >= exports.size()) return false;
  const Export& e = exports[index];
  *name = const_cast<char*>(e.name.data());
  *name_len = e.name.size();
  *item = from_extern(context, instance->entity(e.kind, e.index));
  return true;
}

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "runtime/linker.h"

#include <algorithm>
#include <cstdlib>

#include "runtime/type_match.h"

namespace wazuka {
namespace {

std::string joined(std::string_view module, std::string_view name) {
  return std::string(module) + "::" + std::string(name);
}

}  // namespace

Error unknown_import(const Import& import) {
  return Error{"unknown import: `" + joined(import.module, import.name) + "` has not been defined",
               Error::kNoOffset,
               {}};
}

Result<void> Linker::define(std::string_view module, std::string_view name, const Extern& item) {
  auto [place, fresh] = items_.try_emplace(Key(module, name), item);
  if (fresh) return {};
  if (!allow_shadowing_) {
    return fail("import of `" + joined(module, name) + "` defined twice");
  }
  place->second = item;
  return {};
}

Result<void> Linker::define_instance(std::string_view module, Instance& instance) {
  for (const Export& e : instance.module().exports) {
    WAZUKA_TRY(define(module, e.name, instance.entity(e.kind, e.index)));
  }
  return {};
}

std::vector<std::pair<std::string, Extern>> Linker::items_of(std::string_view module) const {
  std::vector<std::pair<std::string, Extern>> items;
  for (auto at = items_.lower_bound(Key(module, "")); at != items_.end(); ++at) {
    if (at->first.first != module) break;
    items.emplace_back(at->first.second, at->second);
  }
  return items;
}

Result<void> Linker::alias_module(std::string_view module, std::string_view as) {
  for (auto& [name, item] : items_of(module)) WAZUKA_TRY(define(as, name, item));
  return {};
}

std::optional<Extern> Linker::find(std::string_view module, std::string_view name) {
  if (!items_.empty()) {
    auto at = items_.find(Key(module, name));
    if (at != items_.end()) return at->second;
  }
  for (Provider* provider : providers_) {
    std::optional<Extern> item = provider->find(store_, module, name);
    if (!item) continue;
    items_.emplace(Key(module, name), *item);
    return item;
  }
  return std::nullopt;
}

Result<std::vector<Extern>> Linker::resolve(const Module& module) {
  std::vector<Extern> imports;
  imports.reserve(module.imports.size());
  for (const Import& import : module.imports) {
    std::optional<Extern> item = find(import.module, import.name);
    if (!item) return std::unexpected(unknown_import(import));
    imports.push_back(*item);
  }
  return imports;
}

ExecResult<Instance*> Linker::instantiate(std::shared_ptr<ModuleCode> code) {
  auto imports = resolve(code->module());
  if (!imports) return std::unexpected(std::move(imports).error());
  return Instance::create(store_, std::move(code), *imports);
}

// Commands and reactors.

namespace {

enum class ModuleKind : u8 { kCommand, kReactor };

Result<ModuleKind> categorize(const Module& module) {
  const Export* command = module.find_export("_start");
  const Export* reactor = module.find_export("_initialize");
  if (command != nullptr && reactor != nullptr) {
    return fail("Program cannot be both a Command and a Reactor");
  }
  if (command != nullptr && command->kind != ExternKind::kFunc) {
    return fail("`_start` must be a function");
  }
  if (reactor != nullptr && reactor->kind != ExternKind::kFunc) {
    return fail("`_initialize` must be a function");
  }
  return command != nullptr ? ModuleKind::kCommand : ModuleKind::kReactor;
}

/// What commands may export besides functions.
bool is_tolerated_export(const Export& e) {
  switch (e.kind) {
    case ExternKind::kMemory: return e.name == "memory";
    case ExternKind::kTable: return e.name == "__indirect_function_table" || e.name == "table";
    case ExternKind::kGlobal:
      return e.name == "__data_end" || e.name == "__heap_base" || e.name == "__dso_handle" ||
             e.name == "__rtti_base";
    case ExternKind::kFunc:
    case ExternKind::kTag: return false;
  }
  return false;
}

/// A function of a command: makes an instance for each call.
struct CommandFunc {
  Store* store;
  std::shared_ptr<ModuleCode> code;
  std::vector<Extern> imports;
  u32 func_index;

  static TrapOr call(void* env, VMContext*, Cell* cells) {
    CommandFunc& self = *static_cast<CommandFunc*>(env);
    auto instance = Instance::create(*self.store, self.code, self.imports);
    if (!instance) return self.store->raise(std::move(instance).error());
    auto result = self.store->call_raw(*(*instance)->func_ref(self.func_index), cells);
    return result ? kNoTrap : self.store->raise(std::move(result).error());
  }
};

}  // namespace

Result<void> Linker::define_command(std::string_view name, std::shared_ptr<ModuleCode> code) {
  const Module& module = code->module();
  auto imports = resolve(module);
  if (!imports) return std::unexpected(std::move(imports).error());
  for (const Export& e : module.exports) {
    if (e.kind == ExternKind::kFunc) {
      auto env = std::make_shared<CommandFunc>(CommandFunc{&store_, code, *imports, e.index});
      u32 type_id = module.type_ids[module.funcs[e.index].type_index];
      VMFuncRef* func = store_.new_host_func_of_id(type_id, &CommandFunc::call, env.get());
      store_.keep(std::move(env));
      WAZUKA_TRY(define(name, e.name, func));
    } else if (!is_tolerated_export(e) && !allow_unknown_exports_) {
      return fail("command export '" + std::string(e.name) + "' is not a function");
    }
  }
  return {};
}

ExecResult<void> Linker::define_module(std::string_view name, std::shared_ptr<ModuleCode> code) {
  auto kind = categorize(code->module());
  if (!kind) return std::unexpected(std::move(kind).error());
  if (*kind == ModuleKind::kCommand) {
    WAZUKA_TRY(define_command(name, std::move(code)));
    return {};
  }
  auto instance = instantiate(std::move(code));
  if (!instance) return std::unexpected(std::move(instance).error());
  std::optional<Extern> init = (*instance)->find_export("_initialize");
  if (VMFuncRef* func = as_func(init ? &*init : nullptr)) {
    auto result = store_.call_initializer(*func);
    if (!result) {
      return std::unexpected(
          std::move(result).error().context("calling the Reactor initialization function"));
    }
  }
  WAZUKA_TRY(define_instance(name, **instance));
  return {};
}

// Unknown imports.

namespace {

struct UnknownFunc {
  Store* store;
  Error error;

  static TrapOr call(void* env, VMContext*, Cell*) {
    UnknownFunc& self = *static_cast<UnknownFunc*>(env);
    return self.store->raise(self.error);
  }
};

struct DefaultFunc {
  u32 result_cells;

  static TrapOr call(void* env, VMContext*, Cell* cells) {
    std::fill_n(cells, static_cast<DefaultFunc*>(env)->result_cells, Cell{0});
    return kNoTrap;
  }
};

u32 imported_func_type(const Module& module, const Import& import) {
  return module.type_ids[module.funcs[import.index].type_index];
}

}  // namespace

Result<void> Linker::define_unknown_imports_as_traps(const Module& module) {
  for (const Import& import : module.imports) {
    if (import.kind != ExternKind::kFunc || find(import.module, import.name)) continue;
    auto env = std::make_shared<UnknownFunc>(UnknownFunc{&store_, unknown_import(import)});
    VMFuncRef* func = store_.new_host_func_of_id(imported_func_type(module, import),
                                                 &UnknownFunc::call, env.get());
    store_.keep(std::move(env));
    WAZUKA_TRY(define(import.module, import.name, func));
  }
  return {};
}

Result<Extern> Linker::default_value(const Module& module, const Import& import) {
  switch (import.kind) {
    case ExternKind::kFunc: {
      const u32 type_id = imported_func_type(module, import);
      const FuncType& type = store_.engine().types()->get(type_id).func;
      for (ValType t : type.results) {
        if (!t.is_defaultable()) return fail("function result type has no default value");
      }
      auto env = std::make_shared<DefaultFunc>(DefaultFunc{cell_count(type.results)});
      VMFuncRef* func = store_.new_host_func_of_id(type_id, &DefaultFunc::call, env.get());
      store_.keep(std::move(env));
      return func;
    }
    case ExternKind::kTable: {
      TableType type = canonical_type(module, module.tables[import.index].type);
      if (!type.element.is_defaultable()) return fail("table type has no default value");
      auto table = store_.new_table(type);
      if (!table) return std::unexpected(std::move(table).error());
      return *table;
    }
    case ExternKind::kMemory: {
      auto memory = store_.new_memory(module.memories[import.index]);
      if (!memory) return std::unexpected(std::move(memory).error());
      return *memory;
    }
    case ExternKind::kGlobal: {
      GlobalType type = canonical_type(module, module.globals[import.index].type);
      if (!type.type.is_defaultable()) return fail("global type has no default value");
      return store_.new_global(type, Value{type.type, {}});
    }
    case ExternKind::kTag:
      return store_.new_tag(module.type_ids[module.tags[import.index].type_index]);
  }
  std::abort();
}

Result<void> Linker::define_unknown_imports_as_defaults(const Module& module) {
  for (const Import& import : module.imports) {
    if (find(import.module, import.name)) continue;
    auto value = default_value(module, import);
    if (!value) {
      return std::unexpected(std::move(value).error().context(
          "no default value exists for `" + joined(import.module, import.name) + "`"));
    }
    WAZUKA_TRY(define(import.module, import.name, *value));
  }
  return {};
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/wast_runner.h"

#include "cli/common.h"
#include "cli/output.h"
#include "cli/spectest.h"
#include "cli/wast_match.h"
#include "runtime/type_match.h"

namespace wazuka::cli {

WastRunner::WastRunner(std::shared_ptr<Engine> engine, const WastSettings& settings)
    : engine_(std::move(engine)),
      settings_(settings),
      store_(engine_, settings.limits),
      linker_(store_) {
  // Scripts define the same names again and again; the last definition counts.
  linker_.allow_shadowing(true);
  if (settings.fuel) store_.set_fuel(*settings.fuel);
}

WastRunner::~WastRunner() {
  for (auto& [name, thread] : threads_) thread->thread.join();
}

Result<void> WastRunner::define_host_modules() {
  WAZUKA_TRY(define_spectest(linker_));
  if (settings_.wasmtime_builtins) WAZUKA_TRY(define_wasmtime_builtins(linker_));
  return {};
}

Result<void> WastRunner::run(const std::vector<wat::Command>& commands, const std::string& file) {
  for (const wat::Command& command : commands) {
    auto result = run_one(command, file);
    if (result) continue;
    return std::unexpected(std::move(result).error().context(
        "failed directive on " + file + ":" + std::to_string(command.location.line)));
  }
  return {};
}

Result<void> WastRunner::run_one(const wat::Command& command, const std::string& file) {
  return std::visit([&](const auto& what) { return execute(what, file); }, command.what);
}

// Modules.

Result<std::shared_ptr<ModuleCode>> WastRunner::build(const wat::ScriptModule& module) {
  if (module.component) return fail("components are not supported yet by this build");
  if (!module.binary) return std::unexpected(module.binary.error());
  return compile(engine_, std::make_shared<OwnedModuleBytes>(*module.binary));
}

Result<void> WastRunner::instantiate(const Named& name, const std::shared_ptr<ModuleCode>& code) {
  auto instance = linker_.instantiate(code);
  if (!instance) {
    return std::unexpected(std::move(instance).error().error.context("instantiation failed"));
  }
  current_ = *instance;
  return name ? linker_.define_instance(*name, **instance) : Result<void>();
}

Result<void> WastRunner::execute(const wat::ModuleCommand& c, const std::string&) {
  auto code = build(c.module);
  if (!code) return std::unexpected(std::move(code).error());
  return instantiate(c.module.name, *code);
}

Result<void> WastRunner::execute(const wat::ModuleDefinitionCommand& c, const std::string&) {
  auto code = build(c.module);
  if (!code) return std::unexpected(std::move(code).error());
  last_definition_ = *code;
  if (c.module.name) definitions_[*c.module.name] = *code;
  return {};
}

Result<void> WastRunner::execute(const wat::ModuleInstanceCommand& c, const std::string&) {
  if (!c.module) {
    if (last_definition_ == nullptr) return fail("no module definition to instantiate");
    return instantiate(c.instance, last_definition_);
  }
  auto found = definitions_.find(*c.module);
  if (found == definitions_.end()) return fail("no module named `" + *c.module + "`");
  return instantiate(c.instance, found->second);
}

Result<void> WastRunner::execute(const wat::RegisterCommand& c, const std::string&) {
  if (c.module) return linker_.alias_module(*c.module, c.name);
  if (current_ == nullptr) return fail("no previous instance");
  return linker_.define_instance(c.name, *current_);
}

// Actions.

Result<Extern> WastRunner::find_export(const Named& module, const std::string& name) {
  if (module) {
    if (auto item = linker_.find(*module, name)) return *item;
    return fail("no item named `" + *module + "::" + name + "` found");
  }
  if (current_ == nullptr) return fail("no previous instance found");
  if (auto item = current_->find_export(name)) return *item;
  return fail("no item named `" + name + "` found");
}

Result<WastRunner::Outcome> WastRunner::perform(const wat::Invoke& invoke) {
  auto item = find_export(invoke.module, invoke.name);
  if (!item) return std::unexpected(std::move(item).error());
  VMFuncRef* func = as_func(&*item);
  if (func == nullptr) return fail("no function named `" + invoke.name + "`");
  const FuncType& type = store_.type_of(*func);
  if (type.params.size() != invoke.args.size()) {
    return fail("expected " + std::to_string(type.params.size()) + " arguments, got " +
                std::to_string(invoke.args.size()));
  }
  std::vector<Value> args;
  for (size_t i = 0; i < invoke.args.size(); ++i) {
    auto value = argument_value(store_, invoke.args[i]);
    if (!value) return std::unexpected(std::move(value).error());
    bool fits = value->type.kind() == type.params[i].kind();
    if (!fits) {
      return fail("argument type mismatch: expected " +
                  type_name(*engine_->types(), type.params[i]) + ", found " +
                  type_name(*engine_->types(), value->type));
    }
    args.push_back(*value);
  }
  std::vector<Value> results;
  auto called = store_.call(*func, args, results);
  if (!called) return Outcome(std::unexpected(std::move(called).error()));
  return Outcome(std::move(results));
}

Result<WastRunner::Outcome> WastRunner::perform(const wat::Get& get) {
  auto item = find_export(get.module, get.name);
  if (!item) return std::unexpected(std::move(item).error());
  const Global* global = std::get_if<Global>(&*item);
  if (global == nullptr) return fail("no global named `" + get.name + "`");
  Value value{global->type.type, {global->vm->cells[0], global->vm->cells[1]}};
  return Outcome(std::vector<Value>{value});
}

Result<WastRunner::Outcome> WastRunner::perform(const wat::ScriptModule& module) {
  auto code = build(module);
  if (!code) return std::unexpected(std::move(code).error());
  auto instance = linker_.instantiate(*code);
  if (!instance) return Outcome(std::unexpected(std::move(instance).error()));
  return Outcome(std::vector<Value>());
}

Result<WastRunner::Outcome> WastRunner::perform(const wat::Execution& execution) {
  return std::visit([&](const auto& what) { return perform(what); }, execution);
}

Result<void> WastRunner::execute(const wat::ActionCommand& c, const std::string&) {
  auto outcome = std::visit([&](const auto& what) { return perform(what); }, c.action);
  if (!outcome) return std::unexpected(std::move(outcome).error());
  if (!*outcome) return std::unexpected(std::move(outcome->error().error));
  return {};
}

// Assertions.

namespace {

std::string values_text(const Store& store, const std::vector<Value>& values) {
  std::string text = "[";
  for (size_t i = 0; i < values.size(); ++i) {
    if (i != 0) text += ", ";
    text += type_name(*store.engine().types(), values[i].type) + " " +
            std::to_string(values[i].cells[0]);
  }
  return text + "]";
}

}  // namespace

Result<void> WastRunner::execute(const wat::AssertReturn& c, const std::string&) {
  auto outcome = perform(c.execution);
  if (!outcome) return std::unexpected(std::move(outcome).error());
  if (!*outcome) return std::unexpected(std::move(outcome->error().error));
  const std::vector<Value>& values = **outcome;
  if (values.size() != c.results.size()) {
    return fail("expected " + std::to_string(c.results.size()) + " results found " +
                std::to_string(values.size()));
  }
  for (size_t i = 0; i < values.size(); ++i) {
    auto matched = match_result(store_, values[i], c.results[i]);
    if (matched) continue;
    return std::unexpected(
        std::move(matched).error().context("result " + std::to_string(i) + " didn't match"));
  }
  return {};
}

Result<void> WastRunner::expect_trap(Result<Outcome> outcome, const std::string& message) {
  if (!outcome) return std::unexpected(std::move(outcome).error());
  if (*outcome) return fail("expected trap, got " + values_text(store_, **outcome));
  std::string actual = error_text(outcome->error().error);
  if (trap_message_matches(message, actual)) return {};
  return fail("expected '" + message + "', got '" + actual + "'");
}

Result<void> WastRunner::execute(const wat::AssertTrap& c, const std::string&) {
  return expect_trap(perform(c.execution), c.message);
}

Result<void> WastRunner::execute(const wat::AssertExhaustion& c, const std::string&) {
  return expect_trap(perform(c.invoke), c.message);
}

Result<void> WastRunner::execute(const wat::AssertException& c, const std::string&) {
  auto outcome = perform(c.execution);
  if (!outcome) return std::unexpected(std::move(outcome).error());
  if (*outcome) return fail("expected exception, got " + values_text(store_, **outcome));
  if (outcome->error().uncaught_exception) return {};
  return fail("expected exception, got " + error_text(outcome->error().error));
}

Result<void> WastRunner::execute(const wat::AssertSuspension& c, const std::string&) {
  auto outcome = perform(c.execution);
  if (!outcome) return std::unexpected(std::move(outcome).error());
  if (*outcome) return fail("expected suspension, got " + values_text(store_, **outcome));
  if (outcome->error().trap == TrapCode::kUnhandledTag) return {};
  return fail("expected suspension, got " + error_text(outcome->error().error));
}

Result<void> WastRunner::expect_error(const std::string& expected, const Error& error) const {
  if (settings_.ignore_error_messages) return {};
  std::string actual = error_text(error);
  if (actual.find(expected) != std::string::npos) return {};
  return fail("assert_invalid: expected \"" + expected + "\", got \"" + actual + "\"");
}

Result<void> WastRunner::execute(const wat::AssertInvalid& c, const std::string&) {
  auto code = build(c.module);
  if (!code) return expect_error(c.message, code.error());
  // Errors in custom sections do not make a module invalid.
  const std::optional<Error>& custom = (*code)->module().custom_error;
  if (c.custom && custom) return expect_error(c.message, *custom);
  return fail("expected module to fail to build");
}

Result<void> WastRunner::execute(const wat::AssertMalformed& c, const std::string&) {
  auto code = build(c.module);
  if (code) return fail("expected module to fail to build");
  return expect_error(c.message, code.error());
}

Result<void> WastRunner::execute(const wat::AssertUnlinkable& c, const std::string&) {
  auto code = build(c.module);
  if (!code) return std::unexpected(std::move(code).error());
  auto linked = instantiate(std::nullopt, *code);
  if (linked) return fail("expected module to fail to link");
  return expect_error(c.message, linked.error());
}

// Threads.

Result<void> WastRunner::execute(const wat::ThreadCommand& c, const std::string& file) {
  auto runner = std::make_unique<WastRunner>(engine_, settings_);
  runner->definitions_ = definitions_;
  if (c.shared_module) {
    for (auto& [name, item] : linker_.items_of(*c.shared_module)) {
      Memory* const* memory = std::get_if<Memory*>(&item);
      // Stores share nothing but shared memories.
      if (memory == nullptr || !(*memory)->type().shared) continue;
      Memory* own = runner->store_.adopt((*memory)->shared_from_this());
      WAZUKA_TRY(runner->linker_.define(*c.shared_module, name, own));
    }
  }
  auto thread = std::make_unique<Thread>();
  Thread* t = thread.get();
  t->runner = std::move(runner);
  t->thread = std::thread(
      [t, &commands = c.commands, file] { t->result = t->runner->run(commands, file); });
  auto& place = threads_[c.name];
  if (place != nullptr) place->thread.join();
  place = std::move(thread);
  return {};
}

Result<void> WastRunner::execute(const wat::WaitCommand& c, const std::string&) {
  auto found = threads_.find(c.thread);
  if (found == threads_.end()) return fail("no thread named `" + c.thread + "`");
  std::unique_ptr<Thread> thread = std::move(found->second);
  threads_.erase(found);
  thread->thread.join();
  return std::move(thread->result);
}

}  // namespace wazuka::cli

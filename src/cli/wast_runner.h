// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Executes the commands of a WAST script (wat/wast.h) in a store of its own. Threads of a script
// are runners with stores of their own that share the engine, module definitions and shared
// memories.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <variant>
#include <vector>

#include "runtime/linker.h"
#include "wat/wast.h"

namespace wazuka::cli {

struct WastSettings {
  bool ignore_error_messages = false;
  bool wasmtime_builtins = false;
  StoreLimits limits;
  std::optional<u64> fuel;
};

class WastRunner {
 public:
  WastRunner(std::shared_ptr<Engine> engine, const WastSettings& settings);
  ~WastRunner();

  /// Defines the host modules; once, before the first script.
  Result<void> define_host_modules();

  /// Runs a whole script; the error names file and line.
  Result<void> run(const std::vector<wat::Command>& commands, const std::string& file);

 private:
  /// What an action gave, or how it failed.
  using Outcome = ExecResult<std::vector<Value>>;
  struct Thread {
    std::thread thread;
    std::unique_ptr<WastRunner> runner;
    Result<void> result;
  };
  using Named = std::optional<std::string>;

  Result<void> run_one(const wat::Command& command, const std::string& file);

  // One per kind of command.
  Result<void> execute(const wat::ModuleCommand& c, const std::string&);
  Result<void> execute(const wat::ModuleDefinitionCommand& c, const std::string&);
  Result<void> execute(const wat::ModuleInstanceCommand& c, const std::string&);
  Result<void> execute(const wat::RegisterCommand& c, const std::string&);
  Result<void> execute(const wat::ActionCommand& c, const std::string&);
  Result<void> execute(const wat::AssertReturn& c, const std::string&);
  Result<void> execute(const wat::AssertTrap& c, const std::string&);
  Result<void> execute(const wat::AssertExhaustion& c, const std::string&);
  Result<void> execute(const wat::AssertException& c, const std::string&);
  Result<void> execute(const wat::AssertSuspension& c, const std::string&);
  Result<void> execute(const wat::AssertInvalid& c, const std::string&);
  Result<void> execute(const wat::AssertMalformed& c, const std::string&);
  Result<void> execute(const wat::AssertUnlinkable& c, const std::string&);
  Result<void> execute(const wat::ThreadCommand& c, const std::string& file);
  Result<void> execute(const wat::WaitCommand& c, const std::string&);

  Result<std::shared_ptr<ModuleCode>> build(const wat::ScriptModule& module);
  Result<void> instantiate(const Named& name, const std::shared_ptr<ModuleCode>& code);
  Result<Extern> find_export(const Named& module, const std::string& name);
  /// The outer error: the action could not be tried at all.
  Result<Outcome> perform(const wat::Execution& execution);
  Result<Outcome> perform(const wat::Invoke& invoke);
  Result<Outcome> perform(const wat::Get& get);
  Result<Outcome> perform(const wat::ScriptModule& module);
  Result<void> expect_trap(Result<Outcome> outcome, const std::string& message);
  Result<void> expect_error(const std::string& expected, const Error& error) const;

  std::shared_ptr<Engine> engine_;
  WastSettings settings_;
  Store store_;
  Linker linker_;
  Instance* current_ = nullptr;
  std::map<std::string, std::shared_ptr<ModuleCode>> definitions_;
  std::shared_ptr<ModuleCode> last_definition_;
  std::map<std::string, std::unique_ptr<Thread>> threads_;
};

}  // namespace wazuka::cli

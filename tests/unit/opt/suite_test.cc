// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The official test suite on graphs: every function that is supported builds, its graph is right
// behind the builder and behind all passes, and what the scripts call gives what they expect, as
// interpreted graph, before and after the passes. Skipped without the suite ($WAZUKA_SHARED).
#include "unit/wat/suite.h"

#include <gtest/gtest.h>
#include <map>

#include "cli/spectest.h"
#include "cli/wast_match.h"
#include "opt/build/build.h"
#include "opt/ir/verifier.h"
#include "opt/pass/optimize.h"
#include "runtime/linker.h"
#include "unit/opt/ir_interpreter.h"

namespace wazuka::opt {
namespace {

std::shared_ptr<Engine> make_engine() {
  EngineConfig config;
  for (const FeatureInfo& info : kFeatures) config.features.set(info.feature, true);
  config.strategy = Strategy::kInterpreter;
  config.signals_based_traps = false;
  return std::make_shared<Engine>(config);
}

/// Scripts that would run for long, need much memory, or call themselves without end.
bool is_heavy(const std::string& name) {
  for (const char* part : {"skip-stack-guard", "fac", "call.wast", "call_indirect", "call_ref",
                           "memory_grow", "memory64", "infinite", "thread", "wait"}) {
    if (name.find(part) != std::string::npos) return true;
  }
  return false;
}

struct Counts {
  u64 interpreted = 0, other = 0;
};

/// Runs scripts with graphs in the place of functions, as far as the interpreter goes.
class GraphRunner {
 public:
  GraphRunner(std::shared_ptr<Engine> engine, bool optimised, Counts& counts)
      : engine_(engine), optimised_(optimised), counts_(counts), store_(engine), linker_(store_) {
    linker_.allow_shadowing(true);
    (void)cli::define_spectest(linker_);
    calls_.ref = [this](const VMFuncRef* ref, std::span<Cell> cells) { return call(*ref, cells); };
  }

  void run(const std::vector<wat::Command>& commands, const std::string& file) {
    for (const wat::Command& c : commands) {
      const std::string place = file + ":" + std::to_string(c.location.line);
      if (auto* module = std::get_if<wat::ModuleCommand>(&c.what)) {
        if (!instantiate(module->module)) return;
      } else if (auto* reg = std::get_if<wat::RegisterCommand>(&c.what)) {
        if (!register_as(*reg)) return;
      } else if (auto* action = std::get_if<wat::ActionCommand>(&c.what)) {
        if (auto* invoke = std::get_if<wat::Invoke>(&action->action)) perform(*invoke);
      } else if (auto* expected = std::get_if<wat::AssertReturn>(&c.what)) {
        if (auto* invoke = std::get_if<wat::Invoke>(&expected->execution)) {
          check_results(*invoke, expected->results, place);
        }
      } else if (auto* exception = std::get_if<wat::AssertException>(&c.what)) {
        auto* invoke = std::get_if<wat::Invoke>(&exception->execution);
        const auto code = invoke != nullptr ? perform(*invoke) : std::nullopt;
        if (code && !lost_) {
          EXPECT_EQ(*code, kException) << place;
        }
      } else if (auto* trap = std::get_if<wat::AssertTrap>(&c.what)) {
        if (auto* invoke = std::get_if<wat::Invoke>(&trap->execution)) {
          check_trap(*invoke, trap->message, place);
        } else if (auto* failing = std::get_if<wat::ScriptModule>(&trap->execution)) {
          // What its segments have written stays.
          Instance* const current = current_;
          (void)instantiate(*failing);
          current_ = current;
        }
      }
      if (lost_) return;
    }
  }

 private:
  static constexpr u32 kMaxDepth = 60;

  bool instantiate(const wat::ScriptModule& module) {
    current_ = nullptr;
    if (module.component || !module.binary) return false;
    auto code =
        ModuleCode::from_binary(engine_, std::make_shared<OwnedModuleBytes>(*module.binary));
    if (!code) return false;
    auto instance = linker_.instantiate(*code);
    if (!instance) return false;
    current_ = *instance;
    return !module.name || linker_.define_instance(*module.name, *current_).has_value();
  }

  bool register_as(const wat::RegisterCommand& c) {
    if (c.module) return linker_.alias_module(*c.module, c.name).has_value();
    return current_ != nullptr && linker_.define_instance(c.name, *current_).has_value();
  }

  /// The TrapOr; results in results_.
  std::optional<TrapOr> perform(const wat::Invoke& invoke) {
    std::optional<Extern> item =
        invoke.module ? linker_.find(*invoke.module, invoke.name)
                      : (current_ != nullptr ? current_->find_export(invoke.name) : std::nullopt);
    VMFuncRef* func = as_func(item ? &*item : nullptr);
    if (func == nullptr) return std::nullopt;
    type_ = &store_.type_of(*func);
    std::vector<Cell> cells;
    for (const wat::Value& v : invoke.args) {
      auto value = cli::argument_value(store_, v);
      if (!value) return std::nullopt;
      for (u32 i = 0; i < cell_count(value->type); ++i) cells.push_back(value->cells[i]);
    }
    cells.resize(cells.size() + 64);
    const TrapOr code = call(*func, cells);
    results_.clear();
    size_t at = 0;
    for (ValType t : type_->results) {
      wazuka::Value v{t, {cells[at], t.is_v128() ? cells[at + 1] : 0}};
      at += cell_count(t);
      results_.push_back(v);
    }
    return code;
  }

  TrapOr call(const VMFuncRef& ref, std::span<Cell> cells) {
    if (ref.vmctx != nullptr && depth_ < kMaxDepth) {
      if (auto code = interpret(*ref.vmctx->instance, ref.code->func_index, cells)) return *code;
    }
    if (depth_ >= kMaxDepth) lost_ = true;
    if (lost_) return trap_or(TrapCode::kStackOverflow);
    ++counts_.other;
    auto called = store_.call_raw(ref, cells.data());
    if (called) return kNoTrap;
    if (called.error().uncaught_exception) return kException;
    return called.error().trap ? trap_or(*called.error().trap) : kHostError;
  }

  struct Compiled {
    Graph graph;
    bool ok = false;
  };

  Compiled& compiled(Instance& instance, u32 func) {
    auto& slot = graphs_[{&instance.module(), func}];
    if (slot != nullptr) return *slot;
    slot = std::make_unique<Compiled>();
    const Module& module = instance.module();
    layouts_.push_back(std::make_unique<VMLayout>(module));
    const CompileEnv env = engine_->compile_env(module, *layouts_.back());
    slot->ok = build_graph(env, func, slot->graph).has_value();
    if (slot->ok && optimised_) slot->ok = optimize(env, slot->graph).has_value();
    return *slot;
  }

  std::optional<TrapOr> interpret(Instance& instance, u32 func, std::span<Cell> cells) {
    const Module& module = instance.module();
    if (func < module.imported_funcs) return std::nullopt;
    // The interpreter has no roots for the collector.
    if ((module.func_infos[func - module.imported_funcs].flags & BodyFlags::kGc) != 0) {
      return std::nullopt;
    }
    Compiled& c = compiled(instance, func);
    if (!c.ok) return std::nullopt;
    IrInterpreter::Calls calls = calls_;
    calls.function = [this, &instance](u32 callee, std::span<Cell> args) {
      return call(*instance.func_ref(callee), args);
    };
    IrInterpreter interpreter(c.graph, instance.vm(), calls);
    ++depth_;
    std::vector<Cell> results;
    const auto code = interpreter.run(cells, results);
    --depth_;
    if (!code) {
      // It may have run for a while: the state is no longer what the script expects.
      if (interpreter.why() != "vectors") refused_[interpreter.why()] += 1;
      lost_ = true;
      return std::nullopt;
    }
    ++counts_.interpreted;
    std::copy_n(results.begin(), std::min(results.size(), cells.size()), cells.begin());
    return code;
  }

  void check_results(const wat::Invoke& invoke, const std::vector<wat::Pattern>& expected,
                     const std::string& place) {
    const auto code = perform(invoke);
    if (!code || lost_) return;
    EXPECT_EQ(*code, kNoTrap) << place;
    if (*code != kNoTrap || results_.size() != expected.size()) return;
    for (size_t i = 0; i < expected.size(); ++i) {
      auto match = cli::match_result(store_, results_[i], expected[i]);
      EXPECT_TRUE(match) << place << ": " << (match ? "" : match.error().message);
    }
  }

  void check_trap(const wat::Invoke& invoke, const std::string& message, const std::string& place) {
    const auto code = perform(invoke);
    if (!code || lost_ || *code == kHostError) return;
    ASSERT_NE(*code, kNoTrap) << place;
    const std::string_view actual = trap_message(static_cast<TrapCode>(*code));
    EXPECT_TRUE(cli::trap_message_matches(message, actual)) << place << ": " << actual;
  }

  std::shared_ptr<Engine> engine_;
  bool optimised_;
  Counts& counts_;
  Store store_;
  Linker linker_;
  Instance* current_ = nullptr;
  IrInterpreter::Calls calls_;
  std::map<std::pair<const Module*, u32>, std::unique_ptr<Compiled>> graphs_;
  std::vector<std::unique_ptr<VMLayout>> layouts_;
  std::map<std::string, u64> refused_;
  const FuncType* type_ = nullptr;
  std::vector<wazuka::Value> results_;
  u32 depth_ = 0;
  bool lost_ = false;
};

void run_suite(bool optimised) {
  const auto files = wat::scripts();
  if (files.empty()) GTEST_SKIP() << "no test suite in " << wat::suite();
  const auto engine = make_engine();
  Counts counts;
  for (const auto& file : files) {
    if (is_heavy(file.filename().string())) continue;
    const std::string text = wat::read(file);
    auto script = wat::parse_wast(text);
    if (!script) continue;
    GraphRunner(engine, optimised, counts).run(script->commands, file.filename().string());
  }
  EXPECT_GT(counts.interpreted, 10'000u);
  std::printf("%llu calls of graphs, %llu of others\n",
              static_cast<unsigned long long>(counts.interpreted),
              static_cast<unsigned long long>(counts.other));
}

TEST(OptSuite, BuiltGraphsGiveWhatTheScriptsExpect) {
  run_suite(/*optimised=*/false);
}

TEST(OptSuite, OptimisedGraphsGiveWhatTheScriptsExpect) {
  run_suite(/*optimised=*/true);
}

TEST(OptSuite, GraphsOfAllFunctionsAreRight) {
  const auto files = wat::scripts();
  if (files.empty()) GTEST_SKIP() << "no test suite in " << wat::suite();
  const auto engine = make_engine();
  u64 built = 0;
  Graph graph;
  for (const auto& file : files) {
    const std::string text = wat::read(file);
    auto script = wat::parse_wast(text);
    if (!script) continue;
    std::vector<wat::Use> uses;
    wat::collect(script->commands, uses);
    for (const wat::Use& use : uses) {
      if (use.malformed || use.module->component || !use.module->binary) continue;
      auto code =
          ModuleCode::from_binary(engine, std::make_shared<OwnedModuleBytes>(*use.module->binary));
      if (!code) continue;
      const Module& module = (*code)->module();
      const VMLayout layout(module);
      for (u32 variant = 0; variant < 3; ++variant) {
        CompileEnv env{module, layout, assembly::CpuFeatures::level(2)};
        env.signals = variant != 1;
        env.guard_bytes = variant != 1 ? 32u << 20 : 0;
        env.fuel = env.epoch = variant == 2;
        for (u32 f = module.imported_funcs; f < module.funcs.size(); ++f) {
          if (!build_graph(env, f, graph)) continue;
          ++built;
          auto wrong = verify(graph, Stage::kBuilt);
          ASSERT_FALSE(wrong) << file << ":" << use.line << " function " << f << ": " << *wrong;
          for (u32 p = 0; p < static_cast<u32>(Pass::kElaborate); ++p) {
            run_pass(static_cast<Pass>(p), env, graph);
            wrong = verify(graph, Stage::kBuilt);
            ASSERT_FALSE(wrong) << file << ":" << use.line << " function " << f << " after "
                                << pass_name(static_cast<Pass>(p)) << ": " << *wrong;
          }
          ASSERT_TRUE(optimize(env, graph, {.level = 0}));
          wrong = verify(graph, Stage::kElaborated);
          ASSERT_FALSE(wrong) << file << ":" << use.line << " function " << f << ": " << *wrong;
        }
      }
    }
  }
  EXPECT_GT(built, 20'000u);
}

}  // namespace
}  // namespace wazuka::opt

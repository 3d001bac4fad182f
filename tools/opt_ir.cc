// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The optimising compiler's graphs of modules, for people and for tests.
//
//   opt_ir print [OPTIONS] FILE      the graph of each function, as text
//   opt_ir verify [OPTIONS] FILE…    builds and optimises all functions and verifies their graphs;
//                                    counts, and says what is not supported. Status 1 if a graph is
//                                    wrong
//   opt_ir time [OPTIONS] FILE…      the time of each phase
//
// FILE is a binary, text, or a script. OPTIONS: --no-signals; --limits: fuel and epochs;
// --function INDEX; --built: before any pass; --osr: verify also what begins at each loop
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iterator>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "opt/build/build.h"
#include "opt/ir/printer.h"
#include "opt/ir/verifier.h"
#include "opt/pass/optimize.h"
#include "wasm/module_reader.h"
#include "wasm/type_registry.h"
#include "wat/wast.h"

namespace {

using namespace wazuka;

struct Bytes : ModuleBytes {
  std::vector<u8> data;
  std::span<const u8> bytes() const override { return data; }
};

struct Options {
  bool signals = true;
  bool limits = false;
  bool built = false;
  bool osr = false;
  std::optional<u32> function;
  std::vector<std::string> files;
};

void add_module(std::vector<u8> binary, std::vector<std::shared_ptr<const Module>>& modules) {
  auto bytes = std::make_shared<Bytes>();
  bytes->data = std::move(binary);
  ReadOptions options;
  for (const FeatureInfo& info : kFeatures) options.features.set(info.feature, true);
  if (auto module = read_module(bytes, std::make_shared<TypeRegistry>(), options)) {
    modules.push_back(*module);
  }
}

/// The valid modules of a binary, of a text, or of a script.
std::vector<std::shared_ptr<const Module>> read(const std::string& path) {
  std::ifstream in(path, std::ios::binary);
  std::vector<u8> data{std::istreambuf_iterator<char>(in), {}};
  std::vector<std::shared_ptr<const Module>> modules;
  if (data.size() >= 4 && std::memcmp(data.data(), "\0asm", 4) == 0) {
    add_module(std::move(data), modules);
    return modules;
  }
  auto script = wat::parse_wast({reinterpret_cast<const char*>(data.data()), data.size()});
  if (!script) return modules;
  for (const wat::Command& c : script->commands) {
    const auto* command = std::get_if<wat::ModuleCommand>(&c.what);
    const auto* definition = std::get_if<wat::ModuleDefinitionCommand>(&c.what);
    const wat::ScriptModule* module = command      ? &command->module
                                      : definition ? &definition->module
                                                   : nullptr;
    if (module != nullptr && module->binary) add_module(*module->binary, modules);
  }
  return modules;
}

CompileEnv environment(const Module& module, const VMLayout& layout, const Options& options) {
  CompileEnv env{module, layout, assembly::CpuFeatures::host()};
  env.signals = options.signals;
  env.guard_bytes = options.signals ? 32u << 20 : 0;
  env.fuel = env.epoch = options.limits;
  return env;
}

/// Calls f(module, env, function) for each of the functions that are meant.
template <class F>
void each_function(const Options& options, F f) {
  for (const std::string& file : options.files) {
    for (const auto& module : read(file)) {
      const VMLayout layout(*module);
      const CompileEnv env = environment(*module, layout, options);
      for (u32 i = module->imported_funcs; i < module->funcs.size(); ++i) {
        if (options.function.value_or(i) == i) f(file, env, i);
      }
    }
  }
}

int print(const Options& options) {
  opt::Graph graph;
  each_function(options, [&](const std::string&, const CompileEnv& env, u32 func) {
    std::printf("function %u:\n", func);
    const auto built = opt::build_graph(env, func, graph);
    if (!built) {
      std::printf("  %s\n", built.error().message.c_str());
      return;
    }
    if (!options.built && !opt::optimize(env, graph)) std::printf("  not optimised\n");
    std::fputs(opt::print(graph).c_str(), stdout);
  });
  return 0;
}

int verify(const Options& options) {
  opt::Graph graph;
  u64 functions = 0, wrong = 0;
  std::map<std::string, u64> unsupported;
  auto check = [&](const std::string& file, u32 func, opt::Stage stage, const char* when) {
    const auto error = opt::verify(graph, stage);
    if (!error) return true;
    std::printf("%s: function %u, %s: %s\n", file.c_str(), func, when, error->c_str());
    ++wrong;
    return false;
  };
  auto check_one = [&](const std::string& file, const CompileEnv& env, u32 func,
                       std::optional<u32> loop) {
    ++functions;
    const auto built = opt::build_graph(env, func, graph, loop);
    if (!built) {
      ++unsupported[built.error().message];
      return;
    }
    if (!check(file, func, opt::Stage::kBuilt, "built")) return;
    if (const auto optimised = opt::optimize(env, graph); !optimised) {
      ++unsupported[optimised.error().message];
      return;
    }
    check(file, func, opt::Stage::kElaborated, "optimised");
  };
  each_function(options, [&](const std::string& file, const CompileEnv& env, u32 func) {
    check_one(file, env, func, std::nullopt);
    const u32 loops = env.module.func_infos[func - env.module.imported_funcs].num_loops;
    for (u32 i = 0; options.osr && i < loops; ++i) check_one(file, env, func, i);
  });
  u64 refused = 0;
  for (const auto& [what, count] : unsupported) {
    refused += count;
    std::printf("%8llu  %s\n", static_cast<unsigned long long>(count), what.c_str());
  }
  std::printf("%llu functions, %llu not supported, %llu wrong\n",
              static_cast<unsigned long long>(functions), static_cast<unsigned long long>(refused),
              static_cast<unsigned long long>(wrong));
  return wrong != 0;
}

int time(const Options& options) {
  using Clock = std::chrono::steady_clock;
  opt::Graph graph;
  opt::PassTimes times;
  u64 functions = 0, bytes = 0, insts = 0;
  Clock::duration build{};
  each_function(options, [&](const std::string&, const CompileEnv& env, u32 func) {
    const auto start = Clock::now();
    if (!opt::build_graph(env, func, graph)) return;
    build += Clock::now() - start;
    ++functions;
    bytes += env.module.funcs[func].body.size;
    if (!opt::optimize(env, graph, {}, &times)) return;
    insts += graph.num_values();
  });
  auto ms = [](auto d) { return std::chrono::duration<double, std::milli>(d).count(); };
  std::printf("%-16s %9.2f ms\n", "build", ms(build));
  double total = ms(build);
  for (u32 i = 0; i < opt::kPassCount; ++i) {
    const double t = static_cast<double>(times.nanoseconds[i]) / 1e6;
    total += t;
    std::printf("%-16s %9.2f ms\n", std::string(opt::pass_name(static_cast<opt::Pass>(i))).c_str(),
                t);
  }
  std::printf("%llu functions, %llu bytes, %llu instructions, %.2f MB/s\n",
              static_cast<unsigned long long>(functions), static_cast<unsigned long long>(bytes),
              static_cast<unsigned long long>(insts), static_cast<double>(bytes) / 1e3 / total);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::string command = argc > 1 ? argv[1] : "";
  for (int i = 2; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--no-signals") {
      options.signals = false;
    } else if (arg == "--limits") {
      options.limits = true;
    } else if (arg == "--osr") {
      options.osr = true;
    } else if (arg == "--built") {
      options.built = true;
    } else if (arg == "--function" && i + 1 < argc) {
      u32 n = 0;
      std::from_chars(argv[i + 1], argv[i + 1] + std::strlen(argv[i + 1]), n);
      options.function = n;
      ++i;
    } else {
      options.files.push_back(arg);
    }
  }
  if (command == "print") return print(options);
  if (command == "verify") return verify(options);
  if (command == "time") return time(options);
  std::fputs("usage: opt_ir print|verify|time [OPTIONS] FILE…\n", stderr);
  return 2;
}

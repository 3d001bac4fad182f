// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Verifies the machine code of many modules (verify/verify.h) in several configurations, without
// running anything:
//
//   machine_code verify [--all] [--cpu N] [--optimizing] [--function INDEX] FILE…
//   machine_code speed [--cpu N] [--optimizing] FILE
//
// verify: prints what is rejected (the first 20, or --all), and counts; status 1 if anything is.
// FILE is a binary, text or a script; "-": paths on standard input. N is a level of the psABI (the
// machine's own by default). --optimizing: code of the optimising compiler. To see the code of one
// module: ./dev asm.
//
// speed: compiles all functions of a module five times, on one thread: the best time, and a hash of
// the code that two versions of the compiler can be compared by.
#include <algorithm>
#include <charconv>
#include <chrono>
#include <cstdio>
#include <cstring>
#include <fstream>
#include <iostream>
#include <optional>
#include <string>
#include <vector>

#include "baseline/compiler.h"
#include "opt/pipeline.h"
#include "tier/compiler.h"
#include "verify/verify.h"
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
  assembly::CpuFeatures cpu = assembly::CpuFeatures::host();
  std::optional<u32> function;
  CompileFunction compile = baseline::compile;
  bool all = false;  // names all that is rejected, not only some
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
  CompileEnv env{module, layout, options.cpu};
  env.guard_bytes = 32u << 20;
  return env;
}

/// FNV-1a, of 8 bytes at a time.
void add_to_hash(u64& hash, std::span<const u8> bytes) {
  for (size_t i = 0; i < bytes.size(); i += 8) {
    u64 word = 0;
    std::memcpy(&word, bytes.data() + i, std::min<size_t>(8, bytes.size() - i));
    hash = (hash ^ word) * 0x100000001b3u;
  }
}

int speed(const Options& options) {
  const auto modules = read(options.files[0]);
  if (modules.size() != 1) {
    std::fprintf(stderr, "%s: not one valid module\n", options.files[0].c_str());
    return 1;
  }
  const auto& module = modules[0];
  const VMLayout layout(*module);
  const CompileEnv env = environment(*module, layout, options);
  u64 hash = 0, bytes = 0, interpreted = 0;
  double best = 0;
  for (u32 round = 0; round < 5; ++round) {
    hash = 0xcbf29ce484222325u;
    bytes = interpreted = 0;
    const auto start = std::chrono::steady_clock::now();
    for (u32 f = module->imported_funcs; f < module->funcs.size(); ++f) {
      const auto code = options.compile(env, f);
      if (!code) {
        ++interpreted;
        continue;
      }
      bytes += code->bytes.size();
      if (round == 0) add_to_hash(hash, code->bytes);
    }
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    if (round == 0)
      std::printf("hash of the code: %016llx\n", static_cast<unsigned long long>(hash));
    best = round == 0 ? taken.count() : std::min(best, taken.count());
  }
  std::printf("%u bytes of bodies, %llu of code, %llu functions not compiled, %.1f MB/s\n",
              module->code.size, static_cast<unsigned long long>(bytes),
              static_cast<unsigned long long>(interpreted), module->code.size / best / 1e6);
  return 0;
}

struct Counts {
  u64 functions = 0, interpreted = 0, rejected = 0, bytes = 0;
};

void verify_module(const std::string& path, const Module& module, const Options& options,
                   u32 variant, Counts& counts) {
  const VMLayout layout(module);
  CompileEnv env = environment(module, layout, options);
  env.fuel = env.epoch = (variant & 1) != 0;
  env.tier_up = (variant & 8) != 0;
  if ((variant & 2) != 0) {
    env.signals = false;
    env.guard_bytes = 0;
  }
  if ((variant & 4) != 0) env.cpu = assembly::CpuFeatures::level(2);
  for (u32 f = module.imported_funcs; f < module.funcs.size(); ++f) {
    if (options.function.value_or(f) != f) continue;
    ++counts.functions;
    const auto code = options.compile(env, f);
    if (!code) {
      ++counts.interpreted;
      continue;
    }
    counts.bytes += code->bytes.size();
    if (auto good = verify::verify(env, f, *code); !good) {
      if (++counts.rejected <= (options.all ? ~0u : 20u)) {
        std::printf("%s (variant %u): %s\n", path.c_str(), variant, good.error().message.c_str());
      }
    }
  }
}

int verify_all(Options options) {
  if (options.files == std::vector<std::string>{"-"}) {
    options.files.clear();
    for (std::string line; std::getline(std::cin, line);) options.files.push_back(line);
  }
  Counts counts;
  for (const std::string& path : options.files) {
    for (const auto& module : read(path)) {
      for (u32 variant : {0u, 1u, 2u, 7u, 8u})
        verify_module(path, *module, options, variant, counts);
    }
  }
  std::printf("%llu functions, %llu not compiled, %llu rejected, %llu bytes of code\n",
              static_cast<unsigned long long>(counts.functions),
              static_cast<unsigned long long>(counts.interpreted),
              static_cast<unsigned long long>(counts.rejected),
              static_cast<unsigned long long>(counts.bytes));
  return counts.rejected == 0 ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) {
  Options options;
  const std::string command = argc > 1 ? argv[1] : "";
  auto number = [](const char* text) {
    u32 n = 0;
    std::from_chars(text, text + std::strlen(text), n);
    return n;
  };
  for (int i = 2; i < argc; ++i) {
    const std::string arg = argv[i];
    if (arg == "--optimizing") {
      options.compile = opt::compile;
    } else if (arg == "--all") {
      options.all = true;
    } else if (arg == "--cpu" && i + 1 < argc) {
      options.cpu = assembly::CpuFeatures::level(number(argv[++i]));
    } else if (arg == "--function" && i + 1 < argc) {
      options.function = number(argv[++i]);
    } else {
      options.files.push_back(arg);
    }
  }
  if (command == "verify" && !options.files.empty()) return verify_all(options);
  if (command == "speed" && options.files.size() == 1) return speed(options);
  std::fprintf(stderr,
               "usage: machine_code verify|speed [--cpu N] [--optimizing] [--function INDEX] "
               "FILE…\n");
  return 2;
}

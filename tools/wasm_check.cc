// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Reads and validates binaries: a tool for test scripts and measurements.
//
//   wasm_check [features] FILE…     prints "FILE: ok" or "FILE: error 0x<offset> <message>" for
//   each wasm_check [features] -         the same for the paths on standard input, one per line
//   wasm_check --bench N FILE       reads FILE N times; prints the code section's MB and MB/s, by
//                                   the clock and by processor time
//
// --modes: of valid ones, also checks that the trusting decoder tells a Sink the same as the
// checking one. features: --all, --none, +name, -name (names as after -W); without: the defaults.
// --threads N: as many threads for bodies.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <fstream>
#include <iostream>
#include <string>
#include <vector>

#include "../tests/unit/wasm/trace_sink.h"
#include "wasm/module_reader.h"
#include "wasm/type_registry.h"

namespace {

using namespace wazuka;

struct Bytes : ModuleBytes {
  std::vector<u8> data;
  std::span<const u8> bytes() const override { return data; }
};

std::shared_ptr<Bytes> read_file(const std::string& path) {
  std::ifstream in(path, std::ios::binary | std::ios::ate);
  if (!in) return nullptr;
  auto bytes = std::make_shared<Bytes>();
  bytes->data.resize(static_cast<size_t>(in.tellg()));
  in.seekg(0);
  in.read(reinterpret_cast<char*>(bytes->data.data()),
          static_cast<std::streamsize>(bytes->data.size()));
  return bytes;
}

bool set_feature(Features& features, std::string_view name, bool on) {
  for (const FeatureInfo& info : kFeatures) {
    if (info.flag != name) continue;
    features.set(info.feature, on);
    return true;
  }
  return false;
}

void check(const std::string& path, const ReadOptions& options, bool compare_modes) {
  auto bytes = read_file(path);
  if (!bytes) {
    std::printf("%s: cannot read\n", path.c_str());
    return;
  }
  auto module = read_module(bytes, std::make_shared<TypeRegistry>(), options);
  if (module && compare_modes && !modes_agree(**module)) {
    std::printf("%s: modes differ\n", path.c_str());
  } else if (module) {
    std::printf("%s: ok\n", path.c_str());
  } else {
    std::printf("%s: error 0x%llx %s\n", path.c_str(),
                static_cast<unsigned long long>(module.error().offset),
                module.error().message.c_str());
  }
}

int bench(const std::string& path, const ReadOptions& options, int rounds) {
  auto bytes = read_file(path);
  if (!bytes) return 1;
  double best = 1e9, best_cpu = 1e9, code = 0;
  for (int i = 0; i < rounds; ++i) {
    auto start = std::chrono::steady_clock::now();
    std::clock_t cpu_start = std::clock();
    auto module = read_module(bytes, std::make_shared<TypeRegistry>(), options);
    double cpu = static_cast<double>(std::clock() - cpu_start) / CLOCKS_PER_SEC;
    std::chrono::duration<double> seconds = std::chrono::steady_clock::now() - start;
    if (!module) {
      std::printf("%s: %s\n", path.c_str(), module.error().message.c_str());
      return 1;
    }
    code = (*module)->code.size / 1e6;
    best = std::min(best, seconds.count());
    best_cpu = std::min(best_cpu, cpu);
  }
  std::printf("%s: %.2f MB of code, best %.2f ms, %.0f MB/s; CPU %.2f ms, %.0f MB/s\n",
              path.c_str(), code, best * 1e3, code / best, best_cpu * 1e3, code / best_cpu);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  ReadOptions options;
  int rounds = 0;
  bool modes = false;
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg == "--all") {
      options.features = Features::all();
    } else if (arg == "--none") {
      options.features = Features::none();
      options.features.set(Feature::kMvp, true);
    } else if (arg == "--modes") {
      modes = true;
    } else if (arg == "--threads" && i + 1 < argc) {
      options.validation_threads = static_cast<u32>(std::atoi(argv[++i]));
    } else if (arg == "--bench" && i + 1 < argc) {
      rounds = std::atoi(argv[++i]);
    } else if (arg == "-") {
      for (std::string path; std::getline(std::cin, path);) check(path, options, modes);
    } else if (arg[0] == '+' || arg[0] == '-') {
      if (!set_feature(options.features, arg.substr(1), arg[0] == '+')) {
        std::fprintf(stderr, "unknown feature %s\n", arg.c_str());
        return 2;
      }
    } else if (rounds > 0) {
      if (bench(arg, options, rounds) != 0) return 1;
    } else {
      check(arg, options, modes);
    }
  }
  return 0;
}

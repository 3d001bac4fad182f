// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Prints modules and parses them again: a tool for test scripts and measurements.
//
//   print_check FILE…          prints "FILE: ok", or what is wrong; a FILE is a binary or a script,
//   of
//                              which every module is meant
//   print_check -              the same for the paths on standard input, one per line
//   print_check --bench FILE   prints the times of printing and parsing a binary
#include <chrono>
#include <cstdio>
#include <fstream>
#include <iostream>
#include <iterator>

#include "../tests/unit/wat/round_trip.h"
#include "../tests/unit/wat/suite.h"

namespace {

using namespace wazuka;
using namespace wazuka::wat;

std::span<const u8> bytes_of(const std::string& file) {
  return {reinterpret_cast<const u8*>(file.data()), file.size()};
}

bool check_script(const std::string& path, const std::string& text) {
  auto script = parse_wast(text);
  if (!script) return std::printf("%s: %s\n", path.c_str(), script.error().message.c_str()), false;
  std::vector<Use> uses;
  collect(script->commands, uses);
  bool ok = true;
  for (const Use& use : uses) {
    if (!use.module->binary) continue;
    bool is_text = use.module->form != ModuleForm::kBinary;
    std::string wrong =
        check_round_trips(*use.module->binary, is_text ? Canonical::kYes : Canonical::kNo);
    if (wrong.empty() || (!is_text && wrong.starts_with("flat: print: "))) continue;
    std::printf("%s:%u: %s\n", path.c_str(), use.line, wrong.c_str());
    ok = false;
  }
  return ok;
}

bool check(const std::string& path) {
  std::string file = read(path);
  if (!file.starts_with(std::string("\0asm", 4))) return check_script(path, file);
  std::string wrong = check_round_trips(bytes_of(file), Canonical::kNo);
  std::printf("%s: %s\n", path.c_str(), wrong.empty() ? "ok" : wrong.c_str());
  return wrong.empty();
}

double seconds_since(std::chrono::steady_clock::time_point start) {
  return std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

bool bench(const std::string& path) {
  std::string file = read(path);
  for (bool fold : {false, true}) {
    PrintOptions options;
    options.fold = fold;
    auto start = std::chrono::steady_clock::now();
    size_t written = 0;
    auto printed = print_module(std::make_shared<BinaryBytes>(bytes_of(file)), options,
                                [&](std::string_view piece) {
                                  written += piece.size();
                                  return true;
                                });
    double print = seconds_since(start);
    if (!printed) return std::printf("%s\n", printed.error().message.c_str()), false;
    std::string text = *print_text(bytes_of(file), options);
    start = std::chrono::steady_clock::now();
    auto again = text_to_binary(text);
    double parse = seconds_since(start);
    std::printf(
        "%s: %s: %.1f MB → %.1f MB of text: printed in %.2f s (%.1f MB/s of binary, %.0f of "
        "text), parsed in %.2f s (%.0f MB/s of text)\n",
        path.c_str(), fold ? "folded" : "flat", static_cast<double>(file.size()) / 1e6,
        static_cast<double>(written) / 1e6, print, static_cast<double>(file.size()) / 1e6 / print,
        static_cast<double>(written) / 1e6 / print, parse,
        static_cast<double>(written) / 1e6 / parse);
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) {
  bool ok = true, benches = false;
  for (int i = 1; i < argc; ++i) {
    std::string arg = argv[i];
    if (arg == "--bench") {
      benches = true;
    } else if (arg == "-") {
      for (std::string path; std::getline(std::cin, path);) ok &= check(path);
    } else {
      ok &= benches ? bench(arg) : check(arg);
    }
  }
  return ok ? 0 : 1;
}

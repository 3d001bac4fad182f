// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The official test suite as data: its scripts and the modules in them. It lies beside the project
// ($WAZUKA_SHARED); without it there are none.
#pragma once

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "wat/wast.h"

namespace wazuka::wat {

namespace fs = std::filesystem;

inline fs::path project() {
  return WAZUKA_SOURCE_DIR;
}

inline fs::path suite() {
  const char* shared = std::getenv("WAZUKA_SHARED");
  return (shared != nullptr ? fs::path(shared) : project() / "../shared") / "data/spec";
}

inline std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}

inline void find_scripts(const fs::path& folder, std::vector<fs::path>& found) {
  std::error_code none;
  for (const auto& e : fs::recursive_directory_iterator(folder, none)) {
    if (e.path().extension() == ".wast") found.push_back(e.path());
  }
}

inline std::vector<fs::path> scripts() {
  std::vector<fs::path> found;
  for (const char* part : {"core", "extra"}) find_scripts(suite() / part, found);
  std::ranges::sort(found);
  return found;
}

/// A module of a script and the command that it belongs to.
struct Use {
  u32 line;
  bool malformed;
  const ScriptModule* module;
};

inline void collect(const std::vector<Command>& commands, std::vector<Use>& out) {
  for (const Command& c : commands) {
    auto add = [&](const ScriptModule& m, bool malformed = false) {
      out.push_back({c.location.line, malformed, &m});
    };
    if (auto* module = std::get_if<ModuleCommand>(&c.what)) add(module->module);
    if (auto* definition = std::get_if<ModuleDefinitionCommand>(&c.what)) add(definition->module);
    if (auto* invalid = std::get_if<AssertInvalid>(&c.what)) add(invalid->module);
    if (auto* malformed = std::get_if<AssertMalformed>(&c.what)) add(malformed->module, true);
    if (auto* unlinkable = std::get_if<AssertUnlinkable>(&c.what)) add(unlinkable->module);
    if (auto* thread = std::get_if<ThreadCommand>(&c.what)) collect(thread->commands, out);
    if (auto* trap = std::get_if<AssertTrap>(&c.what)) {
      if (auto* m = std::get_if<ScriptModule>(&trap->execution)) add(*m);
    }
  }
}

}  // namespace wazuka::wat

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Text → binary → text → binary gives the same bytes for every module of the official suite and of
// our own scripts, flat and folded; binary modules give the same text again.
#include <gtest/gtest.h>

#include "unit/wat/round_trip.h"
#include "unit/wat/suite.h"

namespace wazuka::wat {
namespace {

struct Count {
  size_t canonical = 0, other = 0, malformed = 0;
};

void check_module(const ScriptModule& module, const std::string& place, Count& count) {
  if (!module.binary) return;
  bool text = module.form != ModuleForm::kBinary;
  std::string wrong = check_round_trips(*module.binary, text ? Canonical::kYes : Canonical::kNo);
  // Modules in binary form may be malformed, on purpose.
  if (!text && wrong.starts_with("flat: print: ")) return void(++count.malformed);
  EXPECT_EQ(wrong, "") << place;
  ++(text ? count.canonical : count.other);
}

void check_scripts(const std::vector<fs::path>& files, Count& count) {
  for (const fs::path& file : files) {
    auto script = parse_wast(read(file));
    if (!script) continue;  // suite_test.cc is about that
    std::vector<Use> uses;
    collect(script->commands, uses);
    for (const Use& use : uses) {
      check_module(*use.module, file.filename().string() + ":" + std::to_string(use.line), count);
    }
  }
}

TEST(PrintSuite, ModulesOfTheOfficialSuiteRoundTrip) {
  std::vector<fs::path> files = scripts();
  if (files.empty()) GTEST_SKIP() << "no test suite in " << suite();
  Count count;
  check_scripts(files, count);
  EXPECT_GT(count.canonical, 5000u);  // the suite was there and was read
  EXPECT_GT(count.other, 100u);
}

TEST(PrintSuite, ModulesOfOurScriptsRoundTrip) {
  std::vector<fs::path> files;
  find_scripts(fs::path(WAZUKA_SOURCE_DIR) / "tests/wast", files);
  Count count;
  check_scripts(files, count);
  EXPECT_GE(count.canonical, files.size());  // each has a module at least
}

}  // namespace
}  // namespace wazuka::wat

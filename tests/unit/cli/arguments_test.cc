// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/arguments.h"

#include <gtest/gtest.h>

#include "cli/commands.h"

namespace wazuka::cli {
namespace {

std::expected<ParsedArguments, std::string> parse(CommandId command,
                                                  std::vector<std::string> words) {
  static std::vector<std::vector<std::string>> kept;  // results point into the words
  kept.push_back(std::move(words));
  std::vector<char*> pointers;
  for (std::string& w : kept.back()) pointers.push_back(w.data());
  return parse_arguments(command, pointers);
}

TEST(Arguments, EverythingBehindTheFileIsTheGuests) {
  auto a = parse(CommandId::kRun, {"--dir", "x", "-Wfuel=1", "a.wasm", "--dir", "--", "-W"});
  ASSERT_TRUE(a.has_value());
  ASSERT_EQ(a->flags.size(), 2u);
  EXPECT_EQ(a->flags[0].value, "x");
  EXPECT_EQ(a->flags[1].value, "fuel=1");
  ASSERT_EQ(a->positionals.size(), 4u);
  EXPECT_EQ(a->positionals[1], "--dir");
  EXPECT_EQ(a->positionals[2], "--");
}

TEST(Arguments, FormsOfValues) {
  for (std::vector<std::string> words : {std::vector<std::string>{"-W", "gc", "f"},
                                         {"-Wgc", "f"},
                                         {"-W=gc", "f"},
                                         {"--wasm", "gc", "f"},
                                         {"--wasm=gc", "f"}}) {
    auto a = parse(CommandId::kRun, words);
    ASSERT_TRUE(a.has_value()) << words[0];
    EXPECT_EQ(a->flags[0].value, "gc") << words[0];
  }
  auto dashes = parse(CommandId::kRun, {"--", "--dir"});
  ASSERT_TRUE(dashes.has_value());
  EXPECT_EQ(dashes->positionals[0], "--dir");
}

TEST(Arguments, OtherCommandsTakeFlagsAnywhere) {
  auto a =
      parse(CommandId::kWast, {"a.wast", "--ignore-error-messages", "b.wast", "--async=false"});
  ASSERT_TRUE(a.has_value());
  EXPECT_EQ(a->positionals.size(), 2u);
  EXPECT_NE(a->find(FlagId::kIgnoreErrorMessages), nullptr);
  EXPECT_EQ(a->find(FlagId::kAsync)->value, "false");
}

TEST(Arguments, ErrorsAreClaps) {
  EXPECT_EQ(parse(CommandId::kRun, {}).error(),
            "error: the following required arguments were not provided:\n  <WASM>...\n\n"
            "Usage: wazuka run <WASM>...\n\nFor more information, try '--help'.\n");
  EXPECT_EQ(parse(CommandId::kRun, {"--dir"}).error(),
            "error: a value is required for '--dir <HOST_DIR[::GUEST_DIR]>' but none was "
            "supplied\n\nFor more information, try '--help'.\n");
  EXPECT_EQ(parse(CommandId::kTop, {"-z", "x"}).error(),
            "error: unexpected argument '-z' found\n\n  tip: to pass '-z' as a value, use '-- "
            "-z'\n\nUsage: wazuka [OPTIONS] <WASM>...\n       wazuka <COMMAND>\n\nFor more "
            "information, try '--help'.\n");
  EXPECT_EQ(parse(CommandId::kTop, {"--invok", "x"}).error(),
            "error: unexpected argument '--invok' found\n\n  tip: a similar argument exists: "
            "'--invoke'\n  tip: to pass '--invok' as a value, use '-- --invok'\n\nUsage: wazuka "
            "--invoke <FUNCTION> <WASM>...\n\nFor more information, try '--help'.\n");
  EXPECT_EQ(parse(CommandId::kRun, {"--argv0", "a", "--argv0", "b", "f"}).error(),
            "error: the argument '--argv0 <ARGV0>' cannot be used multiple times\n\nUsage: wazuka "
            "run [OPTIONS] <WASM>...\n\nFor more information, try '--help'.\n");
  EXPECT_EQ(parse(CommandId::kRun, {"--allow-precompiled=x", "f"}).error(),
            "error: unexpected value 'x' for '--allow-precompiled' found; no more were "
            "expected\n\nUsage: wazuka run --allow-precompiled <WASM>...\n\nFor more information, "
            "try '--help'.\n");
}

}  // namespace
}  // namespace wazuka::cli

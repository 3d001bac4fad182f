// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/options.h"

#include <gtest/gtest.h>

#include "cli/output.h"

namespace wazuka::cli {
namespace {

std::string error_of(const Result<void>& result) {
  return result ? "no error" : error_text(result.error());
}

TEST(Options, ValuesAndTheLastOneWins) {
  Options o;
  ASSERT_TRUE(o.parse(Group::kWasm, "fuel=100,timeout=2s,unknown-imports-trap").has_value());
  ASSERT_TRUE(o.parse(Group::kWasm, "fuel=0x20").has_value());
  EXPECT_EQ(o.number(OptionId::kWasmFuel), 32u);
  EXPECT_EQ(o.number(OptionId::kWasmTimeout), 2'000'000'000u);
  EXPECT_TRUE(o.is_on(OptionId::kWasmUnknownImportsTrap));
  EXPECT_FALSE(o.flag(OptionId::kWasmUnknownImportsDefault).has_value());
}

TEST(Options, Errors) {
  Options o;
  EXPECT_EQ(error_of(o.parse(Group::kWasm, "bogus")), "unknown option: bogus");
  EXPECT_EQ(error_of(o.parse(Group::kOptimize, "fuel=1")), "unknown option: fuel");
  EXPECT_EQ(error_of(o.parse(Group::kWasm, "gc=maybe")),
            "failed to parse option `gc=maybe`\n\nCaused by:\n"
            "    unknown boolean flag `maybe`, only yes,no,<nothing> accepted\n");
  EXPECT_EQ(error_of(o.parse(Group::kWasm, "fuel")),
            "failed to parse option `fuel`\n\nCaused by:\n"
            "    value must be specified with `key=val` syntax\n");
  EXPECT_EQ(error_of(o.parse(Group::kOptimize, "opt-level=9")),
            "failed to parse option `opt-level=9`\n\nCaused by:\n"
            "    unknown optimization level `9`, only 0,1,2,s accepted\n");
  EXPECT_EQ(error_of(o.parse(Group::kWasm, "")), "unknown option: ");
}

TEST(Options, FeaturesDoNotDependOnTheOrder) {
  Options o;
  ASSERT_TRUE(o.parse(Group::kWasm, "simd=n,all-proposals").has_value());
  EXPECT_FALSE(o.features().has(Feature::kSimd));
  EXPECT_TRUE(o.features().has(Feature::kCustomPageSizes));
  EXPECT_FALSE(o.features().has(Feature::kLegacyExceptions));
  Options off;
  ASSERT_TRUE(off.parse(Group::kWasm, "all-proposals=n").has_value());
  EXPECT_TRUE(off.features().has(Feature::kMvp));
  EXPECT_FALSE(off.features().has(Feature::kMultiValue));
}

TEST(Options, PrefixedOptions) {
  Options o;
  EXPECT_TRUE(o.parse(Group::kCodegen, "cranelift-has-avx2,cranelift-opt=1").has_value());
  EXPECT_EQ(error_of(o.parse(Group::kCodegen, "cranelift-")), "no error");
  EXPECT_EQ(error_of(o.parse(Group::kCodegen, "cranelift")), "unknown option: cranelift");
}

TEST(Options, TheEnvironmentComesFirst) {
  char group[] = "WASMTIME_WASM=fuel=1,gc=n";
  char single[] = "WASMTIME_WASM_FUEL=2";
  char unknown[] = "WASMTIME_WASM_BOGUS=2";
  char other[] = "WASMTIME_DIR=2";
  char* environment[] = {single, group, unknown, other, nullptr};
  Options o;
  ASSERT_TRUE(o.parse_environment(environment).has_value());
  EXPECT_EQ(o.number(OptionId::kWasmFuel), 2u);
  EXPECT_FALSE(o.features().has(Feature::kGc));

  char bad[] = "WASMTIME_WASM_FUEL=x";
  char* bad_environment[] = {bad, nullptr};
  EXPECT_EQ(error_of(o.parse_environment(bad_environment)),
            "failed to parse env var `WASMTIME_WASM_FUEL`\n\nCaused by:\n"
            "    invalid digit found in string\n");
}

TEST(Options, WhatThisBuildCannotDoIsAnErrorThatNamesIt) {
  Options o;
  ASSERT_TRUE(o.parse(Group::kWasi, "nn=n").has_value());
  EXPECT_TRUE(o.check_supported().has_value());
  ASSERT_TRUE(o.parse(Group::kWasi, "nn").has_value());
  EXPECT_EQ(error_of(o.check_supported()), "the option `-S nn` is not supported yet by this build");
}

}  // namespace
}  // namespace wazuka::cli

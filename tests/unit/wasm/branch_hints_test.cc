// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wasm/branch_hints.h"

#include "module_fixture.h"

namespace wazuka {
namespace {

constexpr const char* kHinted = R"((module
  (func $none (param i32))
  (func $hinted (param i32) (result i32)
    (block
      (@metadata.code.branch_hint "\01") (br_if 0 (local.get 0))
      (return (i32.const 1))
      (@metadata.code.branch_hint "\01") (br_if 0 (local.get 0)))
    (@metadata.code.branch_hint "\00")
    (if (result i32) (local.get 0) (then (i32.const 2)) (else (i32.const 3))))))";

TEST(BranchHints, AreKeptByFunctionWithoutThoseOfDeadCode) {
  auto module = read_valid(kHinted);
  ASSERT_NE(module, nullptr);
  EXPECT_FALSE(module->custom_error);
  EXPECT_TRUE(module->branch_hints_of(0).empty());
  std::span<const BranchHint> hints = module->branch_hints_of(1);
  ASSERT_EQ(hints.size(), 2u);
  EXPECT_TRUE(hints[0].likely);
  EXPECT_FALSE(hints[1].likely);
  EXPECT_EQ(module->bytes[hints[0].offset], 0x0d);
  EXPECT_EQ(module->bytes[hints[1].offset], 0x04);
}

TEST(BranchHints, AreIgnoredWithoutTheFeature) {
  auto module = read_valid(kHinted, without(Feature::kBranchHinting));
  ASSERT_NE(module, nullptr);
  EXPECT_TRUE(module->branch_hints.empty());
}

std::string error_of_section(std::initializer_list<u8> contents) {
  std::vector<u8> bytes = encode("(module (func (param i32) (if (local.get 0) (then))))");
  BinaryWriter out, section;
  section.raw(std::vector<u8>(contents));
  write_custom_section(out, "metadata.code.branch_hint", section.bytes());
  bytes.insert(bytes.end(), out.bytes().begin(), out.bytes().end());
  auto module = read_bytes(std::move(bytes));
  EXPECT_TRUE(module) << "custom sections cannot make a module invalid";
  if (!module) return "invalid";
  EXPECT_TRUE((*module)->custom_error || (*module)->branch_hints.size() == 1);
  return (*module)->custom_error ? (*module)->custom_error->message : "valid";
}

TEST(BranchHints, ErrorsAreKept) {
  EXPECT_EQ(error_of_section({1, 0, 1, 3, 1, 0}), "valid");
  auto ends_with = [](const std::string& text, const char* end) {
    return text.ends_with(end) ? std::string() : text;
  };
  EXPECT_EQ(ends_with(error_of_section({1, 1, 1, 3, 1, 0}), "invalid function index"), "");
  EXPECT_EQ(ends_with(error_of_section({1, 0, 1, 9, 1, 0}), "invalid offset"), "");
  EXPECT_EQ(ends_with(error_of_section({1, 0, 2, 3, 1, 0, 3, 1, 0}), "invalid offset"), "");
  EXPECT_EQ(ends_with(error_of_section({1, 0, 1, 3, 1, 2}), "invalid value"), "");
  EXPECT_EQ(ends_with(error_of_section({1, 0, 1, 3, 2, 0}), "invalid value"), "");
  EXPECT_EQ(ends_with(error_of_section({1, 0, 1, 1, 1, 0}), "invalid target"), "");
  EXPECT_EQ(ends_with(error_of_section({1, 0, 1, 3, 1, 0, 0}), "unexpected data at the end"), "");
  EXPECT_NE(error_of_section({1, 0, 1, 3}), "valid");
  EXPECT_NE(error_of_section({0x80}), "valid");
}

}  // namespace
}  // namespace wazuka

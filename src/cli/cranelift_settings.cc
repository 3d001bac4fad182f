// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "cli/cranelift_settings.h"

#include <algorithm>
#include <charconv>
#include <string>

#include "base/ints.h"

namespace wazuka::cli {
namespace {

enum class Kind : u8 { kBool, kNumber, kWords, kAnyWord, kAnyBool, kPreset };

struct Setting {
  std::string_view name;
  Kind kind;
  std::string_view words;
};

constexpr Setting kSettings[] = {
#define SETTING(name, kind, words) {#name, Kind::k##kind, words},
#define PRESET(name) {#name, Kind::kPreset, {}},
#include "cli/cranelift_settings.def"
#undef SETTING
#undef PRESET
};

bool is_one_of(std::string_view value, std::string_view words) {
  while (!words.empty()) {
    const size_t space = std::min(words.find(' '), words.size());
    if (words.substr(0, space) == value) return true;
    words.remove_prefix(std::min(space + 1, words.size()));
  }
  return false;
}

Result<void> check_value(const Setting& setting, std::string_view value) {
  std::string expected;
  if (setting.kind == Kind::kBool) {
    if (is_one_of(value, "true on yes 1 false off no 0")) return {};
    expected = "bool";
  } else if (setting.kind == Kind::kNumber) {
    if (value.size() > 1 && value[0] == '+') value.remove_prefix(1);
    u8 number = 0;
    const auto [end, error] = std::from_chars(value.data(), value.data() + value.size(), number);
    if (error == std::errc() && end == value.data() + value.size()) return {};
    expected = "number";
  } else if (setting.kind == Kind::kWords) {
    if (is_one_of(value, setting.words)) return {};
    expected = "any among ";
    for (char c : setting.words) expected += c == ' ' ? ", " : std::string(1, c);
  } else {
    return {};
  }
  return fail("Unexpected value for a setting, expected " + expected);
}

}  // namespace

Result<void> check_cranelift_setting(std::string_view key, std::optional<std::string_view> value) {
  std::string name(key);
  std::replace(name.begin(), name.end(), '-', '_');
  const Setting* found = nullptr;
  for (const Setting& s : kSettings) {
    // A preset that is given a value is looked for among the others.
    if (s.name == name && !(value && s.kind == Kind::kPreset)) found = &s;
  }
  if (found == nullptr) return fail("No existing setting named '" + name + "'");
  if (value) return check_value(*found, *value);
  if (found->kind == Kind::kNumber || found->kind == Kind::kWords ||
      found->kind == Kind::kAnyWord) {
    return fail("Trying to set a setting with the wrong type");
  }
  return {};
}

}  // namespace wazuka::cli

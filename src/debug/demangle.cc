// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/demangle.h"

#include <algorithm>

namespace wazuka::debug {
namespace {

bool is_graphic(char c) {
  return c > ' ' && c < 0x7f;
}

/// LLVM renames symbols by a suffix when it moves them between modules; "foo.llvm.A1B2" is foo.
std::string_view without_llvm_suffix(std::string_view name) {
  constexpr std::string_view kMark = ".llvm.";
  const size_t mark = name.find(kMark);
  if (mark == std::string_view::npos) return name;
  const auto is_digit = [](char c) {
    return (c >= '0' && c <= '9') || (c >= 'A' && c <= 'F') || c == '@';
  };
  return std::ranges::all_of(name.substr(mark + kMark.size()), is_digit) ? name.substr(0, mark)
                                                                         : name;
}

}  // namespace

std::string demangle(std::string_view name) {
  const bool mangled = name.starts_with("_Z") || name.starts_with("_R") ||
                       name.starts_with("__Z") || name.starts_with("__R");
  if (mangled && name.size() <= kMaxMangledName && std::ranges::all_of(name, is_graphic)) {
    const std::string_view rust = without_llvm_suffix(name);
    if (auto readable = demangle_rust_legacy(rust)) return *std::move(readable);
    if (auto readable = demangle_rust_v0(rust)) return *std::move(readable);
    if (auto readable = demangle_itanium(name)) return *std::move(readable);
  }
  return std::string(name);
}

}  // namespace wazuka::debug

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The custom "name" section (spec 7.4.1): only the module's and the functions' names are kept.
// Other subsections, of the specification or of the extended-name-section proposal, are skipped.
#include <algorithm>

#include "base/utf8.h"
#include "wasm/binary_reader.h"
#include "wasm/module_reader.h"

namespace wazuka {
namespace {

constexpr u8 kModuleName = 0, kFunctionNames = 1;

/// Unlike names of imports and exports these have no length limit of their own.
std::string_view read_long_name(BinaryReader& reader, const Module& module) {
  std::span<const u8> bytes = module.view(reader.read_range());
  if (!is_valid_utf8(bytes)) reader.fail_at(reader.position(), "malformed UTF-8 encoding");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

void read_function_names(BinaryReader& reader, const Module& module, NameSection& names) {
  u32 count = reader.read_u32();
  names.funcs.reserve(std::min<size_t>(count, reader.remaining() / 2));
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    u32 index = reader.read_u32();
    names.funcs.emplace_back(index, read_long_name(reader, module));
  }
}

bool read_subsections(const Module& module, ByteRange section, NameSection& names) {
  BinaryReader reader(module.bytes, section);
  while (!reader.at_end()) {
    u8 id = reader.read_u8();
    BinaryReader contents(module.bytes, reader.read_range());
    if (reader.failed()) return false;
    if (id == kModuleName) names.module = read_long_name(contents, module);
    if (id == kFunctionNames) read_function_names(contents, module, names);
    if (contents.failed()) return false;
  }
  return !reader.failed();
}

}  // namespace

NameSection read_names(const Module& module) {
  NameSection names;
  for (const CustomSection& custom : module.customs) {
    if (custom.name != "name") continue;
    if (!read_subsections(module, custom.bytes, names)) return {};
  }
  // Of several names for one function the first in the binary counts.
  std::ranges::sort(names.funcs, [](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : a.second.data() < b.second.data();
  });
  return names;
}

std::string_view NameSection::func_name(u32 index) const {
  auto found = std::ranges::lower_bound(funcs, index, {}, &std::pair<u32, std::string_view>::first);
  return found == funcs.end() || found->first != index ? std::string_view() : found->second;
}

}  // namespace wazuka

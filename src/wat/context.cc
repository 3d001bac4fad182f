// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/context.h"

#include <algorithm>

namespace wazuka::wat {
namespace {

constexpr std::string_view kSpaceNames[kSpaceCount] = {"func", "table", "memory", "global",
                                                       "tag",  "type",  "data",   "elem"};

}  // namespace

std::string_view space_name(Space space) {
  return kSpaceNames[static_cast<u32>(space)];
}

[[gnu::cold, gnu::noinline]] void ModuleContext::complain(Rank r, u32 offset, std::string message) {
  if (r >= rank) return;
  rank = r;
  meaning = Error{std::move(message), offset, {}};
}

[[gnu::cold, gnu::noinline]] void ModuleContext::unknown(std::string_view what,
                                                         std::string_view name, u32 offset) {
  complain(Rank::kResolve, offset,
           "unknown " + std::string(what) + ": failed to find name `$" + std::string(name) + "`");
}

bool ModuleContext::index(Space space, u32& out) {
  out = 0;
  if (c.at(TokenKind::kInteger)) return c.expect_u32(out);
  if (!c.at(TokenKind::kId)) {
    return c.fail("unexpected token, expected an index or an identifier");
  }
  u32 offset = c.offset();
  std::string_view id;
  if (!c.expect_id(id)) return false;
  const NameMap::Entry* entry = spaces[static_cast<u32>(space)].find(id);
  if (entry == nullptr) {
    unknown(space_name(space), id, offset);
  } else {
    out = entry->value;
  }
  return true;
}

bool ModuleContext::optional_name(std::string_view& name) {
  if (!c.at_annotation("name")) return true;
  c.advance(), c.advance();
  return c.expect_name(name) && c.expect_right();
}

bool ModuleContext::optional_id_and_name(std::string_view& id, std::string_view& name) {
  if (!c.optional_id(id)) return false;
  name = id;
  return optional_name(name);
}

NameMap* ModuleContext::fields_of(u32 type_index) {
  auto it = std::ranges::lower_bound(struct_names, type_index, {}, &StructNames::type_index);
  if (it == struct_names.end() || it->type_index != type_index) return nullptr;
  return &it->fields;
}

}  // namespace wazuka::wat

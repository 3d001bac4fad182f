// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The import section (spec 5.5.5), with the compact forms of the compact import section proposal:
// after an empty item name, 0x7f introduces many items of one module, 0x7e many items of one module
// and one type.
#include <algorithm>

#include "wasm/section_reader.h"

namespace wazuka {
namespace {

constexpr u8 kCompactItems = 0x7f, kCompactNames = 0x7e;

}  // namespace

void SectionReader::read_imports() {
  u32 start = position();
  u32 count = read_item_count(0, limits::kMaxImports, "imports", start);
  m_.imports.reserve(std::min<size_t>(count, remaining()));
  for (u32 i = 0; i < count && !failed(); ++i) read_import_group();
}

void SectionReader::read_import_group() {
  u32 start = position();
  std::string_view module = read_name();
  std::string_view name = read_name();
  if (failed()) return;
  if (at_end()) return unexpected_end();
  if (name.empty() && (*pc_ == kCompactItems || *pc_ == kCompactNames)) {
    const char* message = *pc_ == kCompactItems
                              ? "invalid leading byte 0x7F with compact imports proposal disabled"
                              : "invalid leading byte 0x7E with compact imports proposal disabled";
    if (!require(Feature::kCompactImports, position(), message)) return;
    return read_compact_imports(module, read_u8());
  }
  ImportType type = read_import_type();
  if (!failed()) add_import(module, name, type, start);
}

void SectionReader::read_compact_imports(std::string_view module, u8 encoding) {
  ImportType type;
  if (encoding == kCompactNames) type = read_import_type();
  u32 count = read_u32();
  if (!checks()) {
    u32 first = static_cast<u32>(m_.imports.size());
    m_.import_groups.push_back({module, first, count, encoding == kCompactNames, type});
  }
  for (u32 i = 0; i < count && !failed(); ++i) {
    u32 start = position();
    std::string_view name = read_name();
    if (encoding == kCompactItems) type = read_import_type();
    if (!failed()) add_import(module, name, type, start);
  }
}

ImportType SectionReader::read_import_type() {
  ImportType type;
  u8 kind = read_u8();
  switch (kind) {
    case static_cast<u8>(ExternKind::kFunc): type.type_index = read_u32(); break;
    case static_cast<u8>(ExternKind::kTable): type.table = read_table_type(); break;
    case static_cast<u8>(ExternKind::kMemory): type.memory = read_memory_type(); break;
    case static_cast<u8>(ExternKind::kGlobal): type.global = read_global_type(); break;
    case static_cast<u8>(ExternKind::kTag): type.type_index = read_tag_type().type_index; break;
    case kFuncExact:
      type.exact = true;
      type.type_index = read_u32();
      kind = 0;
      break;
    default: invalid_leading_byte(kind, "external kind"); kind = 0;
  }
  type.kind = static_cast<ExternKind>(kind);
  return type;
}

bool SectionReader::check_import_type(const ImportType& type, u32 offset) {
  if (!checks()) return true;
  switch (type.kind) {
    case ExternKind::kFunc:
      if (type.exact && !require(Feature::kCustomDescriptors, offset,
                                 "custom descriptors required for exact function imports")) {
        return false;
      }
      return check_func_type(type.type_index, offset);
    case ExternKind::kTable: return check_table_type(type.table, offset);
    case ExternKind::kMemory: return check_memory_type(type.memory, offset);
    case ExternKind::kGlobal:
      return check_type(type.global.type, offset) &&
             (!type.global.mut ||
              require(Feature::kMutableGlobals, offset, "mutable global support is not enabled"));
    case ExternKind::kTag: return check_tag_type({type.type_index}, offset);
  }
  return false;
}

bool SectionReader::add_import(std::string_view module, std::string_view name,
                               const ImportType& type, u32 offset) {
  if (!check_max(m_.imports.size() + 1, limits::kMaxImports, "imports", offset)) return false;
  if (!check_import_type(type, offset)) return false;
  Import import{module, name, type.kind, 0, type.exact};
  bool ok = true;
  switch (type.kind) {
    case ExternKind::kFunc: {
      import.index = m_.imported_funcs++;
      FuncDecl func;
      func.type_index = type.type_index;
      func.imported = true;
      func.exact = type.exact;
      m_.funcs.push_back(func);
      ok = check_max(m_.funcs.size(), limits::kMaxFunctions, "functions", offset);
      break;
    }
    case ExternKind::kTable:
      import.index = m_.imported_tables++;
      m_.tables.push_back({type.table, {}});
      ok = check_max(m_.tables.size(), max_tables(), "tables", offset);
      break;
    case ExternKind::kMemory:
      import.index = m_.imported_memories++;
      m_.memories.push_back(type.memory);
      ok = check_max(m_.memories.size(), max_memories(), "memories", offset);
      break;
    case ExternKind::kGlobal:
      import.index = m_.imported_globals++;
      m_.globals.push_back({type.global, {}});
      ok = check_max(m_.globals.size(), limits::kMaxGlobals, "globals", offset);
      break;
    case ExternKind::kTag:
      import.index = m_.imported_tags++;
      m_.tags.push_back({type.type_index});
      ok = check_max(m_.tags.size(), limits::kMaxTags, "tags", offset);
      break;
  }
  m_.imports.push_back(import);
  return ok;
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The sections of functions, tables, memories, globals, tags and exports (spec 5.5.6–5.5.10), and
// the types of these entities (spec 5.3.8–5.3.12).
#include <algorithm>
#include <numeric>

#include "wasm/section_reader.h"

namespace wazuka {
namespace {

constexpr u8 kHasMax = 1, kShared = 2, kAddress64 = 4, kHasPageSize = 8;

}  // namespace

u32 SectionReader::max_tables() const {
  return has(Feature::kReferenceTypes) ? limits::kMaxTables : 1;
}

u32 SectionReader::max_memories() const {
  return has(Feature::kMultiMemory) ? limits::kMaxMemories : 1;
}

/// That there is a function type of this index.
bool SectionReader::check_func_type(u32 type_index, u32 offset) {
  if (!checks()) return true;
  if (type_index >= m_.types.size()) {
    return unusable(offset, join({"unknown type ", type_index, ": type index out of bounds"}));
  }
  if (m_.types[type_index].kind == CompositeKind::kFunc) return true;
  return unusable(offset, join({"type index ", type_index, " is not a function type"}));
}

void SectionReader::read_functions() {
  u32 start = position();
  u32 count = read_item_count(m_.funcs.size(), limits::kMaxFunctions, "functions", start);
  function_count_ = count;
  m_.funcs.reserve(m_.funcs.size() + std::min<size_t>(count, remaining()));
  for (u32 i = 0; i < count && !failed(); ++i) {
    u32 offset = position();
    FuncDecl func;
    func.type_index = read_u32();
    if (failed() || !check_func_type(func.type_index, offset)) return;
    m_.funcs.push_back(func);
  }
}

void SectionReader::read_tables() {
  u32 start = position();
  u32 count = read_item_count(m_.tables.size(), max_tables(), "tables", start);
  for (u32 i = 0; i < count && !failed(); ++i) {
    u32 offset = position();
    TableDecl table;
    bool has_init = !at_end() && *pc_ == 0x40;
    if (has_init) {
      ++pc_;
      if (read_u8() != 0) return fail_at(position() - 1, "invalid table encoding");
    }
    table.type = read_table_type();
    if (failed() || !check_table_type(table.type, offset)) return;
    if (has_init) {
      if (!require(Feature::kFunctionReferences, offset,
                   "tables with expression initializers require the function-references "
                   "proposal")) {
        return;
      }
      table.init = read_const_expr(table.type.element);
    } else if (!table.type.element.nullable() && checks() &&
               !invalid(offset, "type mismatch: non-defaultable element type")) {
      return;
    }
    m_.tables.push_back(table);
  }
}

TableType SectionReader::read_table_type() {
  TableType type;
  type.element = read_ref_type();
  u32 offset = position();
  u8 flags = read_u8();
  if ((flags & ~(kHasMax | kShared | kAddress64)) != 0) {
    fail_at(offset, "invalid table resizable limits flags");
  }
  type.shared = (flags & kShared) != 0;
  type.address = (flags & kAddress64) != 0 ? AddressType::kI64 : AddressType::kI32;
  auto read_limit = [&] { return has(Feature::kMemory64) ? read_u64() : read_u32(); };
  type.limits.min = read_limit();
  if ((flags & kHasMax) != 0) type.limits.max = read_limit();
  return type;
}

bool SectionReader::check_table_type(const TableType& type, u32 offset) {
  if (!checks()) return true;
  if (type.element != kFuncRef && !check_type(type.element, offset)) return false;
  if (!check_limits(type.limits, offset)) return false;
  bool is64 = type.address == AddressType::kI64;
  if (is64 && !require(Feature::kMemory64, offset, "memory64 must be enabled for 64-bit tables")) {
    return false;
  }
  if (type.shared) {
    return invalid(offset, "shared tables require the shared-everything-threads proposal");
  }
  u64 maximum = is64 ? ~u64{0} : ~u32{0};
  if (type.limits.min <= maximum && type.limits.max.value_or(0) <= maximum) return true;
  return invalid(offset, join({"table size must be at most 0x", Hex{maximum}, " entries"}));
}

void SectionReader::read_memories() {
  u32 start = position();
  u32 count = read_item_count(m_.memories.size(), max_memories(), "memories", start);
  for (u32 i = 0; i < count && !failed(); ++i) {
    u32 offset = position();
    MemoryType type = read_memory_type();
    if (failed() || !check_memory_type(type, offset)) return;
    m_.memories.push_back(type);
  }
}

MemoryType SectionReader::read_memory_type() {
  MemoryType type;
  u32 offset = position();
  u8 flags = read_u8();
  if ((flags & ~(kHasMax | kShared | kAddress64 | kHasPageSize)) != 0) {
    fail_at(offset, "invalid memory limits flags");
  }
  type.shared = (flags & kShared) != 0;
  type.address = (flags & kAddress64) != 0 ? AddressType::kI64 : AddressType::kI32;
  auto read_limit = [&] { return has(Feature::kMemory64) ? read_u64() : read_u32(); };
  type.limits.min = read_limit();
  if ((flags & kHasMax) != 0) type.limits.max = read_limit();
  if ((flags & kHasPageSize) == 0) return type;
  u32 page_size_log2 = read_u32();
  if (page_size_log2 >= 64) fail_at(offset, "invalid custom page size");
  type.page_size_log2 = static_cast<u8>(page_size_log2);
  type.custom_page_size = true;
  return type;
}

bool SectionReader::check_memory_type(const MemoryType& type, u32 offset) {
  if (!checks()) return true;
  if (!check_limits(type.limits, offset)) return false;
  bool is64 = type.address == AddressType::kI64;
  if (is64 &&
      !require(Feature::kMemory64, offset, "memory64 must be enabled for 64-bit memories")) {
    return false;
  }
  if (type.shared &&
      !require(Feature::kThreads, offset, "threads must be enabled for shared memories")) {
    return false;
  }
  if (type.custom_page_size &&
      !require(Feature::kCustomPageSizes, offset,
               "the custom page sizes proposal must be enabled to customize a memory's page "
               "size")) {
    return false;
  }
  if (type.page_size_log2 != 0 && type.page_size_log2 != 16) {
    return invalid(offset, "invalid custom page size");
  }
  // The address space in pages, but not more than fits the address type.
  u32 address_bits = is64 ? 64 : 32;
  u64 all_ones = is64 ? ~u64{0} : ~u32{0};
  u64 maximum = type.page_size_log2 == 0 ? all_ones : u64{1} << (address_bits - 16);
  if (type.limits.min > maximum || type.limits.max.value_or(0) > maximum) {
    return invalid(offset, join({"memory size must be at most 0x", Hex{maximum}, " ",
                                 u64{1} << type.page_size_log2, "-byte pages"}));
  }
  if (!type.shared || type.limits.max) return true;
  return invalid(offset, "shared memory must have maximum size");
}

void SectionReader::read_globals() {
  u32 start = position();
  u32 count = read_item_count(m_.globals.size(), limits::kMaxGlobals, "globals", start);
  m_.globals.reserve(m_.globals.size() + std::min<size_t>(count, remaining()));
  for (u32 i = 0; i < count && !failed(); ++i) {
    u32 offset = position();
    GlobalDecl global;
    global.type = read_global_type();
    if (failed() || !check_type(global.type.type, offset)) return;
    global.init = read_const_expr(global.type.type);
    m_.globals.push_back(global);
  }
}

GlobalType SectionReader::read_global_type() {
  GlobalType type;
  u32 offset = position();
  type.type = read_val_type();
  u8 flags = read_u8();
  if (flags > 3) fail_at(position() - 1, "malformed global flags");
  if ((flags & 2) != 0) {
    fail_at(offset, "shared globals require the shared-everything-threads proposal");
  }
  type.mut = (flags & 1) != 0;
  return type;
}

void SectionReader::read_tags() {
  u32 start = position();
  u32 count = read_item_count(m_.tags.size(), limits::kMaxTags, "tags", start);
  m_.tags.reserve(m_.tags.size() + std::min<size_t>(count, remaining()));
  for (u32 i = 0; i < count && !failed(); ++i) {
    u32 offset = position();
    TagType tag = read_tag_type();
    if (failed() || !check_tag_type(tag, offset)) return;
    m_.tags.push_back(tag);
  }
}

TagType SectionReader::read_tag_type() {
  if (read_u8() != 0) fail_at(position() - 1, "invalid tag attributes");
  return {read_u32()};
}

bool SectionReader::check_tag_type(const TagType& type, u32 offset) {
  if (!checks()) return true;
  if (!require(Feature::kExceptions, offset, "exceptions proposal not enabled")) return false;
  if (!check_func_type(type.type_index, offset)) return false;
  if (!usable_ || m_.types[type.type_index].func.results.empty()) return true;
  return require(Feature::kStackSwitching, offset,
                 "invalid exception type: non-empty tag result type");
}

void SectionReader::read_exports() {
  u32 start = position();
  u32 count = read_item_count(m_.exports.size(), limits::kMaxExports, "exports", start);
  m_.exports.reserve(std::min<size_t>(count, remaining()));
  scratch_indices_.clear();  // offsets
  for (u32 i = 0; i < count && !failed(); ++i) {
    u32 offset = position();
    Export item;
    item.name = read_name();
    u8 kind = read_u8();
    if (kind == kFuncExact) fail_at(position(), "Exact type is not allowed in the exports");
    if (kind > static_cast<u8>(ExternKind::kTag)) invalid_leading_byte(kind, "external kind");
    item.kind = static_cast<ExternKind>(kind);
    item.index = read_u32();
    if (failed() || !check_export(item, offset)) break;
    m_.exports.push_back(item);
    scratch_indices_.push_back(offset);
  }
  check_export_names(scratch_indices_);
}

/// Sorts the names; of two equal ones the later is the culprit, and the first culprit is reported
/// even if reading failed after it.
void SectionReader::check_export_names(std::span<const u32> offsets) {
  if (!checks()) return;
  std::vector<u32>& sorted = m_.exports_by_name;
  sorted.resize(m_.exports.size());
  std::iota(sorted.begin(), sorted.end(), 0u);
  std::ranges::sort(sorted, [this](u32 a, u32 b) {
    auto order = m_.exports[a].name <=> m_.exports[b].name;
    return order != 0 ? order < 0 : a < b;
  });
  auto message = [this](u32 item) {
    return join({"duplicate export name `", m_.exports[item].name, "` already defined"});
  };
  u32 culprit = ~u32{0};
  for (size_t i = 1; i < sorted.size(); ++i) {
    if (m_.exports[sorted[i - 1]].name != m_.exports[sorted[i]].name) continue;
    if (checks_ == Checks::kAllErrors) invalid(offsets[sorted[i]], message(sorted[i]));
    culprit = std::min(culprit, sorted[i]);
  }
  if (culprit == ~u32{0} || checks_ == Checks::kAllErrors) return;
  failed_ = false;
  fail_at(offsets[culprit], message(culprit));
}

bool SectionReader::check_export(const Export& item, u32 offset) {
  if (!checks()) return true;
  bool known = true;
  auto check = [&](const char* what, size_t total) {
    known = item.index < total;
    return known || invalid(offset, join({"unknown ", what, " ", item.index, ": exported ", what,
                                          " index out of bounds"}));
  };
  switch (item.kind) {
    case ExternKind::kFunc:
      if (!check("function", m_.funcs.size())) return false;
      if (known) m_.funcs[item.index].declared_ref = true;
      return true;
    case ExternKind::kTable: return check("table", m_.tables.size());
    case ExternKind::kMemory: return check("memory", m_.memories.size());
    case ExternKind::kGlobal:
      return check("global", m_.globals.size()) &&
             (!known || !m_.globals[item.index].type.mut ||
              require(Feature::kMutableGlobals, offset, "mutable global support is not enabled"));
    case ExternKind::kTag: return check("tag", m_.tags.size());
  }
  return false;
}

}  // namespace wazuka

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "wat/print_names.h"

#include <algorithm>

#include "base/utf8.h"
#include "wat/text_output.h"

namespace wazuka::wat {
namespace {

constexpr u8 kModuleName = 0;

bool has_two_levels(u8 id) {
  NameKind kind = static_cast<NameKind>(id);
  return kind == NameKind::kLocal || kind == NameKind::kLabel || kind == NameKind::kField ||
         kind == NameKind::kParam;
}

std::string_view noun(NameKind kind) {
  switch (kind) {
    case NameKind::kFunc: return "func";
    case NameKind::kLocal: return "local";
    case NameKind::kLabel: return "label";
    case NameKind::kType: return "type";
    case NameKind::kTable: return "table";
    case NameKind::kMemory: return "memory";
    case NameKind::kGlobal: return "global";
    case NameKind::kElem: return "elem";
    case NameKind::kData: return "data";
    case NameKind::kField: return "field";
    case NameKind::kTag: return "tag";
    case NameKind::kParam: return "param";
  }
  return "";
}

std::string_view read_long_name(BinaryReader& reader, const Module& module) {
  std::span<const u8> bytes = module.view(reader.read_range());
  if (!is_valid_utf8(bytes)) reader.fail_at(reader.position(), "malformed UTF-8 encoding");
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

/// Sorts by index; of entries with the same one the first in the binary stays.
template <class Entries, class Place>
void sort_unique(Entries& entries, Place place) {
  std::ranges::sort(entries, [&](const auto& a, const auto& b) {
    return a.first != b.first ? a.first < b.first : place(a.second) < place(b.second);
  });
  auto same = [](const auto& a, const auto& b) { return a.first == b.first; };
  entries.erase(std::unique(entries.begin(), entries.end(), same), entries.end());
}

}  // namespace

// ---- NameSpace

void NameSpace::reset(std::string_view what, size_t size, bool name_unnamed) {
  what_ = what;
  size_ = size;
  next_ = 0;
  name_unnamed_ = name_unnamed;
  names_.clear();
  used_.clear();
  texts_.clear();
}

std::string_view NameSpace::keep(std::string text) {
  return texts_.emplace_back(std::move(text));
}

void NameSpace::invent_until(size_t end) {
  for (; name_unnamed_ && next_ < end; ++next_) {
    std::string id = "#" + std::string(what_) + std::to_string(next_);
    std::string_view kept = keep(std::move(id));
    if (used_.insert(kept, 0).inserted) names_[next_].id = keep(identifier(kept));
  }
}

void NameSpace::add(u32 index, std::string_view name) {
  if (index >= size_) return;
  if (names_.empty()) names_.resize(size_);
  invent_until(index);
  next_ = index + 1;
  PrintedName& printed = names_[index];
  printed.name = name;
  printed.annotated = name.empty();
  if (name.empty()) return;
  if (!used_.insert(name, 0).inserted) {
    printed.annotated = true;
    std::string id =
        "#" + std::string(what_) + std::to_string(index) + "<" + std::string(name) + ">";
    while (used_.find(id) != nullptr) id += '\'';
    name = keep(std::move(id));
    used_.insert(name, 0);
  }
  printed.id = keep(identifier(name));
}

void NameSpace::finish() {
  if (!name_unnamed_) return;
  if (names_.empty()) names_.resize(size_);
  invent_until(size_);
}

// ---- PrintNames

PrintNames::PrintNames(const Module& module, bool name_unnamed)
    : module_bytes_(module), name_unnamed_(name_unnamed) {
  for (const CustomSection& custom : module.customs) {
    if (custom.name == "name" && !read_section(custom.bytes)) readable_ = false;
  }
  if (!readable_) {
    has_module_ = false;
    maps_ = {};
    inner_ = {};
  }
  auto fill = [&](NameKind kind, size_t size) {
    std::vector<Entry>& entries = maps_[static_cast<u32>(kind)];
    sort_unique(entries, [](std::string_view name) { return name.data(); });
    NameSpace& names = spaces_[static_cast<u32>(kind)];
    names.reset(noun(kind), size, name_unnamed);
    for (const auto& [index, name] : entries) names.add(index, name);
    names.finish();
    entries = {};
  };
  fill(NameKind::kFunc, module.funcs.size());
  fill(NameKind::kType, module.types.size());
  fill(NameKind::kTable, module.tables.size());
  fill(NameKind::kMemory, module.memories.size());
  fill(NameKind::kGlobal, module.globals.size());
  fill(NameKind::kElem, module.elems.size());
  fill(NameKind::kData, module.datas.size());
  fill(NameKind::kTag, module.tags.size());
  for (auto& inner : inner_) sort_unique(inner, [](ByteRange range) { return range.offset; });
}

bool PrintNames::read_section(ByteRange section) {
  BinaryReader reader(module_bytes_.bytes, section);
  while (!reader.at_end()) {
    u8 id = reader.read_u8();
    ByteRange contents = reader.read_range();
    if (reader.failed() || !read_subsection(id, contents)) return false;
  }
  return !reader.failed();
}

bool PrintNames::read_subsection(u8 id, ByteRange contents) {
  BinaryReader reader(module_bytes_.bytes, contents);
  if (id == kModuleName) {
    std::string_view name = read_long_name(reader, module_bytes_);
    if (!has_module_) module_ = name;
    has_module_ = true;
  } else if (id >= maps_.size()) {
    return true;  // of an extension that nothing here knows
  } else if (has_two_levels(id)) {
    u32 count = reader.read_u32();
    for (u32 i = 0; i < count && !reader.failed(); ++i) {
      u32 outer = reader.read_u32();
      u32 start = reader.position();
      read_map(reader, nullptr);
      if (!reader.failed()) inner_[id].push_back({outer, {start, reader.position() - start}});
    }
  } else {
    read_map(reader, &maps_[id]);
  }
  return !reader.failed() && reader.at_end();
}

bool PrintNames::read_map(BinaryReader& reader, std::vector<Entry>* out) const {
  u32 count = reader.read_u32();
  for (u32 i = 0; i < count && !reader.failed(); ++i) {
    u32 index = reader.read_u32();
    std::string_view name = read_long_name(reader, module_bytes_);
    if (out != nullptr && !reader.failed()) out->push_back({index, name});
  }
  return !reader.failed();
}

auto PrintNames::find_inner(NameKind kind, u32 outer) const -> const Inner* {
  const std::vector<Inner>& all = inner_[static_cast<u32>(kind)];
  auto found = std::ranges::lower_bound(all, outer, {}, &Inner::first);
  return found == all.end() || found->first != outer ? nullptr : &*found;
}

void PrintNames::inner(NameKind kind, u32 outer, size_t size, NameSpace& out) const {
  out.reset(noun(kind), size, name_unnamed_);
  if (const Inner* inner = find_inner(kind, outer)) {
    std::vector<Entry> entries;
    BinaryReader reader(module_bytes_.bytes, inner->second);
    read_map(reader, &entries);
    sort_unique(entries, [](std::string_view name) { return name.data(); });
    for (const auto& [index, name] : entries) out.add(index, name);
  }
  out.finish();
}

std::vector<std::pair<u32, std::string_view>> PrintNames::labels(u32 func) const {
  std::vector<Entry> entries;
  if (const Inner* inner = find_inner(NameKind::kLabel, func)) {
    BinaryReader reader(module_bytes_.bytes, inner->second);
    read_map(reader, &entries);
    sort_unique(entries, [](std::string_view name) { return name.data(); });
  }
  return entries;
}

}  // namespace wazuka::wat

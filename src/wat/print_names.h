// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The names of a module's name section (spec appendix A.7.1 and its extensions) as identifiers.
//
// Identifiers must be unique, names need not be, and they may be empty: what is not fit to be an
// identifier becomes an annotation, `$#func3<f> (@name "f")`. This depends on the names and their
// indices only, so that a module parsed from a print is printed the same way. Of several names for
// one index the first counts; names of nothing are dropped.
#pragma once

#include <array>
#include <deque>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "wasm/binary_reader.h"
#include "wasm/module.h"
#include "wat/name_map.h"
#include "wat/name_section.h"

namespace wazuka::wat {

struct PrintedName {
  std::string_view id;    // with its `$`; empty: none
  std::string_view name;  // for (@name …), if annotated
  bool annotated = false;
};

/// The names of one index space, or of what is inside one function or type.
class NameSpace {
 public:
  void reset(std::string_view what, size_t size, bool name_unnamed);
  /// In ascending order of index.
  void add(u32 index, std::string_view name);
  void finish();
  PrintedName at(u32 index) const { return index < names_.size() ? names_[index] : PrintedName(); }

 private:
  void invent_until(size_t end);
  std::string_view keep(std::string text);

  std::string_view what_;  // "func": for invented identifiers
  size_t size_ = 0;
  size_t next_ = 0;  // first index that was not named yet
  bool name_unnamed_ = false;
  std::vector<PrintedName> names_;
  NameMap used_;
  std::deque<std::string> texts_;
};

class PrintNames {
 public:
  PrintNames(const Module& module, bool name_unnamed);

  /// Whether the name sections could be read: otherwise they are custom sections like any other,
  /// and give no names.
  bool readable() const { return readable_; }
  bool has_module_name() const { return has_module_; }
  std::string_view module_name() const { return module_; }

  PrintedName func(u32 i) const { return space(NameKind::kFunc).at(i); }
  PrintedName type(u32 i) const { return space(NameKind::kType).at(i); }
  PrintedName table(u32 i) const { return space(NameKind::kTable).at(i); }
  PrintedName memory(u32 i) const { return space(NameKind::kMemory).at(i); }
  PrintedName global(u32 i) const { return space(NameKind::kGlobal).at(i); }
  PrintedName elem(u32 i) const { return space(NameKind::kElem).at(i); }
  PrintedName data(u32 i) const { return space(NameKind::kData).at(i); }
  PrintedName tag(u32 i) const { return space(NameKind::kTag).at(i); }

  /// Whether there are names of that kind inside of `outer`.
  bool has_inner(NameKind kind, u32 outer) const { return find_inner(kind, outer) != nullptr; }
  /// Fills `out` with the names of kind kLocal, kLabel, kField or kParam inside of `outer`.
  void inner(NameKind kind, u32 outer, size_t size, NameSpace& out) const;
  /// Names of labels: they need not be unique. Sorted by index.
  std::vector<std::pair<u32, std::string_view>> labels(u32 func) const;

 private:
  using Entry = std::pair<u32, std::string_view>;
  using Inner = std::pair<u32, ByteRange>;

  const NameSpace& space(NameKind kind) const { return spaces_[static_cast<u32>(kind)]; }
  bool read_section(ByteRange section);
  bool read_subsection(u8 id, ByteRange contents);
  bool read_map(BinaryReader& reader, std::vector<Entry>* out) const;
  const Inner* find_inner(NameKind kind, u32 outer) const;

  const Module& module_bytes_;
  bool name_unnamed_;
  bool readable_ = true;
  bool has_module_ = false;
  std::string_view module_;
  std::array<std::vector<Entry>, 13> maps_;   // by subsection id, while reading
  std::array<std::vector<Inner>, 13> inner_;  // kinds with two levels
  std::array<NameSpace, 13> spaces_;
};

}  // namespace wazuka::wat

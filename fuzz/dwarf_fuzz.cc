// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Debug information and mangled names that nobody has checked. Nothing may crash, hang or give more
// text than promised. The first byte of the input says what the rest is:
//
//     n  a mangled name
//     e  edits of a small program's sections (tests/unit/debug/dwarf_builder.h), three bytes each
//     s  sections: nine lengths of two bytes, then their contents
#include <cstdlib>

#include "debug/demangle.h"
#include "debug/frame_text.h"
#include "unit/debug/dwarf_builder.h"

using namespace wazuka;
using namespace wazuka::debug;

namespace {

void check(bool ok) {
  if (!ok) std::abort();
}

void check_name(std::string_view name) {
  const std::string readable = demangle(name);
  check(readable.size() <= std::max(name.size(), kMaxDemangledName));
}

void check_lookups(const DwarfSections& sections) {
  auto index = DwarfIndex::open(sections);
  if (!index) return check(sections.info.empty());
  for (const u32 offset : {0x10u, 0x20u, 0x2du, 0x40u, 0x1000u, 0x10u}) {
    const std::vector<SourceFrame> frames = index->lookup(offset);
    check(frames.size() <= 129);
    if (!frames.empty()) check(!frame_text(frames, "f").empty());
  }
}

void check_edits(std::span<const u8> edits) {
  if (edits.empty()) return;
  SampleProgram program(2 + edits[0] % 4);
  Bytes* const sections[] = {&program.abbrev,   &program.info, &program.line, &program.ranges,
                             &program.rnglists, &program.str,  &program.addr, &program.str_offsets};
  for (edits = edits.subspan(1); edits.size() >= 3; edits = edits.subspan(3)) {
    std::vector<u8>& bytes = sections[edits[0] % 8]->data;
    const size_t at = edits[1] + (edits[0] >> 7) * size_t{256};
    if (at < bytes.size()) bytes[at] = edits[2];
  }
  check_lookups(program.sections());
}

void check_sections(std::span<const u8> input) {
  DwarfSections s;
  std::span<const u8>* const all[] = {&s.abbrev, &s.addr,     &s.info, &s.line,       &s.line_str,
                                      &s.ranges, &s.rnglists, &s.str,  &s.str_offsets};
  constexpr size_t kHead = 2 * std::size(all);
  if (input.size() < kHead) return;
  std::span<const u8> rest = input.subspan(kHead);
  for (size_t i = 0; i < std::size(all); ++i) {
    const size_t size = std::min<size_t>(input[2 * i] | input[2 * i + 1] << 8, rest.size());
    *all[i] = rest.first(size);
    rest = rest.subspan(size);
  }
  check_lookups(s);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const u8* data, size_t size) {
  if (size == 0) return 0;
  const std::span<const u8> rest(data + 1, size - 1);
  if (data[0] == 'n') check_name({reinterpret_cast<const char*>(rest.data()), rest.size()});
  if (data[0] == 'e') check_edits(rest);
  if (data[0] == 's') check_sections(rest);
  return 0;
}

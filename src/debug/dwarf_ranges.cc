// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Where the code of an entry is: one pair of addresses, a list in .debug_ranges (to DWARF 4: pairs
// of addresses), or a list in .debug_rnglists (DWARF 5: byte codes).
#include "debug/dwarf_constants.h"
#include "debug/dwarf_unit.h"

namespace wazuka::debug {
namespace {

using Kind = Value::Kind;
using RangeFn = std::function<void(u64, u64)>;

}  // namespace

bool DwarfUnit::each_range(const PcAttributes& pcs, Budget& budget, const RangeFn& fn) const {
  if (!budget.spend()) return false;
  const auto report = [&](u64 begin, u64 end) {
    if (begin < end && !is_tombstone(begin, encoding_.address_size)) fn(begin, end);
  };
  if (pcs.ranges.kind != Kind::kNone) {
    const std::optional<u64> offset = ranges_offset(pcs.ranges);
    if (!offset) return false;
    return encoding_.version >= 5 ? each_in_rnglists(*offset, budget, report)
                                  : each_in_ranges(*offset, budget, report);
  }
  const std::optional<u64> low = address(pcs.low);
  if (!low) return true;
  // A constant is a size (DWARF 4 on).
  if (pcs.high.kind == Kind::kConstant) {
    report(*low, *low + pcs.high.n);
  } else if (const std::optional<u64> high = address(pcs.high)) {
    report(*low, *high);
  }
  return true;
}

bool DwarfUnit::contains(const PcAttributes& pcs, u64 address, Budget& budget) const {
  bool found = false;
  each_range(pcs, budget, [&](u64 begin, u64 end) { found |= begin <= address && address < end; });
  return found;
}

std::optional<u64> DwarfUnit::ranges_offset(const Value& value) const {
  if (value.kind == Kind::kSecOffset || value.kind == Kind::kConstant) return value.n;
  if (value.kind != Kind::kRangeIndex) return std::nullopt;
  const std::span<const u8> section = sections_->rnglists;
  const u64 base = rnglists_base_;
  if (base > section.size() || value.n > section.size()) return std::nullopt;
  Cursor in(section, base + value.n * encoding_.offset_size);
  const u64 offset = in.fixed(encoding_.offset_size);
  if (!in.ok() || offset > section.size()) return std::nullopt;
  return base + offset;
}

bool DwarfUnit::each_in_ranges(u64 offset, Budget& budget, const RangeFn& fn) const {
  const u8 size = encoding_.address_size;
  const u64 max = size == 4 ? 0xffff'ffffu : ~u64{0};
  Cursor in(sections_->ranges, offset);
  u64 base = base_address();
  while (true) {
    const u64 begin = in.fixed(size), end = in.fixed(size);
    if (!in.ok() || !budget.spend()) return false;
    if (begin == 0 && end == 0) return true;
    if (begin == max) {
      base = end;
    } else if (begin != max - 1 && base < max - 1) {
      fn(base + begin, base + end);
    }
  }
}

bool DwarfUnit::each_in_rnglists(u64 offset, Budget& budget, const RangeFn& fn) const {
  const u8 size = encoding_.address_size;
  const auto indexed = [&](u64 index) {
    return address({Kind::kAddrIndex, index, {}}).value_or(0);  // 0: as dropped code
  };
  Cursor in(sections_->rnglists, offset);
  u64 base = base_address();
  while (budget.spend()) {
    const u8 entry = in.byte();
    if (!in.ok()) return false;
    u64 begin = 0, end = 0;
    switch (entry) {
      case dw::kRleEndOfList: return true;
      case dw::kRleBaseAddressx: base = indexed(in.uleb()); continue;
      case dw::kRleBaseAddress: base = in.fixed(size); continue;
      case dw::kRleStartxEndx:
        begin = indexed(in.uleb());
        end = indexed(in.uleb());
        break;
      case dw::kRleStartxLength:
        begin = indexed(in.uleb());
        end = begin + in.uleb();
        break;
      case dw::kRleOffsetPair:
        begin = base + in.uleb();
        end = base + in.uleb();
        // A base of dropped code drops all that is relative to it.
        if (base != 0 && is_tombstone(base, size)) continue;
        break;
      case dw::kRleStartEnd:
        begin = in.fixed(size);
        end = in.fixed(size);
        break;
      case dw::kRleStartLength:
        begin = in.fixed(size);
        end = begin + in.uleb();
        break;
      default: return false;
    }
    if (!in.ok()) return false;
    fn(begin, end);
  }
  return false;
}

}  // namespace wazuka::debug

// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#include "debug/dwarf_functions.h"

#include <algorithm>
#include <utility>

#include "debug/dwarf_constants.h"

namespace wazuka::debug {
namespace {

constexpr size_t kMaxFunctions = size_t{1} << 20;
constexpr size_t kMaxInlinedCalls = 128;

/// Walks the entries below one entry, and tells how deep each is.
class SubtreeWalk {
 public:
  SubtreeWalk(const DwarfUnit& unit, const AbbreviationTable& table, u64 die, Budget& budget)
      : unit_(unit), table_(table), budget_(budget), in_(unit.entry(die)) {}

  /// Reads the abbreviation of the next entry; its values must be read or skipped before the next
  /// call. Null: the end, or an error.
  const Abbreviation* next() {
    while (in_.ok() && !in_.at_end() && budget_.spend()) {
      if (started_ && depth_ == 0) return nullptr;
      die_ = in_.pos();
      const u64 code = in_.uleb();
      if (code == 0) {  // the end of a row of siblings
        if (depth_ == 0) return nullptr;
        --depth_;
        continue;
      }
      const Abbreviation* abbreviation = table_.find(code);
      if (abbreviation == nullptr) return nullptr;
      started_ = true;
      entry_depth_ = depth_;
      depth_ += abbreviation->has_children;
      return abbreviation;
    }
    return nullptr;
  }
  bool skip(const Abbreviation& a) {
    return skip_attributes(in_, unit_.encoding(), table_, a, budget_);
  }
  template <class Fn>
  bool attributes(const Abbreviation& a, Fn&& fn) {
    return each_attribute(in_, unit_.encoding(), table_, a, budget_, fn);
  }
  u64 die() const { return die_; }
  u64 depth() const { return entry_depth_; }  // of the entry read last; the first one has 0

 private:
  const DwarfUnit& unit_;
  const AbbreviationTable& table_;
  Budget& budget_;
  Cursor in_;
  u64 die_ = 0, depth_ = 0, entry_depth_ = 0;
  bool started_ = false;
};

u32 small(u64 n) {
  return n > 0xffff'ffff ? 0 : static_cast<u32>(n);
}

void take_call_site(InlinedCall& call, u16 name, const Value& v, u16 version) {
  if (v.kind != Value::Kind::kConstant) return;
  if (name == dw::kAtCallLine) call.call_line = small(v.n);
  if (name == dw::kAtCallColumn) call.call_column = small(v.n);
  // File 0 is "none" until DWARF 4, and the unit's own file from DWARF 5 on.
  if (name == dw::kAtCallFile && (v.n != 0 || version >= 5)) call.call_file = v.n;
}

}  // namespace

std::vector<FunctionRange> read_functions(const DwarfUnit& unit, const AbbreviationTable& table,
                                          Budget& budget) {
  std::vector<FunctionRange> out;
  SubtreeWalk walk(unit, table, unit.first_entry(), budget);
  while (const Abbreviation* a = walk.next()) {
    if (a->tag != dw::kTagSubprogram) {
      if (!walk.skip(*a)) break;
      continue;
    }
    PcAttributes pcs;
    if (!walk.attributes(*a, [&](u16 name, const Value& v) { pcs.take(name, v); })) break;
    unit.each_range(pcs, budget, [&](u64 begin, u64 end) {
      if (out.size() < kMaxFunctions) out.push_back({begin, end, walk.die()});
    });
  }
  std::ranges::sort(out, [](const FunctionRange& a, const FunctionRange& b) {
    return std::pair(a.begin, a.die) < std::pair(b.begin, b.die);
  });
  return out;
}

const FunctionRange* find_function(std::span<const FunctionRange> functions, u64 address) {
  const auto it = std::ranges::upper_bound(functions, address, {}, &FunctionRange::begin);
  if (it == functions.begin()) return nullptr;
  const FunctionRange& last = *(it - 1);
  return address < last.end ? &last : nullptr;
}

std::vector<InlinedCall> find_inlined_calls(const DwarfUnit& unit, const AbbreviationTable& table,
                                            u64 die, u64 address, Budget& budget) {
  std::vector<InlinedCall> calls;
  u64 inside = 0;            // depth of the innermost entry that contains the address
  u64 skip_below = ~u64{0};  // depth of an entry whose children are of no interest
  SubtreeWalk walk(unit, table, die, budget);
  const Abbreviation* a = walk.next();
  if (a == nullptr || !walk.skip(*a)) return calls;
  while ((a = walk.next()) != nullptr) {
    if (walk.depth() <= inside && !calls.empty()) break;  // left it: siblings do not overlap
    if (walk.depth() <= skip_below) skip_below = ~u64{0};
    if (skip_below != ~u64{0} || a->tag != dw::kTagInlinedSubroutine) {
      if (a->tag == dw::kTagSubprogram && skip_below == ~u64{0}) skip_below = walk.depth();
      if (!walk.skip(*a)) break;
      continue;
    }
    InlinedCall call{walk.die(), {}, 0, 0};
    PcAttributes pcs;
    const bool ok = walk.attributes(*a, [&](u16 name, const Value& v) {
      pcs.take(name, v);
      take_call_site(call, name, v, unit.encoding().version);
    });
    if (!ok || calls.size() >= kMaxInlinedCalls) break;
    if (unit.contains(pcs, address, budget)) {
      calls.push_back(call);
      inside = walk.depth();
    } else {
      skip_below = walk.depth();
    }
  }
  return calls;
}

}  // namespace wazuka::debug

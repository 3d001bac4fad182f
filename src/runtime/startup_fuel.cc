// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The rules, which are those of what Wasmtime 46 and later can do before a program starts:
//
//   * globals that are one numeric constant are free, others cost one unit per instruction;
//   * active segments of function indices at constant offsets of own tables are free up to the
//   first
//     one that is not; data segments at constant offsets of own memories are free if all are;
//   * whatever remains pays for its expressions and one unit per byte or element.
#include "runtime/startup_fuel.h"

#include <algorithm>
#include <optional>
#include <vector>

#include "wasm/const_expr.h"

namespace wazuka {
namespace {

constexpr u64 kHostPage = 4096;
constexpr u64 kDenseImage = u64{16} << 20;      // bytes of an image that are always worth it
constexpr u64 kPrecomputedTable = 1024 * 1024;  // elements

/// Adds up as translated code does: constants are cheap if they are small, other amounts are paid
/// and checked at once.
class Meter {
 public:
  void add(u64 units) { fuel_.total += std::min(units, kMax - fuel_.total); }
  void check() { fuel_.checked = fuel_.total; }
  void drop_unpaid() { fuel_.total = fuel_.checked; }
  void add_bulk(u64 units, bool constant) {
    add(units);
    if (!constant || units > 128) check();
  }
  StartupFuel result() const { return fuel_; }

 private:
  static constexpr u64 kMax = u64{1} << 62;
  StartupFuel fuel_;
};

/// Counts the instructions of a constant expression.
struct CountSink : SinkBase<std::optional<u64>, Empty> {
  Meter* meter = nullptr;
  u32 count = 0;
  std::optional<u64> value;  // of an integer constant
  bool is_number = false;    // a numeric constant and nothing else

  template <class P>
  void next_instruction(P&, Op op) {
    if (op != Op::kEnd) ++count, meter->add(1);
  }
  template <class P>
  void i32_const(P&, u32 bits, Slot& out) {
    out.value = bits;
  }
  template <class P>
  void i64_const(P&, u64 bits, Slot& out) {
    out.value = bits;
  }
  template <class P>
  void other(P&, Op op, const Immediates&, std::span<Slot> args, std::span<Slot>) {
    if (op != Op::kArrayNew && op != Op::kArrayNewDefault) return;
    const std::optional<u64>& length = args.back().value;
    meter->add_bulk(length.value_or(0), length.has_value());
  }
  template <class P>
  void end_const(P&, Slot& result) {
    value = result.value;
    is_number = !result.type.is_ref();
  }
};

class Startup {
 public:
  explicit Startup(const Module& module) : module_(module) {}

  StartupFuel run() {
    meter_.add(1);
    meter_.check();
    globals();
    passive_elems();
    tables();
    active_elems();
    datas();
    if (module_.start) {
      needed_ = true;
      meter_.add(1);
    }
    return needed_ ? meter_.result() : StartupFuel{};
  }

 private:
  /// Pays for an expression and tells what is known about it.
  CountSink pay(ByteRange expr, ValType type) {
    CountSink sink;
    sink.meter = &meter_;
    visit_const_expr(module_, expr, type, sink);
    return sink;
  }
  CountSink look(ByteRange expr, ValType type) const {
    Meter unused;
    CountSink sink;
    sink.meter = &unused;
    visit_const_expr(module_, expr, type, sink);
    return sink;
  }
  static bool single(const CountSink& sink) { return sink.count == 1; }

  void globals() {
    for (const GlobalDecl& g : module_.globals) {
      if (g.init.size == 0) continue;
      const CountSink seen = look(g.init, g.type.type);
      if (single(seen) && seen.is_number && !is_global_get(g.init)) continue;
      needed_ = true;
      pay(g.init, g.type.type);
    }
  }
  bool is_global_get(ByteRange expr) const {
    return module_.bytes[expr.offset] == op_info(Op::kGlobalGet).code;
  }

  void pay_items(const ElemSegment& segment) {
    for (ByteRange expr : segment.exprs) pay(expr, segment.type);
    if (segment.written_as_exprs) meter_.add(segment.funcs.size());
  }
  void passive_elems() {
    for (const ElemSegment& e : module_.elems) {
      if (e.mode != SegmentMode::kPassive) continue;
      needed_ = true;
      pay_items(e);
    }
  }

  void tables() {
    computed_.resize(module_.tables.size());
    for (u32 i = module_.imported_tables; i < module_.tables.size(); ++i) {
      const TableDecl& t = module_.tables[i];
      u32 func;
      computed_[i] = t.init.size == 0 || (t.type.limits.min <= kPrecomputedTable &&
                                          is_ref_func(module_, t.init, &func));
      if (computed_[i]) continue;
      needed_ = true;
      pay(t.init, t.type.element);
      meter_.add_bulk(t.type.limits.min, /*constant=*/true);
    }
  }

  bool is_precomputed(const ElemSegment& e) const {
    const TableDecl& table = module_.tables[e.table];
    if (e.table < module_.imported_tables || !computed_[e.table] || e.written_as_exprs)
      return false;
    const CountSink offset = look(e.offset, address_val_type(table.type.address));
    if (!single(offset) || !offset.value) return false;
    u64 end = 0;
    if (__builtin_add_overflow(*offset.value, u64{e.size()}, &end)) return false;
    return end <= table.type.limits.min && end <= kPrecomputedTable && is_func(table.type.element);
  }
  bool is_func(ValType type) const {
    const HeapType heap = type.heap();
    if (heap.is_index()) return module_.types[heap.type_index()].kind == CompositeKind::kFunc;
    return heap.abstract() == HeapType::kFunc || heap.abstract() == HeapType::kNoFunc;
  }
  void active_elems() {
    bool precomputed = true;
    for (const ElemSegment& e : module_.elems) {
      if (e.mode != SegmentMode::kActive) continue;
      precomputed = precomputed && is_precomputed(e);
      if (precomputed) continue;
      needed_ = true;
      pay(e.offset, address_val_type(module_.tables[e.table].type.address));
      meter_.add_bulk(e.size(), /*constant=*/true);
      pay_items(e);
    }
  }

  /// The contents that a memory starts with.
  struct Image {
    u64 data_size = 0, min = ~u64{0}, max = 0;
    std::vector<std::pair<u64, std::span<const u8>>> segments;  // with their addresses
  };

  /// False if the data must be copied segment by segment.
  bool make_images(std::vector<Image>& images) const {
    images.resize(module_.memories.size());
    for (const DataSegment& d : module_.datas) {
      if (d.mode != SegmentMode::kActive) continue;
      if (d.memory < module_.imported_memories) return false;
      const MemoryType& type = module_.memories[d.memory];
      const CountSink offset = look(d.offset, address_val_type(type.address));
      if (!single(offset) || !offset.value) return false;
      u64 end = 0, size = 0;
      if (__builtin_add_overflow(*offset.value, u64{d.bytes.size}, &end)) return false;
      if (__builtin_mul_overflow(type.limits.min, u64{1} << type.page_size_log2, &size))
        return false;
      if (end > size) return false;
      if (d.bytes.size == 0) continue;
      Image& image = images[d.memory];
      image.data_size += d.bytes.size;
      image.min = std::min(image.min, *offset.value);
      image.max = std::max(image.max, end);
      image.segments.emplace_back(*offset.value, module_.view(d.bytes));
    }
    for (u32 i = 0; i < images.size(); ++i) {
      const Image& image = images[i];
      if (image.data_size == 0) continue;
      const u64 extent = image.max - image.min;
      if ((u64{1} << module_.memories[i].page_size_log2) < kHostPage) return false;
      if (extent >= 2 * image.data_size && extent >= kDenseImage) return false;
    }
    return true;
  }

  /// Bytes of the whole pages of the host around what is not zero.
  static u64 page_bytes(const Image& image) {
    u64 begin = ~u64{0}, end = 0;
    for (const auto& [address, data] : image.segments) {
      for (u64 i = 0; i < data.size(); ++i) {
        if (data[i] == 0) continue;
        begin = std::min(begin, address + i);
        end = std::max(end, address + i + 1);
      }
    }
    if (end == 0) begin = image.min, end = image.max;  // nothing but zeros
    return ((end + kHostPage - 1) & ~(kHostPage - 1)) - (begin & ~(kHostPage - 1));
  }

  void datas() {
    std::vector<Image> images;
    if (!make_images(images)) {
      for (const DataSegment& d : module_.datas) {
        if (d.mode != SegmentMode::kActive) continue;
        needed_ = true;
        pay(d.offset, address_val_type(module_.memories[d.memory].address));
        meter_.add_bulk(d.bytes.size, /*constant=*/false);
      }
      return;
    }
    // Images are mapped, unless a memory is imported, too: then they are copied by the function. It
    // also runs if there are memories without one; what was not paid for before an image that is
    // mapped is forgotten.
    const bool mapped = module_.imported_memories == 0;
    bool any_image = false, any_other = false;
    for (u32 i = module_.imported_memories; i < images.size(); ++i) {
      const bool has_image = images[i].data_size != 0;
      (has_image ? any_image : any_other) = true;
      if (!has_image) continue;
      if (mapped) {
        meter_.drop_unpaid();
      } else {
        meter_.add_bulk(page_bytes(images[i]), /*constant=*/false);
      }
    }
    needed_ |= any_image && (any_other || !mapped);
  }

  const Module& module_;
  Meter meter_;
  bool needed_ = false;
  std::vector<bool> computed_;  // tables that are precomputed so far
};

}  // namespace

StartupFuel startup_fuel(const Module& module) {
  return Startup(module).run();
}

}  // namespace wazuka

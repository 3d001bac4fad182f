// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// The element and data sections (spec 5.5.12, 5.5.14).
#include <algorithm>

#include "wasm/const_expr.h"
#include "wasm/section_reader.h"

namespace wazuka {
namespace {

// Bits of an element segment's flags.
constexpr u32 kNotActive = 1, kExplicit = 2, kExprs = 4;

}  // namespace

void SectionReader::read_elements() {
  u32 start = position();
  u32 count = read_item_count(m_.elems.size(), limits::kMaxElemSegments, "element segments", start);
  m_.elems.reserve(std::min<size_t>(count, remaining()));
  for (u32 i = 0; i < count && !failed(); ++i) read_element();
}

void SectionReader::read_element() {
  u32 start = position();
  u32 flags = read_u32();
  if (flags > 7) return fail_at(position() - 1, "invalid flags byte in element segment");
  bool exprs = (flags & kExprs) != 0;
  ElemSegment segment;
  segment.flags = static_cast<u8>(flags);
  segment.type = kFuncRef;
  const TableType* table = nullptr;
  if ((flags & kNotActive) != 0) {
    segment.mode = (flags & kExplicit) != 0 ? SegmentMode::kDeclared : SegmentMode::kPassive;
    if (!require(Feature::kBulkMemory, start, "bulk memory must be enabled")) return;
  } else {
    segment.mode = SegmentMode::kActive;
    if ((flags & kExplicit) != 0) segment.table = read_u32();
    if (failed()) return;
    if (segment.table < m_.tables.size()) {
      table = &m_.tables[segment.table].type;
      segment.offset = read_const_expr(address_val_type(table->address));
    } else {
      if (checks() &&
          !invalid(start, join({"unknown table ", segment.table, ": table index out of bounds"}))) {
        return;
      }
      segment.offset = skip_const_expr();
    }
  }
  if ((flags & (kNotActive | kExplicit)) != 0) {
    if (exprs) {
      segment.type = read_ref_type();
    } else {
      u8 kind = read_u8();
      if (kind > static_cast<u8>(ExternKind::kTag)) invalid_leading_byte(kind, "external kind");
      if (kind != 0) {
        fail_at(position() - 1, "only the function external type is supported in elem segment");
      }
      segment.type = ValType::ref(HeapType::kFunc, false);
    }
  } else if (!exprs) {
    segment.type = ValType::ref(HeapType::kFunc, false);
  }
  if (failed() || (exprs && !check_type(segment.type, start))) return;
  if (table != nullptr && checks() && usable_ && !is_subtype(m_, segment.type, table->element) &&
      !invalid(start, join({"type mismatch: invalid element type `", type_name(segment.type),
                            "` for table type `", type_name(table->element), "`"}))) {
    return;
  }
  if (read_element_items(segment, exprs, start)) m_.elems.push_back(segment);
}

bool SectionReader::read_element_items(ElemSegment& segment, bool exprs, u32 offset) {
  u32 count = read_u32();
  if (failed()) return false;
  if (count > limits::kMaxElemSegmentItems) {
    return fail_at(offset, "number of elements is out of bounds"), false;
  }
  if (count > remaining()) return pc_ = end_, unexpected_end(), false;
  segment.written_as_exprs = exprs;
  if (exprs) {
    read_element_exprs(segment, count);
  } else {
    read_element_funcs(segment, count);
  }
  return !failed();
}

void SectionReader::read_element_funcs(ElemSegment& segment, u32 count) {
  std::span<u32> funcs = m_.arena.allocate_span<u32>(count);
  for (u32& func : funcs) {
    u32 offset = position();
    func = read_u32();
    if (failed()) return;
    if (func < m_.funcs.size()) {
      m_.funcs[func].declared_ref = true;
    } else if (checks() &&
               !invalid(offset, join({"unknown function ", func, ": func index out of bounds"}))) {
      return;
    }
  }
  segment.funcs = funcs;
}

/// Items that are all `ref.func x` are kept as indices.
void SectionReader::read_element_exprs(ElemSegment& segment, u32 count) {
  scratch_ranges_.clear();
  scratch_indices_.clear();
  for (u32 i = 0; i < count && !failed(); ++i) {
    ByteRange expr = read_const_expr(segment.type);
    if (failed()) return;
    u32 func;
    if (scratch_indices_.size() == i && is_ref_func(m_, expr, &func)) {
      scratch_indices_.push_back(func);
    }
    scratch_ranges_.push_back(expr);
  }
  if (scratch_indices_.size() == count) {
    segment.funcs = m_.arena.copy(scratch_indices_);
  } else {
    segment.exprs = m_.arena.copy(scratch_ranges_);
  }
}

void SectionReader::read_data() {
  u32 start = position();
  u32 count = read_item_count(0, limits::kMaxDataSegments, "data segments", start);
  if (failed()) return;
  data_segments_ = count;
  if (m_.data_count && *m_.data_count != count) {
    return check_data_counts(static_cast<u32>(end_ - base_));
  }
  m_.datas.reserve(std::min<size_t>(count, remaining()));
  for (u32 i = 0; i < count && !failed(); ++i) read_data_segment();
}

void SectionReader::read_data_segment() {
  u32 start = position();
  u32 flags = read_u32();
  if (failed()) return;
  if (flags > 2) return fail_at(start, "invalid flags byte in data segment");
  DataSegment segment;
  if (flags == 1) {
    if (!require(Feature::kBulkMemory, start,
                 "passive data segments require the bulk-memory proposal")) {
      return;
    }
  } else {
    segment.mode = SegmentMode::kActive;
    if (flags == 2) segment.memory = read_u32();
    if (failed()) return;
    if (segment.memory < m_.memories.size()) {
      segment.offset = read_const_expr(address_val_type(m_.memories[segment.memory].address));
    } else {
      if (checks() && !invalid(start, join({"unknown memory ", segment.memory,
                                            ": memory index out of bounds"}))) {
        return;
      }
      segment.offset = skip_const_expr();
    }
  }
  segment.bytes = read_range();
  if (!failed()) m_.datas.push_back(segment);
}

}  // namespace wazuka

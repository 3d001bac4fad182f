// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
// Immediates by ImmKind: from text into the stash, in binary order.
#include <bit>

#include "wat/body_parser.h"
#include "wat/number.h"
#include "wat/v128_const.h"

namespace wazuka::wat {
namespace {

/// The row behind `op` is the same instruction for nullable types.
Op nullable_variant(Op op) {
  return static_cast<Op>(static_cast<u16>(op) + 1);
}
static_assert(op_info(Op::kRefTestNull).text.view() == op_info(Op::kRefTest).text.view() &&
              op_info(Op::kRefCastNull).text.view() == op_info(Op::kRefCast).text.view() &&
              op_info(Op::kRefCastDescEqNull).text.view() ==
                  op_info(Op::kRefCastDescEq).text.view());
static_assert(static_cast<u16>(Op::kRefTestNull) == static_cast<u16>(Op::kRefTest) + 1 &&
              static_cast<u16>(Op::kRefCastNull) == static_cast<u16>(Op::kRefCast) + 1 &&
              static_cast<u16>(Op::kRefCastDescEqNull) == static_cast<u16>(Op::kRefCastDescEq) + 1);

constexpr u8 kCatch = 0, kCatchRef = 1, kCatchAll = 2, kCatchAllRef = 3;  // spec 5.4.1
constexpr u8 kOnLabel = 0, kOnSwitch = 1;

}  // namespace

bool BodyParser::immediates(Instruction& i, bool waits) {
  const OpInfo& info = op_info(i.op);
  if (i.op == Op::kSelect) return select(i);
  switch (info.imm) {
    case ImmKind::kNone: return true;
    case ImmKind::kLabel: return label();
    case ImmKind::kBrTable: return br_table();
    case ImmKind::kFunc: return index(Space::kFunc);
    case ImmKind::kCallIndirect: return call_indirect(i, waits);
    case ImmKind::kType: return index(Space::kType);
    case ImmKind::kTypeType: return index(Space::kType) && index(Space::kType);
    case ImmKind::kTypeField: return type_field();
    case ImmKind::kTypeCount: return index(Space::kType) && count();
    case ImmKind::kTypeData: return index(Space::kType) && data_index();
    case ImmKind::kTypeElem: return index(Space::kType) && index(Space::kElem);
    case ImmKind::kTypeTag: return index(Space::kType) && index(Space::kTag);
    case ImmKind::kTag: return index(Space::kTag);
    case ImmKind::kResume: return index(Space::kType) && handlers();
    case ImmKind::kResumeThrow: return index(Space::kType) && index(Space::kTag) && handlers();
    case ImmKind::kLocal: return local();
    case ImmKind::kGlobal: return index(Space::kGlobal);
    case ImmKind::kTable: return optional_index(Space::kTable);
    case ImmKind::kTableTable: return copy_indices(Space::kTable);
    case ImmKind::kElem: return index(Space::kElem);
    case ImmKind::kElemTable: return swapped_indices(Space::kTable, Space::kElem);
    case ImmKind::kMemArg: return mem_arg(info);
    case ImmKind::kMemArgLane: return mem_arg_lane(info);
    case ImmKind::kMemory: return optional_index(Space::kMemory);
    case ImmKind::kMemoryMemory: return copy_indices(Space::kMemory);
    case ImmKind::kData: return data_index();
    case ImmKind::kDataMemory:
      needs_data_count_ |= in_function_;
      return swapped_indices(Space::kMemory, Space::kData);
    case ImmKind::kI32:
    case ImmKind::kI64:
    case ImmKind::kF32:
    case ImmKind::kF64:
    case ImmKind::kV128: return constant(info.imm);
    case ImmKind::kLane: return lane();
    case ImmKind::kShuffle: return shuffle();
    case ImmKind::kHeapType: return reference(i);
    case ImmKind::kBrCast: return br_cast();
    case ImmKind::kFence: stash_.byte(0); return true;
    case ImmKind::kBlock:
    case ImmKind::kTryTable: break;     // start_block parses them
    case ImmKind::kSelectTypes: break;  // no word leads to this row: see select()
  }
  return c_.fail("unknown operator or unexpected token");
}

// ---- Indices

bool BodyParser::index(Space space) {
  u32 n = 0;
  if (!m_.index(space, n)) return false;
  stash_.u32v(n);
  return true;
}

bool BodyParser::optional_index(Space space) {
  u32 n = 0;
  if (!m_.optional_index(space, n)) return false;
  stash_.u32v(n);
  return true;
}

bool BodyParser::data_index() {
  needs_data_count_ |= in_function_;
  return index(Space::kData);
}

bool BodyParser::count() {
  u32 n = 0;
  if (!c_.expect_u32(n)) return false;
  stash_.u32v(n);
  return true;
}

/// `memory? data`, in the binary the other way round.
bool BodyParser::swapped_indices(Space optional, Space required) {
  u32 first = 0, second = 0;
  if (c_.at_index() && Cursor::is_index(c_.ahead()) && !m_.index(optional, first)) return false;
  if (!m_.index(required, second)) return false;
  stash_.u32v(second);
  stash_.u32v(first);
  return true;
}

/// Destination and source, or neither.
bool BodyParser::copy_indices(Space space) {
  u32 to = 0, from = 0;
  if (c_.at_index() && (!m_.index(space, to) || !m_.index(space, from))) return false;
  stash_.u32v(to);
  stash_.u32v(from);
  return true;
}

bool BodyParser::local() {
  u32 n = 0;
  if (!c_.at(TokenKind::kId)) {
    if (!c_.at(TokenKind::kInteger)) {
      return c_.fail("unexpected token, expected an index or an identifier");
    }
    if (!c_.expect_u32(n)) return false;
  } else {
    u32 offset = c_.offset();
    std::string_view id;
    if (!c_.expect_id(id)) return false;
    const NameMap::Entry* entry = locals_.find(id);
    if (entry == nullptr) m_.unknown("local", id, offset);
    if (entry != nullptr) n = entry->value;
  }
  stash_.u32v(n);
  return true;
}

bool BodyParser::label() {
  u32 n = 0;
  if (!c_.at(TokenKind::kId)) {
    if (!c_.at(TokenKind::kInteger)) {
      return c_.fail("unexpected token, expected an index or an identifier");
    }
    if (!c_.expect_u32(n)) return false;
  } else {
    u32 offset = c_.offset();
    std::string_view id;
    if (!c_.expect_id(id)) return false;
    const NameMap::Entry* entry = labels_.find(id);
    bool open = entry != nullptr && entry->value != 0;
    if (!open) m_.unknown("label", id, offset);
    if (open) n = static_cast<u32>(blocks_.size()) - entry->value;
  }
  stash_.u32v(n);
  return true;
}

bool BodyParser::br_table() {
  size_t begin = stash_.size();
  u32 targets = 0;
  if (!label()) return false;
  for (; c_.at_index(); ++targets) {
    if (!label()) return false;
  }
  stash_.insert_u32v(begin, targets);
  return true;
}

bool BodyParser::type_field() {
  u32 type = 0, field = 0;
  if (!m_.index(Space::kType, type)) return false;
  if (!c_.at(TokenKind::kId)) {
    if (!c_.at(TokenKind::kInteger)) {
      return c_.fail("unexpected token, expected an index or an identifier");
    }
    if (!c_.expect_u32(field)) return false;
  } else {
    u32 offset = c_.offset();
    std::string_view id;
    if (!c_.expect_id(id)) return false;
    NameMap* fields = m_.fields_of(type);
    const NameMap::Entry* entry = fields == nullptr ? nullptr : fields->find(id);
    if (fields == nullptr) {
      m_.complain(Rank::kResolve, offset,
                  "accessing a named field `" + std::string(id) +
                      "` in a struct without named fields, type index " + std::to_string(type));
    } else if (entry == nullptr) {
      m_.unknown("field", id, offset);
    } else {
      field = entry->value;
    }
  }
  stash_.u32v(type);
  stash_.u32v(field);
  return true;
}

// ---- Blocks, calls, handlers

bool BodyParser::block_type(Instruction& i, Label& label, bool waits) {
  if (!m_.optional_id_and_name(label.id, label.name)) return false;
  if (!types_.type_use(use_, /*allow_names=*/false)) return false;
  if (use_.has_index) {
    types_.check(use_);
    stash_.block_type(use_.index);
  } else if (!use_.params.empty() || use_.results.size() > 1) {
    if (waits) {
      i.signature = m_.types.keep(use_.params, use_.results);
    } else {
      stash_.block_type(m_.types.intern(use_.params, use_.results));
    }
  } else if (use_.results.empty()) {
    stash_.empty_block_type();
  } else {
    stash_.val_type(use_.results[0]);
  }
  return true;
}

bool BodyParser::try_table(Instruction& i, Label& label) {
  if (!block_type(i, label, /*waits=*/false)) return false;
  size_t begin = stash_.size();
  u32 clauses = 0;
  for (;; ++clauses) {
    Keyword k = c_.at(TokenKind::kLParen) ? c_.ahead().keyword : Keyword::kUnknown;
    bool tagged = k == to_keyword(Op::kCatch) || k == Keyword::kCatchRef;
    bool all = k == to_keyword(Op::kCatchAll) || k == Keyword::kCatchAllRef;
    if (!tagged && !all) break;
    c_.advance(), c_.advance();
    stash_.byte(k == Keyword::kCatchRef      ? kCatchRef
                : k == Keyword::kCatchAllRef ? kCatchAllRef
                : tagged                     ? kCatch
                                             : kCatchAll);
    if (tagged && !index(Space::kTag)) return false;
    if (!this->label() || !c_.expect_right()) return false;
  }
  stash_.insert_u32v(begin, clauses);
  return true;
}

bool BodyParser::handlers() {
  size_t begin = stash_.size();
  u32 clauses = 0;
  for (; c_.take_list(Keyword::kOn); ++clauses) {
    size_t kind = stash_.size();
    stash_.byte(kOnLabel);
    if (!index(Space::kTag)) return false;
    if (c_.take(to_keyword(Op::kSwitch))) {
      stash_.patch(kind, kOnSwitch);
    } else if (!label()) {
      return false;
    }
    if (!c_.expect_right()) return false;
  }
  stash_.insert_u32v(begin, clauses);
  return true;
}

bool BodyParser::call_indirect(Instruction& i, bool waits) {
  u32 table = 0;
  if (!m_.optional_index(Space::kTable, table)) return false;
  if (!types_.type_use(use_, /*allow_names=*/false)) return false;
  if (waits && !use_.has_index) {
    i.signature = m_.types.keep(use_.params, use_.results);
  } else {
    stash_.u32v(types_.resolve(use_));
  }
  stash_.u32v(table);
  return true;
}

bool BodyParser::select(Instruction& i) {
  if (!c_.at_list(Keyword::kResult)) return true;
  i.op = Op::kSelectT;
  size_t begin = stash_.size();
  u32 types = 0;
  while (c_.take_list(Keyword::kResult)) {
    for (; !c_.at_end(); ++types) {
      ValType type;
      if (!types_.val_type(type)) return false;
      stash_.val_type(type);
    }
    if (!c_.expect_right()) return false;
  }
  stash_.insert_u32v(begin, types);
  return true;
}

// ---- References

bool BodyParser::reference(Instruction& i) {
  if (i.op == Op::kRefNull) {
    HeapType heap;
    bool exact = false;
    if (!types_.heap_type(heap, exact)) return false;
    stash_.heap_type(heap, exact);
    return true;
  }
  ValType type;
  if (!types_.ref_type(type)) return false;
  if (type.nullable()) i.op = nullable_variant(i.op);
  stash_.heap_type(type.heap(), type.exact());
  return true;
}

bool BodyParser::br_cast() {
  size_t flags = stash_.size();
  stash_.byte(0);
  ValType from, to;
  if (!label() || !types_.ref_type(from) || !types_.ref_type(to)) return false;
  stash_.patch(flags, static_cast<u8>((from.nullable() ? 1 : 0) | (to.nullable() ? 2 : 0)));
  stash_.heap_type(from.heap(), from.exact());
  stash_.heap_type(to.heap(), to.exact());
  return true;
}

// ---- Numbers and memory

bool BodyParser::constant(ImmKind kind) {
  u64 bits = 0;
  u32 narrow = 0;
  if (kind == ImmKind::kI32) {
    if (!c_.expect_integer(32, bits)) return false;
    stash_.s32v(static_cast<i32>(bits));
  } else if (kind == ImmKind::kI64) {
    if (!c_.expect_integer(64, bits)) return false;
    stash_.s64v(static_cast<i64>(bits));
  } else if (kind == ImmKind::kF32) {
    if (!c_.expect_f32(narrow)) return false;
    stash_.u32le(narrow);
  } else if (kind == ImmKind::kF64) {
    if (!c_.expect_f64(bits)) return false;
    stash_.u64le(bits);
  } else if (kind == ImmKind::kV128) {
    V128Text v;
    if (!parse_v128(c_, /*allow_patterns=*/false, v)) return false;
    stash_.raw(v.bytes);
  }
  return true;
}

bool BodyParser::shuffle() {
  for (u32 i = 0; i < 16; ++i) {
    u8 lane_index = 0;
    if (!c_.expect_u8(lane_index)) return false;
    stash_.byte(lane_index);
  }
  return true;
}

bool BodyParser::lane() {
  if (!c_.at(TokenKind::kInteger)) return c_.fail("expected a lane index");
  const Token& t = c_.token();
  if (t.has(Token::kSigned)) return c_.fail("unexpected token");
  auto n = parse_unsigned(c_.spelling(t), t.flags, 8);
  if (!n) return c_.fail("malformed lane index");
  stash_.byte(static_cast<u8>(*n));
  c_.advance();
  return true;
}

/// `offset=12`, `align=8`: one word.
bool BodyParser::mem_arg_field(std::string_view name, std::optional<u64>& out) {
  out.reset();
  if (!c_.at(TokenKind::kKeyword)) return true;
  std::string_view word = c_.spelling(c_.token());
  if (!word.starts_with(name)) return true;
  word.remove_prefix(name.size());
  auto number = word.empty() ? std::nullopt : classify_number(word);
  if (!number || number->kind != TokenKind::kInteger) {
    return c_.fail("expected u64 integer constant");
  }
  out = parse_unsigned(word, number->flags, 64);
  if (!out) return c_.fail("u64 constant out of range");
  c_.advance();
  return true;
}

bool BodyParser::mem_arg(const OpInfo& info) {
  u32 memory = 0;
  std::optional<u64> offset, align;
  if (!m_.optional_index(Space::kMemory, memory)) return false;
  if (!mem_arg_field("offset=", offset) || !mem_arg_field("align=", align)) return false;
  if (align && !std::has_single_bit(*align)) return c_.fail("alignment must be a power of two");
  u64 bytes = align.value_or(info.access_bytes());
  stash_.mem_arg(static_cast<u32>(std::countr_zero(bytes)), memory, offset.value_or(0));
  return true;
}

/// The first integer may be the memory or, if no memarg and no second integer follows, the lane.
bool BodyParser::mem_arg_lane(const OpInfo& info) {
  bool lane_only = false;
  if (c_.at(TokenKind::kInteger)) {
    const Token& next = c_.ahead();
    std::string_view word = c_.spelling(next);
    bool field = next.kind == TokenKind::kKeyword &&
                 (word.starts_with("offset=") || word.starts_with("align="));
    lane_only = next.kind != TokenKind::kInteger && !field;
  }
  if (!lane_only) return mem_arg(info) && lane();
  stash_.mem_arg(static_cast<u32>(std::countr_zero(u64{info.access_bytes()})), 0, 0);
  return lane();
}

}  // namespace wazuka::wat
